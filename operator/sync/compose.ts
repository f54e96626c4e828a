/**
 * PURE: turns what changed and what was decided into the commits of one push: on the record, and on the source branch.
 *
 * Invariants: a record step never says of `base` what its source step does not carry in the same push; every step's
 * content was live at some time; an object's states keep their order.
 */
import { identityKey } from "../manifest/identity.ts";
import { recordChanges } from "../record/write-record.ts";
import type {
  Author,
  BlobId,
  Edited,
  FileChange,
  Identity,
  Manifest,
  Recorded,
  Run,
  SourceFile,
  WindowEntry,
} from "../values.ts";
import type { Agreed } from "./delivery-state.ts";
import { withAgreed } from "./record-view.ts";
import { rebase } from "./sort-out.ts";
import { runs } from "./window.ts";

/** What is to become of one object in this push. */
export type Settlement =
  /** Nothing moves but `live`. */
  | { readonly to: "Leave" }
  /** Its states are brought to the source branch. */
  | { readonly to: "Deliver"; readonly edit: (manifest: Manifest | undefined) => Edited }
  /** Both sides agree already. */
  | { readonly to: "Adopt"; readonly source: SourceFile }
  /** It leaves the record; its file, if any, stays. */
  | { readonly to: "Forget" }
  /** It is back where it was: what was undelivered of it need not be delivered any more. */
  | { readonly to: "InSync" };

export interface ComposeInput {
  /** RecordOnly: the source branch is not part of this push, so nothing is delivered. */
  readonly mode: "Deliver" | "RecordOnly";
  /** Not in the record yet, in order. */
  readonly fresh: readonly WindowEntry[];
  /** In the record's `live`, not on the source branch, in order. */
  readonly undelivered: readonly WindowEntry[];
  readonly settlements: ReadonlyMap<string, { readonly identity: Identity; readonly settlement: Settlement }>;
  /** As the record's tree has it. */
  readonly recorded: (identity: Identity) => Recorded | undefined;
  /** What the source branch carries beyond that, by key. */
  readonly carried: ReadonlyMap<string, Agreed>;
  /** How objects read now that nobody changed, by key. */
  readonly rebased: ReadonlyMap<string, Manifest>;
  /** Entries of a cluster that this one replaced: they are taken out first, and count for nothing. */
  readonly discard: readonly Identity[];
  /** Milliseconds since the epoch: the time of what nobody did just now. */
  readonly now: number;
}

export interface ObjectStep {
  readonly identity: Identity;
  /** The state before; its text is looked up only for the words of the message. */
  readonly before: BlobId | undefined;
  readonly after: Manifest | undefined;
}

