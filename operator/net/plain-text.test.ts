import assert from "node:assert/strict";
import { it } from "node:test";
import { plainText } from "./plain-text.ts";

it("makes one safe line of what a server says", () => {
  assert.equal(plainText("\u001b[31mdenied\u001b[0m\r\n  by\trule \u0007\u202e\u0000", 100), "denied by rule");
  assert.equal(
    plainText("see https://user:secret@host/x and Bearer abcdefghijkl", 100),
    "see https://host/x and Bearer [redacted]",
  );
  assert.equal(plainText("x".repeat(50), 10), `${"x".repeat(9)}…`);
  assert.equal(plainText("12345678😀", 10), "12345678😀");
  assert.equal(plainText("12345678😀😀", 10), "12345678…");
});

it("takes no longer for words that were made to be looked at again and again", () => {
  const began = performance.now();
  for (const text of ["a.", "-a", "\u001b[", "\u001b[1;", "http://a", "bearer ", "\n "])
    plainText(text.repeat(50_000), 300);
  assert.ok(performance.now() - began < 1_000);
});
