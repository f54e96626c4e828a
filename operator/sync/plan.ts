/** What a Capture would write, with no Capture made: the steps of a first delivery up to, and without, its push. */

import type { SkipReason } from "../api/reasons.ts";
import type { ClusterReader } from "../ports.ts";
import type { FileChange, Identity, JsonObject, Kind, Manifest, RepoPath } from "../values.ts";
import { holdOf } from "./delivery-state.ts";
import { type ExamineTarget, examine, type Skip } from "./examine.ts";
import type { NotWatched } from "./outcome.ts";
import type { PlannedFile, PlannedRefusal, PlanResult } from "./plan-result.ts";
import { documentOf } from "./source-view.ts";
import type { ObjectNow } from "./weigh-objects.ts";

const examplesPerReason = 3;

export interface PlanTarget extends ExamineTarget {
  /** The repository's URL, for people. */
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
  const skipped = new Map<SkipReason, SkippedSoFar>();
  const { source, objects, weighing, settled } = await examine(cluster, target, kinds, {
    now,
    ...(onDifference && { onDifference }),
    progress: { ...progress, skipped: (identity, reading) => count(skipped, identity, reading) },
  });
  const { repository, path, capture } = target;
  const written = new Map<RepoPath, string | null>();
  const text = (at: RepoPath): string | null | undefined => (written.has(at) ? written.get(at) : weighing.text(at));
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
  const held = holdOf(target.delivery);
  return {
    capture,
    remote: target.remote,
    branch: target.branch,
    path,
    wouldWrite,
    ...(held && { held }),
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

function count(skipped: Map<SkipReason, SkippedSoFar>, identity: Identity, { reason, detail }: Skip): void {
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
