/** How the objects of a Capture differ from their files, as far as it would matter to a delivery. */
import { type RefusalReason, refusalReasons } from "../api/reasons.ts";
import { editText } from "../layout/edit-text.ts";
import { equalJson } from "../manifest/equal-json.ts";
import { inNamespace, isObject } from "../manifest/identity.ts";
import { documentOf, parseManifests } from "../manifest/parse-manifests.ts";
import { put } from "../manifest/put.ts";
import { serialize } from "../manifest/serialize.ts";
import { isStoredAs, saysNothing } from "../merge/contains.ts";
import { diffFields } from "../merge/diff-fields.ts";
import { type FieldKind, fieldKind, itemKind, objectKind } from "../merge/field-kind.ts";
import type { ClusterReader } from "../ports.ts";
import type { FieldChange, Identity, Json, JsonObject, Kind, RepoPath, State } from "../values.ts";
import { holdOf } from "./delivery-state.ts";
import { type Examined, type ExamineTarget, examine } from "./examine.ts";
import type { WeighedObject } from "./weigh-objects.ts";

/** One object that is not on the branch as it is in the cluster. */
export interface ObjectDifference {
  readonly identity: Identity;
  readonly state: Exclude<State, "InSync">;
  /** Why nothing is written, where that is so. */
  readonly reason: RefusalReason | undefined;
  readonly detail: string;
  /** undefined: it has no file yet. */
  readonly path: RepoPath | undefined;
  /** From Git to the cluster; empty where one of them does not have the object. */
  readonly fields: readonly FieldChange[];
  /** The file, or this object's part of it, as it is and as it would be to say what the cluster has. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** By kind and name. Throws Failure. */
export async function differ(
  cluster: ClusterReader,
  target: ExamineTarget,
  kinds: readonly Kind[],
  now: number,
): Promise<readonly ObjectDifference[]> {
  const examined = await examine(cluster, target, kinds, { now });
  const open = examined.weighing.objects.flatMap((object) => {
    const state = stateOf(examined, object, holdOf(target.delivery));
    return state === undefined ? [] : [{ object, ...state }];
  });
  const { tree } = examined.source;
  const blobs = new Set(open.flatMap(({ object: { home } }) => (home.stands && tree.entry(home.path)?.oid) || []));
  const texts = await target.repository.blobs(blobs);
  const { namespace } = target.capture;
  const written = (object: JsonObject): JsonObject => target.reader.content(inNamespace(object, namespace));
  return open
    .map(({ object, ...state }) => {
      const { identity, home } = object;
      const text = home.stands ? texts.get(tree.entry(home.path)?.oid ?? "") : undefined;
      const path = home.stands ? home.path : undefined;
      const settlement = examined.settled.settlements.get(object.key)?.settlement;
      const edited = settlement?.to === "Deliver" && settlement.edit(object.live, () => text);
      const delivered = edited && edited.verdict === "Edited" ? (edited.changes[0]?.content ?? undefined) : undefined;
      return { identity, ...state, path, ...sides(object, text, delivered, namespace, written) };
    })
    .toSorted((a, b) => (nameOf(a.identity) < nameOf(b.identity) ? -1 : 1));
}

function stateOf(
  { settled, source }: Examined,
  { key, live, home }: WeighedObject,
  hold: ReturnType<typeof holdOf>,
): Pick<ObjectDifference, "state" | "reason" | "detail"> | undefined {
  const note = settled.attention.get(key);
  if (note !== undefined) {
    const state = note.state === "Pending" ? "ClusterAhead" : note.state;
    return state === "InSync" ? undefined : { state, reason: note.reason, detail: note.detail };
  }
  const to = settled.settlements.get(key)?.settlement.to;
  if (to === "Deliver") {
    const detail = source.refusal ?? (hold === undefined ? "" : refusalReasons[hold].means);
    return { state: "ClusterAhead", reason: hold, detail };
  }
  const isLeft = to === "Forget" && live === undefined && home.stands;
  return isLeft
    ? { state: "GitAhead", reason: undefined, detail: "the file is there, and the object is not" }
    : undefined;
}

function sides(
  { identity, live, schema }: WeighedObject,
  text: string | undefined,
  /** The file once everything was delivered that can be. */
  delivered: string | undefined,
  namespace: string,
  written: (object: JsonObject) => JsonObject,
): Pick<ObjectDifference, "fields" | "before" | "after"> {
  const content = text === undefined ? undefined : documentOf(parseManifests(text), identity)?.content;
  if (content === undefined || text === undefined) return { fields: [], before: undefined, after: live?.text };
  if (live === undefined) {
    const gone = editText(text, { identity, wanted: undefined, defaultNamespace: namespace });
    const after = gone.verdict === "Edited" ? (gone.text ?? undefined) : undefined;
    return { fields: [], before: text, after };
  }
  const merged = delivered === undefined ? content : documentOf(parseManifests(delivered), identity)?.content;
  const [is, wanted] = [
    written(content),
    asInCluster(written(merged ?? content), live.content, objectKind(schema, live.content)),
  ];
  const fields = diffFields(is, wanted);
  // What the file says beyond what is written of an object cannot be told from what it is to lose.
  const isPlain = equalJson(is, inNamespace(content, namespace));
  const said = isPlain && !equalJson(is, content) ? withoutNamespace(wanted) : wanted;
  const edited = isPlain ? editText(text, { identity, wanted: said, defaultNamespace: namespace }) : undefined;
  if (edited?.verdict === "Edited") return { fields, before: text, after: edited.text ?? undefined };
  return { fields, before: serialize(is), after: serialize(wanted) };
}

/** What a file says, with the cluster's values. What it does not say is the cluster's own affair. */
function asInCluster(said: Json, live: Json, kind: FieldKind): JsonObject;
function asInCluster(said: Json, live: Json, kind: FieldKind): Json;
function asInCluster(said: Json, live: Json, kind: FieldKind): Json {
  if (isObject(said) && isObject(live)) {
    const merged: Record<string, Json> = {};
    for (const [key, value] of Object.entries(said)) {
      const other = Object.hasOwn(live, key) ? live[key] : undefined;
      const of = fieldKind(kind, key);
      if (other !== undefined) put(merged, key, asInCluster(value, other, of));
      else if (saysNothing(value, of)) put(merged, key, value);
    }
    return merged;
  }
  if (Array.isArray(said) && Array.isArray(live) && said.length === live.length) {
    const [items, of] = [live as readonly Json[], itemKind(kind)];
    return (said as readonly Json[]).map((item, i) => asInCluster(item, items[i] ?? null, of));
  }
  return isStoredAs(said, live, kind) ? said : live;
}

function withoutNamespace(object: JsonObject): JsonObject {
  const { namespace: _, ...metadata } = object["metadata"] as JsonObject;
  return { ...object, metadata };
}

function nameOf({ group, kind, name }: Identity): string {
  return `${kind}\n${name}\n${group}`;
}
