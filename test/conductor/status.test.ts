/** What a Capture's status says, as the API server takes it. */
import assert from "node:assert/strict";
import { it } from "node:test";
import { createWorld } from "./world.ts";

it("counts what is skipped, and leaves the count out when nothing is: an empty map over a filled one is stored as null, and refused", async () => {
  const world = createWorld();
  world.configMap("private", {}, { annotations: { "clickscribe.dev/ignore": "true" } });
  world.capture();
  const operator = await world.start();
  assert.deepEqual(world.status()["skipped"], { Ignored: 1 });
  world.cluster.delete("ConfigMap", "shop", "private");
  world.configMap("app", { a: "1" });
  await world.clock.advance(1_000);
  assert.equal(world.status()["skipped"], undefined);
  await operator.stop();
});
