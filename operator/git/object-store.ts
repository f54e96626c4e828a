/**
 * What one Repository knows of its remote, in memory only: commits, trees, texts of blobs, and drafts.
 *
 * What stays, and how long:
 * - Trees of the last two known commits of each ref, of the history read last below a ref's commit, and of drafts stay.
 *   Any other tree lives as long as somebody holds a `Tree` with it; read again, it is fetched again.
 * - Texts of blobs stay in a cache bounded in bytes, those of drafts with the draft.
 * - A draft stays until the server has answered a push of it: accepted, it is a commit like any other; otherwise it is
 *   dropped, and must be drafted again. Where the answer was lost, the next fetch of its ref decides. A draft that is
 *   never pushed is dropped after ten minutes.
 * - Of commits without their trees, the newest few thousand stay.
 *
 * Objects never change under their ids, so callers may interleave at any await.
 */
import { stalled } from "../failures.ts";
import type { Signer } from "../ports.ts";
import type { BlobId, Commit, CommitDraft, CommitId, ObjectId, RefName } from "../values.ts";
import { BlobCache } from "./blob-cache.ts";
import { parseCommit, serializeCommit, withSignature } from "./commit-object.ts";
import { editTree, groupChanges, type MakeNode } from "./edit-tree.ts";
import { linkTrees } from "./link-trees.ts";
import { type GitObject, objectId } from "./object-id.ts";
import { createPause } from "./pause.ts";
import { TreeNode } from "./tree-node.ts";

export interface Draft {
  readonly commit: Commit;
  readonly data: Buffer;
  readonly root: TreeNode;
  /** The trees that it adds to those of its parent. */
  readonly trees: readonly TreeNode[];
  /** Texts that the server is not known to have. */
  readonly blobs: ReadonlyMap<BlobId, string>;
  /** Milliseconds of a clock that only goes forward. */
  readonly madeAt: number;
}

interface KnownCommit {
  readonly commit: Commit;
  readonly tree: ObjectId;
}

export interface ObjectStoreOptions {
  readonly blobCacheBytes: number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

const maxCommits = 5_000;
const draftLifeMs = 600_000;
/** Deltas on each other in one pack. */
const maxDeltaDepth = 50;

export class ObjectStore {
  readonly blobs: BlobCache;
  readonly #now: () => number;
  readonly #commits = new Map<CommitId, KnownCommit>();
  readonly #drafts = new Map<CommitId, Draft>();
  readonly #pending = new Map<BlobId, { readonly text: string; uses: number }>();
  readonly #lost = new Map<CommitId, RefName>();
  readonly #index = new Map<ObjectId, WeakRef<TreeNode>>();
  #indexLimit = 1_000;
  readonly #tips = new Map<RefName, readonly CommitId[]>();
  readonly #roots = new Map<CommitId, TreeNode>();
  readonly #histories = new Map<CommitId, readonly TreeNode[]>();

  constructor(options: ObjectStoreOptions) {
    this.blobs = new BlobCache(options.blobCacheBytes);
    this.#now = options.now;
  }

  commit(id: CommitId): Commit | undefined {
    return this.#drafts.get(id)?.commit ?? this.#commits.get(id)?.commit;
  }

  isDraft(id: CommitId): boolean {
    return this.#drafts.has(id);
  }

  /** A commit's tree, as far as it is still here. */
  root(id: CommitId): TreeNode | undefined {
    const known = this.#drafts.get(id)?.root ?? this.#roots.get(id);
    if (known !== undefined) return known;
    const commit = this.#commits.get(id);
    return commit && this.#index.get(commit.tree)?.deref();
  }

  text(id: BlobId): string | undefined {
    return this.#pending.get(id)?.text ?? this.blobs.get(id);
  }

