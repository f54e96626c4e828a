/** The long form of test/model: a thousand steps on a real git server. `CLICKSCRIBE_SEED` plays one again. */
import { describe, it } from "node:test";
import { createRandom } from "../harness/random.ts";
import { playModel } from "../model/model.ts";
import { createRealSide } from "../model/real-side.ts";

const given = process.env["CLICKSCRIBE_SEED"];
const seeds = given === undefined ? [11, 12] : [Number(given)];

describe("a branch that the cluster, people and faults move for long", () => {
  for (const seed of seeds) {
    it(`keeps what everybody did, seed ${seed}`, async () => {
      const random = createRandom(seed);
      const side = await createRealSide(random);
      try {
        await playModel(side, { random, steps: 500, every: 50 });
      } finally {
        await side.close();
      }
    });
  }
});
