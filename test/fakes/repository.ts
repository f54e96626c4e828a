/**
 * A git server in memory with the port of operator/ports.ts on it, for tests of what stands above git/. It passes the
 * same contract as the real one (test/contract/repository.ts). Blob ids are git's; tree and commit ids are not.
 */
import { createHash } from "node:crypto";
import { type Failure, retry, stalled } from "../../operator/failures.ts";
import { reaches } from "../../operator/git/ancestry.ts";
import type { Fetched, RemoteAccess, Repositories, Repository } from "../../operator/ports.ts";
import type {
  BlobId,
  Commit,
  CommitDraft,
  CommitId,
  FileChange,
  PushOutcome,
  RefName,
  RefOutcome,
  RefUpdate,
  Signature,
  Tree,
  TreeEntry,
} from "../../operator/values.ts";
import type { HookName } from "../git/test-repository.ts";

/** The methods of the port that reach the server. */
export type FakeMethod = "fetch" | "tree" | "blobs" | "history" | "push";

export interface FakePush {
  readonly updates: readonly RefUpdate[];
  readonly atomic: boolean;
  readonly outcome: PushOutcome;
}

export interface FakeRemoteOptions {
  /** What HEAD points to. Default `refs/heads/main`. */
  readonly head?: RefName;
  /** Contents of a first commit on it by path. Default: none, an empty repository. */
  readonly files?: Readonly<Record<string, string>>;
  /** Default true. */
  readonly atomic?: boolean;
}

export interface PersonalCommit {
  /** Contents by path; null removes the file. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message?: string;
  /** A second parent. */
  readonly merges?: CommitId;
  /** Default: what HEAD points to. */
  readonly ref?: RefName;
  /** Seconds since the epoch. */
  readonly at?: number;
}

/** The server's side, for tests to look at and to make faults. */
export interface FakeRemote {
  /** The same URL and credentials give the same Repository; all are on this server. */
  readonly repositories: Repositories;
  readonly refs: ReadonlyMap<RefName, CommitId>;
  /** Pushes that were answered or whose answer was lost, oldest first. */
  readonly pushes: readonly FakePush[];
  /** How often each method reached the server. */
  readonly calls: Readonly<Record<FakeMethod, number>>;
  /** Whether the server can push all or none, from now on. */
  setAtomic(atomic: boolean): void;
  /** From now on it says that it can, and does not. */
  breakAtomic(): void;
  /** Puts a commit on a ref as if a person had pushed it. Answers its id. */
  commitAsPerson(commit: PersonalCommit): CommitId;
  deleteRef(ref: RefName): void;
  /** Moves a ref as a forced push of a person does. */
  forceRef(ref: RefName, to: CommitId): void;
  /** One that the server has or had. */
  commit(id: CommitId): Commit;
  /** Commits of a ref, oldest first; none where there is no such ref. */
  log(ref: RefName): readonly Commit[];
  /** Text of a file at a ref or commit; undefined where there is none. */
  show(at: RefName, path: string): string | undefined;
  /** Paths of all files at a ref or commit, in git's order. */
  files(at: RefName): readonly string[];
  /**
   * Refuses refs in whose name `*` stands for any characters, with this message. Adds up. An `update` hook (the default)
   * refuses that ref alone, `pre-receive` the whole push that has it.
   */
  refuseRef(pattern: string, message: string, hook?: HookName): void;
  /** Takes back every `refuseRef`. */
  acceptAll(): void;
  /** The next `count` calls of a method throw this before anything happens. */
  failNext(method: FakeMethod, failure: Failure, count?: number): void;
  /** Every call throws this, until undefined. */
  down(failure: Failure | undefined): void;
  /** The next `count` pushes are performed, and throw as a broken connection does. */
  loseAnswer(count?: number): void;
  /** Runs right before the server looks at the next push: what it does to the refs is a lost race. */
  beforeNextPush(work: () => void | Promise<void>): void;
  /** The next push waits; `release` lets it go on. */
  holdNextPush(): { readonly arrived: Promise<void>; release(): void };
}

type Files = ReadonlyMap<string, TreeEntry>;

const nowhere: RemoteAccess = { url: "memory:", credentials: { type: "None" }, ca: undefined, timeoutMs: 1_000 };

interface FakeCommit {
  readonly commit: Commit;
  readonly files: Files;
}

interface Server {
  readonly head: RefName;
  atomic: boolean;
  keepsAtomic: boolean;
  readonly refs: Map<RefName, CommitId>;
  readonly commits: Map<CommitId, FakeCommit>;
  readonly blobs: Map<BlobId, string>;
  readonly pushes: FakePush[];
  /** Throws the faults that are set for the method. */
  enter(method: FakeMethod): Promise<void>;
  losesAnswer(): boolean;
  refusal(ref: RefName, hook: HookName): string | undefined;
}

