/** Reads a pack of gitformat-pack(5) that a server sent, within limits. */
import { hash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { type Failure, stalled } from "../failures.ts";
import type { ObjectId } from "../values.ts";
import { applyDelta, resultLength } from "./delta.ts";
import type { Limits } from "./limits.ts";
import { type GitObject, type ObjectType, objectId } from "./object-id.ts";
import { createPause } from "./pause.ts";

/** Answers where an object's bytes are kept from now on: those given, or a copy. */
export type KeepData = (type: ObjectType, data: Buffer) => Buffer;

const types: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };

interface Resolved extends GitObject {
  readonly depth: number;
}
/** A delta whose base has not come yet. */
interface Waiting {
  readonly offset: number;
  readonly delta: Buffer;
}

class PastBudget extends Error {}

/** All objects by their ids, which are computed, not believed. Lets other work run in between. Throws RemoteInvalid. */
export async function readPack(
  pack: Buffer,
  limits: Limits,
  keepData: KeepData = (_type, data) => data,
): Promise<ReadonlyMap<ObjectId, GitObject>> {
  return await read(pack, limits, Number.POSITIVE_INFINITY, keepData);
}

/** As `readPack`; undefined where the objects are more than `budget` bytes when inflated, found before they are. */
export async function readSmallPack(
  pack: Buffer,
  limits: Limits,
  budget: number,
): Promise<ReadonlyMap<ObjectId, GitObject> | undefined> {
  try {
    return await read(pack, limits, budget, (_type, data) => data);
  } catch (error) {
    if (error instanceof PastBudget) return undefined;
    throw error;
  }
}

async function read(
  pack: Buffer,
  limits: Limits,
  budget: number,
  keepData: KeepData,
): Promise<ReadonlyMap<ObjectId, GitObject>> {
  const count = checkFrame(pack, limits);
  const body = pack.subarray(0, pack.length - 20);
  const byOffset = new Map<number, Resolved>();
  const byId = new Map<ObjectId, Resolved>();
  const waiting = new Map<ObjectId | number, Waiting[]>();
  let inflated = 0;
  let at = 12;
  const pause = createPause();

  const account = (length: number): void => {
    if (length > limits.objectBytes) throw broken(`holds an object of ${length} bytes`);
    inflated += length;
    if (inflated > limits.inflatedBytes) throw broken(`is past ${limits.inflatedBytes} bytes when inflated`);
    if (inflated > budget) throw new PastBudget();
  };
  const keep = (offset: number, type: ObjectType, data: Buffer, depth: number): Resolved => {
    const made: Resolved = { type, data: keepData(type, data), depth, oid: objectId(type, data) };
    byOffset.set(offset, made);
    byId.set(made.oid, made);
    return made;
  };
  const apply = ({ offset, delta }: Waiting, base: Resolved): Resolved => {
    const depth = base.depth + 1;
    if (depth > limits.deltaDepth) throw broken(`holds more than ${limits.deltaDepth} deltas on each other`);
    account(resultLength(delta));
    return keep(offset, base.type, applyDelta(delta, base.data, limits.objectBytes), depth);
  };
  /** What waited for an object, and for what is made of it. */
  const resolve = async (offset: number, found: Resolved): Promise<void> => {
    if (waiting.size === 0) return;
    const made = [{ offset, object: found }];
    for (let next = made.pop(); next !== undefined; next = made.pop()) {
      for (const base of [next.offset, next.object.oid]) {
        const deltas = waiting.get(base) ?? [];
        waiting.delete(base);
        for (const delta of deltas) {
          await pause();
          made.push({ offset: delta.offset, object: apply(delta, next.object) });
        }
      }
    }
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
      await resolve(offset, keep(offset, type, data, 0));
      continue;
    }
    const found = typeof base === "number" ? byOffset.get(base) : byId.get(base);
    if (found !== undefined) await resolve(offset, apply({ offset, delta: data }, found));
    else {
      const others = waiting.get(base);
      if (others === undefined) waiting.set(base, [{ offset, delta: data }]);
      else others.push({ offset, delta: data });
    }
  }
  if (at !== body.length) throw broken("is longer than it says");
  if (waiting.size > 0) throw broken("holds a delta without a base");
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
