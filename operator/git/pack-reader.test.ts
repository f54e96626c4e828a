import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, describe, it } from "node:test";
import type { ObjectId } from "../values.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { type GitObject, objectId } from "./object-id.ts";
import { createPackReader, type PackReader } from "./pack-reader.ts";
import { readPack } from "./read-pack.ts";
import { type PackEntry, writePack } from "./write-pack.ts";

const opened: PackReader[] = [];

function open(limits: Partial<Limits> = {}): PackReader {
  const reader = createPackReader({ ...defaultLimits, ...limits });
  opened.push(reader);
  return reader;
}

/** In memory of its own, as what came over the wire is. */
async function packOf(entries: readonly PackEntry[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writePack(entries)) pieces.push(piece);
  return Buffer.from(new Uint8Array(Buffer.concat(pieces)).buffer);
}

const random = (count: number, bytes: number): readonly PackEntry[] =>
  Array.from({ length: count }, () => {
    const data = randomBytes(bytes);
    return { type: "blob", data: () => data };
  });
const zeros = (bytes: number): PackEntry => ({ type: "blob", data: () => Buffer.alloc(bytes) });

function same(found: ReadonlyMap<ObjectId, GitObject>, expected: ReadonlyMap<ObjectId, GitObject>): void {
  assert.deepEqual([...found.keys()], [...expected.keys()]);
  for (const [id, { type, data }] of found) {
    assert.equal(objectId(type, data), id);
    assert.equal(type, expected.get(id)?.type);
  }
}

const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;

afterEach(async () => {
  for (const reader of opened.splice(0)) await reader.close();
});

describe("a pack reader", () => {
  it("reads small packs without a thread", async () => {
    const pack = await packOf(random(20, 1_000));
    same(await open().read(Buffer.from(pack)), await readPack(pack, defaultLimits));
    assert.ok(pack.length > 0);
  });

  it("reads large packs in a thread, objects of all sizes and types, and more than two at a time", async () => {
    const reader = open();
    const tree = Buffer.concat([Buffer.from("100644 a\0"), Buffer.alloc(20, 7)]);
    const packs = await Promise.all(
      [10, 40_000, 100_000].map(
        async (bytes) =>
          await packOf([
            ...random(6, 50_000),
            ...random(300, 1 + bytes / 10),
            ...random(2, bytes),
            { type: "tree", data: () => tree },
            { type: "blob", data: () => Buffer.alloc(0) },
          ]),
      ),
    );
    const expected = await Promise.all(packs.map((pack) => readPack(Buffer.from(pack), defaultLimits)));
    const found = await Promise.all(packs.map((pack) => reader.read(pack)));
    for (const [i, objects] of found.entries()) same(objects, expected[i] ?? new Map());
    assert.deepEqual(
      packs.map(({ length }) => length),
      [0, 0, 0],
      "handed on, not copied",
    );
  });

  it("hands what is small and inflates to much on to a thread", async () => {
    const pack = await packOf([zeros(6_000_000), zeros(10)]);
    assert.ok(pack.length < 100_000);
    const [first] = await open().read(pack);
    assert.equal(first?.[1].data.length, 6_000_000);
    assert.equal(pack.length, 0, "read by a thread");
  });

  it("answers as reading in place does what is broken or past a limit, and goes on", async () => {
    const reader = open({ objectBytes: 5_000_000 });
    const large = { code: "RemoteInvalid", class: "Stalled", message: /an object of 6000000 bytes/ };
    await assert.rejects(reader.read(await packOf([...random(6, 50_000), zeros(6_000_000)])), large);
    const cut = (await packOf(random(6, 50_000))).subarray(0, -1);
    await assert.rejects(reader.read(cut), { code: "RemoteInvalid", message: /damaged/ });
    assert.equal((await reader.read(await packOf(random(6, 50_000)))).size, 6);
  });

  it("kills a thread that takes too long, and reads the next pack by another", async () => {
    const reader = open({ packSeconds: 0.6 });
    const slow = await packOf(random(150_000, 8));
    const began = performance.now();
    await assert.rejects(reader.read(slow), { code: "RemoteInvalid", message: /more than 0.6 s/ });
    assert.ok(performance.now() - began < 3_000);
    assert.equal((await reader.read(await packOf(random(6, 50_000)))).size, 6);
  });

  it("survives a thread that runs out of memory", async () => {
    const reader = open({ packHeapMegabytes: 16 });
    const many = await packOf(random(150_000, 8));
    await assert.rejects(reader.read(many), { code: "RemoteInvalid", message: /more than 16 MiB/ });
    assert.equal((await reader.read(await packOf(random(6, 50_000)))).size, 6);
  });

  it("leaves no thread behind when it is closed; what is being read fails", async () => {
    const before = threads();
    const reader = open();
    const reading = [1, 2, 3].map(async () => await reader.read(await packOf(random(20_000, 20))));
    const outcomes = Promise.allSettled(reading);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await reader.close();
    for (const outcome of await outcomes) {
      if (outcome.status === "rejected") assert.match(String(outcome.reason), /the program ends/);
    }
    assert.equal(threads(), before);
    await assert.rejects(reader.read(await packOf([zeros(1)])), { class: "Retry", code: "InternalError" });
  });

  it("keeps the event loop free", async () => {
    const reader = open();
    const pack = await packOf(random(20_000, 300));
    const before = performance.eventLoopUtilization();
    const began = performance.now();
    assert.equal((await reader.read(pack)).size, 20_000);
    const { active } = performance.eventLoopUtilization(before);
    const took = performance.now() - began;
    assert.ok(active < took * 0.7, `busy for ${active} of ${took} ms`);
  });
});
