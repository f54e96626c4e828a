/** `clickscribe plan -f`: what a Capture would write, told by a real cluster and repository, of which nothing is changed. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TestRepository } from "../git/test-repository.ts";
import { root } from "../harness/install.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { configMap, type KubeObject, pathOf, startWorld, type World } from "./world.ts";

const namespace = "shop";
const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "x:1" }] } },
  },
};
const canary = "c4n4ry";
const objects: readonly KubeObject[] = [
  deployment,
  configMap("app", { x: "1" }),
  configMap("equal", { x: "1" }),
  configMap("other", { x: "live" }),
  configMap("helm", { x: "1" }, { annotations: { "meta.helm.sh/release-name": "shop" } }),
  configMap("left", { x: "1" }, { annotations: { "clickscribe.dev/ignore": "true" } }),
  { apiVersion: "v1", kind: "Secret", metadata: { name: "password" }, stringData: { password: canary } },
];

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("clickscribe plan", () => {
  let world: World;
  let repository: TestRepository;
  let file: string;

  before(async () => {
    world = await startWorld({ operator: false });
    const text = (name: string, x: string): string =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\ndata:\n  x: "${x}"\n`;
    const files = {
      "apps/equal.yaml": text("equal", "1"),
      "apps/other.yaml": text("other", "git"),
      "README.md": "x\n",
    };
    repository = await world.git.createRepository("platform", { files });
    await world.plane.kubectl(["create", "namespace", namespace]);
    for (const object of objects) {
      const { status } = await world.plane.request("admin", "POST", pathOf(namespace, object.kind), object);
      assert.equal(status, 201);
    }
    file = join(world.plane.folder, "capture.yaml");
    const remote = gitRemoteObject({ name: "platform", namespace, url: repository.url });
    const capture = captureObject({ name: "all", namespace, remote: "platform", path: "apps" });
    await writeFile(file, `${JSON.stringify(remote)}\n---\n${JSON.stringify(capture)}\n`);
  });
  after(() => world.stop());

  async function plan(...args: readonly string[]): Promise<Ran> {
    const kubeconfig = await world.plane.kubeconfig("admin");
    const all = [
      join(root, "operator/cli/bin.mjs"),
      "plan",
      `--kubeconfig=${kubeconfig}`,
      "--allow-plain-http",
      "--allow-local-addresses",
      ...args,
    ];
    const env = { PATH: process.env["PATH"] ?? "", HOME: world.plane.folder };
    return await new Promise((resolve) => {
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  /** What plans must not change. */
  async function everything(): Promise<unknown> {
    const kinds = [
      "gitremotes.clickscribe.dev",
      "captures.clickscribe.dev",
      "configmaps",
      "deployments",
      "validatingwebhookconfigurations",
    ];
    const { stdout } = await world.plane.kubectl(["get", kinds.join(","), "-A", "-o", "name"]);
    const { stdout: events } = await world.plane.kubectl([
      "get",
      "events",
      "-A",
      "-o",
      "jsonpath={.items[*].reportingComponent}",
    ]);
    assert.doesNotMatch(events, /clickscribe/);
    return [stdout.split("\n").toSorted(), await repository.refs(), repository.pushes.length];
  }

  it("shows tree, counts, what is skipped and why, and diffs; and changes nothing", async () => {
    const before = await everything();
    const { code, stdout, stderr } = await plan("-f", file);
    assert.equal(code, 0, stderr);
    assert.equal(stderr, "");
    assert.match(stdout, /^Capture shop\/all would write to apps on main of http:\/\/127\.0\.0\.1/);
    assert.match(
      stdout,
      /^apps\/\n.*\+ configmap-app\.yaml {2}ConfigMap.*app\n.*\+ deployment-web\.yaml {2}Deployment.*web$/m,
    );
    assert.match(stdout, /2 to create.*1 unchanged.*1 refused/);
    assert.match(stdout, /FirstContact/);
    for (const reason of ["HelmManaged", "Ignored", "GeneratedByCluster"])
      assert.match(stdout, new RegExp(`\\b${reason}\\b`));
    assert.match(stdout, /^\+kind: Deployment$/m);
    assert.ok(!stdout.includes(canary));
    assert.deepEqual(await everything(), before);
  });

  it("says the same to programs with -o json", async () => {
    const before = await everything();
    const { code, stdout, stderr } = await plan("-f", file, "-o", "json");
    assert.equal(code, 0, stderr);
    const said = JSON.parse(stdout);
    assert.deepEqual(said.capture, { namespace, name: "all" });
    assert.deepEqual(
      said.wouldWrite.map(({ path, change }: { path: string; change: string }) => `${change} ${path}`),
      ["Create apps/configmap-app.yaml", "Create apps/deployment-web.yaml"],
    );
    assert.equal(said.unchanged, 1);
    assert.deepEqual(
      said.refused.map(({ reason }: { reason: string }) => reason),
      ["FirstContact"],
    );
    assert.equal(said.skipped.HelmManaged.count, 1);
    assert.equal(said.skipped.Ignored.count, 1);
    assert.deepEqual(await everything(), before);
  });

  it("foretells what the operator then writes", async () => {
    const said = JSON.parse((await plan("-f", file, "-o", "json")).stdout);
    await world.startOperator();
    const tip = await repository.tip();
    await world.plane.kubectl(["apply", "-f", file]);
    const deadline = Date.now() + 20_000;
    while ((await repository.tip()) === tip) assert.ok(Date.now() < deadline, "nothing was written");
    const log = await repository.log();
    assert.deepEqual(
      log.at(-1)?.files,
      said.wouldWrite.map(({ path }: { path: string }) => path),
    );
    for (const { path, after: text } of said.wouldWrite) assert.equal(await repository.show("main", path), text);
    const again = JSON.parse((await plan("-f", file, "-o", "json", "--cluster-name=e2e")).stdout);
    assert.deepEqual(again.wouldWrite, []);
  });

  it("says what is wrong in one line", async () => {
    const wrong = join(world.plane.folder, "wrong.yaml");
    const capture = captureObject({ name: "other", namespace, remote: "nowhere", path: "apps" });
    await writeFile(wrong, JSON.stringify(capture));
    const { code, stderr } = await plan("-f", wrong);
    assert.notEqual(code, 0);
    assert.match(stderr, /^clickscribe: spec\.remote\.name: there is no GitRemote nowhere [^\n]*\n$/);
    await writeFile(
      wrong,
      JSON.stringify(captureObject({ name: "all", namespace, remote: "platform", path: "other" })),
    );
    assert.match(
      (await plan("-f", wrong)).stderr,
      /^clickscribe: Capture\.clickscribe\.dev "all" is invalid: spec\.path: [^\n]*spec\.path cannot be changed: make a new Capture, it adopts what is there\n$/,
    );
    const missing = await plan("-f", "/nonexistent.yaml");
    assert.match(missing.stderr, /^clickscribe: [^\n]*\/nonexistent\.yaml[^\n]*\n$/);
  });
});
