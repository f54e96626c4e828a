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

const seconds = 20;

it("makes no commit of what nobody meant", async (t) => {
  const quiet = await stayQuiet(world, 100, seconds);
  t.diagnostic(JSON.stringify(quiet));
  const { objects, captured, kinds, writes, events } = quiet;
  assert.ok(objects === 100 && captured === 100 && kinds >= 12);
  assert.ok(writes / quiet.seconds >= 20, `${writes} writes in ${quiet.seconds} s`);
  assert.ok(events > 333, `${events} events`);
});
