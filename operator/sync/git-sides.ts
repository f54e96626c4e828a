/** What Git has of one object: now, and when both sides were last in step. */
import { identityKey, inNamespace } from "../manifest/identity.ts";
import { documentOf as documentIn, parseManifests } from "../manifest/parse-manifests.ts";
import type { RepositoryReader } from "../ports.ts";
import type { BlobId, Identity, JsonObject, Recorded } from "../values.ts";
import type { Target } from "./delivery-state.ts";
import { documentOf, type SourceView } from "./source-view.ts";

export interface GitSides {
  /** What is written of the object's document; undefined: there is none. */
  readonly now: JsonObject | undefined;
  /** undefined: both sides never were in step. */
  readonly before: { readonly base: JsonObject; readonly then: JsonObject } | undefined;
}

export interface GitSidesInput extends Pick<Target, "reader" | "capture"> {
  readonly repository: RepositoryReader;
  readonly recordRepository: RepositoryReader;
  readonly source: SourceView;
  readonly recorded: Recorded | undefined;
}

/** Throws Failure. */
export async function readGitSides(input: GitSidesInput, identity: Identity): Promise<GitSides> {
  const { repository, recordRepository, reader, capture, source, recorded } = input;
  const written = (object: JsonObject): JsonObject => reader.content(inNamespace(object, capture.namespace));
  const read = async (from: RepositoryReader, blob: BlobId): Promise<JsonObject | undefined> => {
    const text = (await from.blobs([blob])).get(blob) ?? "";
    const content = documentIn(parseManifests(text), identity)?.content;
    return content && written(content);
  };
  const stands = documentOf(source, identityKey(identity))?.content;
  const [known] = recorded?.source ?? [];
  const file = known && source.tree.entry(known.path);
  const now = stands ? written(stands) : file && (await read(repository, file.oid));
  const base = recorded?.base && (await read(recordRepository, recorded.base));
  const then = known && (await read(recordRepository, known.blob));
  return { now, before: base && then ? { base, then } : undefined };
}
