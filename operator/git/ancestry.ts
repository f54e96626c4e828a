/** PURE: whether one commit is reachable from another, as far as commits are known. */
import type { CommitId } from "../values.ts";

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
