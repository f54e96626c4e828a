import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PartName, parts } from "./parts.ts";
import { type Preparation, prepareFiles } from "./prepare.ts";

const HELM: PartName = "helm";
const SERVER: PartName = "previous-kube-apiserver";

/** A machine whose clock moves only while something is built. */
function machine(changes: {
  readonly cached?: readonly PartName[];
  readonly seconds?: Partial<Record<PartName, number>>;
  readonly fails?: PartName;
  readonly budgetSeconds?: number;
}): {
  readonly preparation: Preparation;
  readonly built: PartName[];
  readonly limits: number[];
  readonly lines: string[];
} {
  const built: PartName[] = [];
  const limits: number[] = [];
  const lines: string[] = [];
  let clock = 0;
  const preparation: Preparation = {
    needs: { chart: { parts: [HELM], seconds: 30 }, upgrade: { parts: [SERVER], seconds: 60 } },
    budgetSeconds: changes.budgetSeconds ?? 1_500,
    parts: {
      ...parts,
      gitea: { usualSeconds: 300 },
      helm: { usualSeconds: 120 },
      "previous-kube-apiserver": { usualSeconds: 360 },
    },
    isCached: async (part) => (changes.cached ?? []).includes(part),
    build: async (part, limitMs) => {
      built.push(part);
      limits.push(limitMs);
      clock += 1_000 * (changes.seconds?.[part] ?? 0);
      if (part === changes.fails) throw new Error("no `go` on the PATH");
    },
    progress: (line) => void lines.push(line),
    now: () => clock,
  };
  return { preparation, built, limits, lines };
}

describe("prepareFiles", () => {
  it("builds what is not cached and answers all files", async () => {
    const { preparation, built, lines } = machine({ cached: [HELM] });
    assert.deepEqual(await prepareFiles(preparation), ["chart", "upgrade"]);
    assert.deepEqual(built, [SERVER]);
    assert.deepEqual(lines, []);
  });

  it("limits each build so that the tests keep their time", async () => {
    const { preparation, limits } = machine({ seconds: { helm: 100, "previous-kube-apiserver": 300 } });
    await prepareFiles(preparation);
    assert.deepEqual(limits, [1_410_000, 1_310_000]);
  });

  it("limits each build by whole milliseconds, whatever the clock tells", async () => {
    const { preparation, limits } = machine({});
    let clock = 0.25;
    await prepareFiles({ ...preparation, now: () => (clock += 100.4) });
    assert.equal(limits.length, 2);
    for (const limit of limits) assert.ok(Number.isSafeInteger(limit) && limit > 0, String(limit));
  });

  it("judges again after a build that took long", async () => {
    const { preparation, built, lines } = machine({ seconds: { helm: 1_200 } });
    assert.deepEqual(await prepareFiles(preparation), ["chart"]);
    assert.deepEqual(built, [HELM]);
    assert.deepEqual(lines, [
      "left out: previous-kube-apiserver (not cached, needs about 7 min, 4.5 min left): upgrade",
    ]);
  });

  it("leaves out a part whose build fails, with what it said, and goes on with the rest", async () => {
    const { preparation, built, lines } = machine({ fails: HELM });
    assert.deepEqual(await prepareFiles(preparation), ["upgrade"]);
    assert.deepEqual(built, [HELM, SERVER]);
    assert.deepEqual(lines, ["left out: helm (no `go` on the PATH): chart"]);
  });

  it("builds nothing without time", async () => {
    const { preparation, built, lines } = machine({ budgetSeconds: 0 });
    assert.deepEqual(await prepareFiles(preparation), []);
    assert.deepEqual(built, []);
    assert.equal(lines.length, 2);
  });
});
