/**
 * A tree object in memory. It is immutable and holds its folders strongly, so whoever holds a root can read all below
 * it. The bytes are kept as git has them, and parsed when somebody looks.
 */
import { type Failure, stalled } from "../failures.ts";
import type { ObjectId, Tree, TreeEntry } from "../values.ts";
import type { Segment } from "./delta.ts";
import type { Limits } from "./limits.ts";

/** How a tree follows from the one at the same path before. */
export interface TreeDelta {
  readonly base: TreeNode;
  readonly segments: readonly Segment[];
  /** How many trees it is away from one that the server has. */
  readonly depth: number;
}

/** Below this many bytes a tree is parsed at the first look into it. */
const smallTree = 4_096;
/** Looks into a larger tree that are answered by reading through it, before it is parsed. */
const scansBeforeParsing = 3;

export class TreeNode {
  readonly oid: ObjectId;
  readonly raw: Buffer;
  readonly folders: ReadonlyMap<string, TreeNode>;
  /** Whether the server has it. */
  sent: boolean;
  delta: TreeDelta | undefined;
  #entries: ReadonlyMap<string, TreeEntry> | undefined;
  #scans = 0;

  constructor(oid: ObjectId, raw: Buffer, folders: ReadonlyMap<string, TreeNode>, sent: boolean) {
    this.oid = oid;
    this.raw = raw;
    this.folders = folders;
    this.sent = sent;
  }

  /** By name, in git's order. */
  get entries(): ReadonlyMap<string, TreeEntry> {
    this.#entries ??= parseEntries(this.raw);
    return this.#entries;
  }

  find(name: string): TreeEntry | undefined {
    if (this.#entries === undefined && this.raw.length > smallTree && this.#scans < scansBeforeParsing) {
      this.#scans++;
      return scanFor(this.raw, name);
    }
    return this.entries.get(name);
  }
}

/** Names and ids of the folders in a tree. Throws Failure RemoteInvalid for bytes that are no tree. */
export function readFolders(raw: Buffer): readonly (readonly [name: string, oid: ObjectId])[] {
  const folders: (readonly [string, ObjectId])[] = [];
  for (let at = 0; at < raw.length; ) {
    const entry = readEntry(raw, at);
    if (entry.folder)
      folders.push([raw.toString("utf8", entry.name, entry.end - 21), raw.toString("hex", entry.end - 20, entry.end)]);
    at = entry.end;
  }
  return folders;
}

export interface EntryPosition {
  readonly folder: boolean;
  /** Offset of the name, which ends 21 bytes before `end`. */
  readonly name: number;
  readonly end: number;
}

/** The entry at an offset: `<mode> <name>\0<20 bytes>`. Throws Failure RemoteInvalid. */
export function readEntry(raw: Buffer, at: number): EntryPosition {
  let name = at;
  while (raw[name] !== 32) {
    const digit = raw[name++];
    if (digit === undefined || digit < 48 || digit > 55 || name - at > 6) throw broken();
  }
  const nul = raw.indexOf(0, ++name);
  const end = nul + 21;
  if (nul <= name || end > raw.length) throw broken();
  // Some old tools wrote the mode of a folder with a zero before it.
  const folder = raw[at] === 52 || (raw[at] === 48 && raw[at + 1] === 52);
  return { folder, name, end };
}

/** The port's view of a tree, by paths. `files` throws Failure RemoteInvalid past the limits. */
export function viewTree(root: TreeNode, limits: Limits): Tree {
  return {
    entry(path) {
      const slash = path.lastIndexOf("/");
      const folder = findFolder(root, slash < 0 ? "" : path.slice(0, slash));
      return folder?.find(path.slice(slash + 1));
    },
    list: (path) => findFolder(root, path)?.entries ?? new Map<string, TreeEntry>(),
    files: (path) => listFiles(root, path, limits),
  };
}

function findFolder(root: TreeNode, path: string): TreeNode | undefined {
  let node: TreeNode | undefined = root;
  if (path === "") return node;
  for (const name of path.split("/")) {
    node = node.folders.get(name);
    if (node === undefined) return undefined;
  }
  return node;
}

function* listFiles(root: TreeNode, path: string, limits: Limits): Generator<readonly [string, TreeEntry], undefined> {
  const top = findFolder(root, path);
  if (top === undefined) return undefined;
  const stack = [{ node: top, prefix: path === "" ? "" : `${path}/`, rest: top.entries.entries() }];
  let seen = 0;
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    const next = at.rest.next();
    if (next.done) {
      stack.pop();
      continue;
    }
    if (++seen > limits.files) throw stalled("RemoteInvalid", `the repository holds more than ${limits.files} files`);
    const [name, entry] = next.value;
    if (at.prefix.length + name.length > limits.pathLength) {
      throw stalled("RemoteInvalid", `the repository holds a path of more than ${limits.pathLength} characters`);
    }
    const folder = at.node.folders.get(name);
    if (folder === undefined) yield [at.prefix + name, entry];
    else stack.push({ node: folder, prefix: `${at.prefix}${name}/`, rest: folder.entries.entries() });
  }
  return undefined;
}

function parseEntries(raw: Buffer): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (let at = 0; at < raw.length; ) {
    const found = readEntry(raw, at);
    entries.set(raw.toString("utf8", found.name, found.end - 21), entryAt(raw, at, found));
    at = found.end;
  }
  return entries;
}

function scanFor(raw: Buffer, name: string): TreeEntry | undefined {
  const wanted = Buffer.from(name);
  for (let at = 0; at < raw.length; ) {
    const found = readEntry(raw, at);
    const length = found.end - 21 - found.name;
    if (length === wanted.length && wanted.equals(raw.subarray(found.name, found.name + length))) {
      return entryAt(raw, at, found);
    }
    at = found.end;
  }
  return undefined;
}

function entryAt(raw: Buffer, at: number, { folder, name, end }: EntryPosition): TreeEntry {
  const mode = folder ? "40000" : raw.toString("latin1", at, name - 1);
  return { mode, oid: raw.toString("hex", end - 20, end) };
}

function broken(): Failure {
  return stalled("RemoteInvalid", "the repository holds a broken tree");
}
