import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lines } from "./lines.ts";

async function linesOf(chunks: readonly Uint8Array[]): Promise<string[]> {
  const found: string[] = [];
  for await (const line of lines(
    (async function* () {
      yield* chunks;
    })(),
  )) {
    found.push(line);
  }
  return found;
}

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [0, ...at.map((n) => n % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, i) => bytes.subarray(points[i], end));
}

describe("lines", () => {
  it("finds the same lines wherever the bytes are cut", async () => {
    const line = fc
      .string({ unit: "binary", minLength: 1 })
      .filter((text) => !text.includes("\n") && text.isWellFormed());
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(fc.nat()), fc.boolean(), async (texts, at, ended) => {
        const bytes = Buffer.from(texts.join("\n") + (ended && texts.length > 0 ? "\n" : ""));
        const found = await linesOf(cut(bytes, at));
        // A byte order mark at the very beginning belongs to the encoding.
        assert.deepEqual(found, texts.map((text, i) => (i === 0 ? text.replace(/^\ufeff/, "") : text)).filter(Boolean));
      }),
    );
  });
  it("leaves out empty lines", async () => {
    assert.deepEqual(await linesOf([Buffer.from("\n\na\n\nb")]), ["a", "b"]);
  });
});
