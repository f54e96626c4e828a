/** The rules of the chart on a real API server: what the operator may do with them, and what it may not. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { installClickscribe, lendSecret } from "../harness/install.ts";

const operator = "system:serviceaccount:clickscribe-system:clickscribe";

const widgets = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "clickscribe-capture-widgets", labels: { "clickscribe.dev/aggregate-to-operator": "true" } },
  rules: [{ apiGroups: ["example.com"], resources: ["widgets"], verbs: ["get", "list", "watch"] }],
};

const hook = (name: string): object => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name },
  webhooks: [
    {
      name: "admission.clickscribe.dev",
      admissionReviewVersions: ["v1"],
      sideEffects: "None",
      failurePolicy: "Ignore",
      timeoutSeconds: 1,
      clientConfig: { url: "https://127.0.0.1:1/admission" },
      rules: [{ apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"], operations: ["CREATE"] }],
    },
  ],
});

describe("the operator's rights", () => {
  let cluster: ControlPlane;
  const apply = async (input: string, ...args: readonly string[]): Promise<string> =>
    (await cluster.kubectl(["apply", "-f", "-", ...args], { input })).stdout;
  /** `VERB RESOURCE[/SUBRESOURCE][.GROUP] [NAMESPACE [NAME]]`; `*` is all namespaces, `-` none. */
  const can = async (question: string): Promise<boolean> => {
    const [verb, what = "", namespace = "-", name = ""] = question.split(" ");
    const [, resource, subresource = "", group = ""] = /^([^/.]+)(?:\/([^.]+))?(?:\.(.+))?$/.exec(what) ?? [];
    const where = namespace === "*" || namespace === "-" ? "" : namespace;
    const resourceAttributes = { verb, group, resource, subresource, namespace: where, name };
    const groups = ["system:serviceaccounts", "system:serviceaccounts:clickscribe-system", "system:authenticated"];
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: operator, groups, resourceAttributes },
    };
    const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    const { body } = await cluster.request("admin", "POST", path, review);
    return (body as { readonly status: { readonly allowed: boolean } }).status.allowed;
  };
  const asOperator = (args: readonly string[], object: object): Promise<{ code: number; stderr: string }> =>
    cluster.kubectl([...args, "-f", "-", "--as", operator, "--validate=false"], {
      input: JSON.stringify(object),
      check: false,
    });

  before(async () => {
    cluster = await startControlPlane({ progress: () => undefined });
    await cluster.kubectl(["create", "namespace", "shop"]);
    await installClickscribe({ controlPlane: cluster });
    await lendSecret(cluster, "shop", "git");
  });
  after(() => cluster.stop());

  const allowed: readonly string[] = [
    "watch captures.clickscribe.dev *",
    "list gitremotes.clickscribe.dev *",
    "patch captures/status.clickscribe.dev shop",
    "patch gitremotes/status.clickscribe.dev shop",
    "list notifiers.clickscribe.dev *",
    "patch notifiers/status.clickscribe.dev shop",
    "watch configmaps *",
    "list deployments.apps shop",
    "watch roles.rbac.authorization.k8s.io *",
    "get namespaces - kube-system",
    "create events.events.k8s.io shop",
    "create subjectaccessreviews.authorization.k8s.io",
    "patch validatingwebhookconfigurations.admissionregistration.k8s.io - clickscribe",
    "get clusterroles.rbac.authorization.k8s.io - clickscribe",
    "create configmaps clickscribe-system",
    "create leases.coordination.k8s.io clickscribe-system",
    "patch leases.coordination.k8s.io clickscribe-system clickscribe",
    "patch secrets clickscribe-system clickscribe-webhook",
    "get secrets shop git",
  ];
  for (const question of allowed) {
    it(`admit: ${question}`, async () => assert.equal(await can(question), true));
  }

  const denied: readonly string[] = [
    "list secrets *",
    "list secrets shop",
    "watch secrets shop",
    "get secrets shop",
    "get secrets shop other",
    "get secrets default git",
    "get secrets clickscribe-system any",
    "create secrets clickscribe-system",
    "patch secrets clickscribe-system other",
    "get leases.coordination.k8s.io kube-system kube-scheduler",
    "get clusterroles.rbac.authorization.k8s.io - admin",
    "patch clusterroles.rbac.authorization.k8s.io - clickscribe",
    "create configmaps shop",
    "update configmaps clickscribe-system",
    "delete configmaps clickscribe-system",
    "patch deployments.apps shop",
    "update deployments/scale.apps shop",
    "create pods/exec shop",
    "get pods/log shop",
    "patch captures.clickscribe.dev shop",
    "create captures.clickscribe.dev shop",
    "list namespaces",
    "patch validatingwebhookconfigurations.admissionregistration.k8s.io - other",
    "create validatingwebhookconfigurations.admissionregistration.k8s.io",
    "delete validatingwebhookconfigurations.admissionregistration.k8s.io - clickscribe",
    "list widgets.example.com *",
    "impersonate users",
    "escalate clusterroles.rbac.authorization.k8s.io",
    "create serviceaccounts/token clickscribe-system clickscribe",
    "list nodes",
  ];
  for (const question of denied) {
    it(`do not admit: ${question}`, async () => assert.equal(await can(question), false));
  }

  it("grow by a ClusterRole with the label", async () => {
    await apply(JSON.stringify(widgets));
    const deadline = Date.now() + 20_000;
    while (!(await can("list widgets.example.com *"))) {
      assert.ok(Date.now() < deadline, "not within 20 s");
      await sleep(100);
    }
  });

  it("are enough for the webhook's configuration by server-side apply, and for no other", async () => {
    const ssa = ["apply", "--server-side", "--field-manager=clickscribe"];
    const own = await asOperator(ssa, hook("clickscribe"));
    assert.equal(own.code, 0, own.stderr);
    assert.match((await asOperator(ssa, hook("other"))).stderr, /Forbidden/);
  });

  it("are enough for a status by server-side apply, and not for the spec", async () => {
    const head = {
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "Capture",
      metadata: { name: "shop", namespace: "shop" },
    };
    await apply(JSON.stringify({ ...head, spec: { remote: { name: "platform" }, path: "apps/shop" } }));
    const ssa = ["apply", "--server-side", "--field-manager=clickscribe"];
    const status = await asOperator([...ssa, "--subresource=status"], { ...head, status: { observedGeneration: 1 } });
    assert.equal(status.code, 0, status.stderr);
    const spec = { ...head, spec: { remote: { name: "platform" }, path: "apps/shop", suspend: true } };
    assert.match((await asOperator(ssa, spec)).stderr, /Forbidden/);
  });

  it("are enough for an Event, an access review and the probe", async () => {
    const event = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: "web.1", namespace: "shop" },
      eventTime: "2026-01-01T00:00:00.000000Z",
      action: "Commit",
      reason: "Committed",
      type: "Normal",
      note: "3fa2c1d on main by alice: scale 3 -> 5",
      reportingController: "clickscribe.dev/operator",
      reportingInstance: "clickscribe-0",
      regarding: { apiVersion: "v1", kind: "ConfigMap", name: "web", namespace: "shop" },
    };
    const attributes = { verb: "list", group: "apps", resource: "deployments", namespace: "shop" };
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: { user: "system:serviceaccount:shop:default", resourceAttributes: attributes },
    };
    const probe = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "probe", namespace: "clickscribe-system", labels: { "clickscribe.dev/probe": "1" } },
    };
    for (const [object, ...args] of [[event], [review], [probe, "--dry-run=server"]] as const) {
      const { code, stderr } = await asOperator(["create", ...args], object);
      assert.equal(code, 0, stderr);
    }
  });
});
