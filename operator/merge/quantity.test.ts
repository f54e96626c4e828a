import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { json } from "../../test/fixtures/json.ts";
import { parseJson } from "../manifest/parse-json.ts";
import type { Json } from "../values.ts";
import { sameQuantity } from "./quantity.ts";

describe("sameQuantity", () => {
  const same: readonly (readonly [Json, Json])[] = [
    ["1000m", "1"],
    ["1", 1],
    [0.5, "500m"],
    [".5", "0.5"],
    ["5.", "5"],
    ["1024Mi", "1Gi"],
    ["0.5Gi", "512Mi"],
    ["1e3", "1k"],
    ["1E3", "1000"],
    ["1E", "1e18"],
    ["1Ki", 1024],
    ["-1", "-1000m"],
    ["+1", "1"],
    ["1n", "0.1n"],
    ["1000000u", "1"],
    ["0", "0Gi"],
  ];
  for (const [a, b] of same)
    it(`${JSON.stringify(a)} is ${JSON.stringify(b)}`, () => assert.ok(sameQuantity(a, b) && sameQuantity(b, a)));

  const other: readonly (readonly [Json, Json])[] = [
    ["1", "2"],
    ["1M", "1Mi"],
    ["1k", "1K"],
    ["1", "1 "],
    ["", "0"],
    [".", "0"],
    ["1e", "1"],
    ["x", "x"],
    ["0x10", "16"],
    [true, "1"],
    [null, null],
    [["1"], ["1"]],
    ["9".repeat(100), "9".repeat(100)],
  ];
  for (const [a, b] of other)
    it(`${JSON.stringify(a).slice(0, 20)} is not known to be ${JSON.stringify(b).slice(0, 20)}`, () =>
      assert.ok(!sameQuantity(a, b)));

  it("answers for anything", () => {
    fc.assert(fc.property(json, json, (a, b) => assert.equal(sameQuantity(a, b), sameQuantity(b, a))));
    assert.ok(
      sameQuantity(parseJson("9007199254740993"), "9007199254740993") &&
        !sameQuantity(parseJson("9007199254740993"), "9007199254740992"),
    );
  });
});
