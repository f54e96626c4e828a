/** PURE: what is to become of each object that is not known to be in sync, and what a person is to be told of it. */
import { type RefusalReason, refusalReasons } from "../api/reasons.ts";
import { edit } from "../layout/edit.ts";
import { blobId } from "../manifest/blob-id.ts";
import { serialize } from "../manifest/serialize.ts";
import { decide } from "../merge/decide.ts";
import type {
  BlobId,
  Decision,
  FieldConflict,
  Identity,
  JsonObject,
  Kept,
  OnConflict,
  Open,
  RepoPath,
} from "../values.ts";
import type { Edit, ObjectSettlement, Settlement } from "./compose.ts";
import type { DeletionVerdict } from "./deletions.ts";
import { guardDeletions } from "./deletions.ts";
import type { Attention } from "./delivery-state.ts";
import type { WeighedObject } from "./weigh-objects.ts";

export interface SettleInput {
  readonly objects: Iterable<WeighedObject>;
  readonly released: ReadonlyMap<string, Identity>;
  /** The Capture's namespace. */
  readonly namespace: string;
  /** What is written of an object that stands in a file. */
  readonly written: (object: JsonObject) => JsonObject;
  /** The text of a file that may be edited, as the branch has it. */
  readonly text: (path: RepoPath) => string | undefined;
  readonly onConflict: OnConflict;
  /** What becomes of a file that was there before the record and contradicts the object. Default: Wait. */
  readonly onDifference?: "Wait" | "ClusterWins";
  readonly prune: { readonly mode: "Delete" | "Keep"; readonly confirmAbove: number };
  /** Why nothing is delivered but what is kept. */
  readonly holds?: "DetectOnly" | "ReadOnly" | undefined;
  /** What people want delivered, by key. */
  readonly kept?: ReadonlyMap<string, Kept>;
  readonly confirmed: string | undefined;
  readonly deletionsDelivered: readonly number[];
  readonly now: number;
}

export interface Settled {
  readonly settlements: ReadonlyMap<string, ObjectSettlement>;
  /** Objects that will not be in sync after this push, by key. */
  readonly attention: ReadonlyMap<string, Attention>;
  readonly deletions: DeletionVerdict & { readonly keys: readonly string[] };
  /** Fields that both sides changed and that `onConflict` decided. */
  readonly decided: readonly DecidedConflict[];
  /** Who had what is delivered kept, by key. */
  readonly kept: ReadonlyMap<string, Kept>;
}

export interface DecidedConflict {
  readonly identity: Identity;
  readonly conflicts: readonly FieldConflict[];
}

export function settleObjects(input: SettleInput): Settled {
  const settlements = new Map<string, ObjectSettlement>();
  const attention = new Map<string, Attention>();
  const deletions: string[] = [];
  const decidedConflicts: DecidedConflict[] = [];
  const kept = new Map<string, Kept>();
  const leave = (object: WeighedObject, note: Omit<Attention, "identity">): void => {
    settlements.set(object.key, { identity: object.identity, settlement: { to: "Leave" } });
    attention.set(object.key, { identity: object.identity, ...note });
  };
  const set = (object: WeighedObject, settlement: Settlement, open?: Open): void => {
    const { key, identity } = object;
    settlements.set(key, { identity, settlement });
    if (open !== undefined) attention.set(key, { identity, ...told(open) });
  };

  for (const [key, identity] of input.released) settlements.set(key, { identity, settlement: { to: "Forget" } });
  for (const object of input.objects) {
    if (input.released.has(object.key)) continue;
    const keep = keptOf(input, object);
    if (keep !== undefined) kept.set(object.key, keep);
    const decision = decided(keep === undefined ? input : { ...input, ...keeping }, object);
    if ("decided" in decision && decision.decided !== undefined && object.refused === undefined)
      decidedConflicts.push({ identity: object.identity, conflicts: decision.decided });
    if (decision.action === "Forget") set(object, { to: "Forget" });
    else if (decision.action === "Settle") settle(object, decision);
    else if (decision.action === "None") {
      const { state, detail } = decision;
      if (state === "InSync") set(object, { to: "InSync" });
      else leave(object, told({ state, detail }));
    } else if (object.live === undefined && input.prune.mode === "Keep") set(object, { to: "Forget" });
    else deliver(object, decision);
  }

  function settle(object: WeighedObject, { source, base, then, open }: Decision & { readonly action: "Settle" }): void {
    const texts = new Map<BlobId, string>();
    const keep = (text: string): BlobId => {
      const blob = blobId(text);
      texts.set(blob, text);
      return blob;
    };
    const { home, file } = object;
    // No file has the text of a document among others.
    if (home.stands && !home.alone && file?.content !== undefined) keep(serialize(file.content));
    const files = then === undefined ? source : source.map(({ path }) => ({ path, blob: keep(serialize(then)) }));
    set(object, { to: "Adopt", source: files, base: base && keep(serialize(base)), texts }, open);
  }

  function deliver(object: WeighedObject, { open, merge }: Decision & { readonly action: "Deliver" }): void {
    const { identity, home, refused } = object;
    if (input.holds !== undefined && !kept.has(object.key)) {
      const isUnmanaged = object.isFromStart === true && object.recorded?.base === undefined && !home.stands;
      const reason = isUnmanaged ? "Unmanaged" : input.holds;
      leave(object, { state: "Pending", reason, detail: refusalReasons[reason].means });
      return;
    }
    if (refused !== undefined) {
      leave(object, { state: "Diverged", ...refused });
      return;
    }
    const write: Edit = (manifest, text) => edit({ identity, home, manifest, merge, namespace: input.namespace, text });
    const last = write(object.live, input.text);
    // The state and the text of its home decide alone how it is written.
    const before = input.text(home.path);
    const bring: Edit = (manifest, text) =>
      manifest === object.live && text(home.path) === before ? last : write(manifest, text);
    if (last.verdict === "Refused") {
      leave(object, { state: "Diverged", reason: last.reason, detail: last.detail });
      return;
    }
    if (object.live === undefined) deletions.push(object.key);
    set(object, { to: "Deliver", edit: bring }, open);
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
  return { settlements, attention, deletions: { ...verdict, keys: deletions }, decided: decidedConflicts, kept };
}

/** Whoever keeps what the cluster has decides for it. */
const keeping = { onConflict: "ClusterWins", onDifference: "ClusterWins" } as const;

/** Only what the cluster has as it was when somebody said so. */
function keptOf({ kept, holds }: SettleInput, { key, live }: WeighedObject): Kept | undefined {
  const keep = holds === "ReadOnly" ? undefined : kept?.get(key);
  return keep?.live === (live?.blob ?? "") ? keep : undefined;
}

function decided(input: SettleInput, object: WeighedObject): Decision {
  const { live, recorded, file, before, applied, owners, schema } = object;
  return decide({
    live,
    recorded,
    file,
    before,
    ...(applied && { applied }),
    ...(owners && { owners }),
    schema,
    onConflict: input.onConflict,
    ...(input.onDifference && { onDifference: input.onDifference }),
    written: input.written,
  });
}

function told({ state, detail, conflicts }: Open): Omit<Attention, "identity"> {
  const reason: RefusalReason | undefined =
    detail === "BothChanged" || detail === "FileRemoved" || detail === "FirstContact" ? detail : undefined;
  return { state, reason, detail, ...(conflicts && { conflicts }) };
}
