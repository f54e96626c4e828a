/** PURE: what brings a live object back to what Git has, and touches nothing else of it. */
import type { KindSchema } from "../manifest/kind-schema.ts";
import type { FieldChange, JsonObject } from "../values.ts";
import { diffFields } from "./diff-fields.ts";
import { mergeFields } from "./merge-fields.ts";

export interface UndoInput {
  /** As the API server sent it; undefined: the cluster has none. */
  readonly raw: JsonObject | undefined;
  /** What is written of it. */
  readonly live: JsonObject | undefined;
  /** What is written of the document that Git has now; undefined: it has none. */
  readonly now: JsonObject | undefined;
  /** What both sides were when they were last in step; undefined: they never were. */
  readonly before: { readonly base: JsonObject; readonly then: JsonObject } | undefined;
  readonly schema: KindSchema | undefined;
}

export type Undo =
  | { readonly action: "Nothing" }
  /** `object` is to replace the live one. */
  | { readonly action: "Replace"; readonly object: JsonObject; readonly fields: readonly FieldChange[] }
  | { readonly action: "Create"; readonly object: JsonObject }
  | { readonly action: "Delete" };

/** A file says less than the object: what it does not speak of goes back to what it was when both were in step. */
export function undoOf({ raw, live, now, before, schema }: UndoInput): Undo {
  if (raw === undefined || live === undefined)
    return now === undefined ? { action: "Nothing" } : { action: "Create", object: now };
  if (now === undefined) return { action: "Delete" };
  const bring = (from: JsonObject, to: JsonObject, into: JsonObject): JsonObject =>
    mergeFields({ base: from, live: to, then: from, now: into }, { schema, onConflict: "ClusterWins" }).content;
  const wanted = before === undefined ? bring({}, now, live) : bring(before.then, now, before.base);
  const fields = diffFields(live, wanted);
  if (fields.length === 0) return { action: "Nothing" };
  return { action: "Replace", object: bring(live, wanted, raw), fields };
}
