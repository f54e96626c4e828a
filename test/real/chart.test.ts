/** A release of the chart by the real helm on a real API server: install, upgrade, rollback, uninstall. */
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { operatorNamespace, root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { createHelm, type Helm, must } from "./parts/run-helm.ts";

const chart = join(root, "charts", "clickscribe");
const operator = `system:serviceaccount:${operatorNamespace}:clickscribe`;
const configuration = "validatingwebhookconfiguration/clickscribe";
const crds = ["captures.clickscribe.dev", "gitremotes.clickscribe.dev", "notifiers.clickscribe.dev"];

const definition = (plural: string, kind: string, scope: "Cluster" | "Namespaced"): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `${plural}.example.com` },
  spec: {
    group: "example.com",
    scope,
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
  },
});

describe("a release", { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  let helm: Helm;
  let older = "";
  const kubectl = async (...args: readonly string[]): Promise<string> => (await plane.kubectl(args)).stdout;
  const get = async (...args: readonly string[]): Promise<ReturnType<JSON["parse"]>> =>
    JSON.parse(await kubectl("get", "--namespace", operatorNamespace, ...args, "-o", "json"));
  const isThere = async (object: string): Promise<boolean> =>
    (await kubectl("get", object, "--namespace", operatorNamespace, "--ignore-not-found", "-o", "name")) !== "";
  const release = (command: string, from: string, ...args: readonly string[]): Promise<string> =>
    must(helm(command, "clickscribe", from, "--namespace", operatorNamespace, "--set", "clusterName=test", ...args));
  const uninstall = (): Promise<string> => must(helm("uninstall", "clickscribe", "--namespace", operatorNamespace));
  const may = async (verb: string, resource: string, ...args: readonly string[]): Promise<boolean> => {
    const asked = ["auth", "can-i", verb, resource, "--as", operator, ...args];
    return (await plane.kubectl(asked, { check: false })).stdout.trim() === "yes";
  };
  /** What the operator itself does by server-side apply. */
  const fillIn = async (): Promise<void> => {
    const ssa = [
      "apply",
      "--server-side",
      "--field-manager=clickscribe",
      "--as",
      operator,
      "--validate=false",
      "-f",
      "-",
    ];
    const own = await get("clusterrole", "clickscribe");
    const hook = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: {
        name: "clickscribe",
        ownerReferences: [
          {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            name: "clickscribe",
            uid: own.metadata.uid,
          },
        ],
      },
      webhooks: [
        {
          name: "changes.clickscribe.dev",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Ignore",
          timeoutSeconds: 1,
          clientConfig: { url: "https://127.0.0.1:1/admission" },
          rules: [{ apiGroups: ["example.com"], apiVersions: ["v1"], resources: ["widgets"], operations: ["CREATE"] }],
        },
      ],
    };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "clickscribe-webhook", namespace: operatorNamespace },
      data: { "tls.crt": "eA==" },
    };
    for (const object of [hook, secret]) await plane.kubectl(ssa, { input: JSON.stringify(object) });
  };
  const isFilledIn = async (): Promise<void> => {
    const { webhooks, metadata } = await get(configuration);
    assert.deepEqual(
      webhooks?.map(({ name }: { readonly name: string }) => name),
      ["changes.clickscribe.dev"],
    );
    assert.equal(metadata.ownerReferences?.[0]?.name, "clickscribe");
    assert.deepEqual((await get("secret", "clickscribe-webhook")).data, { "tls.crt": "eA==" });
  };

  before(async () => {
    plane = await startControlPlane({ progress: () => undefined });
    helm = await createHelm(await plane.kubeconfig("admin"), plane.folder);
    const input = JSON.stringify(definition("widgets", "Widget", "Namespaced"));
    await plane.kubectl(["apply", "-f", "-"], { input });
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(definition("gadgets", "Gadget", "Cluster")) });
    // A release from before: without a column of the CRD.
    older = join(plane.folder, "older");
    await cp(chart, older, { recursive: true });
    const file = join(older, "files/crds/clickscribe.dev_captures.yaml");
    const text = await readFile(file, "utf8");
    const without = text.replace(/ {4}- name: Subject\n(?: {6}.*\n)+/, "");
    assert.notEqual(without, text);
    await writeFile(file, without);
    const about = join(older, "Chart.yaml");
    await writeFile(about, (await readFile(about, "utf8")).replaceAll("0.1.0", "0.0.9"));
  });
  after(() => plane?.stop());

  const columns = async (): Promise<readonly string[]> => {
    const { spec } = await get("crd", "captures.clickscribe.dev");
    return spec.versions[0].additionalPrinterColumns.map(({ name }: { readonly name: string }) => name);
  };

  it("is installed, and says what comes next", async () => {
    const said = await release("install", older, "--create-namespace");
    assert.match(said, /npx clickscribe check\n/);
    assert.match(said, /npx clickscribe create remote platform -n NAMESPACE .*--password-stdin\n/);
    assert.ok(!(await columns()).includes("Subject"));
    const { spec } = await get("deployment", "clickscribe");
    assert.equal(spec.template.spec.containers[0].image, "ghcr.io/clickscribe/clickscribe:0.0.9");
  });

  it("makes pods that a namespace with the restricted standard admits", async () => {
    const enforced = "pod-security.kubernetes.io/enforce=restricted";
    const labelled = await plane.kubectl(["label", "namespace", operatorNamespace, enforced]);
    assert.doesNotMatch(labelled.stderr, /Warning/);
    await kubectl("-n", operatorNamespace, "delete", "pod", "--all", "--force", "--grace-period=0");
    await waitFor("a pod of the Deployment", async () => {
      const pods = await kubectl("get", "pods", "-n", operatorNamespace, "-o", "name");
      return pods === "" ? undefined : true;
    });
  });

  it("may read the namespaced custom resources of the cluster, and no others", async () => {
    assert.equal(await may("list", "widgets.example.com", "-A"), true);
    assert.equal(await may("list", "gadgets.example.com"), false);
    assert.equal(await may("list", "secrets", "-A"), false);
    assert.equal(await may("get", "secrets", "-n", operatorNamespace), false);
    assert.equal(await may("get", "secret/clickscribe-webhook", "-n", operatorNamespace), true);
  });

  it("is upgraded with its CRDs, and takes nothing from the operator", async () => {
    await fillIn();
    await release("upgrade", chart);
    assert.ok((await columns()).includes("Subject"));
    await isFilledIn();
  });

  it("may read what was defined since, after an upgrade", async () => {
    const input = JSON.stringify(definition("sprockets", "Sprocket", "Namespaced"));
    await plane.kubectl(["apply", "-f", "-"], { input });
    assert.equal(await may("list", "sprockets.example.com", "-A"), false);
    await release("upgrade", chart, "--set-json", 'rbac.secrets=[{"namespace":"default","names":["git"]}]');
    assert.equal(await may("list", "sprockets.example.com", "-A"), true);
    assert.equal(await may("get", "secret/git", "-n", "default"), true);
    assert.equal(await may("get", "secret/other", "-n", "default"), false);
    await isFilledIn();
  });

  it("is rolled back, and takes nothing from the operator", async () => {
    await must(helm("rollback", "clickscribe", "1", "--namespace", operatorNamespace));
    const { spec } = await get("deployment", "clickscribe");
    assert.equal(spec.template.spec.containers[0].image, "ghcr.io/clickscribe/clickscribe:0.0.9");
    assert.equal(await may("get", "secret/git", "-n", "default"), false);
    await isFilledIn();
    await release("upgrade", chart);
    await isFilledIn();
  });

  it("lets people with `view` read Captures, and with `edit` no more", async () => {
    await kubectl("-n", "default", "create", "rolebinding", "reader", "--clusterrole=view", "--user=reader");
    await kubectl("-n", "default", "create", "rolebinding", "writer", "--clusterrole=edit", "--user=writer");
    const can = async (user: string, verb: string): Promise<boolean> => {
      const asked = ["auth", "can-i", verb, "captures.clickscribe.dev", "-n", "default", "--as", user];
      return (await plane.kubectl(asked, { check: false })).stdout.trim() === "yes";
    };
    await waitFor("view to be aggregated", async () => ((await can("reader", "list")) ? true : undefined));
    assert.equal(await can("reader", "create"), false);
    assert.equal(await can("writer", "watch"), true);
    assert.equal(await can("writer", "create"), false);
    await release("upgrade", chart, "--set", "rbac.aggregateToEdit=true");
    await waitFor("edit to be aggregated", async () => ((await can("writer", "create")) ? true : undefined));
    assert.equal(await can("reader", "create"), false);
  });

  it("may try out objects where that is said, and make none", async () => {
    const create = async (name: string, as: string, ...args: readonly string[]): Promise<string> => {
      const asked = ["create", "configmap", name, "-n", "default", "--as", as, ...args];
      const { code, stderr } = await plane.kubectl(asked, { check: false });
      return code === 0 ? "made" : stderr;
    };
    assert.match(await create("one", operator, "--dry-run=server"), /forbidden/);
    await release("upgrade", chart, "--set", "rbac.proveDefaults.enabled=true");
    let tries = 0;
    const refusal = await waitFor("the policy to hold", async () => {
      const said = await create(`tried-${tries++}`, operator);
      return said === "made" ? undefined : said;
    });
    assert.match(refusal, /the operator may create objects of this kind in dry-runs only/);
    assert.equal(await create("one", operator, "--dry-run=server"), "made");
    assert.equal(await create("one", "writer"), "made");
    await release("upgrade", chart);
    assert.match(await create("two", operator, "--dry-run=server"), /forbidden/);
  });

  it("is uninstalled, and leaves the CRDs with what was made by them", async () => {
    const remote = {
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "GitRemote",
      metadata: { name: "platform", namespace: "default" },
      spec: { url: "https://git.example.com/acme/platform.git" },
    };
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(remote) });
    await uninstall();
    assert.deepEqual(
      (await kubectl("get", "gitremotes.clickscribe.dev", "-A", "-o", "name")).trim(),
      "gitremote.clickscribe.dev/platform",
    );
    for (const object of [
      configuration,
      "clusterrole/clickscribe",
      "secret/clickscribe-webhook",
      "deployment/clickscribe",
    ])
      assert.equal(await isThere(object), false, object);
    const left = await kubectl("get", "clusterroles,clusterrolebindings,roles,rolebindings", "-A", "-o", "name");
    assert.doesNotMatch(left, /clickscribe/);
  });

  it("takes the CRDs that it had left, and with crds.keep=false removes them", async () => {
    await release("install", chart, "--set", "crds.keep=false");
    assert.equal((await get("gitremote", "platform", "--namespace", "default")).metadata.name, "platform");
    await uninstall();
    // The API server deletes their objects first, and looks for up to a minute at a time whether they are gone.
    const gone = async (): Promise<true | undefined> => {
      for (const name of crds) if (await isThere(`crd/${name}`)) return undefined;
      return true;
    };
    await waitFor("the CRDs to be removed", gone, { timeoutMs: 120_000 });
  });

  it("leaves CRDs alone that are not its own", async () => {
    await kubectl("apply", "--server-side", "-f", join(root, "crds"));
    await release("install", chart, "--set", "crds.install=false");
    await uninstall();
    for (const name of crds) assert.ok(await isThere(`crd/${name}`));
  });
});
