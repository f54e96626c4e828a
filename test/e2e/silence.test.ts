/** Status, leases and managers of fields make no commit: the short form of test/real/silence.test.ts. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { stayQuiet } from "./noise.ts";
import { startWorld, type World } from "./world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world?.stop());

it("makes no commit of what nobody meant", async () => {
  const { events, writes, kinds } = await stayQuiet(world, 100, 15);
  assert.ok(kinds >= 10 && writes >= 300 && events >= 200, JSON.stringify({ kinds, writes, events }));
});
