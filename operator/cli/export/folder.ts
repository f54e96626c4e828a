/** A folder of this machine, read as the source branch of a repository is, and written to file by file. */
import { randomBytes } from "node:crypto";
import { type Dirent, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { blobId } from "../../manifest/blob-id.ts";
import type { RepositoryReader } from "../../ports.ts";
import type { PlannedFile } from "../../sync/plan-result.ts";
import type { BlobId, RefName, Tree, TreeEntry } from "../../values.ts";
import { Complaint } from "../perform.ts";

/** Throws Complaint where it cannot be read. What is missing is empty. */
export function readFolder(folder: string, ref: RefName): RepositoryReader {
  const texts = new Map<BlobId, string>();
  const tree = treeOf(complaining(folder, "read", () => walk(folder, "", texts)));
  // Any name does: nothing asks for more than the tree of it.
  const commit = "0".repeat(40);
  return {
    fetch: (refs) =>
      Promise.resolve({
        refs: new Map(refs.map((asked) => [asked, asked === ref ? commit : undefined])),
        head: ref,
        atomic: false,
      }),
    tree: () => Promise.resolve(tree),
    blobs: (ids) => Promise.resolve(new Map([...ids].map((id) => [id, texts.get(id) ?? ""]))),
    isAncestor: async () => undefined,
    history: () => Promise.resolve([]),
  };
}

/** Each file is complete or not there, and a link in its place is replaced, not followed. Throws Complaint. */
export function writeFolder(folder: string, files: readonly PlannedFile[], wrote: () => void): void {
  complaining(folder, "written", () => {
    mkdirSync(folder, { recursive: true });
    for (const { path, after } of files) {
      if (after === undefined) continue;
      const file = join(folder, path);
      mkdirSync(dirname(file), { recursive: true });
      const draft = `${file}.${randomBytes(4).toString("hex")}~`;
      try {
        writeFileSync(draft, after, { flag: "wx" });
        renameSync(draft, file);
      } catch (error) {
        rmSync(draft, { force: true });
        throw error;
      }
      wrote();
    }
  });
}

function walk(folder: string, under: string, texts: Map<BlobId, string>): ReadonlyMap<string, TreeEntry> {
  const entries = new Map<string, TreeEntry>();
  for (const entry of list(join(folder, under))) {
    const path = under === "" ? entry.name : `${under}/${entry.name}`;
    if (entry.isDirectory()) {
      // What a version control keeps there is none of ours, and much.
      if (entry.name === ".git") continue;
      entries.set(path, { mode: "40000", oid: unknown });
      for (const [below, found] of walk(folder, path, texts)) entries.set(below, found);
    } else if (entry.isSymbolicLink()) {
      entries.set(path, { mode: "120000", oid: unknown });
    } else if (entry.isFile()) {
      entries.set(path, { mode: "100644", oid: isManifest(entry.name) ? take(join(folder, path), texts) : unknown });
    }
  }
  return entries;
}

const unknown = "f".repeat(40);

function list(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function isManifest(name: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(name);
}

function take(file: string, texts: Map<BlobId, string>): BlobId {
  const text = readFileSync(file, "utf8");
  const blob = blobId(text);
  texts.set(blob, text);
  return blob;
}

function treeOf(entries: ReadonlyMap<string, TreeEntry>): Tree {
  return {
    entry: (path) => (path === "" ? { mode: "40000", oid: unknown } : entries.get(path)),
    list(folder) {
      const prefix = folder === "" ? "" : `${folder}/`;
      const found = new Map<string, TreeEntry>();
      for (const [path, entry] of entries) {
        const name = path.slice(prefix.length);
        if (path.startsWith(prefix) && !name.includes("/")) found.set(name, entry);
      }
      return found;
    },
    *files(folder) {
      const prefix = folder === "" ? "" : `${folder}/`;
      for (const [path, entry] of entries)
        if (path.startsWith(prefix) && entry.mode !== "40000") yield [path, entry] as const;
    },
  };
}

function complaining<T>(folder: string, what: "read" | "written", work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new Complaint(`FOLDER: ${path ?? folder} cannot be ${what} (${code})`);
  }
}
