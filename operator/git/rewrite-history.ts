/**
 * A ref's whole history, rewritten without some of its files: what a person asked for, and nothing that runs by itself
 * does. Commits that have nothing of it and stand on none that has stay as they are, with their ids and signatures.
 */
import { retry, stalled } from "../failures.ts";
import type { Signer } from "../ports.ts";
import type { BlobId, Commit, CommitDraft, CommitId, ObjectId, RefName, RefOutcome, RepoPath } from "../values.ts";
import { parseCommit, serializeCommit, withSignature } from "./commit-object.ts";
import { discoverReceivePack, discoverUploadPack } from "./discover.ts";
import { fetchPack } from "./fetch-pack.ts";
import type { Limits } from "./limits.ts";
import { lsRefs } from "./ls-refs.ts";
import { objectId } from "./object-id.ts";
import type { PackReader } from "./pack-reader.ts";
import { createPause } from "./pause.ts";
import { emptyTree, listFiles, type Objects, TreePruner } from "./prune-tree.ts";
import { judgePush, needsTips } from "./push-report.ts";
import { sendPack } from "./send-pack.ts";
import type { Transport } from "./transport.ts";
import type { PackEntry } from "./write-pack.ts";

export interface HistoryOptions {
  readonly transport: Transport;
  readonly url: string;
  /** Of this program, such as `clickscribe/0.1.0`. */
  readonly agent: string;
  readonly limits: Limits;
  readonly packs: PackReader;
}

export interface RefHistory {
  readonly tip: CommitId;
  /** None before a parent of its own. */
  readonly commits: readonly Commit[];
  /** Each file that any of the commits has, once for each path and content. */
  files(): Iterable<readonly [RepoPath, BlobId]>;
  /** Nothing is sent. Throws Failure. */
  rewrite(edit: HistoryEdit): Promise<RewrittenHistory>;
}

export interface HistoryEdit {
  removes(path: RepoPath, blob: BlobId): boolean;
  /** `changes`: the commit came with other such files than its parent has, or with fewer. */
  message(commit: Commit, changes: boolean): string;
  /** The commit on top, with the files of the one below. */
  readonly last: Omit<CommitDraft, "parent" | "changes">;
  readonly signer: Signer | undefined;
}

export interface RewrittenHistory {
  readonly tip: CommitId;
  /** Commits that have another id now. */
  readonly rewritten: number;
  /** Commits that are gone: nothing else was in them. */
  readonly dropped: number;
  /** The contents of the files that were taken out. */
  readonly blobs: ReadonlySet<BlobId>;
  /** Moves the ref there, from the tip that the history was read at and from no other. Throws Failure. */
  readonly push: () => Promise<RefOutcome>;
}

/** undefined: there is no such ref. Throws Failure. */
export async function readHistory(options: HistoryOptions, ref: RefName): Promise<RefHistory | undefined> {
  const { transport, url, packs } = options;
  const upload = await discoverUploadPack(transport, url);
  const tip = (await lsRefs(transport, upload, [ref], options)).refs.get(ref);
  if (tip === undefined) return undefined;
  const asked = { wants: [tip], haves: [], deepen: undefined, filter: "blob:none", maxObjects: undefined } as const;
  const pack = await fetchPack(transport, upload, asked, options);
  if (pack === undefined) throw retry("RemoteUnreachable", `the server did not send ${tip}`);
  const objects = await packs.read(pack);
  const found = sortCommits(objects, tip);
  return {
    tip,
    commits: found.map(({ commit }) => commit),
    files: () =>
      listFiles(
        objects,
        found.map(({ tree }) => tree),
        options.limits.files,
      ),
    rewrite: (edit) => rewrite(options, { ref, tip, objects, found }, edit),
  };
}

interface Found {
  readonly commit: Commit;
  readonly tree: ObjectId;
  readonly data: Buffer;
}

interface Read {
  readonly ref: RefName;
  readonly tip: CommitId;
  readonly objects: Objects;
  readonly found: readonly Found[];
}

