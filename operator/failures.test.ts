import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { redact, retry } from "./failures.ts";

describe("redact", () => {
  const texts: readonly (readonly [text: string, shown: string])[] = [
    ["clone of https://token@host/x failed", "clone of https://host/x failed"],
    ["https://user:pass@host and http://a:b@c", "https://host and http://c"],
    ["ssh://git:pass@host/x", "ssh://host/x"],
    ["ssh://git@host/x", "ssh://git@host/x"],
    ["Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"],
    ["the token ghp_0123456789abcdef is wrong", "the token [redacted] is wrong"],
    ["ghp_0123456789abcdef", "ghp_[redacted]"],
    ["glpat-abc_def", "glpat-[redacted]"],
  ];
  for (const [text, shown] of texts) {
    it(`shows ${JSON.stringify(shown)}`, () => {
      assert.equal(redact(text), shown);
      assert.equal(retry("RemoteUnreachable", text).message, shown);
    });
  }
});
