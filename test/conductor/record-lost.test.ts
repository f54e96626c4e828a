import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../operator/values.ts";
import { createWorld, recordRef, type World } from "./world.ts";

/** The Capture as the API server holds it once its status was applied. */
function storeStatus(world: World): void {
  world.cluster.put({
    apiVersion: "clickscribe.dev/v1alpha1",
    kind: "Capture",
    metadata: { name: "all", namespace: "shop", annotations: {} },
    spec: { remote: { name: "platform" }, path: "apps/shop", batching: { quietPeriod: "0s" } },
    status: world.status() as unknown as JsonObject,
  });
}

const told = (world: World): readonly string[] =>
  world.cluster.events
    .filter(({ reason }) => reason === "RecordLost")
    .map(({ type, message }) => `${type}: ${message}`);

describe("a record whose ref was deleted", () => {
  for (const running of [true, false]) {
    it(`is told once and begun anew, and nothing is written twice, ${running ? "at work" : "at a start"}`, async () => {
      const world = createWorld();
      world.capture();
      let operator = await world.start();
      world.configMap("a", { value: "1" });
      await world.clock.advance(5_000);
      storeStatus(world);
      if (!running) {
        await operator.stop();
        operator = await world.start();
      }
      await world.clock.advance(120_000);
      assert.deepEqual(told(world), []);
      const before = world.commits();
      const { commit = "" } = (world.status() as unknown as { readonly record: { readonly commit?: string } }).record;
      if (!running) await operator.stop();
      world.remote.deleteRef(recordRef);
      if (!running) await world.start();
      await world.clock.advance(120_000);
      storeStatus(world);
      await world.clock.advance(120_000);
      assert.equal(told(world).length, 1, told(world).join("\n"));
      assert.match(
        told(world)[0] ?? "",
        new RegExp(`^Warning: ${recordRef} is gone .* it was at ${commit.slice(0, 7)}:`),
      );
      assert.deepEqual(world.commits(), before);
      assert.equal(world.ready().status, "True", world.ready().message);
    });
  }
});

describe("a record that somebody rewrote", () => {
  it("is told, and gone on with", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    for (const value of ["1", "2"]) {
      world.configMap("a", { value });
      await world.clock.advance(5_000);
    }
    storeStatus(world);
    const rewritten = (): readonly string[] =>
      world.cluster.events.filter(({ reason }) => reason === "RecordRewritten").map(({ message }) => message);
    await world.clock.advance(120_000);
    assert.deepEqual(rewritten(), []);
    const [before, tip] = world.remote.log(recordRef).slice(-2);
    world.remote.forceRef(recordRef, before?.id ?? "");
    await world.clock.advance(120_000);
    assert.equal(rewritten().length, 1, rewritten().join("\n"));
    assert.match(
      rewritten()[0] ?? "",
      new RegExp(`^${recordRef} was rewritten: ${tip?.id.slice(0, 7)}, .* not in ${before?.id.slice(0, 7)}\\.`),
    );
    assert.equal(world.ready().status, "True", world.ready().message);
    world.configMap("a", { value: "3" });
    await world.clock.advance(5_000);
    assert.equal(world.commits().at(-1), "alice: a: key value: 2 -> 3");
    await operator.stop();
  });

  it("is no alarm where a person says that they purged an object from it", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    for (const value of ["1", "2"]) {
      world.configMap("a", { value });
      await world.clock.advance(5_000);
    }
    storeStatus(world);
    await world.clock.advance(120_000);
    const [before] = world.remote.log(recordRef).slice(-2);
    const trailers = "Record-Purged: ConfigMap shop/db\nChanged-By: alice\nAttribution: Admission";
    world.remote.forceRef(recordRef, before?.id ?? "");
    world.remote.commitAsPerson({ ref: recordRef, files: {}, message: `purge an object\n\n${trailers}` });
    await world.clock.advance(120_000);
    const events = world.cluster.events.filter(({ reason }) => reason === "RecordRewritten");
    assert.deepEqual(
      events.map(({ type }) => type),
      ["Normal"],
    );
    assert.match(events[0]?.message ?? "", /alice ran clickscribe record purge on ConfigMap shop\/db$/);
    assert.equal(world.ready().status, "True", world.ready().message);
    await operator.stop();
  });
});
