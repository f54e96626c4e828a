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

/** Throws RangeError for a payload that no packet can carry. */
export function encodePacket(payload: string | Uint8Array): Buffer {
  const data = typeof payload === "string" ? Buffer.from(payload) : payload;
  if (data.length > maxPayload) throw new RangeError(`a packet carries ${maxPayload} bytes, not ${data.length}`);
  return Buffer.concat([Buffer.from((data.length + 4).toString(16).padStart(4, "0")), data]);
}

/** Packets as they come. Throws Failure RemoteInvalid for what is none, RemoteUnreachable where the last is cut off. */
export async function* readPackets(body: AsyncIterable<Uint8Array>): AsyncGenerator<Packet> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of body) {
    rest = rest.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([rest, chunk]);
    let offset = 0;
    while (rest.length - offset >= 4) {
      const length = packetLength(rest, offset);
      if (rest.length - offset < length) break;
      yield packet(rest, offset, length);
      offset += Math.max(4, length);
    }
    rest = rest.subarray(offset);
  }
  if (rest.length > 0) throw retry("RemoteUnreachable", "the server's answer ended in the middle of a packet");
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
  if (length === 3) throw stalled("RemoteInvalid", "the server's answer is not the git protocol");
  return length;
}

function packet(bytes: Buffer, offset: number, length: number): Packet {
  if (length === 0) return { type: "Flush" };
  if (length === 1) return { type: "Delimiter" };
  if (length === 2) return { type: "ResponseEnd" };
  return { type: "Data", data: bytes.subarray(offset + 4, offset + length) };
}
