/** Walks back through a ref, further only as far as it takes: what has been read is kept by the repository. */
import type { RepositoryReader } from "../../ports.ts";
import type { Commit, CommitId, ObjectId, Tree } from "../../values.ts";

/** How many commits are read at a time. */
export const historyLimits: readonly number[] = [32, 256, 2048];

/** A commit beside its own tree and its parent's, undefined for a first commit. */
export interface Step {
  readonly commit: Commit;
  readonly tree: Tree;
  readonly before: Tree | undefined;
}

export interface Walked<T> {
  readonly found: readonly T[];
  /** The history goes back further than was read: the server has no more of it, or the last limit was met. */
  readonly isCut: boolean;
}

/** Newest first, until `enough` is found or the history ends. `take` answers what it makes of a commit. */
export async function walk<T>(
  repository: RepositoryReader,
  tip: CommitId,
  take: (step: Step) => { readonly found: readonly T[]; readonly enough?: boolean },
  limits: readonly number[] = historyLimits,
): Promise<Walked<T>> {
  const found: T[] = [];
  let done = 0;
  let commits: readonly Commit[] = [];
  for (const limit of limits) {
    commits = await repository.history(tip, limit);
    const isWhole = commits.length < limit || commits.at(-1)?.parents.length === 0;
    // The oldest one that was read has no parent to compare with, unless it is the first of all.
    const last = isWhole ? commits.length : commits.length - 1;
    for (; done < last; done++) {
      const commit = commits[done];
      if (commit === undefined) break;
      const parent = commits[done + 1];
      if (parent === undefined && commit.parents.length > 0) break;
      const tree = await repository.tree(commit.id);
      const before = parent === undefined ? undefined : await repository.tree(parent.id);
      const taken = take({ commit, tree, before });
      found.push(...taken.found);
      if (taken.enough === true) return { found, isCut: false };
    }
    if (isWhole) break;
  }
  return { found, isCut: (commits.at(-1)?.parents.length ?? 0) > 0 };
}

/** The newest commit that changed what `idOf` reads of a tree. */
export async function lastChange(
  repository: RepositoryReader,
  tip: CommitId,
  idOf: (tree: Tree) => ObjectId | undefined,
): Promise<Walked<Commit>> {
  return walk(repository, tip, ({ commit, tree, before }) => {
    const changed = idOf(tree) !== (before && idOf(before));
    return changed ? { found: [commit], enough: true } : { found: [] };
  });
}
