/**
 * The port `Repository` over smart HTTP: reads by protocol version 2 without blobs, writes by receive-pack. No git
 * binary, work tree, configuration or hook takes part.
 *
 * Invariants: a push sends exactly the objects of the commits pushed that the server is not known to have; a push to a
 * known server is one request; no push rewrites history. Methods may run at the same time.
 */
import { Failure, retry, stalled } from "../failures.ts";
import { asReader } from "../net/classify.ts";
import type { Fetched, Repository, Signer } from "../ports.ts";
import type { BlobId, Commit, CommitDraft, CommitId, PushOutcome, RefName, RefUpdate, Tree } from "../values.ts";
import { hasChildOf, reaches } from "./ancestry.ts";
import { discoverReceivePack, discoverUploadPack, type ReceivePack, type UploadPack } from "./discover.ts";
import { fetchBlobs } from "./fetch-blobs.ts";
import { type FetchRequest, fetchPack } from "./fetch-pack.ts";
import type { Limits } from "./limits.ts";
import { lsRefs } from "./ls-refs.ts";
import { isObjectId } from "./object-id.ts";
import { ObjectStore, type ObjectStoreOptions } from "./object-store.ts";
import { packEntries } from "./pack-entries.ts";
import type { PackReader } from "./pack-reader.ts";
import { judgePush, lacksObjects, needsTips } from "./push-report.ts";
import { sendPack } from "./send-pack.ts";
import type { Transport } from "./transport.ts";
import { type TreeNode, viewTree } from "./tree-node.ts";

export interface RepositoryOptions extends ObjectStoreOptions {
  readonly transport: Transport;
  readonly url: string;
  /** Of this program, such as `clickscribe/0.1.0`. */
  readonly agent: string;
  readonly limits: Limits;
  readonly packs: PackReader;
  /** Never asks for what only a push needs. */
  readonly readOnly: boolean;
}

const blobsPerRequest = 10_000;
/** How many commits are looked through for one of them. */
const maxAncestors = 20_000;

type Roots = Map<CommitId, TreeNode>;

