import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration } from "./duration.ts";

describe("parseDuration", () => {
  const good: readonly (readonly [string, number])[] = [
    ["60s", 60_000],
    ["1m30s", 90_000],
    ["1.5h", 5_400_000],
    ["250ms", 250],
    ["0s", 0],
    ["0", 0],
    ["1h0m0.5s", 3_600_500],
  ];
  for (const [text, ms] of good) it(`reads ${text} as ${ms} ms`, () => assert.equal(parseDuration(text), ms));
  for (const text of ["", "60", "s", "1 s", "-1s", "1d", "1m 30s", "soon", "1e3s", "1s\n", `${"9".repeat(30)}h`]) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseDuration(text), undefined));
  }
});
