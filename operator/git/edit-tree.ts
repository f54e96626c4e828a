/**
 * Changes paths in a tree by making anew only the trees on them: each new tree's bytes are the old one's with stretches
 * replaced, which is its delta as well.
 */
import { type Failure, stalled } from "../failures.ts";
import type { ObjectId, TreeEntry } from "../values.ts";
import type { Segment } from "./delta.ts";
import { createPause } from "./pause.ts";
import { readEntry, type TreeNode } from "./tree-node.ts";

/** What is to change in one folder, by name; a file's new blob, or null to remove it. */
export interface FolderChanges {
  readonly files: Map<string, ObjectId | null>;
  readonly folders: Map<string, FolderChanges>;
}

/** Makes the node of a tree's bytes; `before` is the node it was made from. */
export type MakeNode = (
  raw: Buffer,
  folders: ReadonlyMap<string, TreeNode>,
  before: { readonly node: TreeNode; readonly segments: readonly Segment[] } | undefined,
) => TreeNode;

/** Groups changes by folder; the last one of a path counts. Throws Failure PathInvalid for what is no path. */
export function groupChanges(changes: Iterable<readonly [path: string, blob: ObjectId | null]>): FolderChanges {
  const root: FolderChanges = { files: new Map(), folders: new Map() };
  // Most changes lie beside the one before.
  let lastPath = "";
  let last = root;
  for (const [path, blob] of changes) {
    const slash = path.lastIndexOf("/");
    const folder = slash < 0 ? "" : path.slice(0, slash);
    if (folder !== lastPath || slash === 0) {
      last = slash < 0 ? root : descend(root, folder, path);
      lastPath = folder;
    }
    const name = path.slice(slash + 1);
    checkName(name, path);
    last.files.set(name, blob);
  }
  return root;
}

function descend(root: FolderChanges, folder: string, path: string): FolderChanges {
  let at = root;
  for (const name of folder.split("/")) {
    checkName(name, path);
    let next = at.folders.get(name);
    if (next === undefined) {
      next = { files: new Map(), folders: new Map() };
      at.folders.set(name, next);
    }
    at = next;
  }
  return at;
}

/** What `git fsck --strict` does not let into a tree. */
function checkName(name: string, path: string): void {
  const bad = name === "" || name === "." || name === ".." || name.includes("\0") || /^\.git[ .]*$|^git~1$/i.test(name);
  if (bad || !name.isWellFormed()) throw refused(`${JSON.stringify(path)} is no path in a repository`);
}

/**
 * The folder after the changes; undefined where nothing is left in it. Lets other work run in between. Throws Failure
 * PathInvalid for conflicts.
 */
export async function editTree(
  node: TreeNode | undefined,
  changes: FolderChanges,
  make: MakeNode,
  pause: () => Promise<void> | undefined = createPause(),
  path = "",
): Promise<TreeNode | undefined> {
  const edits: EntryEdit[] = [];
  const folders = new Map(node?.folders);
  for (const [name, below] of changes.folders) {
    const here = join(path, name);
    const old = node?.find(name);
    const oldFolder = node?.folders.get(name);
    const isFile = old !== undefined && oldFolder === undefined;
    if (isFile && (!isPlainFile(old) || changes.files.get(name) !== null) && writes(below)) {
      throw refused(`${here} is ${describeEntry(old)}, so nothing can be written below it`);
    }
    const after = await editTree(oldFolder, below, make, pause, here);
    if (after === oldFolder) continue;
    if (after === undefined) folders.delete(name);
    else folders.set(name, after);
    if (after !== undefined || !isFile) edits.push({ name, before: old, after: after && folderEntry(after) });
  }
  for (const [name, blob] of changes.files) {
    const here = join(path, name);
    const old = node?.find(name);
    const folderNow = folders.get(name);
    if (blob === null) {
      if (old !== undefined && folderNow === undefined && node?.folders.get(name) === undefined) {
        if (!isPlainFile(old)) throw refused(`${here} is ${describeEntry(old)}, which is left alone`);
        edits.push({ name, before: old, after: undefined });
      }
      continue;
    }
    if (folderNow !== undefined) throw refused(`${here} is a folder, so no file can be written there`);
    const before = node?.folders.has(name) ? undefined : old;
    if (before !== undefined && !isPlainFile(before)) {
      throw refused(`${here} is ${describeEntry(before)}, which is left alone`);
    }
    if (before?.oid === blob) continue;
    edits.push({ name, before, after: { mode: before?.mode ?? "100644", oid: blob } });
  }
  if (edits.length === 0 && node !== undefined) return node;
  await pause();
  const { raw, segments } = splice(node?.raw ?? Buffer.alloc(0), edits);
  if (raw.length === 0) return undefined;
  return make(raw, folders, node && { node, segments });
}

