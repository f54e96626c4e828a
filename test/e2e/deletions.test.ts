/** Absence is not deletion: what vanishes in number, with its namespace or with its cluster waits for a person's word. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type KubeObject, type Place, pathOf, startWorld, type World } from "./world.ts";

const many = (count: number): readonly KubeObject[] =>
  Array.from({ length: count }, (_, i) => configMap(`app-${i}`, { x: "1" }));

async function deleteAll(place: Place, user: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await place.send(user, "DELETE", pathOf(place.namespace, "ConfigMap", `app-${i}`));
}

async function waitForFiles(place: Place, count: number): Promise<void> {
  await waitFor(
    `${count} files`,
    async () => ((await place.repository.files("main", "apps")).length === count ? true : undefined),
    { seen: () => place.repository.files("main", "apps") },
  );
}

describe("deletions", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  it("of a whole namespace's objects wait, with a token, until the annotation confirms them", async () => {
    const place = await world.place("emptied", { objects: many(14) });
    await world.plane.kubectl(["-n", "emptied", "delete", "configmaps", "--all", "--wait=false"], { user: "alice" });
    const condition = await place.waitForReason("DeletionWaiting");
    assert.match(condition.message, /objects vanished at a time.*clickscribe\.dev\/confirm-deletions=\d+-/);
    const { deletionsWaiting } = (await place.capture()).status;
    assert.ok(deletionsWaiting.count >= 4);
    const event = await waitFor("an Event", async () => (await place.events("DeletionWaiting", "all"))[0]);
    await sleep(1_000);
    // Up to ten may have gone by themselves before the rest was seen.
    const left = await place.repository.files("main", "apps");
    assert.ok(left.length >= 4, left.join(", "));

    await place.annotate({ "clickscribe.dev/confirm-deletions": "wrong" });
    await sleep(1_000);
    assert.equal((await place.repository.files("main", "apps")).length, left.length);
    const { token } = (await place.capture()).status.deletionsWaiting;
    assert.ok(event.note.includes("clickscribe.dev/confirm-deletions="), event.note);
    await place.annotate({ "clickscribe.dev/confirm-deletions": token });
    await waitForFiles(place, 0);
    await place.waitForReason("Succeeded");
    for (const { author } of (await place.commits()).slice(1)) assert.equal(author.name, "alice");
  });

  it("of up to ten go by themselves", async () => {
    const place = await world.place("some", { objects: many(12) });
    await deleteAll(place, "bob", 10);
    await waitForFiles(place, 2);
    await place.waitForReason("Succeeded");
    for (const { author } of (await place.commits()).slice(1)) assert.equal(author.name, "bob");
  });

  it("while no operator runs are found by the first list, and are nobody's", async () => {
    const place = await world.place("offline", { objects: many(3) });
    const crowd = await world.place("crowd", { objects: many(12) });
    await world.kill();
    await deleteAll(place, "alice", 1);
    await deleteAll(crowd, "alice", 11);
    await world.startOperator();
    await waitForFiles(place, 2);
    assert.deepEqual(
      (await place.commits()).slice(1).map(({ author, subject }) => `${author.name}: ${subject}`),
      ["unknown: delete ConfigMap app-0"],
    );
    await crowd.waitForReason("DeletionWaiting");
    await waitForFiles(crowd, 12);
  });

  it("of the namespace itself remove nothing", async () => {
    const place = await world.place("doomed", { objects: many(3) });
    const tip = await place.repository.tip();
    await world.plane.kubectl(["delete", "namespace", "doomed"]);
    await sleep(1_500);
    assert.equal(await place.repository.tip(), tip);
    await waitForFiles(place, 3);
  });

  it("in a rebuilt namespace of the same name: nothing is deleted, nothing written until a person accepts it", async () => {
    const first = await world.place("rebuilt", { objects: many(3) });
    await world.plane.kubectl(["delete", "namespace", "rebuilt"]);
    await sleep(500);
    const refs = await first.repository.refs();
    const again = await world.place("rebuilt", { existing: first.repository, objects: many(2), wait: false });
    await acceptAndCheck(again, refs, 3);
  });

  it("in a rebuilt cluster of the same name: nothing is deleted, nothing written until a person accepts it", async () => {
    const place = await world.place("moved", { objects: many(3) });
    const refs = await place.repository.refs();
    await world.kill();
    const other = await startWorld();
    try {
      const again = await other.place("moved", { existing: place.repository, objects: many(2), wait: false });
      await acceptAndCheck(again, refs, 3);
      await again.create("carol", configMap("new", { x: "1" }));
      assert.equal((await again.waitForCommits(1)).at(-1)?.author.name, "carol");
    } finally {
      await other.stop();
    }
    await world.startOperator();
  });
});

/** Until a person's word neither ref moves; then equal objects are adopted without a commit, and no file goes. */
async function acceptAndCheck(place: Place, refs: Readonly<Record<string, string>>, files: number): Promise<void> {
  const condition = await place.waitForReason("ClusterReplaced");
  assert.equal(condition.status, "False");
  await sleep(2_000);
  assert.deepEqual(await place.repository.refs(), refs);
  const uid = /clickscribe\.dev\/accept-cluster=(\S+)/.exec(condition.message)?.[1];
  assert.ok(uid, condition.message);
  await place.annotate({ "clickscribe.dev/accept-cluster": uid });
  await place.waitForReason("Succeeded");
  assert.equal(await place.repository.tip(), refs["refs/heads/main"]);
  assert.notEqual(await place.repository.tip(place.recordRef), refs[place.recordRef]);
  await waitForFiles(place, files);
}
