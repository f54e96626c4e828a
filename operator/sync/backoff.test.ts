import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../failures.ts";
import { backoff, waitAfter } from "./backoff.ts";

describe("backoff", () => {
  it("doubles up to its longest, and jitter spreads the upper quarter", () => {
    const options = { firstMs: 1_000, maxMs: 30_000 };
    assert.deepEqual(
      [0, 1, 2, 5, 99].map((attempt) => backoff(attempt, options, 1)),
      [1_000, 2_000, 4_000, 30_000, 30_000],
    );
    assert.deepEqual(
      [0, 0.5].map((jitter) => backoff(0, options, jitter)),
      [750, 875],
    );
  });
});

describe("waitAfter", () => {
  const asked = (retryAfterSeconds: number) => retry("RemoteUnreachable", "busy", { retryAfterSeconds });

  it("waits at least as long as the server asks, not all at the same moment, and no more than an hour and a quarter", () => {
    assert.equal(waitAfter(asked(120), 500, 0), 120_000);
    assert.equal(waitAfter(asked(120), 500, 0.5), 135_000);
    assert.equal(waitAfter(asked(1), 30_000, 0.5), 30_000);
    assert.equal(waitAfter(asked(1e9), 500, 0), 3_600_000);
    assert.equal(waitAfter(retry("RemoteUnreachable", "down"), 500, 0.5), 500);
  });
});
