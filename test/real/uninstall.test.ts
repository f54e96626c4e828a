/** `clickscribe uninstall` of what the chart renders: applied by kubectl, or a release of the real helm. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { clickscribe } from "../harness/command-line.ts";
import { operatorNamespace, root } from "../harness/install.ts";
import { resolvePart } from "./parts/parts.ts";

/** Everything that may be listed, and that nothing else makes from it, by kind and name. */
async function everything(plane: ControlPlane): Promise<readonly string[]> {
  const { stdout } = await plane.kubectl(["api-resources", "--verbs=list,delete", "-o", "name"]);
  const kinds = stdout
    .split("\n")
    .filter((kind) => kind !== "" && !/^events|^leases|^apiservices|endpoint|metrics/.test(kind));
  const found = await plane.kubectl(["get", kinds.join(","), "-A", "--ignore-not-found", "-o", "name"]);
  return found.stdout.split("\n").toSorted();
}

describe("clickscribe uninstall", { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  let helm = "";

  before(async () => {
    helm = await resolvePart("helm");
    plane = await startControlPlane({ progress: () => undefined });
    await plane.kubectl(["create", "namespace", operatorNamespace]);
  });
  after(() => plane?.stop());

  const chart = ["clickscribe", `${root}/charts/clickscribe`, "-n", operatorNamespace, "--set", "clusterName=e2e"];
  async function runHelm(...args: readonly string[]): Promise<string> {
    const env = { PATH: process.env["PATH"] ?? "", HOME: plane.folder, KUBECONFIG: await plane.kubeconfig("admin") };
    return (await promisify(execFile)(helm, args, { env, maxBuffer: 1e8 })).stdout;
  }

  it("leaves of a rendered chart that kubectl applied nothing at all, with --crds", async () => {
    const before = await everything(plane);
    const lent = 'rbac.secrets=[{"namespace":"default","names":["git"]}]';
    const more = ["--set", "rbac.proveDefaults.enabled=true,dashboard.enabled=true", "--set-json", lent];
    const input = await runHelm("template", ...chart, ...more);
    await plane.kubectl(["apply", "--server-side", "-f", "-"], { input });
    const powerless = await clickscribe(plane, ["uninstall", "--yes"], { user: "bob" });
    assert.equal(powerless.code, 1, powerless.out);
    assert.match(powerless.err, /^clickscribe: .*forbidden.*\n$/);
    const kept = await clickscribe(plane, ["uninstall", "--yes"]);
    assert.equal(kept.code, 0, kept.err + kept.out);
    const definitions = (await everything(plane)).filter((name) => !before.includes(name));
    assert.deepEqual(definitions, [
      "customresourcedefinition.apiextensions.k8s.io/captures.clickscribe.dev",
      "customresourcedefinition.apiextensions.k8s.io/gitremotes.clickscribe.dev",
      "customresourcedefinition.apiextensions.k8s.io/notifiers.clickscribe.dev",
    ]);
    const all = await clickscribe(plane, ["uninstall", "--yes", "--crds"]);
    assert.equal(all.code, 0, all.err + all.out);
    assert.deepEqual(await everything(plane), before);
  });

  it("leaves a release to helm, and then removes what helm kept", async () => {
    const before = await everything(plane);
    await runHelm("install", ...chart);
    const refused = await clickscribe(plane, ["uninstall", "--yes", "--crds"]);
    assert.equal(refused.code, 1);
    const [, command = ""] = /: (helm uninstall \S+ -n \S+) removes it, then/.exec(refused.err) ?? [];
    assert.notEqual(command, "", refused.err);
    await runHelm(...command.split(" ").slice(1));
    const all = await clickscribe(plane, ["uninstall", "--yes", "--crds"]);
    assert.equal(all.code, 0, all.err + all.out);
    assert.deepEqual(await everything(plane), before);
  });

  it("removes what is left of a release whose namespace was deleted, of which helm knows nothing any more", async () => {
    const before = await everything(plane);
    const [name = "", path = ""] = chart;
    await runHelm("install", name, path, "-n", "doomed", "--create-namespace", "--set", "clusterName=e2e");
    await plane.kubectl(["delete", "namespace", "doomed"]);
    await assert.rejects(runHelm("uninstall", name, "-n", "doomed"), /not found/);
    assert.notDeepEqual(await everything(plane), before);
    const all = await clickscribe(plane, ["uninstall", "--yes", "--crds"]);
    assert.equal(all.code, 0, all.err + all.out);
    assert.deepEqual(await everything(plane), before);
  });
});
