/** Five minutes of writes that change nothing that anybody meant, against 500 objects: no commit. */
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { stayQuiet } from "../e2e/noise.ts";
import { startWorld, type World } from "../e2e/world.ts";

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world?.stop());

const seconds = 300;

it("makes no commit in five minutes of noise", async (t) => {
  const quiet = await stayQuiet(world, 500, seconds);
  t.diagnostic(JSON.stringify(quiet));
  assert.ok(quiet.objects === 500 && quiet.captured === 500 && quiet.kinds >= 12);
  assert.ok(quiet.writes / quiet.seconds >= 20, `${quiet.writes} writes in ${quiet.seconds} s`);
  assert.ok(quiet.events > 5_000, `${quiet.events} events`);
});
