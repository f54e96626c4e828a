import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { didYouMean } from "./did-you-mean.ts";

const names = ["get", "status", "suspend", "resume", "reconcile", "create"];

describe("didYouMean", () => {
  const slips: readonly (readonly [typed: string, meant: string | undefined])[] = [
    ["gte", "get"],
    ["ge", "get"],
    ["statsu", "status"],
    ["reconsile", "reconcile"],
    ["creat", "create"],
    ["supsend", "suspend"],
    ["delete", undefined],
    ["x", undefined],
    ["", undefined],
  ];
  for (const [typed, meant] of slips) {
    it(`takes "${typed}" for ${meant ?? "nothing"}`, () => assert.equal(didYouMean(typed, names), meant));
  }
});
