import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DeletionState } from "./deletions.ts";
import { deletionToken, guardDeletions } from "./deletions.ts";

const keys = (n: number): string[] => Array.from({ length: n }, (_, i) => `object ${i}`);
const state = (change: Partial<DeletionState>): DeletionState => ({
  pending: [],
  delivered: [],
  confirmAbove: 10,
  confirmed: undefined,
  now: 1_000_000,
  ...change,
});

describe("guardDeletions", () => {
  it("lets as many pass as confirmAbove says, and not one more", () => {
    assert.equal(guardDeletions(state({ pending: keys(10) })).verdict, "Allowed");
    assert.equal(guardDeletions(state({ pending: keys(11) })).verdict, "Waiting");
    assert.equal(guardDeletions(state({ pending: keys(1), confirmAbove: 0 })).verdict, "Waiting");
  });

  it("counts what was delivered within the last minute, so that a slow mass deletion is one act", () => {
    const delivered = Array.from({ length: 10 }, () => 1_000_000 - 59_000);
    assert.equal(guardDeletions(state({ pending: keys(1), delivered })).verdict, "Waiting");
    assert.equal(
      guardDeletions(state({ pending: keys(1), delivered: delivered.map((at) => at - 2_000) })).verdict,
      "Allowed",
    );
  });

  it("takes a person's word for exactly the objects that were named", () => {
    const waiting = guardDeletions(state({ pending: keys(11) }));
    assert.ok(waiting.verdict === "Waiting");
    assert.equal(
      guardDeletions(state({ pending: keys(11).toReversed(), confirmed: waiting.token })).verdict,
      "Allowed",
    );
    assert.equal(guardDeletions(state({ pending: keys(12), confirmed: waiting.token })).verdict, "Waiting");
  });

  it("names different sets differently", () => {
    assert.notEqual(deletionToken(["a", "bc"]), deletionToken(["ab", "c"]));
  });

  it("is quiet when nothing is to be deleted, whatever was before", () => {
    const delivered = Array.from({ length: 50 }, () => 1_000_000);
    assert.equal(guardDeletions(state({ delivered })).verdict, "Allowed");
  });
});