/** Makes an empty server, or one with a first commit. */
export function createFakeRemote(options: FakeRemoteOptions = {}): FakeRemote {
  const refusals: { readonly pattern: RegExp; readonly message: string; readonly hook: HookName }[] = [];
  const failures: Record<FakeMethod, Failure[]> = { fetch: [], tree: [], blobs: [], history: [], push: [] };
  const calls: Record<FakeMethod, number> = { fetch: 0, tree: 0, blobs: 0, history: 0, push: 0 };
  const opened = new Map<string, Repository>();
  let unreachable: Failure | undefined;
  let lost = 0;
  let beforePush: (() => void | Promise<void>) | undefined;
  let made = 0;

  const server: Server = {
    head: options.head ?? "refs/heads/main",
    atomic: options.atomic ?? true,
    keepsAtomic: true,
    refs: new Map(),
    commits: new Map(),
    blobs: new Map(),
    pushes: [],
    async enter(method) {
      calls[method]++;
      const failure = unreachable ?? failures[method].shift();
      if (failure !== undefined) throw failure;
      await Promise.resolve();
      if (method !== "push" || beforePush === undefined) return;
      const work = beforePush;
      beforePush = undefined;
      await work();
    },
    losesAnswer: () => lost > 0 && lost-- > 0,
    refusal: (ref, at) => refusals.find(({ pattern, hook }) => hook === at && pattern.test(ref))?.message,
  };

  const at = (name: RefName): FakeCommit | undefined => server.commits.get(server.refs.get(name) ?? name);

  const commitAsPerson = (commit: PersonalCommit): CommitId => {
    const ref = commit.ref ?? server.head;
    const parent = server.refs.get(ref);
    const who: Signature = { name: "Paula Person", email: "paula@example.invalid", at: commit.at ?? 1_700_000_000 };
    const draft: CommitDraft = {
      parent,
      changes: Object.entries(commit.files).map(([path, content]) => ({ path, content })),
      author: who,
      committer: who,
      message: `${commit.message ?? "change by hand"}\n`,
    };
    const drafted = build(draft, parent === undefined ? new Map() : filesOf(server, parent), `person ${++made}`);
    const { parents } = drafted.commit;
    const merged = commit.merges === undefined ? parents : [...parents, commit.merges];
    const built = { ...drafted, commit: { ...drafted.commit, parents: merged } };
    for (const [id, text] of built.blobs) server.blobs.set(id, text);
    server.commits.set(built.commit.id, built);
    server.refs.set(ref, built.commit.id);
    return built.commit.id;
  };

  if (options.files !== undefined) commitAsPerson({ files: options.files, message: "first commit" });

  return {
    repositories: {
      open(access: RemoteAccess) {
        const key = JSON.stringify([access.url, access.credentials]);
        const repository = opened.get(key) ?? createFakeRepository(server);
        opened.set(key, repository);
        return repository;
      },
      inMemory: () => createFakeRemote().repositories.open(nowhere),
      signer: () => Promise.reject(new Error("this server takes no signed commits")),
    },
    refs: server.refs,
    pushes: server.pushes,
    calls,
    breakAtomic() {
      server.keepsAtomic = false;
    },
    setAtomic(atomic) {
      server.atomic = atomic;
    },
    commitAsPerson,
    commit: (id) => server.commits.get(id)?.commit ?? fail(id),
    forceRef: (ref, to) => void server.refs.set(ref, to),
    deleteRef: (ref) => void server.refs.delete(ref),
    log(ref) {
      const tip = server.refs.get(ref);
      return tip === undefined ? [] : firstParents(server, tip, Number.POSITIVE_INFINITY).toReversed();
    },
    show(name, path) {
      const entry = at(name)?.files.get(path);
      return entry === undefined ? undefined : server.blobs.get(entry.oid);
    },
    files: (name) => [...(at(name)?.files.keys() ?? [])].toSorted(byBytes),
    refuseRef(pattern, message, hook = "update") {
      const parts = pattern.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
      refusals.push({ pattern: new RegExp(`^${parts.join(".*")}$`), message, hook });
    },
    acceptAll: () => void refusals.splice(0),
    failNext: (method, failure, count = 1) => void failures[method].push(...Array<Failure>(count).fill(failure)),
    down(failure) {
      unreachable = failure;
    },
    loseAnswer(count = 1) {
      lost = count;
    },
    beforeNextPush(work) {
      beforePush = work;
    },
    holdNextPush() {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      beforePush = () => {
        arrived.resolve();
        return released.promise;
      };
      return { arrived: arrived.promise, release: () => released.resolve() };
    },
  };
}

