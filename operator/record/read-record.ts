/** PURE: reads the record from its trees alone. */
import type { Identity, Recorded, SourceFile, Tree } from "../values.ts";
import { decode, identityAt, recordFolder } from "./record-path.ts";

export function readRecorded(tree: Tree, identity: Identity): Recorded | undefined {
  const live = tree.entry(`${recordFolder("live", identity)}.yaml`)?.oid;
  const base = tree.entry(`${recordFolder("base", identity)}.yaml`)?.oid;
  const source = sourceOf(tree, identity);
  return live === undefined && base === undefined && source.length === 0 ? undefined : { live, base, source };
}

/** Every object that has an entry, each once. */
export function* listRecorded(tree: Tree): IterableIterator<readonly [Identity, Recorded]> {
  const seen = new Set<string>();
  for (const part of ["live", "base"] as const) {
    for (const [path] of tree.files(part)) {
      const below = path.slice(part.length + 1).replace(/\.yaml$/, "");
      if (seen.has(below)) continue;
      seen.add(below);
      const identity = identityAt(below.split("/"));
      const recorded = identity && readRecorded(tree, identity);
      if (identity !== undefined && recorded !== undefined) yield [identity, recorded];
    }
  }
}

function sourceOf(tree: Tree, identity: Identity): readonly SourceFile[] {
  return [...tree.list(recordFolder("source", identity))].map(([name, { oid }]) => ({ path: decode(name), blob: oid }));
}
