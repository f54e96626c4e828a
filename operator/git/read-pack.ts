/** Reads a pack of gitformat-pack(5) that a server sent, within limits. */
import { hash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { type Failure, stalled } from "../failures.ts";
import type { ObjectId } from "../values.ts";
import { applyDelta } from "./delta.ts";
import type { Limits } from "./limits.ts";
import { type GitObject, type ObjectType, objectId } from "./object-id.ts";
import { createPause } from "./pause.ts";

const types: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };

interface Resolved extends GitObject {
  readonly depth: number;
}
interface Waiting {
  readonly offset: number;
  /** An id, or the offset of an object before it. */
  readonly base: ObjectId | number;
  readonly delta: Buffer;
}

/** All objects by their ids, which are computed, not believed. Lets other work run in between. Throws RemoteInvalid. */
export async function readPack(pack: Buffer, limits: Limits): Promise<ReadonlyMap<ObjectId, GitObject>> {
  const count = checkFrame(pack, limits);
  const body = pack.subarray(0, pack.length - 20);
  const byOffset = new Map<number, Resolved>();
  const byId = new Map<ObjectId, Resolved>();
  let waiting: Waiting[] = [];
  let inflated = 0;
  let at = 12;
  const pause = createPause();

  const account = (length: number): void => {
    if (length > limits.objectBytes) throw broken(`holds an object of ${length} bytes`);
    inflated += length;
    if (inflated > limits.inflatedBytes) throw broken(`is past ${limits.inflatedBytes} bytes when inflated`);
  };
  const keep = (offset: number, type: ObjectType, data: Buffer, depth: number): void => {
    const made: Resolved = { type, data, depth, oid: objectId(type, data) };
    byOffset.set(offset, made);
    byId.set(made.oid, made);
  };
  const baseOf = (base: ObjectId | number): Resolved | undefined =>
    typeof base === "number" ? byOffset.get(base) : byId.get(base);
  const resolve = (offset: number, base: Resolved, delta: Buffer): void => {
    const depth = base.depth + 1;
    if (depth > limits.deltaDepth) throw broken(`holds more than ${limits.deltaDepth} deltas on each other`);
    const data = applyDelta(delta, base.data, limits.objectBytes);
    account(data.length);
    keep(offset, base.type, data, depth);
  };

  for (let i = 0; i < count; i++) {
    await pause();
    const offset = at;
    const head = readHead(body, offset);
    at = head.next;
    let base: ObjectId | number | undefined;
    if (head.type === 6) {
      const distance = readDistance(body, at);
      base = offset - distance.value;
      at = distance.next;
    } else if (head.type === 7) {
      if (at + 20 > body.length) throw broken("is cut off");
      base = body.toString("hex", at, at + 20);
      at += 20;
    }
    account(head.size);
    const { data, consumed } = inflate(body.subarray(at), head.size);
    at += consumed;
    if (base === undefined) {
      const type = types[head.type];
      if (type === undefined) throw broken(`holds an object of type ${head.type}`);
      keep(offset, type, data, 0);
      continue;
    }
    const found = baseOf(base);
    if (found !== undefined) resolve(offset, found, data);
    else waiting.push({ offset, base, delta: data });
  }
  if (at !== body.length) throw broken("is longer than it says");
  while (waiting.length > 0) {
    const left: Waiting[] = [];
    for (const delta of waiting) {
      await pause();
      const base = baseOf(delta.base);
      if (base === undefined) left.push(delta);
      else resolve(delta.offset, base, delta.delta);
    }
    if (left.length === waiting.length) throw broken("holds a delta without a base");
    waiting = left;
  }
  return byId;
}

/** The number of objects, after what frames them was checked. */
function checkFrame(pack: Buffer, limits: Limits): number {
  if (pack.length < 32 || pack.toString("latin1", 0, 4) !== "PACK") throw broken("is none");
  const version = pack.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw broken(`has version ${version}`);
  const count = pack.readUInt32BE(8);
  if (count > limits.packObjects) throw broken(`holds ${count} objects`);
  const end = pack.length - 20;
  if (hash("sha1", pack.subarray(0, end)) !== pack.toString("hex", end)) throw broken("was damaged on its way");
  return count;
}

function readHead(
  pack: Buffer,
  offset: number,
): { readonly type: number; readonly size: number; readonly next: number } {
  let at = offset;
  let byte = pack[at++];
  if (byte === undefined) throw broken("is cut off");
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte >= 128; scale *= 128) {
    byte = pack[at++];
    if (byte === undefined || scale > 2 ** 46) throw broken("is cut off");
    size += (byte & 127) * scale;
  }
  return { type, size, next: at };
}

function readDistance(pack: Buffer, offset: number): { readonly value: number; readonly next: number } {
  let at = offset;
  let value = -1;
  for (;;) {
    const byte = pack[at++];
    if (byte === undefined || value > 2 ** 45) throw broken("is cut off");
    value = (value + 1) * 128 + (byte & 127);
    if (byte < 128) return { value, next: at };
  }
}

/** Inflates exactly `size` bytes from the start of `input`, and tells how many bytes they took. */
function inflate(input: Buffer, size: number): { readonly data: Buffer; readonly consumed: number } {
  try {
    // With `info`, node answers the engine too, which the types do not know.
    const done = inflateSync(input, {
      info: true,
      maxOutputLength: Math.max(1, size),
      chunkSize: Math.max(64, size + 1),
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    if (done.buffer.length !== size) throw broken("holds an object of another size than it says");
    return { data: done.buffer, consumed: done.engine.bytesWritten };
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "string" && /^(Z_|ERR_)/.test(error.code)) {
      throw broken("holds what cannot be inflated");
    }
    throw error;
  }
}

function broken(what: string): Failure {
  return stalled("RemoteInvalid", `the server's pack ${what}`);
}
