import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PartName, parts } from "./parts.ts";
import { leftOutLine, type Need, type PlanInput, planParts } from "./plan.ts";

const HELM: PartName = "helm";
const SERVER: PartName = "previous-kube-apiserver";

const chart: Need = { parts: [HELM], seconds: 30 };
const upgrade: Need = { parts: [SERVER], seconds: 60 };
const both: Need = { parts: [HELM, SERVER], seconds: 10 };

function input(needs: Readonly<Record<string, Need>>, changes: Partial<PlanInput> = {}): PlanInput {
  return {
    needs,
    cached: new Set(),
    impossible: new Map(),
    parts: {
      ...parts,
      gitea: { usualSeconds: 300 },
      helm: { usualSeconds: 240 },
      "previous-kube-apiserver": { usualSeconds: 360 },
    },
    secondsLeft: 1_500,
    ...changes,
  };
}

describe("planParts", () => {
  it("builds nothing for files whose parts are cached or that need none", () => {
    const plan = planParts(input({ chart, plain: { parts: [], seconds: 5 } }, { cached: new Set([HELM]) }));
    assert.deepEqual(plan, { build: [], run: ["chart", "plain"], leftOut: [] });
  });

  it("runs cached files even when no time is left", () => {
    const plan = planParts(input({ chart, upgrade }, { cached: new Set([HELM]), secondsLeft: 0 }));
    assert.deepEqual(plan.run, ["chart"]);
    assert.deepEqual(plan.build, []);
  });

  it("builds each part once, the cheapest file's first", () => {
    const plan = planParts(input({ both, upgrade, chart }));
    assert.deepEqual(plan, { build: [HELM, SERVER], run: ["chart", "both", "upgrade"], leftOut: [] });
  });

  it("counts the tests' own time, those of cached parts first", () => {
    const long: Need = { parts: [HELM], seconds: 1_200 };
    const cached = new Set([HELM]);
    assert.deepEqual(planParts(input({ long, upgrade }, { cached, secondsLeft: 1_620 })).build, [SERVER]);
    const plan = planParts(input({ long, upgrade }, { cached, secondsLeft: 1_619 }));
    assert.deepEqual(plan.build, []);
    assert.deepEqual(plan.leftOut.map(leftOutLine), [
      "left out: previous-kube-apiserver (not cached, needs about 7 min, 6.5 min left): upgrade",
    ]);
  });

  it("leaves out what no longer fits, by part and with all its files", () => {
    const plan = planParts(input({ both, upgrade, chart }, { secondsLeft: 390 }));
    assert.deepEqual(plan.build, [HELM]);
    assert.deepEqual(plan.run, ["chart"]);
    assert.deepEqual(plan.leftOut.map(leftOutLine), [
      "left out: previous-kube-apiserver (not cached, needs about 6.5 min, 2 min left): both, upgrade",
    ]);
  });

  it("builds no part only for files that lack another", () => {
    const plan = planParts(input({ both }, { secondsLeft: 400 }));
    assert.deepEqual(plan.build, []);
    assert.deepEqual(
      plan.leftOut.map(({ part, files }) => [part, files]),
      [
        [HELM, ["both"]],
        [SERVER, ["both"]],
      ],
    );
  });

  it("plans nothing with a part that cannot be built, and says why", () => {
    const plan = planParts(input({ both, chart, upgrade }, { impossible: new Map([[SERVER, "no go"]]) }));
    assert.deepEqual(plan.build, [HELM]);
    assert.deepEqual(plan.run, ["chart"]);
    assert.deepEqual(plan.leftOut.map(leftOutLine), ["left out: previous-kube-apiserver (no go): both, upgrade"]);
  });
});
