/** The thread that reads packs, one after the other: started by pack-reader.ts, which may kill it at any time. */
import { parentPort } from "node:worker_threads";
import { Failure } from "../failures.ts";
import type { Limits } from "./limits.ts";
import { PackedBuffers, type PackedObjects, packObjects } from "./packed-objects.ts";
import { readPack } from "./read-pack.ts";

/** What the thread is sent. */
export interface PackJob {
  readonly pack: Uint8Array;
  readonly limits: Limits;
}

/** What it answers, one message for each job. */
export type PackAnswer =
  | { readonly type: "Objects"; readonly objects: PackedObjects }
  /** The message of a Failure RemoteInvalid. */
  | { readonly type: "Refused"; readonly message: string };

async function answer({ pack, limits }: PackJob): Promise<PackAnswer> {
  const buffers = new PackedBuffers();
  const bytes = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  try {
    const objects = await readPack(bytes, limits, (type, data) => buffers.keep(type, data));
    return { type: "Objects", objects: packObjects(objects, buffers) };
  } catch (error) {
    if (error instanceof Failure) return { type: "Refused", message: error.message };
    throw error;
  }
}

parentPort?.on("message", (job: PackJob) => {
  void (async () => {
    const answered = await answer(job);
    parentPort?.postMessage(answered, answered.type === "Objects" ? [...answered.objects.buffers] : []);
  })();
});