function createFakeRepository(server: Server): Repository {
  const drafts = new Map<CommitId, FakeCommit>();
  const texts = new Map<BlobId, string>();
  let made = 0;

  const find = (id: CommitId): FakeCommit => {
    const found = drafts.get(id) ?? server.commits.get(id);
    if (found === undefined) throw retry("RemoteUnreachable", `commit ${id} is neither here nor on the server`);
    return found;
  };

  const chain = (to: CommitId): readonly FakeCommit[] => {
    const commits: FakeCommit[] = [];
    for (let id: CommitId | undefined = to; id !== undefined; ) {
      const draft = drafts.get(id);
      if (draft === undefined) break;
      commits.push(draft);
      id = draft.commit.parents[0];
    }
    return commits;
  };

  return {
    async fetch(refs): Promise<Fetched> {
      await server.enter("fetch");
      return {
        refs: new Map(refs.map((ref) => [ref, server.refs.get(ref)])),
        head: server.head,
        atomic: server.atomic,
      };
    },
    async tree(commit) {
      if (!drafts.has(commit) && !server.commits.has(commit)) await server.enter("tree");
      return treeOf(find(commit).files);
    },
    async blobs(ids) {
      const found = new Map<BlobId, string>();
      const missing: BlobId[] = [];
      for (const id of new Set(ids)) {
        const text = texts.get(id);
        if (text === undefined) missing.push(id);
        else found.set(id, text);
      }
      if (missing.length === 0) return found;
      await server.enter("blobs");
      for (const id of missing) {
        const text = server.blobs.get(id);
        if (text === undefined) throw retry("RemoteUnreachable", `the server has no object ${id}`);
        found.set(id, text);
      }
      return found;
    },
    async isAncestor(ancestor, tip) {
      return reaches(ancestor, tip, (id) => find(id).commit.parents, Number.POSITIVE_INFINITY);
    },
    async history(tip, limit) {
      await server.enter("history");
      const drafted = chain(tip).slice(0, limit);
      const foot = drafted.length === 0 ? tip : drafted.at(-1)?.commit.parents[0];
      if (foot === undefined || drafted.length === limit) return drafted.map(({ commit }) => commit);
      find(foot);
      return [...drafted.map(({ commit }) => commit), ...firstParents(server, foot, limit - drafted.length)];
    },
    async commit(draft) {
      const files = draft.parent === undefined ? new Map() : find(draft.parent).files;
      const built = build(draft, files, `draft ${++made}`);
      for (const [id, text] of built.blobs) texts.set(id, text);
      drafts.set(built.commit.id, built);
      return built.commit.id;
    },
    async push(updates, { atomic }) {
      if (atomic && !server.atomic) throw stalled("RemoteInvalid", "the server cannot push all or none");
      for (const { from, to } of updates) {
        find(to);
        const drafted = chain(to).map(({ commit }) => commit);
        const foot = drafted.length === 0 ? to : drafted.at(-1)?.parents[0];
        const below = foot === undefined ? [] : firstParents(server, foot, Number.POSITIVE_INFINITY);
        const follows = from === undefined || [...drafted, ...below].some(({ id }) => id === from);
        if (!follows) throw stalled("RemoteInvalid", `${to} does not follow ${from}: history is never rewritten`);
      }
      await server.enter("push");
      const outcome = judge(server, updates, atomic);
      for (const { ref, to } of updates) {
        if (outcome.get(ref)?.outcome !== "Accepted") continue;
        for (const made of chain(to)) {
          server.commits.set(made.commit.id, made);
          for (const { oid } of made.files.values()) {
            const text = texts.get(oid);
            if (text !== undefined) server.blobs.set(oid, text);
          }
        }
        server.refs.set(ref, to);
      }
      server.pushes.push({ updates, atomic, outcome });
      // As in the real one, a draft is gone once the server has answered: refused ones must be drafted again.
      if (server.losesAnswer()) throw retry("RemoteUnreachable", "the connection was closed before the answer");
      for (const { to } of updates) for (const { commit } of chain(to)) drafts.delete(commit.id);
      return outcome;
    },
  };
}

function judge(server: Server, updates: readonly RefUpdate[], atomic: boolean): PushOutcome {
  const [declined] = updates.flatMap(({ ref }) => server.refusal(ref, "pre-receive") ?? []);
  if (declined !== undefined) {
    const refused: RefOutcome = { outcome: "Refused", message: `pre-receive hook declined: ${declined}` };
    return new Map(updates.map(({ ref }) => [ref, refused]));
  }
  const each = new Map<RefName, RefOutcome>(updates.map((update) => [update.ref, judgeOne(server, update)]));
  if (!atomic || !server.keepsAtomic || [...each.values()].every(({ outcome }) => outcome === "Accepted")) return each;
  for (const [ref, { outcome }] of each) if (outcome === "Accepted") each.set(ref, { outcome: "RolledBack" });
  return each;
}

