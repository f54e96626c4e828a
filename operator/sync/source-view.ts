/** The source branch as last fetched: its tree, and where in it the objects of a capture live. */

import type { IndexedDocument, SourceIndex } from "../layout/source-index.ts";
import { indexSource } from "../layout/source-index.ts";
import { survey } from "../layout/survey.ts";
import type { ParsedFile } from "../manifest/parse-manifests.ts";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { RepositoryReader } from "../ports.ts";
import type { BlobId, CommitId, JsonObject, RefName, RepoPath, SourceFile, Tree } from "../values.ts";

export interface SourceView {
  readonly ref: RefName;
  /** Where the branch stands; undefined: it does not exist yet. */
  readonly tip: CommitId | undefined;
  /** What the next commit builds on: the tip, or the default branch's commit where the branch is still to be made. */
  readonly parent: CommitId | undefined;
  readonly tree: Tree;
  /** Documents of files that were read because the record does not vouch for them. */
  readonly index: SourceIndex;
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
  /** Whether the record vouches for a file: written or adopted by this capture, and not touched since. */
  readonly vouched: (file: SourceFile) => boolean;
  /** What is written of an object that stands in a file. */
  readonly content: (object: JsonObject) => JsonObject;
  /** Parsed files by blob: what did not move is not read again. Pruned to what is still there. */
  readonly parsed: Map<BlobId, ParsedFile>;
}

/** Surveys the branch below the path and reads the files that nobody vouches for, in one request. */
export async function readSource(input: ReadSourceInput): Promise<SourceView> {
  const { repository, ref, tip, parent, path, parsed } = input;
  const tree = parent === undefined ? emptyTree() : await repository.tree(parent, path);
  const surveyed = survey(tree, path);
  if (surveyed.verdict === "Refused") {
    return { ref, tip, parent, tree, index: indexSource([], input.namespace), refusal: surveyed.detail };
  }
  const foreign = surveyed.files.filter((file) => !input.vouched(file));
  const missing = foreign.filter((file) => !parsed.has(file.blob)).map((file) => file.blob);
  if (missing.length > 0) {
    for (const [blob, text] of await repository.blobs(new Set(missing)))
      parsed.set(blob, written(parseManifests(text), input.content));
  }
  const wanted = new Set(foreign.map((file) => file.blob));
  for (const blob of parsed.keys()) if (!wanted.has(blob)) parsed.delete(blob);
  const index = indexSource(
    foreign.flatMap((file) => {
      const found = parsed.get(file.blob);
      return found ? [{ file, parsed: found }] : [];
    }),
    input.namespace,
  );
  return { ref, tip, parent, tree, index, refusal: refusalOf(index) };
}

function written(file: ParsedFile, content: ReadSourceInput["content"]): ParsedFile {
  if (!file.readable) return file;
  return {
    ...file,
    documents: file.documents.map((document) => ({ ...document, content: content(document.content) })),
  };
}

/** The view after a push of ours was accepted: the files that it wrote are vouched for by the record. */
export function advanceSource(view: SourceView, tip: CommitId, tree: Tree): SourceView {
  return { ...view, tip, parent: tip, tree };
}

/** The document of an object that stands in a file which the record does not vouch for. */
export function documentOf(view: SourceView, key: string): IndexedDocument | undefined {
  const found = view.index.homes.get(key);
  if (found === undefined) return undefined;
  return view.tree.entry(found.file.path)?.oid === found.file.blob ? found : undefined;
}

/** Before the branch was read. */
export function emptySource(ref: RefName): SourceView {
  const index = indexSource([], "");
  return { ref, tip: undefined, parent: undefined, tree: emptyTree(), index, refusal: undefined };
}

export function emptyTree(): Tree {
  const nothing = new Map<string, never>();
  return {
    entry: () => undefined,
    list: () => nothing,
    files: () => [][Symbol.iterator](),
  };
}

function refusalOf(index: SourceIndex): string | undefined {
  const bad = index.unreadable[0];
  if (bad !== undefined) {
    const more = index.unreadable.length > 1 ? ` (and ${index.unreadable.length - 1} more)` : "";
    return `${bad.path} cannot be read: ${bad.why}${more}`;
  }
  const twice = index.duplicates[0];
  if (twice !== undefined) {
    const { kind, namespace, name } = twice.identity;
    return `${kind} ${namespace ? `${namespace}/` : ""}${name} stands in more than one file: ${twice.paths.join(", ")}`;
  }
  return undefined;
}
