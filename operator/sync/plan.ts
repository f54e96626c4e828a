/** What a Capture would write, with no Capture made: the steps of a first delivery up to, and without, its push. */

import type { SkipReason } from "../api/reasons.ts";
import { identityKey, inNamespace } from "../manifest/identity.ts";
import type { Reading } from "../manifest/object-reader.ts";
import { ownedFields } from "../manifest/owners.ts";
import type { ClusterReader, RepositoryReader } from "../ports.ts";
import { listRecorded } from "../record/read-record.ts";
import type { BlobId, FileChange, Identity, JsonObject, Kind, Manifest, Recorded, RepoPath } from "../values.ts";
import type { Target } from "./delivery-state.ts";
import type { NotWatched } from "./outcome.ts";
import type { PlannedFile, PlannedRefusal, PlanResult } from "./plan-result.ts";
import { readObject } from "./read-object.ts";
import { readRecord, recordedOf } from "./record-view.ts";
import { settleObjects } from "./settle-objects.ts";
import { documentOf, readSource } from "./source-view.ts";
import { fetchTips } from "./take-in-source.ts";
import { type ObjectNow, weighObjects } from "./weigh-objects.ts";

const examplesPerReason = 3;

export interface PlanTarget
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
  /** Its URL, for people. */
  readonly remote: string;
}

export interface PlanOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly onDifference?: "Wait" | "ClusterWins";
  /** Told of each kind before it is listed, and of every object that is kept. */
  readonly progress?: {
    kind(kind: Kind): void;
    kept(manifest: Manifest, object: JsonObject): void;
  };
}

/** Lists everything in scope and decides as a first delivery would; `capture.namespace` "" is all. Throws Failure. */
export async function planCapture(
  cluster: ClusterReader,
  target: PlanTarget,
  kinds: readonly Kind[],
  notWatched: readonly NotWatched[],
  { now, onDifference, progress }: PlanOptions,
): Promise<PlanResult> {
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

  const skipped = new Map<SkipReason, SkippedSoFar>();
  const objects = new Map<string, ObjectNow>();
  for (const kind of kinds) {
    progress?.kind(kind);
    for await (const { identity, object } of cluster.list({ kind, namespace: capture.namespace })) {
      const reading = await readObject(target, object, kind);
      if (reading.verdict === "Skipped") {
        count(skipped, identity, reading);
        continue;
      }
      const key = identityKey(identity);
      progress?.kept(reading.manifest, object);
      objects.set(key, {
        key,
        identity,
        live: reading.manifest,
        recorded: recordedOf(record, identity),
        owners: ownedFields(object),
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
  const text = (at: RepoPath): string | null | undefined => (written.has(at) ? written.get(at) : weighing.text(at));
  const written = new Map<RepoPath, string | null>();
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
  const edits: { readonly object: ObjectNow; readonly change: FileChange }[] = [];
  let unchanged = 0;
  const refused: PlannedRefusal[] = [];
  if (source.refusal !== undefined) {
    refused.push({ identity: undefined, path, reason: "UnsupportedLayout", detail: source.refusal });
  }
  for (const object of objects.values()) {
    const settlement = settled.settlements.get(object.key)?.settlement;
    const note = settled.attention.get(object.key);
    if (note !== undefined && (note.state === "Diverged" || note.reason === "DeletionWaiting")) {
      const where = object.recorded?.source[0]?.path ?? documentOf(source, object.key)?.file.path;
      refused.push({
        identity: object.identity,
        path: where,
        reason: note.reason ?? "BothChanged",
        detail: note.detail,
      });
    } else if (settlement?.to === "Deliver") {
      if (source.refusal !== undefined) continue;
      const edited = settlement.edit(object.live, text);
      if (edited.verdict === "Refused") continue;
      for (const change of edited.changes) {
        edits.push({ object, change });
        written.set(change.path, change.content);
      }
    } else {
      unchanged++;
    }
  }
  const blobs = new Set(edits.flatMap(({ change }) => source.tree.entry(change.path)?.oid ?? []));
  const texts = await repository.blobs(blobs);
  const wouldWrite = edits
    .map(({ object, change }) => planned(object, change, texts.get(source.tree.entry(change.path)?.oid ?? "")))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
  return {
    capture,
    remote: target.remote,
    branch: target.branch,
    path,
    wouldWrite,
    unchanged,
    skipped: Object.fromEntries([...skipped].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    refused,
    notWatched: notWatched.map(({ kind, reason, message }) => ({
      group: kind.group,
      kind: kind.kind,
      reason,
      message,
    })),
  };
}

interface SkippedSoFar {
  count: number;
  readonly examples: Identity[];
  readonly details?: { readonly identity: Identity; readonly detail: string }[];
}

function count(
  skipped: Map<SkipReason, SkippedSoFar>,
  identity: Identity,
  { reason, detail }: Extract<Reading, { readonly verdict: "Skipped" }>,
): void {
  const seen: SkippedSoFar = skipped.get(reason) ?? {
    count: 0,
    examples: [],
    ...(reason === "CredentialInClear" && { details: [] }),
  };
  seen.count++;
  if (seen.examples.length < examplesPerReason) seen.examples.push(identity);
  seen.details?.push({ identity, detail });
  skipped.set(reason, seen);
}

function planned(object: ObjectNow, change: FileChange, before: string | undefined): PlannedFile {
  const kind = change.content === null ? "Delete" : before === undefined ? "Create" : "Update";
  return {
    path: change.path,
    change: kind,
    identity: object.identity,
    ...(before !== undefined && { before }),
    ...(typeof change.content === "string" && { after: change.content }),
  };
}

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