  /**
   * Takes in what the server sent, whole or not at all: answers undefined where a tree lacks a folder that is not here
   * either, else the tree of each commit, to be held by the caller or noted as a ref's.
   */
  async addPack(objects: ReadonlyMap<ObjectId, GitObject>): Promise<ReadonlyMap<CommitId, TreeNode> | undefined> {
    const pause = createPause();
    const known = (id: ObjectId): TreeNode | undefined => this.#index.get(id)?.deref();
    const nodes = await linkTrees(objects, known);
    if (nodes === undefined) return undefined;
    const roots = new Map<CommitId, TreeNode>();
    for (const { type, oid, data } of objects.values()) {
      await pause();
      if (type === "blob") this.blobs.set(oid, data.toString("utf8"), data.length, true);
      if (type !== "commit") continue;
      const parsed = parseCommit(oid, data);
      const root = nodes.get(parsed.tree) ?? known(parsed.tree) ?? emptyTree(parsed.tree);
      if (root === undefined) return undefined;
      roots.set(oid, root);
      this.#commits.set(oid, parsed);
    }
    for (const node of nodes.values()) this.#note(node);
    this.#boundCommits();
    return roots;
  }

  /** What a fetch found at refs. Their commits and trees must be here; `roots` holds those that nobody else does. */
  noteRefs(refs: ReadonlyMap<RefName, CommitId | undefined>, roots: ReadonlyMap<CommitId, TreeNode>): void {
    for (const [ref, tip] of refs) {
      if (tip !== undefined && this.#drafts.has(tip)) this.accept(tip);
      for (const [to, lostRef] of this.#lost) {
        if (lostRef === ref && this.#drafts.has(to)) this.drop(to);
        if (lostRef === ref) this.#lost.delete(to);
      }
      if (tip === undefined) this.#tips.delete(ref);
      else this.#move(ref, tip, roots.get(tip) ?? this.root(tip));
    }
    this.#release();
    this.#expireDrafts();
  }

  /** The commit last seen at a ref, whose tree is here. */
  tip(ref: RefName): CommitId | undefined {
    return this.#tips.get(ref)?.[0];
  }

  /** The commits last seen at all refs. */
  tips(): readonly CommitId[] {
    return [...this.#tips.values()].flatMap(([tip]) => tip ?? []);
  }

  noteHistory(tip: CommitId, roots: readonly TreeNode[]): void {
    this.#histories.set(tip, roots);
  }

  /** Drafts a commit whose parent's tree is here. Throws Failure PathInvalid. */
  async draft(draft: CommitDraft, parentRoot: TreeNode | undefined, signer?: Signer): Promise<CommitId> {
    this.#expireDrafts();
    const texts = new Map<BlobId, string>();
    const blobIds: (readonly [string, BlobId | null])[] = [];
    const pause = createPause();
    for (const { path, content } of draft.changes) {
      await pause();
      blobIds.push([path, typeof content === "string" ? this.#addText(content, texts) : (content?.blob ?? null)]);
      if (content !== null && typeof content === "object") this.#addPending(content.blob, texts);
    }
    const trees: TreeNode[] = [];
    const make: MakeNode = (raw, folders, before) => {
      const oid = objectId("tree", raw);
      const known = this.#index.get(oid)?.deref();
      // A tree of another draft may never reach the server: only what it has is shared.
      if (known?.sent) return known;
      const node = new TreeNode(oid, raw, folders, false);
      const depth = before === undefined || before.node.sent ? 0 : (before.node.delta?.depth ?? 0) + 1;
      if (before !== undefined && depth <= maxDeltaDepth) {
        node.delta = { base: before.node, segments: before.segments, depth };
      }
      trees.push(node);
      return node;
    };
    const changes = groupChanges(blobIds);
    const root = (await editTree(parentRoot, changes, make, pause)) ?? make(Buffer.alloc(0), new Map(), undefined);
    const unsigned = serializeCommit(root.oid, draft);
    const data = signer === undefined ? unsigned : withSignature(unsigned, await signer.sign(unsigned));
    const id = objectId("commit", data);
    if (this.#drafts.has(id) || this.#commits.has(id)) return id;
    const { commit } = parseCommit(id, data);
    this.#drafts.set(id, { commit, data, root, trees, blobs: texts, madeAt: this.#now() });
    for (const [blob, text] of texts) {
      const pending = this.#pending.get(blob);
      if (pending === undefined) this.#pending.set(blob, { text, uses: 1 });
      else pending.uses++;
    }
    return id;
  }

  /** A draft and the drafts below it, oldest first; empty for a commit that the server has. */
  chain(to: CommitId): readonly Draft[] {
    const drafts: Draft[] = [];
    for (let at = this.#drafts.get(to); at !== undefined; ) {
      drafts.push(at);
      const parent: CommitId | undefined = at.commit.parents[0];
      at = parent === undefined ? undefined : this.#drafts.get(parent);
    }
    return drafts.toReversed();
  }

  /** The server has a draft, and all below it. */
  accept(to: CommitId): void {
    for (const draft of this.chain(to)) {
      for (const node of draft.trees) {
        node.sent = true;
        node.delta = undefined;
        this.#note(node);
      }
      for (const blob of draft.blobs.keys()) this.blobs.markSent(blob);
      const { id } = draft.commit;
      this.#commits.set(id, { commit: draft.commit, tree: draft.root.oid });
      this.#roots.set(id, draft.root);
      this.#forgetDraft(draft);
    }
    this.#boundCommits();
  }

  /** A ref was moved by a push that was accepted. */
  noteMoved(ref: RefName, to: CommitId): void {
    this.#move(ref, to, this.root(to));
    this.#release();
  }

  /** The server did not take a draft: it and those below it go. */
  drop(to: CommitId): void {
    for (const draft of this.chain(to)) this.#forgetDraft(draft);
  }

  /** Whether the server has it will be known when the ref is fetched. */
  noteLost(ref: RefName, to: CommitId): void {
    if (this.#drafts.has(to)) this.#lost.set(to, ref);
  }

  /** The server lacks what it was taken to have: nothing but what is fetched from now on counts. */
  forgetServer(): void {
    this.#commits.clear();
    this.#index.clear();
    this.#tips.clear();
    this.#roots.clear();
    this.#histories.clear();
    this.blobs.forgetSent();
  }

  #addText(text: string, texts: Map<BlobId, string>): BlobId {
    const bytes = Buffer.from(text);
    const id = objectId("blob", bytes);
    if (this.blobs.isSent(id)) return id;
    this.blobs.set(id, text, bytes.length, false);
    texts.set(id, text);
    return id;
  }

  #addPending(id: BlobId, texts: Map<BlobId, string>): void {
    const text = this.#pending.get(id)?.text ?? (this.blobs.isSent(id) === false ? this.blobs.get(id) : undefined);
    if (text !== undefined) texts.set(id, text);
  }

  #forgetDraft(draft: Draft): void {
    this.#drafts.delete(draft.commit.id);
    this.#lost.delete(draft.commit.id);
    for (const blob of draft.blobs.keys()) {
      const pending = this.#pending.get(blob);
      if (pending !== undefined && --pending.uses === 0) this.#pending.delete(blob);
    }
  }

  #expireDrafts(): void {
    const now = this.#now();
    // In the order in which they were made.
    for (const draft of this.#drafts.values()) {
      if (now - draft.madeAt < draftLifeMs) break;
      this.#forgetDraft(draft);
    }
  }

  #move(ref: RefName, tip: CommitId, root: TreeNode | undefined): void {
    if (root === undefined) throw stalled("RemoteInvalid", `the server sent no commit for ${ref}`);
    this.#roots.set(tip, root);
    const known = this.#tips.get(ref) ?? [];
    if (known[0] !== tip) this.#tips.set(ref, [tip, ...known.slice(0, 1)]);
  }

  /** Lets go of trees that no ref is near to any more. */
  #release(): void {
    const held = new Set([...this.#tips.values()].flat());
    for (const id of this.#roots.keys()) if (!held.has(id)) this.#roots.delete(id);
    for (const id of this.#histories.keys()) if (!held.has(id)) this.#histories.delete(id);
  }

  #note(node: TreeNode): void {
    this.#index.set(node.oid, new WeakRef(node));
    if (this.#index.size < this.#indexLimit) return;
    for (const [oid, reference] of this.#index) if (reference.deref() === undefined) this.#index.delete(oid);
    this.#indexLimit = 2 * this.#index.size + 1_000;
  }

  #boundCommits(): void {
    for (const id of this.#commits.keys()) {
      if (this.#commits.size <= maxCommits) break;
      this.#commits.delete(id);
    }
  }
}

/** The tree without entries, which git has built in and need not send. */
function emptyTree(id: ObjectId): TreeNode | undefined {
  return id === "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
    ? new TreeNode(id, Buffer.alloc(0), new Map(), true)
    : undefined;
}
