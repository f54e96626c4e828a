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
  Kept,
  Manifest,
  Recorded,
  RepoPath,
  Run,
  SourceFile,
  WindowEntry,
} from "../values.ts";
import type { Agreed } from "./delivery-state.ts";
import { withAgreed } from "./record-view.ts";
import { rebase } from "./sort-out.ts";
import { runs } from "./window.ts";

/** How a state of an object is written, given each file as this push leaves it so far; null: removed. */
export type Edit = (manifest: Manifest | undefined, text: (path: RepoPath) => string | null | undefined) => Edited;

/** What is to become of one object in this push. */
export type Settlement =
  /** Nothing moves but `live`. */
  | { readonly to: "Leave" }
  /** Its states are brought to the source branch. */
  | { readonly to: "Deliver"; readonly edit: Edit }
  /** The branch is as it is to be, and the record does not say so yet. `base`: where it is not the live object. */
  | {
      readonly to: "Adopt";
      readonly source: readonly SourceFile[];
      readonly base?: BlobId | undefined;
      /** Of blobs above that no repository need have. */
      readonly texts?: ReadonlyMap<BlobId, string>;
    }
  /** It leaves the record; its file, if any, stays. */
  | { readonly to: "Forget" }
  /** It is back where it was: what was undelivered of it need not be delivered any more. */
  | { readonly to: "InSync" };

export interface ObjectSettlement {
  readonly identity: Identity;
  readonly settlement: Settlement;
}

