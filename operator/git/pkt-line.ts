/** gitprotocol-common(5): a packet is four hexadecimal digits of its whole length, then its payload. */
import { retry, stalled } from "../failures.ts";

export type Packet =
  | { readonly type: "Data"; readonly data: Buffer }
  | { readonly type: "Flush" }
  | { readonly type: "Delimiter" }
  | { readonly type: "ResponseEnd" };

export const flushPacket: Buffer = Buffer.from("0000");
export const delimiterPacket: Buffer = Buffer.from("0001");

/** Of a packet's payload, in bytes. */
export const maxPayload = 65_516;

const maxLength = maxPayload + 4;
/** Packets without a payload are legal, though nobody needs them. */
const maxEmptyInRow = 1_000;

/** Throws RangeError for a payload that no packet can carry. */
export function encodePacket(payload: string | Uint8Array): Buffer {
  const data = typeof payload === "string" ? Buffer.from(payload) : payload;
  if (data.length > maxPayload) throw new RangeError(`a packet carries ${maxPayload} bytes, not ${data.length}`);
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, "0")), data]);
}

/** Packets as they come. Throws Failure RemoteInvalid for what is none, RemoteUnreachable where the last is cut off. */
export async function* readPackets(body: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
  // What came of a packet that is not whole yet: a server may send a byte at a time.
  let held: Buffer = Buffer.allocUnsafe(4);
  let size = 0;
  let needed = 4;
  let empty = 0;
  for await (const chunk of body) {
    if (size + chunk.length < needed) {
      held.set(chunk, size);
      size += chunk.length;
      continue;
    }
    const bytes =
      size === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
        : Buffer.concat([held.subarray(0, size), chunk]);
    let offset = 0;
    for (needed = 4; bytes.length - offset >= needed; needed = 4) {
      const length = packetLength(bytes, offset);
      needed = Math.max(4, length);
      if (bytes.length - offset < needed) break;
      const next = packet(bytes, offset, length);
      empty = next.type === "Data" && next.data.length === 0 ? empty + 1 : 0;
      if (empty > maxEmptyInRow) throw stalled("RemoteInvalid", "the server sends nothing but empty packets");
      yield next;
      offset += needed;
    }
    held = Buffer.allocUnsafe(needed);
    size = bytes.copy(held, 0, offset);
  }
  if (size > 0) throw retry("RemoteUnreachable", "the server's answer ended in the middle of a packet");
}

/** The packets of a whole buffer. Throws as `readPackets` does. */
export function parsePackets(bytes: Buffer): readonly Packet[] {
  const packets: Packet[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    const length = bytes.length - offset < 4 ? 4 : packetLength(bytes, offset);
    if (bytes.length - offset < Math.max(4, length)) {
      throw retry("RemoteUnreachable", "the server's answer ended in the middle of a packet");
    }
    packets.push(packet(bytes, offset, length));
    offset += Math.max(4, length);
  }
  return packets;
}

/** A data packet as text, without the newline at its end. */
export function lineOf(data: Buffer): string {
  return data.toString("utf8").replace(/\n$/, "");
}

function packetLength(bytes: Buffer, offset: number): number {
  const digits = bytes.toString("latin1", offset, offset + 4);
  const length = /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : 3;
  if (length === 3 || length > maxLength) throw stalled("RemoteInvalid", "the server's answer is not the git protocol");
  return length;
}

function packet(bytes: Buffer, offset: number, length: number): Packet {
  if (length === 0) return { type: "Flush" };
  if (length === 1) return { type: "Delimiter" };
  if (length === 2) return { type: "ResponseEnd" };
  return { type: "Data", data: bytes.subarray(offset + 4, offset + length) };
}