function judgeOne(server: Server, { ref, from }: RefUpdate): RefOutcome {
  const message = server.refusal(ref, "update");
  if (message !== undefined) return { outcome: "Refused", message: `hook declined: ${message}` };
  return server.refs.get(ref) === from ? { outcome: "Accepted" } : { outcome: "Stale" };
}

function firstParents(server: Server, tip: CommitId, limit: number): readonly Commit[] {
  const commits: Commit[] = [];
  for (let id: CommitId | undefined = tip; id !== undefined && commits.length < limit; ) {
    const found: Commit | undefined = server.commits.get(id)?.commit;
    if (found === undefined) break;
    commits.push(found);
    id = found.parents[0];
  }
  return commits;
}

function filesOf(server: Server, commit: CommitId): Files {
  return server.commits.get(commit)?.files ?? new Map();
}

/** `salt` keeps the ids of two commits apart that say the same, as a clock does. */
function fail(id: CommitId): never {
  throw new Error(`the server never had ${id}`);
}

function build(draft: CommitDraft, before: Files, salt: string): FakeCommit & { blobs: ReadonlyMap<BlobId, string> } {
  const files = new Map(before);
  const blobs = new Map<BlobId, string>();
  const content = new Map<string, FileChange["content"]>(draft.changes.map((change) => [change.path, change.content]));
  for (const [path, value] of content) {
    if (!isPath(path)) throw stalled("PathInvalid", `${JSON.stringify(path)} is no path in a repository`);
    if (value === null) files.delete(path);
  }
  for (const [path, value] of content) {
    if (value === null) continue;
    const oid = typeof value === "string" ? blobId(value) : value.blob;
    if (typeof value === "string") blobs.set(oid, value);
    files.set(path, { mode: files.get(path)?.mode ?? "100644", oid });
  }
  checkConflicts(files);
  const { parent, author, committer, message } = draft;
  const parents = parent === undefined ? [] : [parent];
  const id = createHash("sha1")
    .update(JSON.stringify([salt, parents, author, committer, message, [...files]]))
    .digest("hex");
  return { commit: { id, parents, author, committer, message }, files, blobs };
}

function isPath(path: string): boolean {
  return path.split("/").every((part) => !["", ".", ".."].includes(part) && part.toLowerCase() !== ".git");
}

function checkConflicts(files: Files): void {
  for (const path of files.keys()) {
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1)) {
      const folder = path.slice(0, slash);
      if (files.has(folder)) throw stalled("PathInvalid", `${folder} is a file, so ${path} cannot be in it`);
    }
  }
}

function treeOf(files: Files): Tree {
  let built: ReadonlyMap<string, ReadonlyMap<string, TreeEntry>> | undefined;
  const folders = (): ReadonlyMap<string, ReadonlyMap<string, TreeEntry>> => (built ??= foldersOf(files));
  return {
    entry: (path) =>
      folders()
        .get(parentOf(path))
        ?.get(path.slice(path.lastIndexOf("/") + 1)),
    list: (path) => folders().get(path) ?? new Map<string, TreeEntry>(),
    *files(path) {
      const prefix = path === "" ? "" : `${path}/`;
      for (const file of [...files.keys()].filter((name) => name.startsWith(prefix)).toSorted(byBytes)) {
        const entry = files.get(file);
        if (entry !== undefined) yield [file, entry];
      }
    },
  };
}

function foldersOf(files: Files): ReadonlyMap<string, ReadonlyMap<string, TreeEntry>> {
  const folders = new Map<string, Map<string, TreeEntry>>();
  const folder = (path: string): Map<string, TreeEntry> => {
    const found = folders.get(path) ?? new Map<string, TreeEntry>();
    folders.set(path, found);
    return found;
  };
  for (const [path, entry] of [...files].toSorted(([a], [b]) => byBytes(a, b))) {
    folder(parentOf(path)).set(path.slice(path.lastIndexOf("/") + 1), entry);
    for (let at = parentOf(path); at !== ""; at = parentOf(at)) {
      const oid = createHash("sha1").update(at).digest("hex");
      folder(parentOf(at)).set(at.slice(at.lastIndexOf("/") + 1), { mode: "40000", oid });
    }
  }
  return folders;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function blobId(text: string): BlobId {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
