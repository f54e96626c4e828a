/** Every object in scope as a delivery would see it now, and what it would decide; nothing is written. */

import { applierOf } from "../consumers/applier.ts";
import { lastFieldManager } from "../manifest/field-manager.ts";
import { identityKey, inNamespace } from "../manifest/identity.ts";
import type { Reading } from "../manifest/object-reader.ts";
import { ownedFields } from "../manifest/owners.ts";
import type { ClusterReader, RepositoryReader } from "../ports.ts";
import { listRecorded } from "../record/read-record.ts";
import type { BlobId, CommitId, Identity, JsonObject, Kind, Manifest, Recorded, RepoPath } from "../values.ts";
import type { Target } from "./delivery-state.ts";
import { readObject } from "./read-object.ts";
import { type RecordView, readRecord, recordedOf } from "./record-view.ts";
import { type Settled, settleObjects } from "./settle-objects.ts";
import { readSource, type SourceView } from "./source-view.ts";
import { fetchTips } from "./take-in-source.ts";
import { type ObjectNow, type Weighing, weighObjects } from "./weigh-objects.ts";

export interface ExamineTarget
  extends Pick<
    Target,
    | "reader"
    | "prover"
    | "capture"
    | "recordRef"
    | "sourceRef"
    | "branch"
    | "path"
    | "layout"
    | "prune"
    | "onConflict"
    | "delivery"
    | "schemaOf"
  > {
  readonly repository: RepositoryReader;
  readonly recordRepository: RepositoryReader;
}

export interface ExamineOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly onDifference?: "Wait" | "ClusterWins";
  /** Told of each kind before it is listed, and of every object that is kept, or skipped. */
  readonly progress?: {
    kind?(kind: Kind): void;
    kept?(manifest: Manifest, object: JsonObject): void;
    skipped?(identity: Identity, reading: Skip): void;
  };
}

export type Skip = Extract<Reading, { readonly verdict: "Skipped" }>;

export interface Examined {
  readonly source: SourceView;
  /** By identityKey. */
  readonly objects: ReadonlyMap<string, ObjectNow>;
  readonly weighing: Weighing;
  readonly settled: Settled;
}

/** `capture.namespace` "" is all. Throws Failure. */
export async function examine(
  cluster: ClusterReader,
  target: ExamineTarget,
  kinds: readonly Kind[],
  { progress, ...options }: ExamineOptions,
): Promise<Examined> {
  const looking = await lookAt(target);
  const objects = new Map<string, ObjectNow>();
  for (const kind of kinds) {
    progress?.kind?.(kind);
    for await (const { identity, object } of cluster.list({ kind, namespace: target.capture.namespace })) {
      const reading = await readObject(target, object, kind);
      if (reading.verdict === "Skipped") {
        progress?.skipped?.(identity, reading);
        continue;
      }
      progress?.kept?.(reading.manifest, object);
      const now = looking.objectNow(identity, object, reading.manifest);
      objects.set(now.key, now);
    }
  }
  for (const gone of absent(listRecorded(looking.record.tree), kinds, objects)) {
    objects.set(gone.key, gone);
  }
  return { source: looking.source, objects, ...(await looking.judge([...objects.values()], options)) };
}

/** The record and the source branch as they are now. */
export interface Looking {
  /** Of the source branch; undefined: there is none. */
  readonly tip: CommitId | undefined;
  readonly record: RecordView;
  readonly source: SourceView;
  /** `live`: what is written of the object; undefined: nothing is, or the cluster has none. */
  objectNow(identity: Identity, object: JsonObject | undefined, live: Manifest | undefined): ObjectNow;
  /** Decides as a delivery would. */
  judge(
    objects: readonly ObjectNow[],
    options: Pick<ExamineOptions, "now" | "onDifference">,
  ): Promise<Pick<Examined, "weighing" | "settled">>;
}

/** Reads both. Throws Failure. */
export async function lookAt(target: ExamineTarget): Promise<Looking> {
  const { repository, recordRepository, reader, recordRef, sourceRef, path, capture, layout, schemaOf } = target;
  const { source: tip, head, ...tips } = await fetchTips(target);
  const record = await readRecord(recordRepository, recordRef, tips.record);
  const start = tip ?? (head && (await repository.fetch([head])).refs.get(head));
  const vouched = new Map<RepoPath, BlobId>();
  for (const [, { source }] of listRecorded(record.tree)) for (const file of source) vouched.set(file.path, file.blob);
  const source = await readSource({
    repository,
    ref: sourceRef,
    tip,
    parent: start,
    path,
    namespace: capture.namespace,
    vouched: (file) => vouched.get(file.path) === file.blob,
    parsed: new Map(),
  });
  return {
    tip,
    record,
    source,
    objectNow: (identity, object, live) => ({
      key: identityKey(identity),
      identity,
      live,
      recorded: recordedOf(record, identity),
      ...(object && { owners: ownedFields(object) }),
      ...(object && live && applierOf(noAuthor, lastFieldManager(object), []) && { applied: live.content }),
    }),
    async judge(objects, { now, onDifference }) {
      const texts = new Map<BlobId, string>();
      const spots = { source, layout, path };
      const weighing = await weighObjects({ repository, recordRepository, schemaOf, texts, ...spots }, objects);
      const settled = settleObjects({
        objects: weighing.objects,
        released: new Map(),
        namespace: capture.namespace,
        written: (object) => reader.content(inNamespace(object, capture.namespace)),
        text: weighing.text,
        onConflict: target.onConflict,
        prune: target.prune,
        ...(onDifference && { onDifference }),
        confirmed: undefined,
        deletionsDelivered: [],
        now,
      });
      return { weighing, settled };
    },
  };
}

const noAuthor = { rung: "None", candidates: [], evidence: "" } as const;

/** What the record holds of the kinds that were listed, and the cluster does not hold any more. */
function* absent(
  recorded: Iterable<readonly [Identity, Recorded]>,
  kinds: readonly Kind[],
  present: ReadonlyMap<string, ObjectNow>,
): IterableIterator<ObjectNow> {
  const listed = new Set(kinds.map((kind) => `${kind.group}/${kind.kind}`));
  for (const [identity, entry] of recorded) {
    const key = identityKey(identity);
    if (present.has(key) || !listed.has(`${identity.group}/${identity.kind}`)) continue;
    yield { key, identity, live: undefined, recorded: entry };
  }
}
