/**
 * A Repository that no server has: for the record of a remote that may only be read. It forgets everything with the
 * process, and holds no more than what its refs hold now.
 */
import { type Failure, stalled } from "../failures.ts";
import type { Fetched, Repository, Signer } from "../ports.ts";
import type { BlobId, Commit, CommitDraft, CommitId, PushOutcome, RefName, RefUpdate, Tree } from "../values.ts";
import { reaches } from "./ancestry.ts";
import type { Limits } from "./limits.ts";
import { ObjectStore } from "./object-store.ts";
import { viewTree } from "./tree-node.ts";

export class MemoryRepository implements Repository {
  readonly #limits: Limits;
  readonly #store: ObjectStore;
  readonly #refs = new Map<RefName, CommitId>();
  #sweepAt = 2 ** 20;

  constructor(options: { readonly limits: Limits; readonly now: () => number }) {
    this.#limits = options.limits;
    this.#store = new ObjectStore({ blobCacheBytes: Number.POSITIVE_INFINITY, now: options.now });
  }

  async fetch(refs: readonly RefName[]): Promise<Fetched> {
    return { refs: new Map(refs.map((ref) => [ref, this.#refs.get(ref)])), head: undefined, atomic: false };
  }

  async tree(commit: CommitId): Promise<Tree> {
    const root = this.#store.root(commit);
    if (root === undefined) throw gone(commit);
    return viewTree(root, this.#limits);
  }

  async blobs(ids: Iterable<BlobId>): Promise<ReadonlyMap<BlobId, string>> {
    const texts = new Map<BlobId, string>();
    for (const id of new Set(ids)) {
      const text = this.#store.text(id);
      if (text === undefined) throw gone(id);
      texts.set(id, text);
    }
    return texts;
  }

  /** Ends where trees are not held any more. */
  async history(tip: CommitId, limit: number): Promise<readonly Commit[]> {
    const commits: Commit[] = [];
    for (let at: CommitId | undefined = tip; at !== undefined && commits.length < limit; ) {
      const commit = this.#store.commit(at);
      if (commit === undefined || this.#store.root(at) === undefined) break;
      commits.push(commit);
      at = commit.parents[0];
    }
    return commits;
  }

  async isAncestor(ancestor: CommitId, tip: CommitId): Promise<boolean | undefined> {
    return reaches(ancestor, tip, (id) => this.#store.commit(id)?.parents, Number.POSITIVE_INFINITY);
  }

  async commit(draft: CommitDraft, signer?: Signer): Promise<CommitId> {
    const parent = draft.parent === undefined ? undefined : this.#store.root(draft.parent);
    if (draft.parent !== undefined && parent === undefined) throw gone(draft.parent);
    return await this.#store.draft(draft, parent, signer);
  }

  async push(updates: readonly RefUpdate[]): Promise<PushOutcome> {
    const stale = updates.some(({ ref, from }) => this.#refs.get(ref) !== from);
    for (const { ref, to } of updates) {
      if (stale) {
        this.#store.drop(to);
        continue;
      }
      this.#store.accept(to);
      this.#store.noteMoved(ref, to);
      this.#refs.set(ref, to);
    }
    await this.#sweep();
    return new Map(updates.map(({ ref }) => [ref, { outcome: stale ? "Stale" : "Accepted" }]));
  }

  /** Lets go of texts that no ref holds any more, whenever twice as much is held as after the last time. */
  async #sweep(): Promise<void> {
    const { blobs } = this.#store;
    if (blobs.bytes < this.#sweepAt) return;
    const held = new Set<BlobId>();
    for (const tip of this.#refs.values()) {
      for (const [, { oid }] of (await this.tree(tip)).files("")) held.add(oid);
    }
    blobs.keepOnly(held);
    this.#sweepAt = 2 * blobs.bytes + 2 ** 20;
  }
}

function gone(id: string): Failure {
  return stalled("RecordInvalid", `${id} is not in memory any more`);
}
