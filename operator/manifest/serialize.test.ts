import assert from "node:assert/strict";
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

function numberOf(source: string): bigint | number {
  return /^-?\d+$/.test(source)
    ? BigInt(source)
    : Number.isInteger(Number(source))
      ? BigInt(Number(source))
      : Number(source);
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
  assert.ok(text.endsWith("\n") && !text.endsWith("\n\n\n\n"));
  assert.ok(!text.includes("\r") && text.isWellFormed(), "no bytes that a checkout or UTF-8 would change");
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

  it("gives the same bytes whatever the order of keys", () => {
    const shuffled = fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 6 }).chain((entries) => {
      const unique = [...new Map(entries)];
      return fc.tuple(fc.constant(unique), fc.shuffledSubarray(unique, { minLength: unique.length }));
    });
    fc.assert(fc.property(shuffled, ([a, b]) => assert.equal(serialize(object(a)), serialize(object(b)))));
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
