import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BlobCache } from "./blob-cache.ts";

describe("the cache of blobs", () => {
  it("keeps what was used last, up to its size", () => {
    const cache = new BlobCache(10);
    cache.set("a", "aaaa", 4, true);
    cache.set("b", "bbbb", 4, true);
    assert.equal(cache.get("a"), "aaaa");
    cache.set("c", "cccc", 4, true);
    assert.deepEqual([cache.get("a"), cache.get("b"), cache.get("c")], ["aaaa", undefined, "cccc"]);
    cache.set("d", "d".repeat(11), 11, true);
    assert.equal(cache.get("d"), undefined);
    assert.equal(cache.bytes, 8);
    cache.set("a", "aaaa", 4, false);
    assert.equal(cache.bytes, 8);
  });

  it("knows what the server has", () => {
    const cache = new BlobCache(10);
    cache.set("a", "a", 1, false);
    assert.equal(cache.isSent("a"), false);
    assert.equal(cache.isSent("b"), undefined);
    cache.markSent("a");
    assert.equal(cache.isSent("a"), true);
    cache.set("a", "a", 1, false);
    assert.equal(cache.isSent("a"), true);
    cache.forgetSent();
    assert.equal(cache.isSent("a"), false);
  });
});
