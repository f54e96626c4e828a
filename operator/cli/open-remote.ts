/** A GitRemote opened with what the user of a command may read. */
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { ClusterReader, Discovery, Repositories } from "../ports.ts";
import { type OpenedRemote, type OpenRemoteDeps, openRemote } from "../sync/open-remote.ts";
import type { JsonObject } from "../values.ts";
import { mustServe } from "./connect.ts";

export interface ReadNamedInput {
  readonly cluster: ClusterReader;
  readonly discovery: Discovery;
  /** Those of a file go before those of the cluster. */
  readonly inFile?: readonly GitRemote[];
}

export function readNamed({ cluster, discovery, inFile = [] }: ReadNamedInput): OpenRemoteDeps["read"] {
  return async (kind, namespace, name) => {
    if (kind === "GitRemote") {
      const own = inFile.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
      if (own !== undefined) return own as unknown as JsonObject;
      return await cluster.get(mustServe(discovery, "clickscribe.dev", kind), namespace, name);
    }
    return await cluster.get(mustServe(discovery, "", kind), namespace, name);
  };
}

/** Throws Failure. The record of a remote that may only be read is the operator's alone: here it is empty. */
export async function openForUser(
  repositories: Repositories,
  remote: GitRemote,
  named: ReadNamedInput,
): Promise<OpenedRemote> {
  const inMemory = (): OpenedRemote["record"] => repositories.inMemory();
  return await openRemote({ repositories, read: readNamed(named), inMemory }, remote);
}
