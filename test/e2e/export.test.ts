/** `clickscribe export`: a namespace or a cluster, written once to a folder or a repository, by a user's own rights. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { TestRepository } from "../git/test-repository.ts";
import { clickscribe, type Ran } from "../harness/command-line.ts";
import { configMap, type KubeObject, pathOf, type Raw, startWorld, type World } from "./world.ts";

const namespace = "shop";
const canary = "c4n4ry";
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

describe("clickscribe export", () => {
  let world: World;
  let folder: string;

  before(async () => {
    world = await startWorld({ operator: false });
    await world.plane.kubectl(["create", "namespace", namespace]);
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "password" },
      stringData: { password: canary },
    };
    for (const object of [deployment, configMap("app", { x: "1" }), secret]) {
      const { status } = await world.plane.request("admin", "POST", pathOf(namespace, object.kind), object);
      assert.equal(status, 201);
    }
    folder = await mkdtemp(join(world.plane.folder, "export-"));
  });
  after(() => world.stop());

  const run = (user: string, args: readonly string[]): Promise<Ran> =>
    clickscribe(world.plane, ["export", "--allow-plain-http", "--allow-local-addresses", ...args], { user });
  const into = (name: string): string => join(folder, name);
  const json = async (user: string, ...args: readonly string[]): Promise<Raw> => {
    const { code, out, err } = await run(user, [...args, "-o", "json"]);
    assert.equal(err, "");
    return { code, ...JSON.parse(out) };
  };

  it("writes what was made, as a file that gives the object again", async () => {
    const { code, out, err } = await run("admin", [into("a"), "-n", namespace, "--verify"]);
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^2 files written to [^\n]*: 2 new, 0 changed; 0 as they were\n/);
    assert.match(out, /verified: all 2 give their objects again\n$/);
    assert.deepEqual((await readdir(into("a"))).toSorted(), ["configmap-app.yaml", "deployment-web.yaml"]);
    assert.equal(
      await readFile(join(into("a"), "configmap-app.yaml"), "utf8"),
      'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n  namespace: shop\ndata:\n  x: "1"\n',
    );
    const changed = await world.plane.kubectl(["diff", "-f", into("a")], { check: false });
    assert.deepEqual([changed.code, changed.stdout], [0, ""], "applied, they change nothing");
    const again = await json("admin", into("a"), "-n", namespace);
    assert.deepEqual([again.code, again.wrote, again.unchanged], [0, [], 2]);
    assert.ok(!JSON.stringify(again).includes(canary));
  });

  it("verifies what it wrote without its defaults", async () => {
    const said = await json("admin", into("dropped"), "-n", namespace, "--defaults", "Drop", "--verify");
    assert.deepEqual([said.code, said.verified], [0, { equal: 2, unequal: [] }]);
    assert.doesNotMatch(await readFile(join(into("dropped"), "deployment-web.yaml"), "utf8"), /terminationMessagePath/);
  });

  it("tells where each credential stands that kept an object out, and not what it is", async () => {
    const token = `ghp_${"a1B2".repeat(9)}`;
    await world.plane.kubectl(["create", "namespace", "clear"]);
    const object = configMap("app", { x: `--token=${token}` });
    assert.equal((await world.plane.request("admin", "POST", pathOf("clear", "ConfigMap"), object)).status, 201);
    const { code, out } = await run("admin", [into("clear"), "-n", "clear"]);
    assert.equal(code, 0);
    assert.match(out, /\n {4}ConfigMap clear\/app: a GitHub token at \/data\/x\n/);
    assert.ok(!out.includes(token));
    await world.plane.kubectl(["delete", "namespace", "clear", "--wait=false"]);
  });

  it("leaves files alone that say something else, unless it is told to overwrite them", async () => {
    const file = join(into("b"), "mine.yaml");
    const mine = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n  namespace: shop\ndata:\n  x: mine\n";
    await mkdir(into("b"));
    await writeFile(file, mine);
    const said = await json("admin", into("b"), "-n", namespace);
    assert.deepEqual([said.code, said.wrote.length, said.refused[0].path], [1, 1, "mine.yaml"]);
    assert.equal(await readFile(file, "utf8"), mine);
    const told = await run("admin", [into("b"), "-n", namespace]);
    assert.match(told.out, /ConfigMap shop\/app not written \(mine\.yaml\): [^\n]*--overwrite/);
    const forced = await json("admin", into("b"), "-n", namespace, "--overwrite");
    assert.deepEqual([forced.code, forced.wrote.map(({ path }: Raw) => path)], [0, ["mine.yaml"]]);
    assert.match(await readFile(file, "utf8"), /x: "1"/);
  });

  it("touches no folder that it does not understand, and follows no link", async () => {
    await mkdir(into("c"));
    await writeFile(join(into("c"), "kustomization.yaml"), "resources: []\n");
    const said = await json("admin", into("c"), "-n", namespace);
    assert.deepEqual([said.code, said.wrote, said.refused[0].reason], [1, [], "UnsupportedLayout"]);
    assert.deepEqual(await readdir(into("c")), ["kustomization.yaml"]);
    await rm(join(into("c"), "kustomization.yaml"));
    const outside = join(folder, "outside.yaml");
    await writeFile(outside, "kept\n");
    await symlink(outside, join(into("c"), "configmap-app.yaml"));
    assert.equal((await json("admin", into("c"), "-n", namespace)).code, 1);
    assert.equal(await readFile(outside, "utf8"), "kept\n");
  });

  it("writes the whole cluster, with its namespaces and without what Kubernetes made", async () => {
    const said = await json("admin", into("d"), "--all-namespaces", "--verify");
    assert.equal(said.code, 0);
    const paths = said.wrote.map(({ path }: Raw) => path) as string[];
    for (const path of ["_cluster/namespace-shop.yaml", "shop/configmap-app.yaml", "shop/deployment-web.yaml"])
      assert.ok(paths.includes(path), `${path} of ${paths.join(" ")}`);
    assert.ok(
      !paths.some(
        (path) => path.startsWith("kube-") || /^_cluster\/[a-z]+-system%3a/.test(path) || path.includes("secret"),
      ),
    );
    assert.deepEqual(said.verified.unequal, []);
    assert.equal(said.verified.equal, paths.length);
  });

  it("writes only the kinds that are asked for", async () => {
    const only = await json("admin", into("e"), "-n", namespace, "--include", "ConfigMap");
    assert.deepEqual(
      only.wrote.map(({ path }: Raw) => path),
      ["configmap-app.yaml"],
    );
    const without = await json("admin", into("f"), "-n", namespace, "--exclude", "ConfigMap");
    assert.deepEqual(
      without.wrote.map(({ path }: Raw) => path),
      ["deployment-web.yaml"],
    );
  });

  it("tells what its user may not read, and fails where that was asked for by name", async () => {
    const said = await json("alice", into("g"), "-n", namespace);
    assert.equal(said.code, 0);
    assert.ok(said.notRead.some(({ kind }: Raw) => kind === "Role"));
    const asked = ["--include", "ConfigMap", "--include", "rbac.authorization.k8s.io/Role"];
    assert.equal((await json("alice", into("h"), "-n", namespace, ...asked)).code, 1);
    const only = await run("alice", [into("h"), "-n", namespace, "--include", "rbac.authorization.k8s.io/Role"]);
    assert.equal(only.code, 1);
    assert.match(only.err, /^clickscribe: you may not list roles\.rbac\.authorization\.k8s\.io[^\n]*\n$/);
  });

  it("says what is wrong in one line", async () => {
    const wrong: readonly (readonly [readonly string[], number, RegExp])[] = [
      [[], 2, /export needs either a FOLDER/],
      [[into("x"), "--repository", "https://h/r"], 2, /export needs either a FOLDER/],
      [[into("x"), "--branch", "main"], 2, /--branch goes with --repository/],
      [[into("x"), "-A", "-n", "shop"], 2, /exclude each other/],
      [[into("x"), "-A", "--layout", "Flat"], 2, /--layout must be ByNamespace/],
      [[into("x"), "-n", "nowhere"], 1, /there is no namespace nowhere/],
      [["/dev/null/x", "-n", "shop"], 1, /FOLDER: [^\n]* cannot be read \(ENOTDIR\)/],
      [["--repository", `${world.git.url}/nowhere.git`, "-n", "shop"], 1, /./],
    ];
    for (const [args, code, message] of wrong) {
      const ran = await run("admin", args);
      assert.deepEqual([ran.code, ran.out], [code, ""], args.join(" "));
      assert.match(ran.err, message);
      assert.match(ran.err, /^clickscribe: [^\n]*\n$/);
    }
  });

  it("writes to a repository in one commit of its user, which a Capture adopts later", async () => {
    const repository: TestRepository = await world.git.createRepository("platform", { files: { "README.md": "x\n" } });
    const args = ["--repository", repository.url, "--path", "apps", "-n", namespace, "-o", "json"];
    const said = JSON.parse((await run("alice", args)).out);
    assert.equal(said.wrote.length, 2);
    const [commit] = (await repository.log()).slice(-1);
    assert.deepEqual(
      [await repository.tip(), commit?.author.name, commit?.subject, commit?.files],
      [said.commit, "alice", "export 2 objects of shop", ["apps/configmap-app.yaml", "apps/deployment-web.yaml"]],
    );
    const again = JSON.parse((await run("alice", args)).out);
    assert.deepEqual([again.wrote, again.unchanged, again.commit], [[], 2, undefined]);
    await world.startOperator();
    const before = (await repository.log()).length;
    const place = await world.place(namespace, { existing: repository, spec: { path: "apps" } });
    await place.waitForReason("Succeeded");
    assert.equal((await repository.log()).length, before, "adopted, with no commit");
  });
});
