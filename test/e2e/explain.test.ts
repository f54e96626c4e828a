/** `clickscribe explain` and `clickscribe log`: told by a real API server, git server and operator. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { lendSecret, root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type KubeObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

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

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe("clickscribe explain and log", { timeout: 300_000 }, () => {
  let world: World;
  let place: Place;

  before(async () => {
    world = await startWorld();
    const helm = configMap("helm", { x: "1" }, { annotations: { "meta.helm.sh/release-name": "shop" } });
    place = await world.place(namespace, { objects: [deployment, configMap("app", { x: "1" }), helm] });
  });
  after(() => world?.stop());

  async function run(user: string, ...args: readonly string[]): Promise<Ran> {
    const kubeconfig = await world.plane.kubeconfig(user);
    const [command = "", ...rest] = args;
    const all = [
      join(root, "operator/cli/bin.mjs"),
      command,
      `--kubeconfig=${kubeconfig}`,
      "--allow-plain-http",
      "--allow-local-addresses",
      ...rest,
    ];
    const env = { PATH: process.env["PATH"] ?? "", HOME: world.plane.folder };
    return await new Promise((resolve) => {
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  async function explained(...args: readonly string[]): Promise<Raw> {
    const { code, stdout, stderr } = await run("admin", "explain", "-n", namespace, "-o", "json", ...args);
    assert.equal(stderr, "");
    const said = JSON.parse(stdout);
    assert.equal(code, said.inGit === true ? 0 : 1);
    return said;
  }

  async function inSync(name: string): Promise<void> {
    await waitFor(`${name} to be in Git`, async () => ((await explained(name)).inGit === true ? true : undefined));
  }

  it("tells file, branch, last commit and its author of an object in Git", async () => {
    const path = pathOf(namespace, "Deployment", "web");
    await place.send("alice", "PATCH", path, { spec: { replicas: 2 } });
    await place.waitForCommits(2);
    await inSync("deploy/web");
    const said = await explained("deployments.apps", "web");
    assert.deepEqual(said.object, { group: "apps", kind: "Deployment", namespace, name: "web" });
    const [answer] = said.captures;
    assert.deepEqual(
      [answer.capture, answer.verdict, answer.state, answer.path, answer.branch],
      ["shop/all", "InGit", "InSync", "apps/deployment-web.yaml", "main"],
    );
    const [, commit] = await place.commits();
    assert.equal(answer.lastCommit.commit, commit?.oid);
    assert.deepEqual([answer.lastCommit.author, answer.lastCommit.subject], ["alice", "web: scale 0 -> 2"]);
    assert.deepEqual([answer.lastChange.author, answer.lastChange.what], ["alice", "scale 0 -> 2"]);
    const { code, stdout } = await run("admin", "explain", "deployment", "web", "-n", namespace);
    assert.equal(code, 0);
    assert.match(stdout, /^Deployment\.apps shop\/web is in Git\.\n\nCapture shop\/all: InSync\n/);
    assert.match(stdout, /file +apps\/deployment-web\.yaml on main of http/);
  });

  it("log tells who changed what and when, of all and of one object", async () => {
    const all = await run("admin", "log", "-n", namespace);
    assert.equal(all.stderr, "");
    const lines = all.stdout.split("\n");
    assert.match(lines[0] ?? "", /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ {2}alice +Deployment\.apps shop\/web +scale 0 -> 2/);
    assert.match(lines[1] ?? "", /clickscribe +capture 2 objects of shop$/);
    const one = JSON.parse((await run("admin", "log", "deploy/web", "-n", namespace, "-o", "json")).stdout);
    assert.deepEqual(
      one.entries.map(({ author, attribution, what }: Raw) => [author, attribution, what]),
      [
        ["alice", "Admission", "scale 0 -> 2"],
        ["clickscribe", "Operator", "create"],
      ],
    );
    assert.deepEqual(one.gaps, []);
    const none = await run("admin", "log", "-n", namespace, "--author", "bob");
    assert.deepEqual([none.code, none.stdout, none.stderr], [0, "", "no change was found\n"]);
    assert.equal((await run("admin", "log", "-n", namespace, "--limit=1")).stdout.split("\n").length, 2);
    assert.match((await run("admin", "log", "-n", "default")).stderr, /there is no Capture in default/);
    assert.equal((await run("admin", "log", "--since", "yesterday")).code, 2);
  });

  it("tells why an object is not in Git, and what to do", async () => {
    const said = await explained("configmap/helm");
    const [answer] = said.captures;
    assert.deepEqual([said.inGit, answer.verdict, answer.reason], [false, "Skipped", "HelmManaged"]);
    const { code, stdout } = await run("admin", "explain", "cm/helm", "-n", namespace);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /is not in Git\.[^]*why +A Helm release owns it: release shop\n +what to do +Change the release/,
    );
    assert.equal((await explained("configmap/nobody")).captures[0].verdict, "Nowhere");
    assert.match(
      (await run("admin", "explain", "cm/x", "-n", "default")).stdout,
      /there is no Capture in the namespace default/,
    );
  });

  it("tells who is ahead and how they differ", async () => {
    await place.repository.commitAsPerson({
      files: {
        "apps/configmap-app.yaml": ((await place.repository.show("main", "apps/configmap-app.yaml")) ?? "").replace(
          '"1"',
          '"2"',
        ),
      },
    });
    const ahead = (await explained("cm/app")).captures[0];
    assert.deepEqual([ahead.verdict, ahead.state, ahead.differences], ["Differs", "GitAhead", ["key x: 2 -> 1"]]);
    await place.send("bob", "PATCH", pathOf(namespace, "ConfigMap", "app"), { data: { x: "3" } });
    const both = (await explained("cm/app")).captures[0];
    assert.deepEqual([both.verdict, both.state, both.reason], ["Differs", "Diverged", "BothChanged"]);
    assert.deepEqual(both.differences, ["key x: 2 -> 3"]);
  });

  it("says what it cannot know without the right to the Secret", async () => {
    const rules = [{ apiGroups: ["clickscribe.dev"], resources: ["*"], verbs: ["get", "list"] }];
    const role = {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRole",
      metadata: { name: "x-reader" },
      rules,
    };
    await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(role) });
    await world.plane.kubectl(["create", "clusterrolebinding", "x-reader", "--clusterrole=x-reader", "--user=dora"]);
    await world.plane.kubectl([
      "create",
      "rolebinding",
      "x-view",
      "--clusterrole=view",
      "--user=dora",
      "-n",
      namespace,
    ]);
    await world.plane.addUser("dora", []);
    await world.plane.kubectl([
      "create",
      "secret",
      "generic",
      "git",
      "-n",
      namespace,
      "--from-literal=username=a",
      "--from-literal=password=b",
    ]);
    await lendSecret(world.plane, namespace, "git");
    const remote = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}/gitremotes/platform`;
    await place.send("admin", "PATCH", remote, { spec: { secretRef: { name: "git" } } });
    // The session opens anew with the Secret; until then the Capture itself is not ready.
    const { code, stdout } = await waitFor("the Capture to go on", async () => {
      const ran = await run("dora", "explain", "deploy/web", "-n", namespace);
      return ran.stdout.includes("forbidden") ? ran : undefined;
    });
    assert.equal(code, 1);
    assert.match(stdout, /^Whether Deployment\.apps shop\/web is in Git is not known\.\n/);
    assert.match(stdout, /secrets "git" is forbidden: User "dora"/);
  });

  it("says what is typed wrong", async () => {
    const guess = await run("admin", "explain", "deplyoment/web", "-n", namespace);
    assert.deepEqual(
      [guess.code, guess.stderr],
      [1, "clickscribe: the API server serves no kind deplyoment: did you mean deployment?\n"],
    );
    assert.equal((await run("admin", "explain")).code, 2);
  });
});
