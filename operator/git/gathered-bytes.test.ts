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
