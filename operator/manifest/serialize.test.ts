import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import { jsonObject, nastyStrings, object } from "../../test/fixtures/json.ts";
import type { Json, JsonObject } from "../values.ts";
import { parseJson } from "./parse-json.ts";
import { serialize } from "./serialize.ts";
import { isVerbatim, verbatim } from "./verbatim.ts";

/** What a YAML parser made of it, in a form that compares: integers as BigInt, no prototypes, keys sorted. */
function normal(value: unknown): unknown {
  if (isVerbatim(value as Json)) return numberOf((value as { verbatim: string }).verbatim);
  if (typeof value === "number") return numberOf(String(value));
  if (Array.isArray(value)) return value.map(normal);
  if (value === null || typeof value !== "object") return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return new Map(entries.map(([key, item]) => [key, normal(item)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** By the spelling of its shortest form: a double past 2^53 is another integer than its digits say. */
function numberOf(source: string): bigint | number {
  if (/^-?\d+$/.test(source)) return BigInt(source);
  const double = Number(source);
  return /^-?\d+$/.test(String(double)) ? BigInt(String(double)) : double;
}

function readBack(text: string, version: "1.1" | "1.2"): unknown {
  const documents = parseAllDocuments(text, { version, intAsBigInt: true, merge: version === "1.1" });
  assert.ok(Array.isArray(documents) && documents.length === 1, "one document");
  const [document] = documents;
  assert.deepEqual(document?.errors, []);
  assert.deepEqual(document?.warnings, []);
  return normal(document?.toJS({ mapAsMap: true }));
}

function holds(content: JsonObject): void {
  const text = serialize(content);
  for (const version of ["1.1", "1.2"] as const) assert.deepEqual(readBack(text, version), normal(content), text);
  assert.ok(text.endsWith("\n"));
  assert.ok(!text.includes("\r") && text.isWellFormed(), "no bytes that a checkout or UTF-8 would change");
  assert.doesNotMatch(text, /^(?:---|\.\.\.)/m, "no line where kubectl would cut a file");
}

describe("serialize", () => {
  it("is read back as it was by YAML 1.1 and 1.2: any value at all", () => {
    fc.assert(fc.property(jsonObject, holds), { numRuns: 3000 });
  });

  for (const nasty of nastyStrings) {
    it(`keeps ${JSON.stringify(nasty).slice(0, 60)} as a value, in lists, as a key`, () => {
      holds(object([["a", nasty]]));
      holds(object([["a", [nasty, [nasty, [nasty]], object([["b", nasty]])]]]));
      holds(object([[nasty, "a"]]));
      holds(object([[nasty, object([[nasty, [object([[nasty, nasty]])]]])]]));
      holds(
        object([
          ["a", nasty],
          ["b", "last"],
        ]),
      );
    });
  }

  it("is read back as it was: any spelling of a number", () => {
    const digits = fc.stringMatching(/^(?:0|[1-9][0-9]{0,24})$/);
    const spelling = fc
      .tuple(
        fc.constantFrom("", "-"),
        digits,
        fc.oneof(fc.constant(""), fc.stringMatching(/^\.[0-9]{1,20}$/)),
        fc.oneof(fc.constant(""), fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/)),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(spelling, { maxLength: 8 }), (spellings) => {
        const numbers = spellings.map((source) => parseJson(source));
        holds(object([["a", numbers], ...numbers.map((number, i): [string, Json] => [`b${i}`, number])]));
      }),
      { numRuns: 1000 },
    );
  });

  for (const unit of ["x", "word ", "line\n", "é\u2028", " \n", '"\\', "😀", "\ud800"]) {
    it(`is read back as it was: a string of a megabyte of ${JSON.stringify(unit)}`, () => {
      const long = unit.repeat(2 ** 20 / unit.length);
      holds(object([["a", [long]]]));
    });
  }

  it("gives the same bytes whatever the order of keys, at any depth", () => {
    const shuffled = fc.tuple(jsonObject, fc.infiniteStream(fc.nat())).map(([value, ranks]) => {
      const reordered = (json: Json): Json => {
        if (json === null || typeof json !== "object" || isVerbatim(json)) return json;
        if (Array.isArray(json)) return json.map(reordered);
        const entries = Object.entries(json as JsonObject).map(([key, item]) => ({
          key,
          item,
          rank: ranks.next().value,
        }));
        return object(entries.toSorted((a, b) => a.rank - b.rank).map(({ key, item }) => [key, reordered(item)]));
      };
      return [value, reordered(value) as JsonObject] as const;
    });
    fc.assert(
      fc.property(shuffled, ([a, b]) => assert.equal(serialize(a), serialize(b))),
      { numRuns: 1000 },
    );
  });

  it("gives the bytes that it always gave", () => {
    const read = (name: string): string =>
      readFileSync(new URL(`../../test/fixtures/encoder/${name}`, import.meta.url), "utf8");
    assert.equal(serialize(parseJson(read("value.json")) as JsonObject), read("manifest.yaml"));
  });

  it("puts first what people look for first", () => {
    const content = parseJson(
      '{"spec":{"metadata":{"z":1,"name":"x","a":2}},"data":{},"kind":"K","metadata":{"uid":"u","annotations":{},"labels":{},"namespace":"n","name":"x"},"apiVersion":"v1"}',
    ) as JsonObject;
    assert.equal(
      serialize(content),
      'apiVersion: v1\nkind: K\nmetadata:\n  name: x\n  namespace: "n"\n  labels: {}\n  annotations: {}\n  uid: u\ndata: {}\nspec:\n  metadata:\n    a: 2\n    name: x\n    z: 1\n',
    );
  });

  it("is readable: plain words plain, scripts as literal blocks, nothing folded", () => {
    const long = `${"word ".repeat(60)}end`;
    const content = object([
      ["command", ["/bin/sh", "-c", "set -e\necho hi\n"]],
      ["image", "registry.example.com/team/app:v1.2"],
      ["long", long],
      [
        "nested",
        [
          [1, [2]],
          [],
          object([]),
          object([
            ["a", 1],
            ["b", [object([["c", true]])]],
          ]),
        ],
      ],
      ["quantities", ["25%", "500m", "1.5Gi", "30s"]],
      ["url", "https://example.com/a?b=c"],
    ]);
    assert.equal(
      serialize(content),
      [
        "command:",
        "- /bin/sh",
        '- "-c"',
        "- |",
        "  set -e",
        "  echo hi",
        "image: registry.example.com/team/app:v1.2",
        `long: ${long}`,
        "nested:",
        "- - 1",
        "  - - 2",
        "- []",
        "- {}",
        "- a: 1",
        "  b:",
        "  - c: true",
        "quantities:",
        "- 25%",
        "- 500m",
        "- 1.5Gi",
        "- 30s",
        'url: "https://example.com/a?b=c"',
        "",
      ].join("\n"),
    );
  });

  it("writes numbers so that both versions read numbers, in their own spelling", () => {
    const numbers: readonly Json[] = [
      1,
      -1,
      1.5,
      1e21,
      1e-7,
      verbatim("9007199254740993"),
      verbatim("1E400"),
      verbatim("1.0"),
      -0,
    ];
    assert.equal(
      serialize(object([["a", numbers]])),
      "a:\n- 1\n- -1\n- 1.5\n- 1.0e+21\n- 1.0e-7\n- 9007199254740993\n- 1.0E+400\n- 1.0\n- 0\n",
    );
  });

  it("writes an empty object", () => assert.equal(serialize(object([])), "{}\n"));

  it("does not overflow the stack on what the API server lets pass", () => {
    let deep: Json = "end";
    for (let i = 0; i < 500; i++) deep = i % 2 === 0 ? [deep] : object([["a", deep]]);
    assert.match(serialize(object([["deep", deep]])), /end\n$/);
  });
});
