/** The commands that people type, against a real API server, git server and operator. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type CommandOptions, clickscribe, type Ran } from "../harness/command-line.ts";
import { root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, startWorld, type World } from "./world.ts";

const password = "s3cr3t-c4n4ry";

describe("the command line", { timeout: 300_000 }, () => {
  let world: World;

  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const run = (args: string, options?: CommandOptions): Promise<Ran> =>
    clickscribe(world.plane, args.split(" "), options);
  const well = async (args: string, options?: CommandOptions): Promise<string> => {
    const { code, out, err } = await run(args, options);
    assert.equal(code, 0, `${args}: ${err}${out}`);
    return out;
  };
  const edit = (place: Place, value: string): Promise<unknown> =>
    place.send("alice", "PATCH", pathOf(place.namespace, "ConfigMap", "app"), { data: { color: value } });

  it("creates what a newcomer needs, and it works", async () => {
    const repository = await world.git.createRepository("newcomer");
    const { plane } = world;
    await plane.kubectl(["create", "namespace", "newcomer"]);
    const remote = `create remote platform -n newcomer --allow-insecure --url ${repository.url}`;
    const withSecret = `${remote} --username bot --password-stdin`;
    const capture = "create capture all -n newcomer --remote platform --path apps --quiet-period 0s";
    for (const line of [withSecret, capture]) {
      const input = await well(`${line} --export`, { input: password });
      const { stderr } = await plane.kubectl(["apply", "--dry-run=server", "-f", "-"], { input });
      assert.equal(stderr, "", line);
    }
    assert.match(await well("get all -n newcomer"), /^$/);

    const made = await run(withSecret, { input: `${password}\n` });
    assert.deepEqual([made.code, made.err], [0, ""], made.out);
    assert.ok(!made.out.includes(password));
    assert.match(made.out, /^GitRemote platform: ready: the repository answers$/m);
    assert.match(await well(capture), /^Capture all: ready: \d+ objects of the cluster on main$/m);
    await plane.request("alice", "POST", pathOf("newcomer", "ConfigMap"), configMap("app", { color: "red" }));
    await waitFor("the click in Git", async () =>
      (await repository.log()).find(({ author }) => author.name === "alice"),
    );
  });

  it("lists and tells Captures", async () => {
    const place = await world.place("told", { objects: [configMap("app", { color: "red" })] });
    await edit(place, "blue");
    await place.waitForCommits(2);
    const table = await waitFor("the last commit in the table", async () => {
      const out = await well("get -n told");
      return /[0-9a-f]{7} \d+s/.test(out) ? out : undefined;
    });
    assert.match(table, /^NAME +READY .*\nall +True +Succeeded +main +apps +1\/1 +[0-9a-f]{7} \d+s +false +\d+s\n$/);
    assert.match(await well("get all -A -o wide"), /^NAMESPACE +NAME [^]*\ntold +platform [^]*\ntold +all /);
    assert.equal(
      await well("get all -n told -o name"),
      "gitremote.clickscribe.dev/platform\ncapture.clickscribe.dev/all\n",
    );
    const yaml = await well("get captures all -n told -o yaml");
    await world.plane.kubectl(["apply", "--dry-run=server", "-f", "-"], { input: yaml });
    const told = await well("status all -n told");
    assert.match(
      told,
      /^Capture told\/all\nReady: +True [^]*\nIn Git: +1 of 1 objects\nLast commit: [0-9a-f]{7} by alice, /,
    );
    assert.match(told, /\nNot in Git:\n +\d+ \w+ {2}/);
    assert.equal(JSON.parse(await well("status all -n told -o json"))[0].ready, true);
  });

  it("suspends, and writes on resume what changed meanwhile as unknown's", async () => {
    const place = await world.place("steered", { objects: [configMap("app", { color: "red" })] });
    assert.match(await well("suspend capture all -n steered"), /^Capture steered\/all: suspended: /);
    assert.equal((await run("status all -n steered")).code, 1);
    assert.match(await well("get -n steered"), / Suspended .* true /);
    await edit(place, "blue");
    const asked = await run("reconcile capture all -n steered");
    assert.deepEqual(
      [asked.code, asked.err],
      [1, "clickscribe: Capture all is suspended: clickscribe resume capture all -n steered\n"],
    );
    assert.equal((await place.commits()).length, 1);
    assert.match(await well("resume capture --all -n steered"), /^Capture steered\/all: resumed: /);
    const commits = await place.waitForCommits(2);
    assert.deepEqual(commits.map(({ author }) => author.name).toSorted(), ["clickscribe", "unknown"]);
    const managers = (await place.capture()).metadata.managedFields as readonly { readonly manager: string }[];
    assert.ok(managers.some(({ manager }) => manager === "clickscribe-cli"));
  });

  it("reconciles: what waits for its window is in Git when the command returns", async () => {
    const spec = { batching: { quietPeriod: "1h", maxWait: "1h" } };
    const place = await world.place("asked", { objects: [configMap("app", { color: "red" })], spec });
    await edit(place, "blue");
    assert.match(await well("reconcile capture all -n asked"), /^Capture asked\/all: reconciled: /);
    assert.deepEqual((await place.commits()).map(({ author }) => author.name).toSorted(), ["alice", "clickscribe"]);
  });

  it("says in one line what its user may not do, or cannot be found", async () => {
    await world.plane.addUser("stranger", []);
    const denied = await run("get -A", { user: "stranger" });
    assert.equal(denied.code, 1);
    assert.match(
      denied.err,
      /^clickscribe: .*"stranger" cannot list resource "captures".* a role of the user of this kube.*\n$/,
    );
    const wrong = await run("create capture two -n told --remote platform --path apps --quiet-period 50m");
    assert.deepEqual([wrong.code, wrong.out], [1, ""]);
    assert.match(
      wrong.err,
      /^clickscribe: Capture.clickscribe.dev "two" is invalid: spec.batching.quietPeriod: [^\n]*\n$/,
    );
    assert.match((await run("status nobody -n told")).err, /^clickscribe: there is no Capture nobody in told: .*\n$/);
    assert.match((await run("get --context nowhere")).err, /^clickscribe: kubeconfig .* has no context nowhere; .*\n$/);
  });

  it("is a plugin of kubectl, which completes its words too", async () => {
    const folder = await mkdtemp(join(tmpdir(), "clickscribe-plugin-"));
    try {
      await symlink(process.execPath, join(folder, "node"));
      for (const name of ["kubectl-clickscribe", "kubectl_complete-clickscribe"]) {
        await symlink(join(root, `operator/cli/${name}.mjs`), join(folder, name));
      }
      const KUBECONFIG = await world.plane.kubeconfig("admin");
      const kubectl = async (...args: readonly string[]): Promise<string> => {
        const env = { PATH: `${folder}:/usr/bin:/bin`, HOME: folder, KUBECONFIG };
        return (await promisify(execFile)(world.plane.binaries.kubectl, args, { env })).stdout;
      };
      assert.match(
        await kubectl("clickscribe", "get", "-n", "told", "-o", "name"),
        /^capture\.clickscribe\.dev\/all\n$/,
      );
      assert.match(
        await kubectl("clickscribe", "status", "--help"),
        /^kubectl clickscribe status: [^]*Usage: kubectl clickscribe status /,
      );
      assert.match(await kubectl("__complete", "clickscribe", "sus"), /^suspend\t[^]*\n:4\n/);
      assert.match(await kubectl("__complete", "clickscribe", "status", "-n", "told", ""), /^all\n:4\n/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("uninstalls, and leaves nothing but what is in Git", async () => {
    const place = await world.place("last", { objects: [configMap("app", { color: "red" })] });
    const { plane } = world;
    const label = ["app.kubernetes.io/name=clickscribe", "app.kubernetes.io/instance=clickscribe"];
    const kinds = "clusterroles,clusterrolebindings,validatingwebhookconfigurations";
    const names = await plane.kubectl(["get", kinds, "-o", "name"]);
    const ours = names.stdout.split("\n").filter((name) => name.includes("/clickscribe"));
    assert.ok(ours.length >= 4, ours.join(" "));
    await plane.kubectl(["label", ...ours, ...label]);
    const inNamespace = ["-n", "clickscribe-system"];
    const own = await plane.kubectl(["get", "serviceaccounts,roles,rolebindings", ...inNamespace, "-o", "name"]);
    const ownNames = own.stdout.split("\n").filter((name) => name.includes("/clickscribe"));
    await plane.kubectl(["label", ...inNamespace, ...ownNames, ...label]);
    const input = JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "clickscribe", labels: Object.fromEntries(label.map((pair) => pair.split("="))) },
      spec: {
        replicas: 1,
        selector: { matchLabels: { "app.kubernetes.io/name": "clickscribe" } },
        template: {
          metadata: { labels: { "app.kubernetes.io/name": "clickscribe" } },
          spec: { containers: [{ name: "operator", image: "x" }] },
        },
      },
    });
    await plane.kubectl(["apply", "-n", "clickscribe-system", "-f", "-"], { input });

    const dry = await well("uninstall --dry-run");
    for (const name of ours) assert.ok(dry.includes(` ${name.split("/")[1]}\n`), `${name}\n${dry}`);
    const unasked = await run("uninstall");
    assert.deepEqual([unasked.code, (await well("uninstall --dry-run")) === dry], [2, true]);
    assert.match(await well("uninstall --yes"), /Removed\.\n$/);
    const left = await plane.kubectl(["get", `${kinds},deployments,pods`, "-A", "-o", "name"]);
    assert.doesNotMatch(left.stdout, /clickscribe/);
    assert.match(await well("get captures all -n last -o name"), /^capture/);

    const began = Date.now();
    await place.create("alice", configMap("after", { color: "red" }));
    assert.ok(Date.now() - began < 2_000);
    assert.match(
      await well("uninstall --yes --crds"),
      /CustomResourceDefinition captures\.clickscribe\.dev\n[^]*Removed\.\n$/,
    );
    assert.equal((await run("get")).code, 1);
    const roles = await plane.kubectl(["get", "crds,roles", "-A", "-o", "name"]);
    assert.doesNotMatch(roles.stdout, /clickscribe/);
    assert.match(
      await well("uninstall --yes --crds"),
      /^Nothing of Clickscribe is left to remove from https:[^\n]*\.\n$/,
    );
    assert.ok((await place.repository.files("main")).some((name) => name.endsWith("configmap-app.yaml")));
    assert.notEqual(await place.repository.git("rev-parse", place.recordRef), "");
  });
});
