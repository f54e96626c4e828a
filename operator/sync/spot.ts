/** PURE: where an object stands on the source branch, or is to stand, as far as trees and the index of files tell. */
import type { RefusalReason } from "../api/reasons.ts";
import { sourceName } from "../layout/edit.ts";
import { isManifestBelow } from "../layout/path.ts";
import { type Layout, place } from "../layout/place.ts";
import type { BlobId, Identity, JsonObject, Manifest, Recorded, RepoPath, SourceFile } from "../values.ts";
import type { SourceView } from "./source-view.ts";
import { documentOf, vouches } from "./source-view.ts";

export interface Spots {
  readonly source: SourceView;
  readonly layout: Layout;
  /** The Capture's path. */
  readonly path: RepoPath;
}

interface Refused {
  readonly reason: RefusalReason;
  readonly detail: string;
}

export type Spot =
  | {
      readonly stands: true;
      readonly path: RepoPath;
      /** Of the file. */
      readonly blob: BlobId;
      /** How the record names it. */
      readonly source: SourceFile;
      /** Its file holds nothing else. */
      readonly alone: boolean;
      /** undefined: not read yet. */
      readonly content: JsonObject | undefined;
      readonly refused: Refused | undefined;
    }
  | {
      readonly stands: false;
      readonly path: RepoPath;
      /** Of the file that it is added to. */
      readonly blob: BlobId | undefined;
      readonly add: boolean;
      /** A file whose style a new one follows, with its blob. */
      readonly likePath: RepoPath | undefined;
      readonly like: BlobId | undefined;
      readonly refused: Refused | undefined;
    };

export interface SpotObject {
  readonly key: string;
  readonly identity: Identity;
  readonly live: Manifest | undefined;
  readonly recorded: Recorded | undefined;
}

/** The file that the record knows, the file that names the object, or a new one. */
export function spotOf({ source, layout, path: base }: Spots, { key, identity, live, recorded }: SpotObject): Spot {
  const known = recorded?.source.find(({ path }) => isManifestBelow(base, path));
  const document = documentOf(source, key);
  const isVouched = known !== undefined && vouches(source, known);
  const twice = source.index.duplicates.get(key) ?? [];
  const isElsewhere = known !== undefined && document !== undefined && document.file.path !== known.path;
  const places = isVouched && isElsewhere ? [known.path, document.file.path] : twice;
  const refused =
    places.length > 1
      ? { reason: "StandsTwice" as const, detail: `it stands in more than one place: ${places.join(", ")}` }
      : undefined;
  if (isVouched && known !== undefined) {
    const { path, blob } = known;
    return { stands: true, path, blob, source: known, alone: true, content: undefined, refused };
  }
  if (document !== undefined) {
    const { file, content, alone, readOnly } = document;
    const { path, blob } = file;
    const locked = readOnly ? { reason: "FileReadOnly" as const, detail: `${path}: ${readOnly}` } : undefined;
    const named = alone ? file : sourceName(path, content, undefined);
    return { stands: true, path, blob, source: named, alone, content, refused: refused ?? locked };
  }
  const home = known === undefined || source.tree.entry(known.path) ? newHome() : { path: known.path, add: false };
  const { path, add, like: likePath } = { like: undefined, ...home };
  const hidden = source.index.unreadable.find((file) => file.path === known?.path) ?? source.index.hidden(identity);
  const there = source.tree.entry(path)?.oid;
  return {
    stands: false,
    path,
    blob: add ? there : undefined,
    add,
    likePath,
    like: likePath && source.tree.entry(likePath)?.oid,
    refused: hidden
      ? { reason: "FileReadOnly", detail: `${hidden.path} seems to hold it, and cannot be read: ${hidden.why}` }
      : there !== undefined && !add
        ? { reason: "PathOccupied", detail: `${path} holds something that this capture did not write` }
        : undefined,
  };

  function newHome(): ReturnType<typeof place> {
    return place(layout, base, { identity, content: live?.content ?? {} }, source.neighbourhood());
  }
}

/** Whether the branch holds an object as the record has it, and once only. */
export function standsAsRecorded(source: SourceView, key: string, { source: files }: Recorded): boolean {
  const document = documentOf(source, key);
  return files.every((file) => {
    if (vouches(source, file)) return document === undefined || document.file.path === file.path;
    if (document === undefined || document.alone || document.file.path !== file.path) return false;
    return sourceName(file.path, document.content, undefined).blob === file.blob && !source.index.duplicates.has(key);
  });
}
