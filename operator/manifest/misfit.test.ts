import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import { equalJson } from "../merge/contains.ts";
import type { Json, JsonObject } from "../values.ts";
import { clean } from "./clean.ts";
import { maxCharacters } from "./limits.ts";
import { misfit } from "./misfit.ts";
import { parseManifests } from "./parse-manifests.ts";
import { serialize } from "./serialize.ts";

/** A value in lists and maps of a depth, as often as may be near the limits. */
const large: fc.Arbitrary<Json> = fc
  .record({
    text: fc.constantFrom("x", "\u0085", "a\n", "\\", "0", "\ud800", "é", "a: b\n\n", " "),
    times: fc.constantFrom(1, 1000, 60_000, 400_000, 1_000_000),
    items: fc.constantFrom(1, 50, 5000),
    longKey: fc.boolean(),
    levels: fc.array(fc.boolean(), { maxLength: 110 }),
  })
  .map(({ text, times, items, longKey, levels }) => {
    const leaf = text.repeat(Math.max(1, Math.floor(times / items / text.length)));
    let value: Json = Array.from({ length: items }, () => leaf);
    for (const list of levels) value = list ? [value] : { [longKey ? "k".repeat(2000) : "k"]: value };
    return value;
  });

describe("misfit", () => {
  it("lets pass only what is read again", () => {
    let passed = 0;
    fc.assert(
      fc.property(fc.oneof(jsonObject, large), (spec) => {
        const raw: JsonObject = { apiVersion: "v1", kind: "Widget", metadata: { name: "a" }, spec };
        if (misfit(raw) !== undefined) return;
        passed++;
        const text = serialize(clean(raw));
        assert.ok(text.length <= maxCharacters);
        if (!text.isWellFormed() || text.length > 20_000) return;
        const parsed = parseManifests(text);
        assert.ok(parsed.readable, parsed.readable ? "" : parsed.why);
        assert.ok(equalJson(parsed.documents[0]?.content ?? null, clean(raw)));
      }),
      { numRuns: 300 },
    );
    assert.ok(passed > 100);
  });
});
