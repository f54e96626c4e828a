/** PURE: reads the record from its trees alone. Anybody who may push can have written it: what is not ours is not seen. */
import type { BlobId, Identity, Recorded, SourceFile, Tree, TreeEntry } from "../values.ts";
import { decode, identityAt, recordPlace } from "./record-path.ts";

export function readRecorded(tree: Tree, identity: Identity): Recorded | undefined {
  return recordedAt(tree, recordPlace(identity));
}

function recordedAt(tree: Tree, place: string): Recorded | undefined {
  const live = blobOf(tree.entry(`live/${place}.yaml`));
  const base = blobOf(tree.entry(`base/${place}.yaml`));
  const source = sourceOf(tree, place);
  return live === undefined && base === undefined && source.length === 0 ? undefined : { live, base, source };
}

/** Every object that has an entry, each once. */
export function* listRecorded(tree: Tree): IterableIterator<readonly [Identity, Recorded]> {
  const seen = new Set<string>();
  for (const part of ["live", "base"] as const) {
    for (const [path] of tree.files(part)) {
      if (!path.endsWith(".yaml")) continue;
      const below = path.slice(part.length + 1, -".yaml".length);
      if (seen.has(below)) continue;
      seen.add(below);
      const identity = identityAt(below.split("/"));
      if (identity === undefined || recordPlace(identity) !== below) continue;
      const recorded = recordedAt(tree, below);
      if (recorded !== undefined) yield [identity, recorded];
    }
  }
}

function sourceOf(tree: Tree, place: string): readonly SourceFile[] {
  const files: SourceFile[] = [];
  for (const [name, entry] of tree.list(`source/${place}`)) {
    const path = decode(name);
    const blob = blobOf(entry);
    if (path !== undefined && blob !== undefined) files.push({ path, blob });
  }
  return files;
}

function blobOf(entry: TreeEntry | undefined): BlobId | undefined {
  return entry?.mode === "100644" ? entry.oid : undefined;
}
