import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { GatheredBytes } from "./gathered-bytes.ts";

it("gathers pieces of any size", () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 70_000 })));
  fc.assert(
    fc.property(sizes, (lengths) => {
      const pieces = lengths.map((length, i) => Buffer.alloc(length, i + 1));
      const gathered = new GatheredBytes();
      for (const piece of pieces) gathered.add(piece);
      const expected = Buffer.concat(pieces);
      assert.equal(gathered.size, expected.length);
      assert.ok(gathered.join().equals(expected));
    }),
  );
});

it("holds hardly more than the bytes, where they come one by one", () => {
  const gathered = new GatheredBytes();
  const before = process.memoryUsage();
  for (let i = 0; i < 1_000_000; i++) gathered.add(Buffer.of(i & 255));
  const now = process.memoryUsage();
  assert.ok(now.arrayBuffers - before.arrayBuffers < 40_000_000);
  assert.equal(gathered.join().length, 1_000_000);
});
