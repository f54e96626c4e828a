/** PURE: the state tables of docs/architecture.md: what is to be done about one object, field by field. */

import type { KindSchema } from "../manifest/kind-schema.ts";
import { isBuiltIn } from "../manifest/server-names.ts";
import type {
  Decision,
  JsonObject,
  Manifest,
  Merge,
  Merged,
  OnConflict,
  Recorded,
  SourceFile,
  State,
} from "../values.ts";
import { contains, equalJson, isStoredAs } from "./contains.ts";
import { objectKind } from "./field-kind.ts";
import { type MergedFields, mergeFields, type Sides } from "./merge-fields.ts";

/** Where an object stands on the source branch, and how the record names that. */
export interface FileNow {
  readonly source: SourceFile;
  /** As it stands there; undefined: not read, since it is as the record knows it. */
  readonly content: JsonObject | undefined;
}

/** What both sides were when they were last in step; read where something changed since. */
export interface Before {
  /** What the record's `base` says. */
  readonly base: JsonObject;
  /** The object as the source branch then had it. */
  readonly then: JsonObject;
}

export interface DecideInput {
  /** As the cluster has it; undefined: gone. */
  readonly live: Manifest | undefined;
  readonly recorded: Recorded | undefined;
  /** The object's document on the source branch now; undefined: there is none. */
  readonly file: FileNow | undefined;
  /** undefined: not read, since nothing needs it (`needsBefore`). */
  readonly before: Before | undefined;
  /** As Argo CD or Flux left the live object last, where they changed it since both sides were in step. */
  readonly applied?: JsonObject | undefined;
  readonly owners?: Sides["owners"];
  readonly schema: KindSchema | undefined;
  readonly onConflict: OnConflict;
  /** What becomes of a file that was there before the record and contradicts the object. */
  readonly onDifference?: "Wait" | "ClusterWins";
  /** What is written of an object that stands in a file. */
  readonly written: (object: JsonObject) => JsonObject;
}

/** Whether the decision compares fields with what both sides were. */
export function needsBefore(input: Pick<DecideInput, "live" | "recorded" | "file" | "applied">): boolean {
  const { live, recorded, file } = input;
  if (recorded?.base === undefined || file === undefined) return false;
  if (live === undefined || live.blob === recorded.base) return !isKnown(recorded, file.source);
  return !isWhole(input);
}

/** A file that holds the very bytes of the record's `base` is written anew as a whole. */
export function isWhole({ recorded, file, applied }: Pick<DecideInput, "recorded" | "file" | "applied">): boolean {
  if (recorded?.base === undefined || file === undefined || applied !== undefined) return false;
  return file.source.blob === recorded.base && isKnown(recorded, file.source);
}

export function decide(input: DecideInput): Decision {
  return input.recorded?.base === undefined ? atFirstContact(input) : sinceBase(input, input.recorded);
}

function sinceBase(input: DecideInput, recorded: Recorded): Decision {
  const { live, file } = input;
  const liveSame = live?.blob === recorded.base;
  const sourceSame = file !== undefined && isKnown(recorded, file.source);
  if (liveSame && sourceSame) return none("InSync");
  if (live === undefined) return whenGone(input, sourceSame);
  if (file === undefined) return whenRemoved(input, live, recorded, liveSame);
  if (isWhole(input)) return { action: "Deliver", open: undefined, merge: undefined };
  return whenBoth(input, live, file);
}

/** Whether a file is as the record has it. */
export function isKnown(recorded: Recorded, source: SourceFile): boolean {
  const known = recorded.source[0];
  return known !== undefined && source.path === known.path && source.blob === known.blob;
}

/** The object is gone from the cluster. */
function whenGone({ file, before, onConflict, written }: DecideInput, sourceSame: boolean): Decision {
  if (file === undefined) return { action: "Forget" };
  const { content } = file;
  const untouched =
    sourceSame || (before !== undefined && content !== undefined && equalJson(written(before.then), written(content)));
  if (untouched || onConflict === "ClusterWins") return { action: "Deliver", open: undefined, merge: undefined };
  return onConflict === "GitWins" ? { action: "Forget" } : none("Diverged", "BothChanged");
}

