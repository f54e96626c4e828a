import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retryAfterSeconds } from "./retry-after.ts";

const now = Date.UTC(2026, 0, 1, 12, 0, 0);

function seconds(headers: Readonly<Record<string, string>>): number | undefined {
  return retryAfterSeconds({ header: (name) => headers[name], now });
}

describe("how long a server asks to be left alone", () => {
  it("is read from Retry-After in seconds and as a date", () => {
    assert.equal(seconds({ "retry-after": "7" }), 7);
    assert.equal(seconds({ "retry-after": " 0 " }), 1);
    assert.equal(seconds({ "retry-after": "Thu, 01 Jan 2026 12:01:30 GMT" }), 90);
    assert.equal(seconds({ "retry-after": "Thu, 01 Jan 2026 11:00:00 GMT" }), 1);
    assert.equal(seconds({ "retry-after": "soon" }), undefined);
    assert.equal(seconds({}), undefined);
  });

  it("is counted by the server's own clock where it tells", () => {
    const headers = { date: "Thu, 01 Jan 2026 10:00:00 GMT", "retry-after": "Thu, 01 Jan 2026 10:00:20 GMT" };
    assert.equal(seconds(headers), 20);
  });

  it("is until the limit is reset where no request is left, and only there", () => {
    const reset = String(now / 1_000 + 600);
    assert.equal(seconds({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset }), 600);
    assert.equal(seconds({ "ratelimit-remaining": "0", "ratelimit-reset": "30" }), 30);
    assert.equal(seconds({ "x-ratelimit-remaining": "0" }), 60);
    assert.equal(seconds({ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "never" }), 60);
    assert.equal(seconds({ "x-ratelimit-remaining": "3", "x-ratelimit-reset": reset }), undefined);
  });

  it("is a day at most", () => {
    assert.equal(seconds({ "retry-after": "9".repeat(400) }), 86_400);
  });
});
