/** PURE: what is to become of each object that is not known to be in sync, and what a person is to be told of it. */
import type { RefusalReason } from "../api/reasons.ts";
import { edit } from "../layout/edit.ts";
import type { LayoutMode } from "../layout/locate.ts";
import { locate } from "../layout/locate.ts";
import { isManifestBelow } from "../layout/path.ts";
import { decide } from "../merge/decide.ts";
import type { Home, Identity, Manifest, Recorded, RepoPath, SourceFile } from "../values.ts";
import type { Settlement } from "./compose.ts";
import type { DeletionVerdict } from "./deletions.ts";
import { guardDeletions } from "./deletions.ts";
import type { Attention } from "./delivery-state.ts";
import type { SourceView } from "./source-view.ts";
import { documentOf } from "./source-view.ts";

export interface ObjectNow {
  readonly key: string;
  readonly identity: Identity;
  /** As the cluster has it now. */
  readonly live: Manifest | undefined;
  readonly recorded: Recorded | undefined;
  readonly appliedByConsumer: boolean;
}

export interface SettleInput {
  readonly objects: Iterable<ObjectNow>;
  readonly released: ReadonlyMap<string, Identity>;
  readonly source: SourceView;
  readonly layout: LayoutMode;
  readonly path: RepoPath;
  /** What becomes of a file that was there before the record and contradicts the object. Default: Wait. */
  readonly onDifference?: "Wait" | "ClusterWins";
  readonly prune: { readonly mode: "Delete" | "Keep"; readonly confirmAbove: number };
  readonly confirmed: string | undefined;
  readonly deletionsDelivered: readonly number[];
  readonly now: number;
}

export interface Settled {
  readonly settlements: ReadonlyMap<string, { readonly identity: Identity; readonly settlement: Settlement }>;
  /** Objects that will not be in sync after this push, by key. */
  readonly attention: ReadonlyMap<string, Attention>;
  readonly deletions: DeletionVerdict & { readonly keys: readonly string[] };
}

export function settleObjects(input: SettleInput): Settled {
  const settlements = new Map<string, { readonly identity: Identity; readonly settlement: Settlement }>();
  const attention = new Map<string, Attention>();
  const deletions: string[] = [];
  const set = (object: ObjectNow, settlement: Settlement): void => {
    settlements.set(object.key, { identity: object.identity, settlement });
  };
  const leave = (object: ObjectNow, note: Omit<Attention, "identity">): void => {
    set(object, { to: "Leave" });
    attention.set(object.key, { identity: object.identity, ...note });
  };

  for (const [key, identity] of input.released) settlements.set(key, { identity, settlement: { to: "Forget" } });
  for (const object of input.objects) {
    if (input.released.has(object.key)) continue;
    const place = placeOf(input, object);
    const decision = decide({
      live: object.live,
      recorded: object.recorded,
      file: place.file,
      appliedByConsumer: object.appliedByConsumer,
    });
    const bring = (manifest: Manifest | undefined) => edit({ home: place.home, manifest, occupied: place.occupied });
    if (decision.action === "Adopt") {
      // The record never vouches for a file that holds more: for one object it would be written anew, or removed.
      if (place.occupied === "Shared") leave(object, { state: "InSync", reason: undefined, detail: "" });
      else set(object, { to: "Adopt", source: decision.source });
    } else if (decision.action === "Forget") set(object, { to: "Forget" });
    else if (decision.action === "None" && !overrules(input, decision.detail)) {
      const { state, detail } = decision;
      const shared = state === "Diverged" && place.occupied === "Shared" ? bring(object.live) : undefined;
      if (state === "InSync") set(object, { to: "InSync" });
      else if (shared?.verdict === "Refused") leave(object, { state, reason: shared.reason, detail: shared.detail });
      else leave(object, { state, reason: divergedReason(detail), detail });
    } else if (object.live === undefined && input.prune.mode === "Keep") {
      set(object, { to: "Forget" });
    } else {
      const last = bring(object.live);
      if (last.verdict === "Refused") {
        leave(object, { state: "Diverged", reason: last.reason, detail: last.detail });
      } else {
        if (object.live === undefined) deletions.push(object.key);
        set(object, { to: "Deliver", edit: bring });
      }
    }
  }

  const verdict = guardDeletions({
    pending: deletions,
    delivered: input.deletionsDelivered,
    confirmAbove: input.prune.confirmAbove,
    confirmed: input.confirmed,
    now: input.now,
  });
  if (verdict.verdict === "Waiting") {
    for (const key of deletions) {
      const held = settlements.get(key);
      if (held === undefined) continue;
      settlements.set(key, { identity: held.identity, settlement: { to: "Leave" } });
      attention.set(key, {
        identity: held.identity,
        state: "Pending",
        reason: "DeletionWaiting",
        detail: `${verdict.count} objects vanished at a time, prune.confirmAbove is ${input.prune.confirmAbove}`,
      });
    }
  }
  return { settlements, attention, deletions: { ...verdict, keys: deletions } };
}

function overrules({ onDifference }: SettleInput, detail: string): boolean {
  return onDifference === "ClusterWins" && detail === "FirstContact";
}

interface Place {
  readonly home: Home;
  readonly occupied: "No" | "Own" | "Foreign" | "Shared";
  readonly file:
    | { readonly path: RepoPath; readonly blob: string; readonly content: Manifest["content"] | undefined }
    | undefined;
}

/** Where the object stands in the branch, or would: the file the record knows, the file that names it, a new one. */
function placeOf(input: SettleInput, object: ObjectNow): Place {
  const { source } = input;
  const known = object.recorded?.source.find(({ path }) => isManifestBelow(input.path, path));
  const document = documentOf(source, object.key);
  if (known !== undefined && vouches(source, known)) {
    return { home: { path: known.path }, occupied: "Own", file: { ...known, content: undefined } };
  }
  if (document !== undefined) {
    const { file, content, alone } = document;
    return { home: { path: file.path }, occupied: alone ? "Own" : "Shared", file: { ...file, content } };
  }
  const home = known === undefined ? locate(input.layout, input.path, object.identity) : { path: known.path };
  return { home, occupied: source.tree.entry(home.path) === undefined ? "No" : "Foreign", file: undefined };
}

/** Whether the branch still holds a file as the record left it. */
export function vouches(source: SourceView, file: SourceFile): boolean {
  return source.tree.entry(file.path)?.oid === file.blob;
}

function divergedReason(detail: string): RefusalReason | undefined {
  return detail === "BothChanged" || detail === "FileRemoved" || detail === "FirstContact" ? detail : undefined;
}
