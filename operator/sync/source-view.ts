/** The source branch as last fetched: its tree, and where in it the objects of a capture live. */

import { type Neighbourhood, neighbourhood } from "../layout/place.ts";
import type { IndexedDocument, SourceIndex } from "../layout/source-index.ts";
import { indexSource } from "../layout/source-index.ts";
import { survey } from "../layout/survey.ts";
import type { ParsedFile } from "../manifest/parse-manifests.ts";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { RepositoryReader } from "../ports.ts";
import type { BlobId, CommitId, RefName, RepoPath, SourceFile, Tree } from "../values.ts";

export interface IndexedFile {
  readonly file: SourceFile;
  readonly parsed: ParsedFile;
}

export interface Unreadable {
  readonly path: RepoPath;
  readonly why: string;
}

export interface SourceView {
  readonly ref: RefName;
  /** Where the branch stands; undefined: it does not exist yet. */
  readonly tip: CommitId | undefined;
  /** What the next commit builds on: the tip, or the default branch's commit where the branch is still to be made. */
  readonly parent: CommitId | undefined;
  readonly tree: Tree;
  /** The Capture's. */
  readonly path: RepoPath;
  readonly namespace: string;
  /** Files that were read because the record does not vouch for them, by path. */
  readonly files: ReadonlyMap<RepoPath, IndexedFile>;
  /** Their documents. */
  readonly index: SourceIndex;
  /** What is no file of manifests and is left alone: links, submodules. */
  readonly skipped: readonly Unreadable[];
  /** What is never edited: that, and files that cannot be read or edited safely. */
  readonly leftAlone: () => readonly Unreadable[];
  readonly neighbourhood: () => Neighbourhood;
  /** Why nothing can be written to the branch as it is now. */
  readonly refusal: string | undefined;
}

export interface ReadSourceInput {
  readonly repository: RepositoryReader;
  readonly ref: RefName;
  readonly tip: CommitId | undefined;
  readonly parent: CommitId | undefined;
  readonly path: RepoPath;
  readonly namespace: string;
  /** Whether the record vouches for a file: of one object alone, written or adopted by this capture, not touched since. */
  readonly vouched: (file: SourceFile) => boolean;
  /** Parsed files by blob: what did not move is not read again. Pruned to what is still there. */
  readonly parsed: Map<BlobId, ParsedFile>;
}

/** Surveys the branch below the path and reads the files that nobody vouches for, in one request. */
export async function readSource(input: ReadSourceInput): Promise<SourceView> {
  const { repository, ref, tip, parent, path, parsed, namespace } = input;
  const tree = parent === undefined ? emptyTree() : await repository.tree(parent, path);
  const surveyed = survey(tree, path);
  if (surveyed.verdict === "Refused") return { ...emptySource(ref), tip, parent, tree, refusal: surveyed.detail };
  const foreign = surveyed.files.filter((file) => !input.vouched(file));
  const missing = foreign.filter((file) => !parsed.has(file.blob)).map((file) => file.blob);
  if (missing.length > 0) {
    for (const [blob, text] of await repository.blobs(new Set(missing))) parsed.set(blob, parseManifests(text));
  }
  const wanted = new Set(foreign.map((file) => file.blob));
  for (const blob of parsed.keys()) if (!wanted.has(blob)) parsed.delete(blob);
  const files = new Map<RepoPath, IndexedFile>();
  for (const file of foreign) {
    const found = parsed.get(file.blob);
    if (found !== undefined) files.set(file.path, { file, parsed: found });
  }
  return viewOf({ ref, tip, parent, tree, refusal: undefined }, files, surveyed.skipped, namespace, path);
}

/**
 * The view after a push of ours was accepted that wrote these files (null: removed). Of those that are not `shared` by
 * several objects the record says whose they are.
 */
export function advanceSource(
  view: SourceView,
  tip: CommitId,
  tree: Tree,
  written: ReadonlyMap<RepoPath, string | null>,
  shared: ReadonlySet<RepoPath>,
): SourceView {
  const { index, files: before, skipped, namespace, path: base } = view;
  const advanced = { ...view, tip, parent: tip, tree };
  if (shared.size === 0 && ![...written.keys()].some((path) => before.has(path)))
    return { ...advanced, neighbourhood: once(() => neighbourhood(index, tree, base)) };
  const files = new Map(before);
  for (const [path, text] of written) {
    const blob = tree.entry(path)?.oid;
    if (text === null || blob === undefined || !shared.has(path)) files.delete(path);
    else files.set(path, { file: { path, blob }, parsed: parseManifests(text) });
  }
  return viewOf(advanced, files, skipped, namespace, base);
}

function viewOf(
  place: Pick<SourceView, "ref" | "tip" | "parent" | "tree" | "refusal">,
  files: SourceView["files"],
  skipped: SourceView["skipped"],
  namespace: string,
  path: RepoPath,
): SourceView {
  const index = indexSource([...files.values()], namespace);
  const around = once(() => neighbourhood(index, place.tree, path));
  const leftAlone = once(() => leftAloneIn(index, skipped));
  return { ...place, index, files, skipped, namespace, path, leftAlone, neighbourhood: around };
}

function leftAloneIn({ homes, unreadable }: SourceIndex, skipped: readonly Unreadable[]): readonly Unreadable[] {
  const found = new Map([...skipped, ...unreadable].map(({ path, why }) => [path, why]));
  for (const { file, readOnly } of homes.values()) if (readOnly !== undefined) found.set(file.path, readOnly);
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([path, why]) => ({ path, why }));
}

/** The document of an object that stands in a file which the record does not vouch for. */
export function documentOf(view: SourceView, key: string): IndexedDocument | undefined {
  const found = view.index.homes.get(key);
  if (found === undefined) return undefined;
  return view.tree.entry(found.file.path)?.oid === found.file.blob ? found : undefined;
}

/** Whether the branch still holds a file as the record left it. */
export function vouches(view: SourceView, file: SourceFile): boolean {
  return view.tree.entry(file.path)?.oid === file.blob;
}

/** Before the branch was read. */
export function emptySource(ref: RefName): SourceView {
  const place = { ref, tip: undefined, parent: undefined, tree: emptyTree(), refusal: undefined };
  return viewOf(place, new Map(), [], "", "");
}

export function emptyTree(): Tree {
  const nothing = new Map<string, never>();
  return {
    entry: () => undefined,
    list: () => nothing,
    files: () => [][Symbol.iterator](),
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
