/** PURE: trees without some of their files. Each new tree is said as a delta on the one that it was made from. */
import { type Failure, stalled } from "../failures.ts";
import type { BlobId, ObjectId, RepoPath } from "../values.ts";
import type { Segment } from "./delta.ts";
import { deltaLength, encodeDelta } from "./delta.ts";
import { type GitObject, objectId } from "./object-id.ts";
import { readEntry } from "./tree-node.ts";
import type { PackEntry } from "./write-pack.ts";

export const emptyTree: ObjectId = objectId("tree", Buffer.alloc(0));

export type Objects = ReadonlyMap<ObjectId, GitObject>;

export interface Pruned {
  /** undefined: nothing is left in it. */
  readonly tree: ObjectId | undefined;
  /** The files that were taken out, as `PATH BLOB`, in git's order. */
  readonly removed: readonly string[];
}

/** Below this many bytes a tree is sent whole. */
const smallestDeltaTarget = 256;

/** Looks at each tree once, however many commits have it. */
export class TreePruner {
  /** What is to be sent: trees that there were not before. */
  readonly made: Map<ObjectId, PackEntry> = new Map();
  readonly #objects: Objects;
  readonly #removes: (path: RepoPath, blob: BlobId) => boolean;
  readonly #thin: boolean;
  readonly #done = new Map<string, Pruned>();

  /** `thin`: whether the reader completes deltas on objects that it has. */
  constructor(objects: Objects, thin: boolean, removes: (path: RepoPath, blob: BlobId) => boolean) {
    this.#objects = objects;
    this.#thin = thin;
    this.#removes = removes;
  }

  /** Throws Failure for a tree that is not there. */
  prune(tree: ObjectId, path = ""): Pruned {
    const key = `${path}\0${tree}`;
    const known = this.#done.get(key);
    if (known !== undefined) return known;
    const raw = treeBytes(this.#objects, tree);
    const segments: Segment[] = [];
    const removed: string[] = [];
    let copied = 0;
    const skip = (from: number, to: number, insert?: Buffer): void => {
      if (from > copied) segments.push({ start: copied, end: from });
      if (insert !== undefined) segments.push({ insert });
      copied = to;
    };
    for (const { name, id, folder, start, end } of readEntries(raw)) {
      const here = path === "" ? name : `${path}/${name}`;
      if (!folder) {
        if (!this.#removes(here, id)) continue;
        removed.push(`${here} ${id}`);
        skip(start, end);
        continue;
      }
      const below = this.prune(id, here);
      removed.push(...below.removed);
      if (below.tree === undefined) skip(start, end);
      else if (below.tree !== id) skip(end - 20, end, Buffer.from(below.tree, "hex"));
    }
    const pruned = { tree: this.#make(raw, tree, segments, copied), removed };
    this.#done.set(key, pruned);
    return pruned;
  }

  #make(raw: Buffer, base: ObjectId, segments: Segment[], copied: number): ObjectId | undefined {
    if (copied === 0) return base;
    if (copied < raw.length) segments.push({ start: copied, end: raw.length });
    const parts = segments.map((part) => ("insert" in part ? part.insert : raw.subarray(part.start, part.end)));
    const bytes = Buffer.concat(parts);
    if (bytes.length === 0) return undefined;
    const id = objectId("tree", bytes);
    const isDelta = this.#thin && bytes.length >= smallestDeltaTarget && deltaLength(segments) < bytes.length / 2;
    const delta = (): Buffer => encodeDelta(raw.length, bytes.length, segments);
    if (isDelta) this.made.set(id, { type: "delta", base, data: delta });
    else this.made.set(id, { type: "tree", data: () => bytes });
    return id;
  }
}

/** Each file below these trees, once for each path and content. Throws Failure past `limit`. */
export function* listFiles(
  objects: Objects,
  roots: Iterable<ObjectId>,
  limit: number,
): Generator<readonly [RepoPath, BlobId]> {
  const seen = new Set<string>();
  const stack: (readonly [path: string, tree: ObjectId])[] = [...roots].map((root) => ["", root]);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const [path, tree] = next;
    if (seen.has(`${path}\0${tree}`)) continue;
    seen.add(`${path}\0${tree}`);
    if (seen.size > limit) throw stalled("RemoteInvalid", `the history holds more than ${limit} files`);
    for (const { name, id, folder } of readEntries(treeBytes(objects, tree))) {
      const here = path === "" ? name : `${path}/${name}`;
      if (folder) stack.push([here, id]);
      else if (!seen.has(`${here}\0${id}`)) {
        seen.add(`${here}\0${id}`);
        yield [here, id];
      }
    }
  }
}

interface Entry {
  readonly name: string;
  readonly id: ObjectId;
  readonly folder: boolean;
  readonly start: number;
  readonly end: number;
}

function* readEntries(raw: Buffer): Generator<Entry> {
  for (let start = 0; start < raw.length; ) {
    const { folder, name, end } = readEntry(raw, start);
    yield { name: raw.toString("utf8", name, end - 21), id: raw.toString("hex", end - 20, end), folder, start, end };
    start = end;
  }
}

function treeBytes(objects: Objects, id: ObjectId): Buffer {
  const object = objects.get(id);
  if (object?.type === "tree") return object.data;
  // Git has it built in, and need not send it.
  if (id === emptyTree) return Buffer.alloc(0);
  throw missingTree(id);
}

function missingTree(id: ObjectId): Failure {
  return stalled("RemoteInvalid", `the server did not send the tree ${id}`);
}
