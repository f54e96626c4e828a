import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { applyDelta, deltaLength, encodeDelta, type Segment } from "./delta.ts";

const many = 2 ** 30;

describe("deltas", () => {
  it("give back what they were made of", () => {
    const base = Buffer.from(Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251));
    const segment = fc.oneof(
      fc
        .tuple(fc.nat(base.length), fc.nat(base.length))
        .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) })),
      fc.uint8Array({ maxLength: 600 }).map((bytes) => ({ insert: Buffer.from(bytes) })),
    );
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 6 }), (segments: Segment[]) => {
        const result = Buffer.concat(
          segments.map((part) => ("insert" in part ? part.insert : base.subarray(part.start, part.end))),
        );
        const delta = encodeDelta(base.length, result.length, segments);
        assert.ok(applyDelta(delta, base, many).equals(result));
        assert.ok(
          delta.length <= deltaLength(segments),
          `${delta.length} bytes, announced as ${deltaLength(segments)}`,
        );
      }),
    );
  });

  it("knows what git means by a length of zero: 64 KiB", () => {
    const base = Buffer.alloc(0x10000, 7);
    const delta = Buffer.from([0x80, 0x80, 0x04, 0x80, 0x80, 0x04, 0x80]);
    assert.ok(applyDelta(delta, base, many).equals(base));
  });

  it("are refused when they do not fit, whatever they hold", () => {
    const base = Buffer.from("0123456789");
    const bad: readonly (readonly [string, readonly number[]])[] = [
      ["another base", [9, 1, 1, 65]],
      ["a copy past the base", [10, 5, 0x91, 8, 5]],
      ["an insertion past its own end", [10, 5, 5, 65]],
      ["a reserved instruction", [10, 1, 0]],
      ["too short a result", [10, 5, 1, 65]],
      ["too long a result", [10, 1, 2, 65, 65]],
      ["nothing", []],
      ["an endless size", [10, ...Array<number>(20).fill(255)]],
    ];
    for (const [what, bytes] of bad) {
      assert.throws(() => applyDelta(Buffer.from(bytes), base, many), { code: "RemoteInvalid" }, what);
    }
    assert.throws(() => applyDelta(Buffer.from([10, 200, 1, 0x90, 1]), base, 100), /200 bytes/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          applyDelta(Buffer.from([10, ...bytes]), base, 1_000);
        } catch (error) {
          assert.equal((error as { code?: string }).code, "RemoteInvalid");
        }
      }),
    );
  });
});
