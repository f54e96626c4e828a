/** Objects in the form in which they go from one thread to another: their bytes in few buffers, which are not copied. */
import type { ObjectId } from "../values.ts";
import type { GitObject, ObjectType } from "./object-id.ts";
import { createPause } from "./pause.ts";

export interface PackedObjects {
  /** 20 bytes for each object. */
  readonly ids: Uint8Array<ArrayBuffer>;
  /** For each object four numbers: its type, its buffer, the offset in it and the length, in bytes. */
  readonly places: Uint32Array<ArrayBuffer>;
  readonly buffers: readonly ArrayBuffer[];
}

const types: readonly ObjectType[] = ["commit", "tree", "blob", "tag"];
/** Bytes that small objects share. Whoever holds one of them holds them all. */
const sharedBytes = 65_536;
/** What a buffer may be larger than the one object in it, in bytes. */
const slackBytes = 128;

/** Keeps the bytes of objects where they can be handed on: objects of one type beside each other. */
export class PackedBuffers {
  readonly buffers: ArrayBuffer[] = [];
  readonly #free = new Map<ObjectType, Buffer>();

  keep(type: ObjectType, data: Buffer): Buffer {
    if (data.length >= sharedBytes / 2) {
      const { buffer } = data;
      const own = buffer instanceof ArrayBuffer && buffer.byteLength <= data.length + slackBytes;
      const kept = own ? data : copyInto(Buffer.allocUnsafeSlow(data.length), data);
      this.buffers.push(kept.buffer as ArrayBuffer);
      return kept;
    }
    let free = this.#free.get(type);
    if (free === undefined || free.length < data.length) {
      free = Buffer.allocUnsafeSlow(sharedBytes);
      this.buffers.push(free.buffer as ArrayBuffer);
    }
    this.#free.set(type, free.subarray(data.length));
    return copyInto(free.subarray(0, data.length), data);
  }
}

/** Objects whose bytes are in the buffers. */
export function packObjects(objects: ReadonlyMap<ObjectId, GitObject>, { buffers }: PackedBuffers): PackedObjects {
  const ids = Buffer.allocUnsafeSlow(20 * objects.size);
  const places = new Uint32Array(4 * objects.size);
  const numbers = new Map<ArrayBufferLike, number>(buffers.map((buffer, number) => [buffer, number]));
  let at = 0;
  for (const { oid, type, data } of objects.values()) {
    ids.write(oid, 20 * at, "hex");
    places.set([types.indexOf(type), numbers.get(data.buffer) ?? 0, data.byteOffset, data.length], 4 * at);
    at++;
  }
  return { ids, places, buffers };
}

/** Lets other work run in between. */
export async function unpackObjects({
  ids,
  places,
  buffers,
}: PackedObjects): Promise<ReadonlyMap<ObjectId, GitObject>> {
  const pause = createPause();
  const names = Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength);
  const objects = new Map<ObjectId, GitObject>();
  for (let at = 0; at < places.length / 4; at++) {
    await pause();
    const [type = 0, number = 0, offset = 0, length = 0] = places.subarray(4 * at, 4 * at + 4);
    const oid = names.toString("hex", 20 * at, 20 * at + 20);
    const data = Buffer.from(buffers[number] ?? new ArrayBuffer(0), offset, length);
    objects.set(oid, { oid, type: types[type] ?? "blob", data });
  }
  return objects;
}

function copyInto(target: Buffer, data: Buffer): Buffer {
  data.copy(target);
  return target;
}
