/** Every object in scope as a delivery would see it now, and what it would decide; nothing is written. */

import { lastFieldManager } from "../manifest/field-manager.ts";
import { identityKey, inNamespace } from "../manifest/identity.ts";
import type { Reading } from "../manifest/object-reader.ts";
import { ownedFields } from "../manifest/owners.ts";
import type { ClusterReader, RepositoryReader } from "../ports.ts";
import { listRecorded } from "../record/read-record.ts";
import type { BlobId, Identity, JsonObject, Kind, Manifest, Recorded } from "../values.ts";
import { isConsumer } from "./consumer.ts";
import type { Target } from "./delivery-state.ts";
import { readObject } from "./read-object.ts";
import { readRecord, recordedOf } from "./record-view.ts";
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
  { now, onDifference, progress }: ExamineOptions,
): Promise<Examined> {
  const { repository, recordRepository, reader, recordRef, sourceRef, path, capture } = target;
  const { source: tip, head, ...tips } = await fetchTips(target);
  const record = await readRecord(recordRepository, recordRef, tips.record);
  const start = tip ?? (head && (await repository.fetch([head])).refs.get(head));
  const vouched = new Map<string, BlobId>();
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

  const objects = new Map<string, ObjectNow>();
  for (const kind of kinds) {
    progress?.kind?.(kind);
    for await (const { identity, object } of cluster.list({ kind, namespace: capture.namespace })) {
      const reading = await readObject(target, object, kind);
      if (reading.verdict === "Skipped") {
        progress?.skipped?.(identity, reading);
        continue;
      }
      const key = identityKey(identity);
      progress?.kept?.(reading.manifest, object);
      objects.set(key, {
        key,
        identity,
        live: reading.manifest,
        recorded: recordedOf(record, identity),
        owners: ownedFields(object),
        ...(isConsumer(noAuthor, lastFieldManager(object), []) && { applied: reading.manifest.content }),
      });
    }
  }
  for (const gone of absent(listRecorded(record.tree), kinds, objects)) {
    objects.set(gone.key, gone);
  }

  const { layout, schemaOf, onConflict, prune } = target;
  const spots = { source, layout, path };
  const weighing = await weighObjects({ repository, recordRepository, schemaOf, texts: new Map(), ...spots }, [
    ...objects.values(),
  ]);
  const settled = settleObjects({
    objects: weighing.objects,
    released: new Map(),
    namespace: capture.namespace,
    written: (object) => reader.content(inNamespace(object, capture.namespace)),
    text: weighing.text,
    onConflict,
    prune,
    ...(onDifference && { onDifference }),
    confirmed: undefined,
    deletionsDelivered: [],
    now,
  });
  return { source, objects, weighing, settled };
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