export interface ComposeInput {
  /** RecordOnly: the source branch is not part of this push, so nothing is delivered. */
  readonly mode: "Deliver" | "RecordOnly";
  /** Not in the record yet, in order. */
  readonly fresh: readonly WindowEntry[];
  /** In the record's `live`, not on the source branch, in order. */
  readonly undelivered: readonly WindowEntry[];
  readonly settlements: ReadonlyMap<string, ObjectSettlement>;
  /** The texts of files that are edited in place, as the branch has them. */
  readonly text: (path: RepoPath) => string | undefined;
  /** As the record's tree has it. */
  readonly recorded: (identity: Identity) => Recorded | undefined;
  /** What the source branch carries beyond that, by key. */
  readonly carried: ReadonlyMap<string, Agreed>;
  /** How objects read now that nobody changed, by key. */
  readonly rebased: ReadonlyMap<string, Manifest>;
  /** Entries of a cluster that this one replaced: they are taken out first, and count for nothing. */
  readonly discard: readonly Identity[];
  /** Who had what is delivered kept, by key. */
  readonly kept: ReadonlyMap<string, Kept>;
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
  readonly kind: "Change" | "Delivery" | "Adoption" | "Release" | "Rebase" | "Drift";
  readonly objects: readonly ObjectStep[];
  readonly files: readonly FileChange[];
  /** Who had it delivered, where that needed a person's word. */
  readonly keptBy?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface Composition {
  readonly source: readonly CommitStep[];
  readonly record: readonly CommitStep[];
  /** Keys whose latest state the source steps carry, or that need nothing more. */
  readonly settled: ReadonlySet<string>;
  /** What leaves the record; its file, if any, stays. */
  readonly forgotten: readonly Identity[];
  /** What the source steps bring both sides to agree on, by key. */
  readonly agreed: ReadonlyMap<string, Agreed>;
  /** Keys among them whose file the source steps remove. */
  readonly removed: ReadonlySet<string>;
  /** The files that the source steps write, as they leave them; null: removed. */
  readonly files: ReadonlyMap<RepoPath, string | null>;
  /** Those of them that hold more than one object. */
  readonly shared: ReadonlySet<RepoPath>;
  /** Of the states that the steps lead through, also those that the server does not hold yet. */
  readonly texts: ReadonlyMap<BlobId, string>;
}

export function compose(input: ComposeInput): Composition {
  const overlay = new Map<string, Recorded | undefined>();
  const texts = new Map<BlobId, string>();
  for (const manifest of input.rebased.values()) texts.set(manifest.blob, manifest.text);
  for (const { manifest } of input.fresh) if (manifest) texts.set(manifest.blob, manifest.text);
  for (const { manifest } of input.undelivered) if (manifest) texts.set(manifest.blob, manifest.text);
  for (const agreed of input.carried.values()) for (const [blob, text] of agreed.texts ?? []) texts.set(blob, text);
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

  for (const [blob, text] of delivery.texts) texts.set(blob, text);

  // With nothing left over from before, `live`, `base` and `source` move in the commit of the change itself.
  const together = input.mode === "Deliver" && input.undelivered.length === 0;
  for (const run of runs(input.fresh)) {
    const objects: ObjectStep[] = [];
    const files: FileChange[] = [];
    for (const entry of run.entries) {
      const { identity, manifest } = entry;
      const before = recordedNow(identity);
      const moved = move(identity, stateAfter(manifest, before, together ? delivery.edits.get(entry) : undefined));
      // What came and went within the window left no trace.
      if (moved.length === 0) continue;
      objects.push({ identity, before: before?.live, after: manifest });
      files.push(...moved);
    }
    if (files.length > 0) record.push(step(run, "Change", objects, files));
  }

  const settling = settle(input, delivery, texts, recordedNow, move);
  if (settling.files.length > 0) {
    record.push({
      author: { rung: "Operator" },
      kind: settlingKind(settling),
      objects: settling.objects,
      files: settling.files,
      at: input.now,
      ...(settling.delivered && keptBy(input, settling.objects)),
    });
  }
  const { settled, forgotten, agreed } = settling;
  const { steps: source, removed, files, shared } = delivery;
  return { source, record, settled, forgotten, agreed, removed, files, shared, texts };
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

function settlingKind({ delivered, forgotten, objects }: ReturnType<typeof settle>): CommitStep["kind"] {
  if (delivered) return "Delivery";
  const left = new Set(forgotten);
  return objects.every(({ identity }) => left.has(identity)) ? "Release" : "Adoption";
}

type Written = Extract<Edited, { readonly verdict: "Edited" }>;

interface SourceDelivery {
  readonly steps: readonly CommitStep[];
  /** How the record names each state that the branch carries. */
  readonly edits: ReadonlyMap<WindowEntry, Written>;
  readonly removed: ReadonlySet<string>;
  readonly files: ReadonlyMap<RepoPath, string | null>;
  readonly shared: ReadonlySet<RepoPath>;
  readonly texts: ReadonlyMap<BlobId, string>;
}

function composeSource(input: ComposeInput, recordedNow: (identity: Identity) => Recorded | undefined): SourceDelivery {
  const edits = new Map<WindowEntry, Written>();
  const removed = new Set<string>();
  const written = new Map<RepoPath, string | null>();
  const shared = new Set<RepoPath>();
  const texts = new Map<BlobId, string>();
  const steps: CommitStep[] = [];
  const delivery: SourceDelivery = { steps, edits, removed, files: written, shared, texts };
  if (input.mode === "RecordOnly") return delivery;
  const text = (path: RepoPath): string | null | undefined =>
    written.has(path) ? written.get(path) : input.text(path);
  const inFile = new Map<string, BlobId | undefined>();
  for (const run of runs(deliverable([...input.undelivered, ...input.fresh]))) {
    const objects: ObjectStep[] = [];
    const files = new Map<RepoPath, string | null>();
    for (const entry of run.entries) {
      const { identity, manifest } = entry;
      const key = identityKey(identity);
      const settlement = input.settlements.get(key)?.settlement;
      if (settlement?.to !== "Deliver") continue;
      const edited = settlement.edit(manifest, text);
      if (edited.verdict === "Refused") continue;
      edits.set(entry, edited);
      for (const [blob, content] of edited.texts ?? []) texts.set(blob, content);
      const before = inFile.has(key) ? inFile.get(key) : recordedNow(identity)?.base;
      if (edited.changes.length === 0 || before === manifest?.blob) continue;
      inFile.set(key, manifest?.blob);
      objects.push({ identity, before, after: manifest });
      for (const { path, content } of edited.changes) {
        files.set(path, content);
        written.set(path, content);
        if (edited.isShared && content !== null) shared.add(path);
        else shared.delete(path);
      }
      if (manifest === undefined) removed.add(key);
      else removed.delete(key);
    }
    const changes = [...files].map(([path, content]) => ({ path, content }));
    if (changes.length > 0) steps.push({ ...step(run, "Change", objects, changes), ...keptBy(input, objects) });
  }
  return delivery;
}

/** Without what Argo CD or Flux applied in between: it is never brought to the branch, and only the last of it is known. */
function deliverable(entries: readonly WindowEntry[]): readonly WindowEntry[] {
  const last = new Map(entries.map((entry) => [identityKey(entry.identity), entry]));
  return entries.filter((entry) => entry.appliedBy === undefined || last.get(identityKey(entry.identity)) === entry);
}

/** Brings `base` and `source` of everything that this push settles in step with `live`. */
function settle(
  input: ComposeInput,
  delivery: SourceDelivery,
  texts: Map<BlobId, string>,
  recordedNow: (identity: Identity) => Recorded | undefined,
  move: (identity: Identity, after: Recorded | undefined) => readonly FileChange[],
): {
  readonly files: readonly FileChange[];
  readonly objects: readonly ObjectStep[];
  readonly settled: ReadonlySet<string>;
  readonly forgotten: readonly Identity[];
  readonly agreed: ReadonlyMap<string, Agreed>;
  readonly delivered: boolean;
} {
  const files: FileChange[] = [];
  const objects: ObjectStep[] = [];
  const settled = new Set<string>();
  const forgotten: Identity[] = [];
  const agreed = new Map<string, Agreed>();
  let delivered = false;
  const bring = (identity: Identity, after: Recorded | undefined): boolean => {
    const before = recordedNow(identity);
    const changes = move(identity, after);
    if (changes.length === 0) return false;
    files.push(...changes);
    objects.push({ identity, before: before?.base, after: undefined });
    return true;
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
      forgotten.push(identity);
      bring(identity, undefined);
    } else if (settlement.to === "Adopt") {
      const { source, base = now?.live } = settlement;
      if (base === now?.live) settled.add(key);
      for (const [blob, text] of settlement.texts ?? []) texts.set(blob, text);
      if (now?.live !== undefined) bring(identity, { live: now.live, base, source });
    } else {
      const entry = last.get(key);
      const edited = entry && delivery.edits.get(entry);
      if (entry === undefined || edited === undefined) {
        if (input.carried.has(key)) bring(identity, now);
        continue;
      }
      const after = stateAfter(entry.manifest, now, edited);
      if (after?.base === after?.live) settled.add(key);
      agreed.set(key, { base: after?.base, source: after?.source ?? [], texts: edited.texts ?? new Map() });
      if (bring(identity, after)) delivered = true;
    }
  }
  return { files, objects, settled, forgotten, agreed, delivered };
}

/** `edited`: how the state stands in Git now; undefined while the source branch does not carry it. */
function stateAfter(
  manifest: Manifest | undefined,
  before: Recorded | undefined,
  edited: Written | undefined,
): Recorded | undefined {
  const live = manifest?.blob;
  if (edited !== undefined)
    return live === undefined ? undefined : { live, base: edited.base ?? live, source: edited.source };
  if (live === undefined && before?.base === undefined) return undefined;
  return { live, base: before?.base, source: before?.source ?? [] };
}

function step(
  run: Run,
  kind: CommitStep["kind"],
  objects: readonly ObjectStep[],
  files: readonly FileChange[],
): CommitStep {
  return { author: run.author, kind, objects, files, at: newest(run.entries) };
}

function keptBy({ kept }: ComposeInput, objects: readonly ObjectStep[]): Pick<CommitStep, "keptBy"> {
  const people = new Set(objects.flatMap(({ identity }) => kept.get(identityKey(identity))?.by ?? []));
  return people.size === 0 ? {} : { keptBy: [...people] };
}

function newest(entries: readonly WindowEntry[]): number {
  return entries.reduce((at, entry) => Math.max(at, entry.at), 0);
}
