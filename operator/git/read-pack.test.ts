import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { deflateSync } from "node:zlib";
import { isolatedEnvironment } from "../../test/git/git-cli.ts";
import { encodeDelta } from "./delta.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { objectId } from "./object-id.ts";
import { readPack } from "./read-pack.ts";
import { type PackEntry, writePack } from "./write-pack.ts";

async function written(entries: readonly PackEntry[]): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of writePack(entries)) pieces.push(piece);
  return Buffer.concat(pieces);
}

const blob = (text: string): PackEntry => ({ type: "blob", data: () => Buffer.from(text) });
const idOf = (text: string): string => objectId("blob", Buffer.from(text));
const delta = (base: string, insert: string): PackEntry => ({
  type: "delta",
  base: idOf(base),
  data: () =>
    encodeDelta(base.length, base.length + insert.length, [
      { start: 0, end: base.length },
      { insert: Buffer.from(insert) },
    ]),
});

/** A pack of these bytes after the header, with a right checksum. */
function framed(count: number, body: Buffer, version = 2): Buffer {
  const header = Buffer.from("PACK\0\0\0\0\0\0\0\0", "latin1");
  header.writeUInt32BE(version, 4);
  header.writeUInt32BE(count, 8);
  const bytes = Buffer.concat([header, body]);
  return Buffer.concat([bytes, createHash("sha1").update(bytes).digest()]);
}

function refuse(pack: Buffer, message: RegExp, limits: Partial<Limits> = {}): Promise<void> {
  return assert.rejects(readPack(pack, { ...defaultLimits, ...limits }), { code: "RemoteInvalid", message });
}

describe("packs", () => {
  it("are read as they were written: whole objects, and deltas on objects before and after them", async () => {
    const large = "x".repeat(300_000);
    const pack = await written([
      blob("one"),
      delta("later", "!"),
      delta("one", " more"),
      blob("later"),
      blob(large),
      blob(""),
    ]);
    const objects = await readPack(pack, defaultLimits);
    assert.deepEqual(
      new Set([...objects.values()].map(({ data }) => data.toString())),
      new Set(["one", "later!", "one more", "later", large, ""]),
    );
    for (const [id, { type, data }] of objects) assert.equal(id, objectId(type, data));
  });

  it("of the git CLI, with offset deltas in chains, hold what git says", async () => {
    const folder = mkdtempSync(join(tmpdir(), "read-pack-"));
    try {
      const git = (args: readonly string[], input = ""): Buffer =>
        execFileSync("git", args, { cwd: folder, env: isolatedEnvironment(folder), input, maxBuffer: 2 ** 26 });
      git(["init", "-q"]);
      const lines = Array.from({ length: 400 }, (_, i) => `line ${i} ${(i * 7919) % 1009}`);
      const ids: string[] = [];
      for (let i = 0; i < 30; i++) {
        lines[i * 3] = `changed ${i}`;
        ids.push(git(["hash-object", "-w", "--stdin"], lines.join("\n")).toString().trim());
      }
      const pack = git(["pack-objects", "--stdout", "--delta-base-offset", "--depth=50", "-q"], `${ids.join("\n")}\n`);
      assert.ok(pack.length < 20_000, "the pack must hold deltas");
      const objects = await readPack(pack, defaultLimits);
      assert.deepEqual([...objects.keys()].toSorted(), ids.toSorted());
      await refuse(pack, /deltas on each other/, { deltaDepth: 3 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("are refused when they are damaged or no packs", async () => {
    const pack = await written([blob("one"), blob("two")]);
    const flipped = Buffer.from(pack);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    await refuse(flipped, /damaged/);
    await refuse(Buffer.from("PACK"), /is none/);
    await refuse(framed(0, Buffer.alloc(0), 9), /version 9/);
    await refuse(framed(3, pack.subarray(12, -20)), /cut off/);
    await refuse(framed(1, pack.subarray(12, -20)), /longer than it says/);
    await refuse(framed(1, Buffer.concat([Buffer.from([0x50]), deflateSync("")])), /type 5/);
    await refuse(framed(1, Buffer.from([0x33, 1, 2, 3, 4])), /cannot be inflated/);
    await refuse(framed(1, Buffer.concat([Buffer.from([0x35]), deflateSync("one")])), /another size/);
    await refuse(framed(1, Buffer.concat([Buffer.from([0x31]), deflateSync("one")])), /inflated|another size/);
    await refuse(await written([delta("nowhere", "!")]), /without a base/);
    await refuse(framed(1, Buffer.concat([Buffer.from([0x63, 0x0c]), deflateSync("abc")])), /without a base/);
  });

  it("are refused past the limits before anything large is made", async () => {
    const bomb = await written([blob("a".repeat(1_000_000))]);
    assert.ok(bomb.length < 10_000);
    await refuse(bomb, /an object of 1000000 bytes/, { objectBytes: 999_999 });
    await refuse(await written([blob("1".repeat(600)), blob("2".repeat(600))]), /when inflated/, {
      inflatedBytes: 1_000,
    });
    await refuse(await written([blob("1"), blob("2")]), /holds 2 objects/, { packObjects: 1 });
    const wide = await written([
      blob("a".repeat(1_000)),
      {
        type: "delta",
        base: idOf("a".repeat(1_000)),
        data: () =>
          encodeDelta(
            1_000,
            100_000,
            Array.from({ length: 100 }, () => ({ start: 0, end: 1_000 })),
          ),
      },
    ]);
    await refuse(wide, /100000 bytes/, { objectBytes: 50_000 });
    await refuse(wide, /when inflated/, { inflatedBytes: 50_000 });
  });

  it("let other work run while a large one is read or written", async () => {
    const entries = Array.from({ length: 5_000 }, (_, i) => blob(`object ${i} ${"words ".repeat(50)}`));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const pack = await written(entries);
    const whileWriting = ticks;
    await readPack(pack, defaultLimits);
    clearInterval(timer);
    assert.ok(whileWriting >= 2, `${whileWriting} ticks while writing`);
    assert.ok(ticks - whileWriting >= 2, `${ticks - whileWriting} ticks while reading`);
  });
});
