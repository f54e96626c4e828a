/**
 * What is to be known of objects before it is decided about them: where each stands on the source branch, and, where
 * something changed, what both sides were when they were last in step. One request to each repository at most.
 */
import type { RefusalReason } from "../api/reasons.ts";
import type { HomeNow } from "../layout/edit.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import { documentOf, type ParsedFile, parseManifests } from "../manifest/parse-manifests.ts";
import { type Before, type FileNow, isKnown, isWhole, needsBefore } from "../merge/decide.ts";
import type { Sides } from "../merge/merge-fields.ts";
import type { RepositoryReader } from "../ports.ts";
import type { BlobId, Identity, JsonObject, Manifest, Recorded, RepoPath } from "../values.ts";
import { type Spot, type Spots, spotOf } from "./spot.ts";
import { manifestFromText } from "./undelivered.ts";

export interface ObjectNow {
  readonly key: string;
  readonly identity: Identity;
  /** As the cluster has it now. */
  readonly live: Manifest | undefined;
  readonly recorded: Recorded | undefined;
  /** As Argo CD or Flux left it last, where they changed it since both sides were in step. */
  readonly applied?: JsonObject | undefined;
  /** Who owns what of it, where that is known. */
  readonly owners?: Sides["owners"] | undefined;
  /** It was there when the capture began, and nobody changed it since. */
  readonly isFromStart?: boolean;
}

export interface WeighedObject extends ObjectNow {
  readonly home: HomeNow;
  readonly file: FileNow | undefined;
  /** Why nothing is written there. */
  readonly refused: { readonly reason: RefusalReason; readonly detail: string } | undefined;
  readonly before: Before | undefined;
  readonly schema: KindSchema | undefined;
}

/** How the fields of an object's kind are merged; undefined: the API server does not say. */
export type SchemaOf = (manifest: Manifest) => Promise<KindSchema | undefined>;

export interface WeighInput extends Spots {
  readonly repository: RepositoryReader;
  readonly recordRepository: RepositoryReader;
  readonly schemaOf: SchemaOf;
  /** What the record is to hold with its next commit. */
  readonly texts: ReadonlyMap<BlobId, string>;
}

export interface Weighing {
  readonly objects: readonly WeighedObject[];
  /** The text of a file that may be edited, as the branch has it. */
  readonly text: (path: RepoPath) => string | undefined;
}

export async function weighObjects(input: WeighInput, objects: readonly ObjectNow[]): Promise<Weighing> {
  const { tree } = input.source;
  const sketches = objects.map((object) => ({ object, spot: spotOf(input, object) }));
  const wanted = new Set(sketches.flatMap(({ object, spot }) => recordToRead(object, spot)));
  const [files, stored] = await Promise.all([
    input.repository.blobs(new Set(sketches.flatMap(({ object, spot }) => filesToRead(object, spot)))),
    input.recordRepository.blobs(new Set([...wanted].filter((blob) => !input.texts.has(blob)))),
  ]);
  const records = new Map([...stored, ...input.texts]);
  const text = (path: RepoPath): string | undefined => files.get(tree.entry(path)?.oid ?? "");
  const contentIn = documentReader();
  const weighed = sketches.map(async ({ object, spot }): Promise<WeighedObject> => {
    const { live, recorded, identity } = object;
    const file = fileAt(spot, object, contentIn, files);
    const home = homeAt(spot, object, file, text);
    const { refused } = spot;
    if (file === undefined || !(needsBefore({ ...object, file }) || isFirstContact(object)))
      return { ...object, home, file, refused, before: undefined, schema: undefined };
    const base = recorded?.base === live?.blob ? live?.content : contentOfBase(object, records);
    const [known] = recorded?.source ?? [];
    const isSame = recorded !== undefined && isKnown(recorded, file.source);
    const then = isSame ? file.content : known && contentIn(known.blob, records.get(known.blob), identity);
    const before = base === undefined || then === undefined ? undefined : { base, then };
    return { ...object, home, file, refused, before, schema: live && (await input.schemaOf(live)) };
  });
  return { objects: await Promise.all(weighed), text };
}

function filesToRead({ live, recorded, applied }: ObjectNow, spot: Spot): readonly BlobId[] {
  if (!spot.stands) return [spot.blob, spot.like].filter((blob) => blob !== undefined);
  const { source, content, blob, alone } = spot;
  const sides = { live, recorded, file: { source, content }, ...(applied && { applied }) };
  const isEdited = live?.blob !== recorded?.base && !(alone && isWhole(sides));
  return isEdited || (content === undefined && needsBefore(sides)) ? [blob] : [];
}

function recordToRead({ live, recorded, applied }: ObjectNow, spot: Spot): readonly BlobId[] {
  if (!spot.stands || recorded === undefined) return [];
  const { source, content } = spot;
  const sides = { live, recorded, file: { source, content }, ...(applied && { applied }) };
  if (!needsBefore(sides)) return [];
  const [known] = recorded.source;
  const then = known === undefined || isKnown(recorded, source) ? [] : [known.blob];
  return recorded.base === undefined || recorded.base === live?.blob ? then : [...then, recorded.base];
}

function isFirstContact({ live, recorded }: ObjectNow): boolean {
  return live !== undefined && recorded?.base === undefined;
}

function contentOfBase({ recorded, identity }: ObjectNow, texts: ReadonlyMap<BlobId, string>): JsonObject | undefined {
  const text = recorded?.base && texts.get(recorded.base);
  return recorded?.base && text ? manifestFromText(identity, recorded.base, text).content : undefined;
}

type ContentIn = (blob: BlobId, text: string | undefined, identity: Identity) => JsonObject | undefined;

/** Each text is read once. */
function documentReader(): ContentIn {
  const parsed = new Map<BlobId, ParsedFile>();
  return (blob, text, identity) => {
    if (text === undefined) return undefined;
    const file = parsed.get(blob) ?? parseManifests(text);
    parsed.set(blob, file);
    return documentOf(file, identity)?.content;
  };
}

function fileAt(
  spot: Spot,
  { identity }: ObjectNow,
  contentIn: ContentIn,
  texts: ReadonlyMap<BlobId, string>,
): FileNow | undefined {
  if (!spot.stands) return undefined;
  const { source, content, blob } = spot;
  return { source, content: content ?? contentIn(blob, texts.get(blob), identity) };
}

function homeAt(
  spot: Spot,
  { recorded, applied }: ObjectNow,
  file: FileNow | undefined,
  text: (path: RepoPath) => string | undefined,
): HomeNow {
  if (!spot.stands || file === undefined) {
    const like = spot.stands || spot.likePath === undefined ? undefined : text(spot.likePath);
    return { stands: false, path: spot.path, add: !spot.stands && spot.add, like };
  }
  const whole = spot.alone && isWhole({ recorded, file, ...(applied && { applied }) });
  return { stands: true, path: spot.path, alone: spot.alone, whole };
}