export interface CommitStep {
  readonly author: Author;
  readonly kind: "Change" | "Delivery" | "Adoption" | "Rebase";
  readonly objects: readonly ObjectStep[];
  readonly files: readonly FileChange[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Composition {
  readonly source: readonly CommitStep[];
  readonly record: readonly CommitStep[];
  /** Keys whose latest state the source steps carry, or that need nothing more. */
  readonly settled: ReadonlySet<string>;
  /** What the source steps bring both sides to agree on, by key. */
  readonly agreed: ReadonlyMap<string, Agreed>;
  /** Keys among them whose file the source steps remove. */
  readonly removed: ReadonlySet<string>;
  /** Of the states that the steps lead through, also those that the server does not hold yet. */
  readonly texts: ReadonlyMap<BlobId, string>;
}

export function compose(input: ComposeInput): Composition {
  const overlay = new Map<string, Recorded | undefined>();
  const texts = new Map<BlobId, string>();
  for (const manifest of input.rebased.values()) texts.set(manifest.blob, manifest.text);
  for (const { manifest } of input.fresh) if (manifest) texts.set(manifest.blob, manifest.text);
  for (const { manifest } of input.undelivered) if (manifest) texts.set(manifest.blob, manifest.text);
  const recordedNow = (identity: Identity): Recorded | undefined => {
    const key = identityKey(identity);
    return overlay.has(key) ? overlay.get(key) : withAgreed(input.recorded(identity), input.carried.get(key));
  };
  const move = (identity: Identity, after: Recorded | undefined): readonly FileChange[] => {
    const key = identityKey(identity);
    const before = overlay.has(key) ? overlay.get(key) : input.recorded(identity);
    overlay.set(key, after);
    return recordChanges(identity, before, after, (blob) => texts.get(blob));
  };

  const record: CommitStep[] = [];
  const discarded = input.discard.flatMap((identity) => move(identity, undefined));
  if (discarded.length > 0) {
    const objects = input.discard.map((identity) => ({ identity, before: undefined, after: undefined }));
    record.push({ author: { rung: "Operator" }, kind: "Adoption", objects, files: discarded, at: input.now });
  }
  const rebasing = rebaseRecord(input, recordedNow, move);
  if (rebasing !== undefined) record.push(rebasing);
  const delivery = composeSource(input, recordedNow);

  // With nothing left over from before, `live`, `base` and `source` move in the commit of the change itself.
  const together = input.mode === "Deliver" && input.undelivered.length === 0;
  for (const run of runs(input.fresh)) {
    const objects: ObjectStep[] = [];
    const files: FileChange[] = [];
    for (const { identity, manifest } of run.entries) {
      const before = recordedNow(identity);
      const delivered = together ? delivery.carried.get(identityKey(identity)) : undefined;
      const source = delivered && sourceOf(delivered, manifest);
      const moved = move(identity, stateAfter(manifest, before, source));
      // What came and went within the window left no trace.
      if (moved.length === 0) continue;
      objects.push({ identity, before: before?.live, after: manifest });
      files.push(...moved);
    }
    if (files.length > 0) record.push(step(run, "Change", objects, files));
  }

  const settling = settle(input, delivery, recordedNow, move);
  if (settling.files.length > 0) {
    record.push({
      author: { rung: "Operator" },
      kind: settling.delivered ? "Delivery" : "Adoption",
      objects: settling.objects,
      files: settling.files,
      at: input.now,
    });
  }
  const { settled, agreed } = settling;
  return { source: delivery.steps, record, settled, agreed, removed: delivery.removed, texts };
}

/** One commit of the record alone: the branch's files are as good as they were. */
function rebaseRecord(
  { rebased, now }: ComposeInput,
  recordedNow: (identity: Identity) => Recorded | undefined,
  move: (identity: Identity, after: Recorded | undefined) => readonly FileChange[],
): CommitStep | undefined {
  const objects: ObjectStep[] = [];
  const files: FileChange[] = [];
  for (const manifest of rebased.values()) {
    const { identity } = manifest;
    const before = recordedNow(identity);
    if (before === undefined) continue;
    files.push(...move(identity, rebase(before, manifest)));
    objects.push({ identity, before: before.live, after: manifest });
  }
  return files.length === 0 ? undefined : { author: { rung: "Operator" }, kind: "Rebase", objects, files, at: now };
}

interface SourceDelivery {
  readonly steps: readonly CommitStep[];
  /** By key, how the object's states are written. Present only for objects whose every state could be. */
  readonly carried: ReadonlyMap<string, (manifest: Manifest | undefined) => Edited>;
  readonly removed: ReadonlySet<string>;
}

function composeSource(input: ComposeInput, recordedNow: (identity: Identity) => Recorded | undefined): SourceDelivery {
  const carried = new Map<string, (manifest: Manifest | undefined) => Edited>();
  const removed = new Set<string>();
  if (input.mode === "RecordOnly") return { steps: [], carried, removed };
  for (const [key, { settlement }] of input.settlements) {
    if (settlement.to === "Deliver") carried.set(key, settlement.edit);
  }
  const entries = [...input.undelivered, ...input.fresh].filter((entry) => carried.has(identityKey(entry.identity)));
  const inFile = new Map<string, BlobId | undefined>();
  const steps: CommitStep[] = [];
  for (const run of runs(entries)) {
    const objects: ObjectStep[] = [];
    const files: FileChange[] = [];
    for (const { identity, manifest } of run.entries) {
      const key = identityKey(identity);
      const before = inFile.has(key) ? inFile.get(key) : recordedNow(identity)?.base;
      if (before === manifest?.blob) continue;
      const edited = carried.get(key)?.(manifest);
      if (edited === undefined || edited.verdict === "Refused") continue;
      inFile.set(key, manifest?.blob);
      objects.push({ identity, before, after: manifest });
      files.push(...edited.changes);
      if (manifest === undefined) removed.add(key);
      else removed.delete(key);
    }
    if (files.length > 0) steps.push(step(run, "Change", objects, files));
  }
  return { steps, carried, removed };
}

/** Brings `base` and `source` of everything that this push settles in step with `live`. */
function settle(
  input: ComposeInput,
  delivery: SourceDelivery,
  recordedNow: (identity: Identity) => Recorded | undefined,
  move: (identity: Identity, after: Recorded | undefined) => readonly FileChange[],
): {
  readonly files: readonly FileChange[];
  readonly objects: readonly ObjectStep[];
  readonly settled: ReadonlySet<string>;
  readonly agreed: ReadonlyMap<string, Agreed>;
  readonly delivered: boolean;
} {
  const files: FileChange[] = [];
  const objects: ObjectStep[] = [];
  const settled = new Set<string>();
  const agreed = new Map<string, Agreed>();
  let delivered = false;
  const bring = (identity: Identity, after: Recorded | undefined): void => {
    const before = recordedNow(identity);
    const changes = move(identity, after);
    if (changes.length === 0) return;
    files.push(...changes);
    objects.push({ identity, before: before?.base, after: undefined });
  };
  const last = new Map<string, WindowEntry>();
  for (const entry of input.undelivered) last.set(identityKey(entry.identity), entry);
  for (const entry of input.fresh) last.set(identityKey(entry.identity), entry);
  for (const [key, { identity, settlement }] of input.settlements) {
    const now = recordedNow(identity);
    if (settlement.to === "Leave") {
      if (input.carried.has(key)) bring(identity, now);
    } else if (settlement.to === "InSync") {
      settled.add(key);
      if (input.carried.has(key)) bring(identity, now);
    } else if (settlement.to === "Forget") {
      settled.add(key);
      bring(identity, undefined);
    } else if (settlement.to === "Adopt") {
      settled.add(key);
      if (now?.live !== undefined) bring(identity, { live: now.live, base: now.live, source: [settlement.source] });
    } else {
      const edit = delivery.carried.get(key);
      const entry = last.get(key);
      const source = edit && entry && sourceOf(edit, entry.manifest);
      if (entry === undefined || source === undefined) {
        if (input.carried.has(key)) bring(identity, now);
        continue;
      }
      settled.add(key);
      agreed.set(key, { base: entry.manifest?.blob, source });
      if (now?.base === now?.live && now !== undefined) continue;
      delivered = true;
      bring(identity, stateAfter(entry.manifest, now, source));
    }
  }
  return { files, objects, settled, agreed, delivered };
}

/** `source`: where the state now stands in Git; undefined while the source branch does not carry it. */
function stateAfter(
  manifest: Manifest | undefined,
  before: Recorded | undefined,
  source: readonly SourceFile[] | undefined,
): Recorded | undefined {
  const live = manifest?.blob;
  if (source !== undefined) return live === undefined ? undefined : { live, base: live, source };
  if (live === undefined && before?.base === undefined) return undefined;
  return { live, base: before?.base, source: before?.source ?? [] };
}

function sourceOf(
  edit: (manifest: Manifest | undefined) => Edited,
  manifest: Manifest | undefined,
): readonly SourceFile[] | undefined {
  const edited = edit(manifest);
  return edited.verdict === "Edited" ? edited.source : undefined;
}

function step(
  run: Run,
  kind: CommitStep["kind"],
  objects: readonly ObjectStep[],
  files: readonly FileChange[],
): CommitStep {
  return { author: run.author, kind, objects, files, at: newest(run.entries) };
}

function newest(entries: readonly WindowEntry[]): number {
  return entries.reduce((at, entry) => Math.max(at, entry.at), 0);
}
