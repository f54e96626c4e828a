/** Drift, on fakes: what is found, when, how often it is told, and that a restart repeats nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../operator/values.ts";
import { configMapText, createWorld, mainRef, recordRef, type World } from "./world.ts";

const minute = 60_000;
const appFile = "apps/shop/configmap-app.yaml";
const detect = { delivery: { mode: "Detect" } };

function driftOf(world: World): readonly JsonObject[] {
  const { drift } = world.status() as { readonly drift?: { readonly objects: readonly JsonObject[] } };
  return drift?.objects ?? [];
}

const told = (world: World, reason: string): readonly string[] =>
  world.cluster.events.filter((event) => event.reason === reason).map(({ message }) => message);

const commit = (world: World, files: Readonly<Record<string, string | null>>): void =>
  void world.remote.commitAsPerson({ files });

/** The ConfigMap `app` in the cluster and in Git alike, in a Capture of this spec. */
async function inStep(spec: JsonObject): Promise<{ world: World; operator: Awaited<ReturnType<World["start"]>> }> {
  const world = createWorld({ files: { [appFile]: configMapText("app", { a: "1" }) } });
  world.configMap("app", { a: "1" });
  world.capture(spec);
  return { world, operator: await world.start() };
}

describe("delivery.mode: Detect", () => {
  it("writes nothing, tells an edit after drift.after, and once; both sides equal again resolve it", async () => {
    const { world, operator } = await inStep(detect);
    world.configMap("app", { a: "2" });
    await world.clock.advance(9 * minute);
    assert.deepEqual(driftOf(world), []);
    assert.deepEqual(told(world, "Drifted"), []);
    await world.clock.advance(2 * minute);
    assert.deepEqual(
      driftOf(world).map(({ object, sort, since, by }) => [object, sort, since, by]),
      [["ConfigMap shop/app", "ChangedInCluster", "2026-01-01T00:00:01Z", "alice"]],
    );
    assert.equal(told(world, "Drifted").length, 1);
    assert.match(told(world, "Drifted")[0] ?? "", /by alice/);
    assert.deepEqual(world.commits(), []);
    assert.match(world.ready().message, /1 of them otherwise than on the branch/);
    assert.match(await operator.scrape(), /clickscribe_drifted_objects\{[^}]*sort="ChangedInCluster"\} 1/);
    assert.match(await operator.scrape(), /clickscribe_oldest_undelivered_seconds\{[^}]*\} 0/);

    world.configMap("app", { a: "1" });
    await world.clock.advance(minute);
    assert.deepEqual(driftOf(world), []);
    assert.equal(told(world, "DriftResolved").length, 1);
    assert.equal(told(world, "Drifted").length, 1);
    assert.match(world.commits(recordRef).at(-1) ?? "", /nothing of shop drifts any more/);
    await operator.stop();
  });

  it("goes on after a restart where it was: the same episode, nothing told again", async () => {
    const { world, operator: first } = await inStep(detect);
    world.configMap("app", { a: "2" });
    await world.clock.advance(11 * minute);
    const [before] = driftOf(world);
    await first.kill();
    await world.clock.advance(minute);
    const operator = await world.start();
    await world.clock.advance(20 * minute);
    assert.deepEqual(driftOf(world), [before]);
    assert.equal(told(world, "Drifted").length, 1);
    const commits = world.commits(recordRef).length;
    await world.clock.advance(24 * 60 * minute);
    assert.equal(world.commits(recordRef).length, commits, "a day of drift makes no commit");
    assert.equal(told(world, "Drifted").length, 1);
    await operator.stop();
  });

  it("counts what nobody manages, and tells of it only when somebody touches it", async () => {
    const world = createWorld();
    for (const name of ["a", "b", "c"]) world.configMap(name, { x: "1" });
    world.capture(detect);
    let operator = await world.start();
    await world.clock.advance(30 * minute);
    const counts = (): unknown => (world.status()["objects"] as JsonObject)["unmanaged"];
    assert.equal(counts(), 3);
    assert.deepEqual(driftOf(world), []);
    await operator.kill();
    operator = await world.start();
    await world.clock.advance(minute);
    assert.equal(counts(), 3);
    world.configMap("a", { x: "2" });
    world.configMap("d", { x: "1" });
    await world.clock.advance(11 * minute);
    assert.equal(counts(), 2);
    assert.deepEqual(
      driftOf(world).map(({ object, sort }) => `${object as string} ${sort as string}`),
      ["ConfigMap shop/a CreatedInCluster", "ConfigMap shop/d CreatedInCluster"],
    );
    assert.deepEqual(world.remote.files(mainRef), ["README.md"]);
    await operator.stop();
  });

  it("remembers no more of many edits by one person than the last", async () => {
    const { world, operator } = await inStep({ ...detect, drift: { after: "0s" } });
    for (let i = 0; i < 50; i++) {
      world.configMap("app", { a: `edit ${i}` });
      await world.clock.advance(1_000);
    }
    world.capture({ delivery: { mode: "Push" } });
    await world.clock.advance(2_000);
    assert.deepEqual(world.commits(), ["alice: app: key a: 1 -> edit 49"]);
    assert.deepEqual(driftOf(world), []);
    await operator.stop();
  });
});

describe("each sort of drift", () => {
  const consumed = { appliers: ["ci"], drift: { after: "1m" } };
  const text = configMapText("app", { a: "1" });
  for (const [sort, spec, change] of [
    ["ChangedInCluster", detect, (world: World) => world.configMap("app", { a: "2" })],
    ["CreatedInCluster", detect, (world: World) => world.configMap("new", { a: "2" })],
    ["DeletedInCluster", detect, (world: World) => world.cluster.delete("ConfigMap", "shop", "app")],
    ["ChangedInGit", {}, (world: World) => commit(world, { [appFile]: text.replace('"1"', '"2"') })],
    ["CreatedInGit", {}, (world: World) => commit(world, { "apps/shop/n.yaml": configMapText("n", { a: "1" }) })],
    ["DeletedInGit", {}, (world: World) => commit(world, { [appFile]: null })],
    [
      "BothChanged",
      {},
      (world: World) => {
        commit(world, { [appFile]: text.replace('"1"', '"2"') });
        world.configMap("app", { a: "3" });
      },
    ],
  ] as const) {
    it(`${sort}: found once, told once, closed once`, async () => {
      const { world, operator } = await inStep({ ...consumed, ...spec });
      change(world);
      await world.clock.advance(5 * minute);
      assert.deepEqual(
        driftOf(world).map((episode) => episode["sort"]),
        [sort],
      );
      const about = world.cluster.events.filter(({ reason }) => reason === "Drifted").length;
      // There is nothing in the cluster to hang an Event on.
      assert.equal(about, sort === "DeletedInCluster" || sort === "CreatedInGit" ? 0 : 1);
      commit(world, { [appFile]: text, "apps/shop/n.yaml": null });
      if (sort === "CreatedInCluster") world.cluster.delete("ConfigMap", "shop", "new");
      world.configMap("app", { a: "1" });
      await world.clock.advance(5 * minute);
      assert.deepEqual(driftOf(world), []);
      await operator.stop();
    });
  }

  it("is none where nobody applies what a person commits", async () => {
    const { world, operator } = await inStep({ drift: { after: "1m" } });
    commit(world, { [appFile]: text.replace('"1"', '"2"') });
    await world.clock.advance(5 * minute);
    assert.deepEqual(driftOf(world), []);
    assert.equal((world.status()["objects"] as JsonObject)["gitAhead"], 1);
    await operator.stop();
  });
});