export class HttpRepository implements Repository {
  readonly #options: RepositoryOptions;
  readonly #store: ObjectStore;
  #uploadPack: Promise<UploadPack> | undefined;
  #receivePack: Promise<ReceivePack> | undefined;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#store = new ObjectStore(options);
  }

  async fetch(refs: readonly RefName[]): Promise<Fetched> {
    for (const ref of refs) checkRef(ref);
    const reading = this.#listRefs(refs);
    const writing = async (): Promise<ReceivePack> => {
      try {
        return await this.#receive();
      } catch (error) {
        await reading;
        throw asReader(error);
      }
    };
    const [listed, receive] = await Promise.all([reading, this.#options.readOnly ? undefined : writing()]);
    const roots = await this.#fetchTips(listed.refs);
    const found = new Map(refs.map((ref) => [ref, listed.refs.get(ref)]));
    this.#store.noteRefs(found, roots);
    return { refs: found, head: listed.head, atomic: receive?.capabilities.has("atomic") ?? false };
  }

  /** All of a commit's tree is read at once: without blobs it is small. */
  async tree(commit: CommitId, _under?: string): Promise<Tree> {
    return viewTree(await this.#rootOf(commit), this.#options.limits);
  }

  async blobs(ids: Iterable<BlobId>): Promise<ReadonlyMap<BlobId, string>> {
    const texts = new Map<BlobId, string>();
    const missing: BlobId[] = [];
    for (const id of new Set(ids)) {
      const text = this.#store.text(id);
      if (text === undefined) missing.push(id);
      else texts.set(id, text);
    }
    for (let at = 0; at < missing.length; at += blobsPerRequest) {
      await this.#fetchBlobs(missing.slice(at, at + blobsPerRequest), texts);
    }
    return texts;
  }

  async history(tip: CommitId, limit: number): Promise<readonly Commit[]> {
    const here = this.#walk(tip, limit);
    if (here !== undefined) return here.commits;
    const foot = this.#store.chain(tip)[0]?.commit.parents[0] ?? tip;
    const roots = await this.#fetchWhole([foot], limit);
    if (roots === undefined) throw missingObjects(foot);
    const walked = this.#walk(tip, limit, true);
    if (walked === undefined) throw missingObjects(tip);
    this.#store.noteHistory(tip, walked.roots);
    return walked.commits;
  }

  async isAncestor(ancestor: CommitId, tip: CommitId): Promise<boolean | undefined> {
    const known = reaches(ancestor, tip, (id) => this.#store.commit(id)?.parents, maxAncestors);
    if (known !== undefined || !isObjectId(ancestor) || !isObjectId(tip)) return known;
    const server = await this.#upload();
    // Without a filter all that the commits hold would come along.
    if (!server.filter) return undefined;
    const { transport, packs } = this.#options;
    const asked = { wants: [tip], haves: [ancestor], deepen: undefined, maxObjects: maxAncestors };
    const pack = await fetchPack(transport, server, { ...asked, filter: "tree:0" }, this.#options);
    return pack && hasChildOf(ancestor, await packs.read(pack));
  }

  async commit(draft: CommitDraft, signer?: Signer): Promise<CommitId> {
    const parent = draft.parent === undefined ? undefined : await this.#rootOf(draft.parent);
    return await this.#store.draft(draft, parent, signer);
  }

  async push(updates: readonly RefUpdate[], options: { readonly atomic: boolean }): Promise<PushOutcome> {
    if (updates.length === 0) return new Map();
    if (new Set(updates.map(({ ref }) => ref)).size < updates.length) {
      throw stalled("RemoteInvalid", "a push moves each ref once");
    }
    for (const update of updates) this.#checkUpdate(update);
    const server = await this.#receive();
    if (options.atomic && !server.capabilities.has("atomic")) {
      throw stalled("RemoteInvalid", "the server cannot move several refs all or none");
    }
    const drafts = [...new Set(updates.flatMap(({ to }) => this.#store.chain(to)))];
    const entries = packEntries(drafts, !server.capabilities.has("no-thin"));
    const { agent, transport } = this.#options;
    try {
      const report = await sendPack(transport, server, { updates, atomic: options.atomic, entries, agent });
      const lacks = lacksObjects(report);
      if (lacks || report.unpack !== "ok") this.#store.forgetServer();
      if (lacks) {
        throw retry("RemoteUnreachable", `the server lacks objects that it had: ${report.unpack} ${report.remarks}`);
      }
      const tips = needsTips(report) ? (await this.#listRefs(updates.map(({ ref }) => ref))).refs : undefined;
      const outcome = judgePush(updates, report, tips);
      this.#settle(updates, outcome);
      return outcome;
    } catch (error) {
      for (const { ref, to } of updates) this.#store.noteLost(ref, to);
      if (error instanceof Failure) this.#forgetServices(error);
      throw error;
    }
  }

  #settle(updates: readonly RefUpdate[], outcome: PushOutcome): void {
    const accepted = updates.filter(({ ref }) => outcome.get(ref)?.outcome === "Accepted");
    for (const { to } of accepted) this.#store.accept(to);
    for (const { ref, to } of accepted) this.#store.noteMoved(ref, to);
    for (const { to } of updates) this.#store.drop(to);
  }

  /** Throws Failure: refs and ids that could say something else on the wire, unknown commits, rewritten history. */
  #checkUpdate({ ref, from, to }: RefUpdate): void {
    checkRef(ref);
    if (from !== undefined && !isObjectId(from)) throw stalled("RemoteInvalid", `${from} is no object id`);
    let follows = from === undefined || from === to;
    for (let at: CommitId | undefined = to; at !== undefined && !follows; ) {
      follows = at === from;
      at = this.#store.commit(at)?.parents[0];
      follows ||= at === from;
    }
    if (this.#store.commit(to) === undefined) {
      throw retry("RemoteUnreachable", `commit ${to} is not here (any more): it must be drafted again`);
    }
    if (!follows) throw stalled("RemoteInvalid", `${to} does not follow ${from} of ${ref}: history is never rewritten`);
  }

  async #listRefs(refs: readonly RefName[]): ReturnType<typeof lsRefs> {
    const { transport } = this.#options;
    return await lsRefs(transport, await this.#upload(), refs, this.#options);
  }

  /** Makes the commits of refs and their trees readable. Answers trees that only the caller holds. */
  async #fetchTips(tips: ReadonlyMap<RefName, CommitId>): Promise<Roots> {
    const roots: Roots = new Map();
    const wanted = new Map<CommitId, CommitId | undefined>();
    for (const [ref, tip] of tips) {
      const root = this.#store.root(tip);
      if (root !== undefined && this.#store.commit(tip) !== undefined) roots.set(tip, root);
      else wanted.set(tip, this.#store.tip(ref));
    }
    const moved = [...wanted].filter((pair): pair is [CommitId, CommitId] => pair[1] !== undefined);
    if (moved.length > 0) {
      const wants = moved.map(([tip]) => tip);
      const haves = [...new Set(moved.map(([, before]) => before))];
      const maxObjects = this.#options.limits.incrementalObjects;
      const found = await this.#fetchPack({ wants, haves, deepen: undefined, filter: "blob:none", maxObjects });
      for (const [id, root] of found ?? []) roots.set(id, root);
    }
    const whole = [...wanted.keys()].filter((tip) => !roots.has(tip));
    if (whole.length === 0) return roots;
    const found = await this.#fetchWhole(whole, 1);
    for (const tip of whole) {
      const root = found?.get(tip);
      if (root === undefined) throw missingObjects(tip);
      roots.set(tip, root);
    }
    return roots;
  }

  /** Commits with all of their trees, `depth` of each line. */
  async #fetchWhole(wants: readonly CommitId[], depth: number): Promise<ReadonlyMap<CommitId, TreeNode> | undefined> {
    return await this.#fetchPack({ wants, haves: [], deepen: depth, filter: "blob:none", maxObjects: undefined });
  }

  async #fetchPack(asked: FetchRequest): Promise<ReadonlyMap<CommitId, TreeNode> | undefined> {
    const { packs, transport } = this.#options;
    const pack = await fetchPack(transport, await this.#upload(), asked, this.#options);
    return pack && (await this.#store.addPack(await packs.read(pack)));
  }

  async #fetchBlobs(ids: readonly BlobId[], into: Map<BlobId, string>): Promise<void> {
    for (const id of ids) if (!isObjectId(id)) throw stalled("RemoteInvalid", `${id} is no object id`);
    const objects = await fetchBlobs(this.#options, await this.#upload(), ids, this.#store.tips());
    for (const id of ids) {
      const object = objects.get(id);
      if (object?.type !== "blob") throw missingObjects(id);
      const text = object.data.toString("utf8");
      into.set(id, text);
      this.#store.blobs.set(id, text, object.data.length, true);
    }
  }

  async #rootOf(commit: CommitId): Promise<TreeNode> {
    const known = this.#store.root(commit);
    if (known !== undefined) return known;
    if (!isObjectId(commit)) throw stalled("RemoteInvalid", `${commit} is no object id`);
    const root = (await this.#fetchWhole([commit], 1))?.get(commit);
    if (root === undefined) throw missingObjects(commit);
    return root;
  }

  /** First parents with their trees; undefined where one of them is not here. `atEdge`: what is not here has no more. */
  #walk(
    tip: CommitId,
    limit: number,
    atEdge = false,
  ): { readonly commits: readonly Commit[]; readonly roots: readonly TreeNode[] } | undefined {
    const commits: Commit[] = [];
    const roots: TreeNode[] = [];
    for (let id: CommitId | undefined = tip; id !== undefined && commits.length < limit; ) {
      const commit: Commit | undefined = this.#store.commit(id);
      const root = this.#store.root(id);
      if (commit === undefined || root === undefined)
        return atEdge && commits.length > 0 ? { commits, roots } : undefined;
      commits.push(commit);
      roots.push(root);
      id = commit.parents[0];
    }
    return { commits, roots };
  }

  #upload(): Promise<UploadPack> {
    const { transport, url } = this.#options;
    this.#uploadPack ??= discoverUploadPack(transport, url).catch((error: unknown) => {
      this.#uploadPack = undefined;
      throw error;
    });
    return this.#uploadPack;
  }

  #receive(): Promise<ReceivePack> {
    const { transport, url } = this.#options;
    this.#receivePack ??= discoverReceivePack(transport, url).catch((error: unknown) => {
      this.#receivePack = undefined;
      throw error;
    });
    return this.#receivePack;
  }

  /** A server that answers oddly may have moved or been replaced: it is asked anew what it can do. */
  #forgetServices(failure: Failure): void {
    if (failure.class !== "Stalled") return;
    this.#uploadPack = undefined;
    this.#receivePack = undefined;
  }
}

/** What git-check-ref-format(1) refuses, as far as it could say something else on the wire. */
function checkRef(ref: RefName): void {
  const valid = /^refs\/[^\s~^:?*[\\\p{Cc}]+$/u.test(ref) && !/\.\.|\/\/|@\{|\/$|\.lock$/.test(ref);
  if (!valid) throw stalled("BranchInvalid", `${JSON.stringify(ref)} is no valid ref name`);
}

function missingObjects(id: string): Failure {
  return retry("RemoteUnreachable", `the server did not send ${id}: it may just have been rewritten`);
}
