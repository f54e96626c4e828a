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
