/** `clickscribe record purge` while the operator runs, on a real API server and git server. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type KubeObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const secret = "hunter2-is-the-secret";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function deployment(name: string, tag: string): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: "app", image: `x:${tag}` }] } },
    },
  };
}

describe("clickscribe record purge", { timeout: 300_000 }, () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world?.stop());

  async function purge(namespace: string, ...args: readonly string[]): Promise<Ran> {
    const kubeconfig = await world.plane.kubeconfig("admin");
    const flags = [`--kubeconfig=${kubeconfig}`, "--allow-plain-http", "--allow-local-addresses", "-n", namespace];
    const all = [join(root, "operator/cli/bin.mjs"), "record", "purge", ...args, ...flags];
    const env = { PATH: process.env["PATH"] ?? "", HOME: world.plane.folder };
    return await new Promise((resolve) => {
      const child = execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
      child.stdin?.end();
    });
  }

  async function setImage(place: Place, user: string, name: string, tag: string): Promise<void> {
    const spec = { template: { spec: { containers: [{ name: "app", image: `x:${tag}` }] } } };
    await place.send(user, "PATCH", pathOf(place.namespace, "Deployment", name), { spec });
  }

  const recordTip = ({ repository, recordRef }: Place): Promise<string | undefined> => repository.tip(recordRef);

  /** Commits, trees and blobs that the record reaches. */
  async function recorded({ repository, recordRef }: Place): Promise<string> {
    const ids = (await repository.git("rev-list", "--objects", recordRef)).split("\n").map((line) => line.slice(0, 40));
    const texts = await Promise.all(ids.filter(Boolean).map(async (id) => await repository.git("cat-file", "-p", id)));
    return texts.join("\n");
  }

  /** The record holds what `part` says, with everything delivered. */
  async function recordHolds(place: Place, part: string): Promise<void> {
    await waitFor(`the record to hold ${part}`, async () =>
      (await recorded(place)).includes(part) ? true : undefined,
    );
    await place.waitForReason("Succeeded");
  }

  async function alarms(place: Place): Promise<readonly string[]> {
    const rewritten = await place.events("RecordRewritten");
    return rewritten.filter(({ type }: Raw) => type !== "Normal").map(({ note }: Raw) => note);
  }

  it("takes an object out of every commit, while the operator goes on", async () => {
    const place = await world.place("shop", { objects: [configMap("app", { x: "1" })] });
    const { repository, recordRef } = place;
    await place.create("alice", deployment("leaky", `a-${secret}`));
    await place.waitForCommits(2);
    await setImage(place, "alice", "leaky", `b-${secret}`);
    await place.waitForCommits(3);
    await place.send("bob", "PATCH", pathOf("shop", "ConfigMap", "app"), { data: { x: "2" } });
    await recordHolds(place, "bob");
    assert.match(await recorded(place), new RegExp(secret));
    const before = await repository.log(recordRef);

    const dry = await purge("shop", "deploy/leaky", "--dry-run");
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /Deployment\.apps shop\/leaky would be taken out of the whole history of a record:\n/);
    assert.match(dry.stdout, /\d+ of \d+ commits rewritten, \d+ dropped, 2 blobs taken out/);
    assert.match(dry.stdout, /Note: Capture shop\/all captures it still/);
    assert.match(dry.stdout, /Note: apps\/deployment-leaky\.yaml on main has it, and its history too/);
    assert.doesNotMatch(dry.stdout, new RegExp(secret));
    const unasked = await purge("shop", "deploy/leaky");
    assert.deepEqual([unasked.code, /give --yes, or --dry-run/.test(unasked.stderr)], [2, true], unasked.stderr);
    assert.equal((await repository.log(recordRef)).length, before.length);

    const ignore = { metadata: { annotations: { "clickscribe.dev/ignore": "true" } } };
    await place.send("alice", "PATCH", pathOf("shop", "Deployment", "leaky"), ignore);
    await repository.commitAsPerson({ files: { "apps/deployment-leaky.yaml": null } });
    const tip = await recordTip(place);
    const { code, stdout, stderr } = await purge("shop", "deployment", "leaky", "--yes", "-o", "json");
    assert.equal(code, 0, stderr);
    const said = JSON.parse(stdout);
    const [record] = said.records;
    assert.deepEqual([said.object, said.dryRun, record.ref], ["Deployment.apps shop/leaky", false, recordRef]);
    assert.ok(record.rewritten > 0 && record.blobs >= 2, stdout);
    assert.deepEqual(said.warnings, []);
    assert.notEqual(record.to, tip);

    assert.doesNotMatch(await recorded(place), /hunter2|leaky(?!\n)/);
    assert.deepEqual(await repository.fsck(), []);
    const after = await repository.log(recordRef);
    const top = after.find(({ trailers }) => trailers["Record-Purged"] !== undefined);
    assert.deepEqual(top?.trailers["Record-Purged"], ["Deployment.apps shop/leaky"]);
    assert.deepEqual([top?.author.name, top?.committer.name, top?.files], ["admin", "clickscribe", []]);
    const kept = (log: typeof before) => log.filter(({ trailers }) => trailers["Changed-By"]?.[0] === "bob");
    assert.deepEqual(
      kept(after).map(({ subject, author }) => [subject, author]),
      kept(before).map(({ subject, author }) => [subject, author]),
    );

    await place.send("bob", "PATCH", pathOf("shop", "ConfigMap", "app"), { data: { x: "3" } });
    await recordHolds(place, "x: 2 -> 3".replace("x", "key x"));
    assert.equal(await repository.show("main", "apps/configmap-app.yaml").then((text) => text?.includes('"3"')), true);
    await repository.git("merge-base", "--is-ancestor", record.to, recordRef);
    await world.startOperator();
    await place.send("bob", "PATCH", pathOf("shop", "ConfigMap", "app"), { data: { x: "4" } });
    await recordHolds(place, "key x: 3 -> 4");
    assert.doesNotMatch(await recorded(place), /hunter2/);
    assert.deepEqual(await alarms(place), []);
    assert.deepEqual(await repository.fsck(), []);
    const again = await purge("shop", "deploy/leaky", "--yes");
    assert.deepEqual([again.code, /no record of the namespace has it/.test(again.stderr)], [1, true], again.stderr);
  });

  it("an object that is captured still comes back as it is now, and its past does not", async () => {
    const place = await world.place("desk", { objects: [deployment("web", `a-${secret}`)] });
    await setImage(place, "alice", "web", "rotated");
    await place.waitForCommits(2);
    await recordHolds(place, "x:rotated");
    const commits = (await place.commits()).length;
    const { code, stdout, stderr } = await purge("desk", "deploy/web", "--capture=all", "--yes");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /comes back with what it holds now/);
    assert.match(stdout, /\nPurged refs\/clickscribe\//);
    assert.doesNotMatch(await recorded(place), /hunter2/);
    await place.create("bob", configMap("new", { x: "1" }));
    await recordHolds(place, "x:rotated");
    await waitFor(
      "the new object to be in Git",
      async () => await place.repository.show("main", "apps/configmap-new.yaml"),
    );
    assert.doesNotMatch(await recorded(place), /hunter2/);
    assert.deepEqual(
      (await place.commits()).slice(commits).map(({ subject }) => subject),
      ["create ConfigMap new"],
    );
    assert.deepEqual(await alarms(place), []);
    assert.deepEqual(await place.repository.fsck(), []);
  });

  it("tells a server that lets nothing be rewritten, and changes nothing", async () => {
    // Git itself protects branches alone.
    const remote = { record: { prefix: "refs/heads/clickscribe" } };
    const made = await world.place("strict", { objects: [deployment("web", `a-${secret}`)], remote });
    const place = { ...made, recordRef: made.recordRef.replace("refs/", "refs/heads/") };
    await recordHolds(place, secret);
    await place.repository.git("config", "receive.denyNonFastForwards", "true");
    const tip = await recordTip(place);
    const { code, stderr } = await purge("strict", "deploy/web", "--yes");
    assert.equal(code, 1);
    assert.match(
      stderr,
      /did not take the record of Capture strict\/all: .*non-fast-forward.*receive\.denyNonFastForwards/,
    );
    assert.equal(await recordTip(place), tip);
    for (const [words, why] of [
      [["deploy/other"], /no record of the namespace has it/],
      [["nothing/web"], /the API server serves no kind nothing/],
      [["deploy/web", "--capture=none"], /there is no Capture none/],
    ] as const) {
      const ran = await purge("strict", ...words, "--yes");
      assert.deepEqual([ran.code, why.test(ran.stderr)], [1, true], ran.stderr);
    }
    assert.equal((await purge("strict")).code, 2);
  });
});
