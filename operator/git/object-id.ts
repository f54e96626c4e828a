import { createHash, hash } from "node:crypto";
import type { ObjectId } from "../values.ts";

export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** An object with its content, as git stores it without its header. */
export interface GitObject {
  readonly type: ObjectType;
  readonly oid: ObjectId;
  readonly data: Buffer;
}

export const zeroId: ObjectId = "0".repeat(40);

/** Git's SHA-1 of an object. */
export function objectId(type: ObjectType, data: Uint8Array): ObjectId {
  const header = `${type} ${data.length}\0`;
  if (data.length > 65_536) return createHash("sha1").update(header).update(data).digest("hex");
  return hash("sha1", Buffer.concat([Buffer.from(header, "latin1"), data]));
}

export function isObjectId(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}