async function rewrite(options: HistoryOptions, read: Read, edit: HistoryEdit): Promise<RewrittenHistory> {
  const { transport, url } = options;
  const server = await discoverReceivePack(transport, url);
  const trees = new TreePruner(read.objects, !server.capabilities.has("no-thin"), (path, blob) =>
    edit.removes(path, blob),
  );
  const commits = new Map<ObjectId, PackEntry>();
  const made = new Map<CommitId, { readonly id: CommitId; readonly tree: ObjectId; readonly removed: string }>();
  const blobs = new Set<BlobId>();
  const pause = createPause();
  let dropped = 0;
  const add = async (unsigned: Buffer): Promise<CommitId> => {
    const data = edit.signer === undefined ? unsigned : withSignature(unsigned, await edit.signer.sign(unsigned));
    const id = objectId("commit", data);
    commits.set(id, { type: "commit", data: () => data });
    return id;
  };
  for (const { commit, tree, data } of read.found) {
    await pause();
    const pruned = trees.prune(tree);
    for (const file of pruned.removed) blobs.add(file.slice(file.lastIndexOf(" ") + 1));
    const removed = pruned.removed.join("\n");
    const now = pruned.tree ?? emptyTree;
    const parents = commit.parents.map((parent) => made.get(parent));
    const [first] = parents;
    const changes = removed !== (first?.removed ?? "");
    if (parents.length === 1 && first !== undefined && changes && first.tree === now) {
      dropped++;
      made.set(commit.id, { ...first, removed });
      continue;
    }
    const message = edit.message(commit, changes);
    const ids = parents.map((parent, i) => parent?.id ?? commit.parents[i] ?? "");
    const isSame = now === tree && message === commit.message && ids.every((id, i) => id === commit.parents[i]);
    const id = isSame
      ? commit.id
      : await add(replace(data, now, ids, message === commit.message ? undefined : message));
    made.set(commit.id, { id, tree: now, removed });
  }
  const rewritten = commits.size;
  const top = made.get(read.tip);
  if (top === undefined) throw stalled("RemoteInvalid", `the server did not send the commit ${read.tip}`);
  const tip = await add(serializeCommit(top.tree, { ...edit.last, parent: top.id, changes: [] }));
  if ([...made.values()].some(({ tree }) => tree === emptyTree)) {
    trees.made.set(emptyTree, { type: "tree", data: () => Buffer.alloc(0) });
  }
  const entries = [...commits.values(), ...trees.made.values()];
  const updates = [{ ref: read.ref, from: read.tip, to: tip }];
  const push = async (): Promise<RefOutcome> => {
    const report = await sendPack(transport, server, { updates, atomic: false, entries, agent: options.agent });
    const upload = needsTips(report) ? await discoverUploadPack(transport, url) : undefined;
    const tips = upload && (await lsRefs(transport, upload, [read.ref], options)).refs;
    return judgePush(updates, report, tips).get(read.ref) ?? { outcome: "RolledBack" };
  };
  return { tip, rewritten, dropped, blobs, push };
}

/** Oldest first. Throws Failure where one is not there. */
function sortCommits(objects: Objects, tip: CommitId): readonly Found[] {
  const sorted: Found[] = [];
  const done = new Set<CommitId>();
  const stack: { readonly id: CommitId; readonly found: Found | undefined }[] = [{ id: tip, found: undefined }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (done.has(next.id)) continue;
    if (next.found !== undefined) {
      done.add(next.id);
      sorted.push(next.found);
      continue;
    }
    const object = objects.get(next.id);
    if (object?.type !== "commit") {
      throw stalled(
        "RemoteInvalid",
        `the server did not send the commit ${next.id}: its copy of the history is not whole`,
      );
    }
    const found = { ...parseCommit(next.id, object.data), data: object.data };
    stack.push({ id: next.id, found });
    for (const parent of found.commit.parents) stack.push({ id: parent, found: undefined });
  }
  return sorted;
}

/**
 * The commit with another tree, other parents and another message (undefined: its own bytes). Author, committer and
 * what other headers it has stay byte for byte, but for signatures, which would be of something else.
 */
function replace(data: Buffer, tree: ObjectId, parents: readonly CommitId[], message: string | undefined): Buffer {
  const end = data.indexOf("\n\n");
  const head = data.toString("latin1", 0, end < 0 ? data.length : end);
  // A line that begins with a blank goes on with the one before.
  const headers = head.split(/\n(?! )/).filter((line) => !/^(?:tree|parent|gpgsig|gpgsig-sha256|mergetag) /.test(line));
  // What is written anew is UTF-8.
  const kept = message === undefined ? headers : headers.filter((line) => !line.startsWith("encoding "));
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`), ...kept, "", ""];
  const body = message === undefined ? data.subarray(end < 0 ? data.length : end + 2) : Buffer.from(message);
  return Buffer.concat([Buffer.from(lines.join("\n"), "latin1"), body]);
}
