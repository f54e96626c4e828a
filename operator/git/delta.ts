/** Deltas of gitformat-pack(5): a result said as copies from a base and inserted bytes. */
import { stalled } from "../failures.ts";

/** A stretch of a base, from `start` to before `end`, or new bytes. */
export type Segment = { readonly start: number; readonly end: number } | { readonly insert: Buffer };

/** What one copy instruction of git itself covers at most. */
const maxCopy = 0x10000;
const maxInsert = 127;

/** About how long `encodeDelta` will be, in bytes. */
export function deltaLength(segments: readonly Segment[]): number {
  let length = 10;
  for (const segment of segments) {
    if ("insert" in segment) length += segment.insert.length + Math.ceil(segment.insert.length / maxInsert);
    else length += 7 * Math.ceil((segment.end - segment.start) / maxCopy);
  }
  return length;
}

export function encodeDelta(baseLength: number, resultLength: number, segments: readonly Segment[]): Buffer {
  const parts: Buffer[] = [encodeSize(baseLength), encodeSize(resultLength)];
  for (const segment of segments) {
    if ("insert" in segment) {
      for (let at = 0; at < segment.insert.length; at += maxInsert) {
        const part = segment.insert.subarray(at, at + maxInsert);
        parts.push(Buffer.from([part.length]), part);
      }
      continue;
    }
    for (let at = segment.start; at < segment.end; at += maxCopy) {
      parts.push(encodeCopy(at, Math.min(maxCopy, segment.end - at)));
    }
  }
  return Buffer.concat(parts);
}

/** The length that a delta says its result has, in bytes. Throws Failure RemoteInvalid. */
export function resultLength(delta: Buffer): number {
  return readSize(delta, readSize(delta, 0).next).value;
}

/** Throws Failure RemoteInvalid for a delta that does not fit its base, or whose result is past `maxLength` bytes. */
export function applyDelta(delta: Buffer, base: Buffer, maxLength: number): Buffer {
  const source = readSize(delta, 0);
  const { value: length, next } = readSize(delta, source.next);
  let at = next;
  const byte = (): number => {
    const value = delta[at++];
    if (value === undefined) throw broken();
    return value;
  };
  if (source.value !== base.length) throw broken();
  if (length > maxLength) throw stalled("RemoteInvalid", `the server's pack holds an object of ${length} bytes`);
  const result = Buffer.allocUnsafeSlow(length);
  let written = 0;
  while (at < delta.length) {
    const op = byte();
    if (op === 0) throw broken();
    const isCopy = op >= 128;
    let start = at;
    let count = op;
    if (isCopy) {
      start = 0;
      count = 0;
      for (let i = 0; i < 4; i++) if (op & (1 << i)) start += byte() * 2 ** (8 * i);
      for (let i = 0; i < 3; i++) if (op & (16 << i)) count += byte() * 2 ** (8 * i);
      if (count === 0) count = maxCopy;
    }
    const from = isCopy ? base : delta;
    if (start + count > from.length || written + count > length) throw broken();
    from.copy(result, written, start, start + count);
    written += count;
    if (!isCopy) at += count;
  }
  if (written !== length) throw broken();
  return result;
}

/** A size as deltas write it: seven bits a byte, the lowest first. */
function readSize(delta: Buffer, offset: number): { readonly value: number; readonly next: number } {
  let value = 0;
  let at = offset;
  for (let scale = 1; scale < 2 ** 45; scale *= 128) {
    const byte = delta[at++];
    if (byte === undefined) break;
    value += (byte & 127) * scale;
    if (byte < 128) return { value, next: at };
  }
  throw broken();
}

function encodeSize(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

function encodeCopy(start: number, count: number): Buffer {
  let op = 128;
  const bytes: number[] = [];
  for (let i = 0; i < 4; i++) {
    const part = Math.floor(start / 2 ** (8 * i)) % 256;
    if (part === 0) continue;
    op |= 1 << i;
    bytes.push(part);
  }
  const length = count === maxCopy ? 0 : count;
  for (let i = 0; i < 2; i++) {
    const part = Math.floor(length / 2 ** (8 * i)) % 256;
    if (part === 0) continue;
    op |= 16 << i;
    bytes.push(part);
  }
  return Buffer.from([op, ...bytes]);
}

function broken(): Error {
  return stalled("RemoteInvalid", "the server's pack holds a broken delta");
}