/** The file is gone from the source branch. */
function whenRemoved(
  { applied, onConflict }: DecideInput,
  live: Manifest,
  { source }: Recorded,
  liveSame: boolean,
): Decision {
  const removed = "the file was removed in Git";
  if (liveSame) return none("GitAhead", removed);
  if (applied !== undefined && equalJson(applied, live.content)) return none("Applying", byConsumer);
  if (onConflict === "ClusterWins") return { action: "Deliver", open: undefined, merge: undefined };
  if (onConflict === "Hold") return none("Diverged", "FileRemoved");
  return { action: "Settle", source, base: undefined, then: undefined, open: { state: "GitAhead", detail: removed } };
}

function whenBoth(input: DecideInput, live: Manifest, file: FileNow): Decision {
  const merge = mergeOf(input, file);
  if (merge === undefined) return none("Diverged", "BothChanged");
  const { delivers, open, base, then, conflicts } = merge(live);
  const decided = input.onConflict === "Hold" || conflicts.length === 0 ? {} : { decided: conflicts };
  if (delivers) return { action: "Deliver", open, merge, ...decided };
  return { action: "Settle", source: [file.source], base, then, open, ...decided };
}

/** How any state since both sides were in step is brought into the file; undefined: what they were cannot be read. */
function mergeOf(input: DecideInput, { content: now }: FileNow): Merge | undefined {
  const { before, schema, onConflict, written, applied, owners } = input;
  if (before === undefined || now === undefined) return undefined;
  const { base, then } = before;
  const rules = { schema, onConflict, isFirstContact: input.recorded?.base === undefined };
  return ({ content, full }) => {
    const sides = { base, live: content, ...(applied && { applied }), ...(owners && { owners }) };
    const merged = mergeFields({ ...sides, then, now }, rules);
    // What is written of no object in the cluster (a status, a field that the Capture ignores) waits for nobody.
    const seen = { then: written(then), now: written(now) };
    const gitAhead =
      merged.gitAhead &&
      mergeFields({ ...sides, ...seen }, rules).gitAhead &&
      (full === undefined || !isStoredAs(seen.now, full, objectKind(schema, full)));
    return { ...merged, ...openOf(merged, onConflict, gitAhead), ...keptBack(merged, content, gitAhead) };
  };
}

function openOf(
  { conflicts, applying }: MergedFields,
  onConflict: OnConflict,
  gitAhead: boolean,
): Pick<Merged, "open"> {
  const open = (state: State, detail: string): Pick<Merged, "open"> => ({ open: { state, detail } });
  if (conflicts.length > 0 && onConflict === "Hold")
    return { open: { state: "Diverged", detail: "BothChanged", conflicts } };
  if (applying) return open("Applying", byConsumer);
  return gitAhead ? open("GitAhead", "the file changed in Git") : { open: undefined };
}

/** What the record is to say where that is neither the live object nor what stands in the file. */
function keptBack(merged: MergedFields, live: JsonObject, gitAhead: boolean): Pick<Merged, "base" | "then"> {
  const { base, then, content, conflicts } = merged;
  const isOpen = gitAhead || conflicts.length > 0;
  return {
    base: equalJson(base, live) ? undefined : base,
    then: !isOpen || equalJson(then, content) ? undefined : then,
  };
}

function atFirstContact(input: DecideInput): Decision {
  const { live, recorded, file, applied, onDifference, written } = input;
  if (live === undefined) {
    if (recorded !== undefined) return { action: "Forget" };
    return file === undefined ? none("InSync") : none("GitAhead", "the file was there before the object");
  }
  if (file === undefined) {
    // Of a revision that still had its file.
    const isApplied = applied !== undefined && equalJson(applied, live.content);
    return isApplied ? none("Applying", byConsumer) : { action: "Deliver", open: undefined, merge: undefined };
  }
  if (file.source.blob === live.blob || saysLess(input, live, file))
    return { action: "Settle", source: [file.source], base: undefined, then: undefined, open: undefined };
  if (onDifference !== "ClusterWins" || file.content === undefined) return none("Diverged", "FirstContact");
  const before = { base: written(file.content), then: file.content };
  return { action: "Deliver", open: undefined, merge: mergeOf({ ...input, before }, file) };
}

/** Everything that the file wants is so; the rest are defaults. */
function saysLess({ written, schema }: DecideInput, live: Manifest, { content }: FileNow): boolean {
  if (content === undefined) return false;
  const wanted = written(content);
  const stored = live.full ?? live.content;
  return isBuiltIn(live.identity.group)
    ? isStoredAs(wanted, stored, objectKind(schema, stored))
    : contains(wanted, stored);
}

const byConsumer = "a consumer of this path made the change";

function none(state: State, detail = ""): Decision {
  return { action: "None", state, detail };
}
