/** PURE: how a state of an object is written at its home, and how the record names what stands there then. */
import { blobId } from "../manifest/blob-id.ts";
import { serialize } from "../manifest/serialize.ts";
import type { BlobId, Edited, Identity, JsonObject, Manifest, Merge, Merged, RepoPath, SourceFile } from "../values.ts";
import { addToText, type EditedText, editText } from "./edit-text.ts";
import { newDocument } from "./new-document.ts";

export type HomeNow =
  | {
      readonly stands: true;
      readonly path: RepoPath;
      /** Its file holds nothing else. */
      readonly alone: boolean;
      /** Its file is as Clickscribe wrote it, and is written anew. */
      readonly whole: boolean;
    }
  | {
      readonly stands: false;
      readonly path: RepoPath;
      /** The file holds other objects and gets one more. */
      readonly add: boolean;
      /** The text of a file whose style a new one follows. */
      readonly like: string | undefined;
    };

export interface EditInput {
  readonly identity: Identity;
  readonly home: HomeNow;
  /** undefined: the object is gone. */
  readonly manifest: Manifest | undefined;
  /** undefined: what is written is the manifest itself. */
  readonly merge: Merge | undefined;
  /** What a document without a namespace means. */
  readonly namespace: string;
  /** A file as this push leaves it so far; null: it was removed; undefined: there is none, or it need not be read. */
  readonly text: (path: RepoPath) => string | null | undefined;
}

export function edit(input: EditInput): Edited {
  const { home, manifest, merge } = input;
  const before = input.text(home.path) ?? undefined;
  if (manifest === undefined) return removed(input, before);
  const merged = merge?.(manifest);
  const wanted = merged?.content ?? manifest.content;
  const written =
    merged === undefined && (before === undefined || (home.stands && home.whole))
      ? { verdict: "Edited" as const, text: anew(input, manifest) }
      : bring(input, before, wanted);
  if (written.verdict === "Refused") return refused(written.why, home.path);
  const { text } = written;
  const changes = text === before ? [] : [{ path: home.path, content: text }];
  const isAlone = home.stands ? home.alone : !home.add;
  const isWhole = text === manifest.text;
  const names = isWhole
    ? { source: [{ path: home.path, blob: manifest.blob }] }
    : named(home.path, wanted, isAlone ? (text ?? "") : undefined, merged);
  return { verdict: "Edited", changes, ...names, isShared: !isAlone || merged?.then !== undefined };
}

function removed({ identity, home, namespace }: EditInput, before: string | undefined): Edited {
  const { path } = home;
  if (home.stands && home.whole) return { verdict: "Edited", changes: [{ path, content: null }], source: [] };
  if (before === undefined) return { verdict: "Edited", changes: [], source: [] };
  const edited = editText(before, { identity, wanted: undefined, defaultNamespace: namespace });
  if (edited.verdict === "Edited")
    return { verdict: "Edited", changes: [{ path, content: edited.text }], source: [], isShared: edited.text !== null };
  return edited.reason === "NotFound" ? { verdict: "Edited", changes: [], source: [] } : refused(edited.why, path);
}

/** A file of its own. */
function anew({ home }: EditInput, { text, content }: Manifest): string {
  const isJson = /\.json$/i.test(home.path);
  const like = home.stands ? undefined : home.like;
  return isJson || like !== undefined ? newDocument(content, like, isJson) : text;
}

function bring({ identity, namespace, home }: EditInput, before: string | undefined, wanted: JsonObject): EditedText {
  if (before === undefined)
    return { verdict: "Edited", text: newDocument(wanted, undefined, /\.json$/i.test(home.path)) };
  const edited = editText(before, { identity, wanted, defaultNamespace: namespace });
  return edited.verdict === "Refused" && edited.reason === "NotFound" ? addToText(before, wanted) : edited;
}

/**
 * A file that the object has for itself is named by its blob, so that a start need not read it; a document among others
 * by the blob of its canonical text, which stays when the others change.
 */
export function sourceName(path: RepoPath, content: JsonObject, alone: string | undefined): SourceFile {
  return { path, blob: blobId(alone ?? serialize(content)) };
}

function named(
  path: RepoPath,
  content: JsonObject,
  alone: string | undefined,
  merged: Merged | undefined,
): Pick<Extract<Edited, { readonly verdict: "Edited" }>, "source" | "base" | "texts"> {
  const texts = new Map<BlobId, string>();
  const keep = (text: string): BlobId => {
    const blob = blobId(text);
    texts.set(blob, text);
    return blob;
  };
  const base = merged?.base && keep(serialize(merged.base));
  const source = { path, blob: keep(merged?.then ? serialize(merged.then) : (alone ?? serialize(content))) };
  return { source: [source], ...(base !== undefined && { base }), texts };
}

function refused(why: string, path: RepoPath): Edited {
  return { verdict: "Refused", reason: "FileReadOnly", detail: `${path}: ${why}` };
}
