/** Writes a pack of gitformat-pack(5) piece by piece, so that it is never held whole. */
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { deflateSync } from "node:zlib";
import type { ObjectId } from "../values.ts";
import type { ObjectType } from "./object-id.ts";

export type PackEntry =
  | { readonly type: ObjectType; readonly data: () => Buffer }
  /** A delta on an object that the reader has, or finds in the same pack. */
  | { readonly type: "delta"; readonly base: ObjectId; readonly data: () => Buffer };

const typeNumbers: Readonly<Record<PackEntry["type"], number>> = { commit: 1, tree: 2, blob: 3, tag: 4, delta: 7 };
const pieceBytes = 65_536;

/** Pieces of about 64 KiB. Lets other work run in between. */
export async function* writePack(entries: readonly PackEntry[]): AsyncGenerator<Buffer, void, undefined> {
  const checksum = createHash("sha1");
  const header = Buffer.alloc(12);
  header.write("PACK", "latin1");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(entries.length, 8);
  let parts: Buffer[] = [header];
  let size = header.length;
  for (const entry of entries) {
    const data = entry.data();
    const head = encodeHead(typeNumbers[entry.type], data.length);
    const base = entry.type === "delta" ? [Buffer.from(entry.base, "hex")] : [];
    const deflated = deflateSync(data, { level: 1, chunkSize: data.length + 64 });
    parts.push(head, ...base, deflated);
    size += head.length + 20 * base.length + deflated.length;
    if (size < pieceBytes) continue;
    const piece = Buffer.concat(parts, size);
    checksum.update(piece);
    yield piece;
    parts = [];
    size = 0;
    await setImmediate();
  }
  const rest = Buffer.concat(parts, size);
  checksum.update(rest);
  yield Buffer.concat([rest, checksum.digest()]);
}

/** Type and length: four bits of the length, then seven more at a time. */
function encodeHead(type: number, length: number): Buffer {
  const bytes: number[] = [];
  let byte = (type << 4) | (length & 15);
  for (let rest = Math.floor(length / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push(byte | 128);
    byte = rest % 128;
  }
  bytes.push(byte);
  return Buffer.from(bytes);
}
