/** Blobs by their ids, from servers that let them be asked for and from those that do not. */
import { Failure } from "../failures.ts";
import type { BlobId, CommitId, ObjectId } from "../values.ts";
import type { UploadPack } from "./discover.ts";
import { type FetchRequest, fetchPack } from "./fetch-pack.ts";
import type { Limits } from "./limits.ts";
import type { GitObject } from "./object-id.ts";
import type { PackReader } from "./pack-reader.ts";
import type { Transport } from "./transport.ts";

export interface FetchBlobsDeps {
  readonly transport: Transport;
  readonly packs: PackReader;
  readonly agent: string;
  readonly limits: Limits;
}

type Objects = ReadonlyMap<ObjectId, GitObject>;

/**
 * At least those that the server has. Before version 2 a server lets only commits at its refs be asked for, unless it
 * says otherwise: then all that `tips` hold is fetched, and where that is not enough all that they follow from.
 */
export async function fetchBlobs(
  deps: FetchBlobsDeps,
  server: UploadPack,
  ids: readonly BlobId[],
  tips: readonly CommitId[],
): Promise<Objects> {
  const fetch = async (wants: readonly ObjectId[], deepen: number | undefined): Promise<Objects> => {
    const asked: FetchRequest = { wants, haves: [], deepen, filter: undefined, maxObjects: undefined };
    const pack = await fetchPack(deps.transport, server, asked, deps);
    return pack === undefined ? new Map() : await deps.packs.read(pack);
  };
  const { old } = server;
  if (old === undefined) return await fetch(ids, undefined);
  if (old.capabilities.has("allow-reachable-sha1-in-want")) {
    try {
      return await fetch(ids, undefined);
    } catch (error) {
      // It may let commits be asked for that way, and nothing else.
      if (!(error instanceof Failure) || error.class !== "Retry") throw error;
    }
  }
  if (tips.length === 0) return new Map();
  const newest = await fetch(tips, 1);
  return ids.every((id) => newest.has(id)) ? newest : await fetch(tips, undefined);
}
