import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { JsonObject } from "../values.ts";
import { editText } from "./edit-text.ts";

const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\n";
const blanks = "\n".repeat(60_000);
const identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "app" };

/** The file with one more entry in the data, and how long that took. */
function withEntry(text: string): readonly [text: string | null, milliseconds: number] {
  const file = parseManifests(text);
  const content = file.readable ? file.documents[0]?.content : undefined;
  assert.ok(content);
  const wanted = { ...content, data: { ...(content["data"] as JsonObject), c: "w" } };
  const started = performance.now();
  const result = editText(text, { identity, wanted, defaultNamespace: "shop" });
  assert.ok(result.verdict === "Edited");
  return [result.text, performance.now() - started];
}

describe("a file with many blank lines is edited no longer than it is long", () => {
  const files: readonly (readonly [where: string, text: string, expected: string])[] = [
    [
      "inside of a literal",
      `${head}data:\n  b: q\n  a: |\n    x${blanks}    y\n`,
      `${head}data:\n  b: q\n  a: |\n    x${blanks}    y\n  c: w\n`,
    ],
    [
      "before a comment in braces",
      `${head}data: {${blanks} # a comment\n  b: q}\n`,
      `${head}data: {${blanks} # a comment\n  b: q,\n  c: "w"}\n`,
    ],
  ];
  for (const [where, text, expected] of files) {
    it(where, () => {
      const [edited, milliseconds] = withEntry(text);
      assert.ok(edited === expected, "it says something else");
      assert.ok(milliseconds < 1_500, `${milliseconds} ms`);
    });
  }
});
