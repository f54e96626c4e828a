/** PURE: whether one commit is reachable from another, as far as commits are known. */
import type { CommitId, ObjectId } from "../values.ts";
import { parseCommit } from "./commit-object.ts";
import type { GitObject } from "./object-id.ts";

/**
 * `parentsOf`: undefined for a commit that is not known. Follows all parents, of at most `limit` commits. Answers
 * undefined where some way back leaves what is known.
 */
export function reaches(
  ancestor: CommitId,
  tip: CommitId,
  parentsOf: (id: CommitId) => readonly CommitId[] | undefined,
  limit: number,
): boolean | undefined {
  const seen = new Set<CommitId>([tip]);
  let isWhole = true;
  for (const id of seen) {
    if (id === ancestor) return true;
    const parents = seen.size > limit ? undefined : parentsOf(id);
    if (parents === undefined) isWhole = false;
    else for (const parent of parents) seen.add(parent);
  }
  return isWhole ? false : undefined;
}

/**
 * Whether something that a server sent follows from `ancestor`: it was asked for a commit and all that this follows from,
 * without `ancestor` and what that follows from. It sends nothing for a commit that `ancestor` follows from.
 */
export function hasChildOf(ancestor: CommitId, sent: ReadonlyMap<ObjectId, GitObject>): boolean {
  for (const { type, oid, data } of sent.values()) {
    if (oid === ancestor) return true;
    if (type === "commit" && parseCommit(oid, data).commit.parents.includes(ancestor)) return true;
  }
  return false;
}
