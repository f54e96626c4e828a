/**
 * What is written reads as the same value through sigs.k8s.io/yaml, the reader of kubectl, Argo CD and Flux. Their
 * numbers are an int64 where they fit in one, else a double; so are the API server's.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { before, describe, it } from "node:test";
import fc from "fast-check";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import { isVerbatim, verbatim } from "../../operator/manifest/verbatim.ts";
import type { Json, JsonObject } from "../../operator/values.ts";
import { objectTexts } from "../bench/encode-objects.ts";
import { jsonObject, nastyStrings, object } from "../fixtures/json.ts";
import { resolvePart } from "./parts/parts.ts";

describe("sigs.k8s.io/yaml", () => {
  let program = "";
  before(async () => {
    program = await resolvePart("yaml-to-json");
  });

  /** What Go made of each text: its JSON or an Error. */
  function readByGo(texts: readonly string[]): readonly (Json | Error)[] {
    const input = texts.map((text) => `${text}\0`).join("");
    const { status, stdout, stderr } = spawnSync(program, { input, encoding: "utf8", maxBuffer: 2 ** 30 });
    assert.equal(status, 0, stderr);
    const answers = stdout.split("\0").slice(0, -1);
    assert.equal(answers.length, texts.length);
    return answers.map((answer) => (answer.startsWith("=") ? parseJson(answer.slice(1)) : new Error(answer.slice(1))));
  }

  function hold(contents: readonly JsonObject[]): void {
    const texts = contents.map(serialize);
    for (const [i, read] of readByGo(texts).entries()) {
      const text = texts[i] as string;
      if (read instanceof Error) assert.fail(`${read.message}\n${text}`);
      assert.deepEqual(normal(read), normal(contents[i] as Json), text);
      assert.doesNotMatch(text, /^(?:---|\.\.\.)/m, "kubectl cuts a file there");
    }
  }

  it("reads 6,000 values of any kind as they were", () => {
    hold(fc.sample(jsonObject, { numRuns: 6000 }).map((content) => wellFormed(content) as JsonObject));
  });

  it("reads nasty strings as they were: as values, in lists, as keys", () => {
    hold(
      nastyStrings
        .map((nasty) => nasty.toWellFormed())
        .flatMap((nasty) => [
          object([["a", nasty]]),
          object([["a", [nasty, [nasty, [nasty]], object([["b", nasty]])]]]),
          object([[nasty, object([[nasty, [object([[nasty, nasty]])]]])]]),
        ]),
    );
  });

  it("reads numbers as they were", () => {
    const numbers =
      "0|-0|-0.0|0.10|1.0|1e3|1E+2|1e21|1E-7|5e-324|1.7976931348623157e+308|9007199254740993|9223372036854775807|-9223372036854775808|9223372036854775808|18446744073709551615|123456789012345678901234567890"
        .split("|")
        .map(verbatim);
    hold([
      object([["numbers", numbers]]),
      object([["doubles", fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), 2000)]]),
    ]);
  });

  it("reads objects as an API server sends them, and a string of a megabyte", () => {
    hold(objectTexts(200).map((text) => parseJson(text) as JsonObject));
    hold(
      ["x", "word ", "line\n", "\u00e9\u2028", " \n"].map((unit) =>
        object([["a", unit.repeat(2 ** 20 / unit.length)]]),
      ),
    );
  });

  it("refuses half of a surrogate pair, which no API server holds, rather than read another string", () => {
    for (const read of readByGo(["\ud800", "a\udc00\n"].map((text) => serialize(object([["a", text]]))))) {
      assert.ok(read instanceof Error);
      assert.match(read.message, /invalid Unicode character escape code/);
    }
  });
});

/** As Go's reader of JSON, and so the API server, has it: U+FFFD for half of a surrogate pair. Of keys that become one, the last. */
function wellFormed(value: Json): Json {
  if (typeof value === "string") return value.toWellFormed();
  if (value === null || typeof value !== "object" || isVerbatim(value)) return value;
  if (Array.isArray(value)) return value.map((item: Json) => wellFormed(item));
  return object(Object.entries(value).map(([key, item]) => [key.toWellFormed(), wellFormed(item)]));
}

/** In a form that compares: maps by sorted key, integers within int64 exactly, other numbers as doubles. */
function normal(value: Json): unknown {
  if (isVerbatim(value)) return numberOf(value.verbatim);
  if (typeof value === "number") return numberOf(String(value));
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => normal(item));
  const entries = Object.entries(value).map(([key, item]) => [key, normal(item)] as const);
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function numberOf(source: string): bigint | number {
  const double = Number(source);
  const digits = /^-?\d+$/.test(source) ? source : String(double);
  if (!/^-?\d+$/.test(digits)) return double;
  const integer = BigInt(digits);
  return BigInt.asIntN(64, integer) === integer ? integer : double;
}
