import { createHash } from "node:crypto";
import type { BlobId } from "../values.ts";

/** Git's name for a blob of this text (SHA-1 object format): the hash of `blob <bytes>\0<text>`. */
export function blobId(text: string): BlobId {
  return createHash("sha1")
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest("hex");
}