interface EntryEdit {
  readonly name: string;
  readonly before: TreeEntry | undefined;
  readonly after: TreeEntry | undefined;
}

interface Operation {
  /** Where in git's order: the name, with a slash behind it for a folder. */
  readonly key: Buffer;
  readonly insert: Buffer | undefined;
}

function splice(
  raw: Buffer,
  edits: readonly EntryEdit[],
): { readonly raw: Buffer; readonly segments: readonly Segment[] } {
  const operations = edits.flatMap(operationsOf).toSorted((a, b) => Buffer.compare(a.key, b.key));
  const segments: Segment[] = [];
  let copied = 0;
  let at = 0;
  const copyTo = (end: number): void => {
    if (end > copied) segments.push({ start: copied, end });
  };
  for (const { key, insert } of operations) {
    let order = -1;
    let end = at;
    while (at < raw.length) {
      const entry = readEntry(raw, at);
      order = compareName(raw, entry.name, entry.end - 21, entry.folder, key);
      end = entry.end;
      if (order >= 0) break;
      at = end;
    }
    if (insert !== undefined || order === 0) {
      copyTo(at);
      copied = at;
    }
    if (insert !== undefined) segments.push({ insert });
    if (at < raw.length && order === 0) {
      copied = end;
      at = end;
    }
  }
  copyTo(raw.length);
  const parts = segments.map((segment) =>
    "insert" in segment ? segment.insert : raw.subarray(segment.start, segment.end),
  );
  return { raw: Buffer.concat(parts), segments };
}

/** An entry that becomes a folder, or ceases to be one, moves in git's order. */
function operationsOf({ name, before, after }: EntryEdit): readonly Operation[] {
  const key = (entry: TreeEntry): Buffer => Buffer.from(entry.mode === "40000" ? `${name}/` : name);
  const insert = after && Buffer.concat([Buffer.from(`${after.mode} ${name}\0`), Buffer.from(after.oid, "hex")]);
  if (before === undefined || after === undefined) {
    const known = before ?? after;
    return known === undefined ? [] : [{ key: key(known), insert }];
  }
  const moved = (before.mode === "40000") !== (after.mode === "40000");
  return moved
    ? [
        { key: key(before), insert: undefined },
        { key: key(after), insert },
      ]
    : [{ key: key(after), insert }];
}

function compareName(raw: Buffer, start: number, end: number, folder: boolean, key: Buffer): number {
  const length = end - start;
  for (let i = 0; ; i++) {
    const a = i < length ? raw[start + i] : i === length && folder ? 47 : undefined;
    const b = key[i];
    if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1;
    if (a !== b) return a - b;
  }
}

function folderEntry(node: TreeNode): TreeEntry {
  return { mode: "40000", oid: node.oid };
}

function writes(changes: FolderChanges): boolean {
  if ([...changes.files.values()].some((blob) => blob !== null)) return true;
  return [...changes.folders.values()].some(writes);
}

function isPlainFile({ mode }: TreeEntry): boolean {
  return mode.startsWith("100");
}

function describeEntry({ mode }: TreeEntry): string {
  if (mode === "120000") return "a symbolic link";
  return mode === "160000" ? "a submodule" : "a file";
}

function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function refused(message: string): Failure {
  return stalled("PathInvalid", message);
}
