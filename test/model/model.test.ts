/** Random lives of a branch. `CLICKSCRIBE_SEED` plays one again, `CLICKSCRIBE_STEPS` makes it longer. */
import { describe, it } from "node:test";
import { createRandom } from "../harness/random.ts";
import { createFakeSide } from "./fake-side.ts";
import { playModel } from "./model.ts";
import { createRealSide } from "./real-side.ts";

const given = process.env["CLICKSCRIBE_SEED"];
const seeds = given === undefined ? [1, 2, 3, 4, 5, 6] : [Number(given)];
const steps = Number(process.env["CLICKSCRIBE_STEPS"] ?? 500);

describe("a branch that the cluster, people and faults move", () => {
  for (const seed of seeds) {
    it(`keeps what everybody did, in memory, seed ${seed}`, async () => {
      await playModel(createFakeSide(), { random: createRandom(seed), steps, every: 25 });
    });
  }

  it("keeps what everybody did, on a real git server", async () => {
    const random = createRandom(seeds[0] ?? 1);
    const side = await createRealSide(random);
    try {
      await playModel(side, { random, steps: Math.ceil(steps / 5), every: 25 });
    } finally {
      await side.close();
    }
  });
});
