import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  delimiterPacket,
  encodePacket,
  flushPacket,
  lineOf,
  type Packet,
  parsePackets,
  readPackets,
} from "./pkt-line.ts";

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(bytes: Buffer, size = 7): Promise<readonly Packet[]> {
  const packets: Packet[] = [];
  // A packet is valid until the next one is asked for.
  for await (const packet of readPackets(chunks(bytes, size))) {
    packets.push(packet.type === "Data" ? { type: "Data", data: Buffer.from(packet.data) } : packet);
  }
  return packets;
}

describe("pkt-line", () => {
  it("writes the length in four hexadecimal digits, itself included", () => {
    assert.equal(encodePacket("hi\n").toString(), "0007hi\n");
    assert.equal(encodePacket("ü").toString(), "0006ü");
    assert.throws(() => encodePacket(Buffer.alloc(65_517)), RangeError);
  });

  it("reads what it wrote, however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 40 })),
        fc.integer({ min: 1, max: 50 }),
        async (all, size) => {
          const parts = all.flatMap((payload) => [encodePacket(payload), flushPacket, delimiterPacket]);
          const expected = all.flatMap((payload): Packet[] => [
            { type: "Data", data: Buffer.from(payload) },
            { type: "Flush" },
            { type: "Delimiter" },
          ]);
          assert.deepEqual(await read(Buffer.concat(parts), size), expected);
          assert.deepEqual(parsePackets(Buffer.concat(parts)), expected);
        },
      ),
    );
  });

  it("refuses what is no packet, and tells when the last one is cut off", async () => {
    for (const text of ["<html>", "0003", "zzzz", "-001", `fff1${"x".repeat(65_517)}`]) {
      await assert.rejects(read(Buffer.from(text)), { code: "RemoteInvalid" });
      assert.throws(() => parsePackets(Buffer.from(text)), { code: "RemoteInvalid" });
    }
    for (const text of ["00", "0009ab", "0000000"]) {
      await assert.rejects(read(Buffer.from(text)), { code: "RemoteUnreachable" });
      assert.throws(() => parsePackets(Buffer.from(text)), { code: "RemoteUnreachable" });
    }
  });

  it("refuses packets without end that say nothing", async () => {
    await assert.rejects(read(Buffer.from("0004".repeat(2_000)), 64), {
      code: "RemoteInvalid",
      message: /empty packets/,
    });
    const some = Buffer.from(`${"0004".repeat(900)}0005x`.repeat(3));
    assert.equal((await read(some, 64)).length, 2_703);
  });

  it("reads a large packet that comes byte by byte in time that grows with its length", async () => {
    const packet = encodePacket(Buffer.alloc(65_000, 1));
    const began = performance.now();
    assert.equal((await read(Buffer.concat(Array.from({ length: 10 }, () => packet)), 1)).length, 10);
    assert.ok(performance.now() - began < 5_000);
  });

  it("takes the newline off a line", () => {
    assert.equal(lineOf(Buffer.from("ok refs/heads/main\n")), "ok refs/heads/main");
    assert.equal(lineOf(Buffer.from("ok")), "ok");
  });
});
