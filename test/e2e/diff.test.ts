/** `clickscribe diff`: what a real API server and a real git server have otherwise. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../harness/install.ts";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const text = `# Ours.
kind: ConfigMap
apiVersion: v1
metadata: {name: app}
data:
    size: 'small' # enough
    mode: fast
`;

describe("clickscribe diff", { timeout: 120_000 }, () => {
  let world: World;
  let place: Place;
  before(async () => {
    world = await startWorld();
    const repository = await world.git.createRepository("differ", { files: { "apps/team.yaml": text } });
    const objects = [configMap("app", { size: "small", mode: "fast" }), configMap("web", { a: "1" })];
    place = await world.place("differ", { existing: repository, objects });
  });
  after(() => world.stop());

  async function diff(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const kubeconfig = await world.plane.kubeconfig("admin");
    const local = ["--allow-plain-http", "--allow-local-addresses"];
    const all = [
      join(root, "operator/cli/bin.mjs"),
      "diff",
      `--kubeconfig=${kubeconfig}`,
      ...local,
      "-n",
      "differ",
      ...args,
    ];
    const env = { PATH: process.env["PATH"] ?? "", HOME: world.plane.folder };
    return await new Promise((resolve) => {
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  it("finds nothing where all is in Git, and answers 0", async () => {
    const { code, stdout, stderr } = await diff();
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^Capture differ\/all: main of http\S+ says what the cluster has\.\n$/);
  });

  it("shows what nobody may write: fields, both values, and the file in its own style; and answers 1", async () => {
    await place.repository.commitAsPerson({ files: { "apps/team.yaml": text.replace("small", "large") } });
    await place.send("alice", "PATCH", pathOf("differ", "ConfigMap", "app"), { data: { size: "huge" } });
    await place.waitForReason("Diverged");
    const { code, stdout } = await diff("all");
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^Capture differ\/all differs from main of \S+: 1 Diverged\.\n\nConfigMap app: Diverged \(BothChanged\)\n/,
    );
    assert.match(stdout, /\n {2}.*size.*large -> huge/);
    assert.match(stdout, /\n--- a\/apps\/team\.yaml\n\+\+\+ b\/apps\/team\.yaml\n/);
    assert.match(stdout, /\n- {4}size: 'large' # enough\n\+ {4}size: 'huge' # enough\n/);
  });

  it("says the same to programs, and what is still to be written where the branch is protected", async () => {
    await place.repository.rejectRef("refs/heads/main", "main is protected");
    await place.send("bob", "PATCH", pathOf("differ", "ConfigMap", "web"), { data: { a: null, b: "2" } });
    await place.create("bob", configMap("new", { x: "1" }));
    await place.waitForReason("SourceRefused");
    const { code, stdout } = await diff("-o", "json");
    assert.equal(code, 1);
    const [told] = JSON.parse(stdout);
    assert.deepEqual(
      told.differences.map((each: Raw) => [
        each.identity.name,
        each.state,
        each.path ?? "",
        each.fields.map(({ path }: Raw) => path),
      ]),
      [
        ["app", "Diverged", "apps/team.yaml", ["data.size"]],
        ["new", "ClusterAhead", "", []],
        ["web", "ClusterAhead", "apps/configmap-web.yaml", ["data.a", "data.b"]],
      ],
    );
    assert.match(told.differences[2].after, /data:\n {4}b: '2'\n/);
    assert.match(told.differences[1].after, /name: new/);
  });

  it("is silent about nothing: what cannot be told is an error, and wrong usage another", async () => {
    const missing = await diff("none");
    assert.deepEqual([missing.code, missing.stdout], [1, ""]);
    assert.match(missing.stderr, /^clickscribe: there is no Capture none in differ/);
    assert.equal((await diff("a", "b")).code, 2);
    assert.match((await diff("--help")).stdout, /Exit code 0: every object/);
  });
});
