/** Takes out what the API server and controllers own. Idempotent, total; the input is not changed, and shared where it can be. */
import type { Json, JsonObject } from "../values.ts";
import { identityOf, isObject } from "./identity.ts";
import { maxDepth } from "./limits.ts";
import { put } from "./put.ts";
import type { Rule } from "./rules.ts";
import { everyKind, perKind, rulesVersion } from "./rules.ts";
import { isBuiltIn } from "./server-names.ts";

/** `rules`: of this or an older version. */
export function clean(object: JsonObject, rules: number = rulesVersion): JsonObject {
  const { group, kind } = identityOf(object);
  let cleaned: Json = object;
  const apply = (rule: Rule): void => {
    if (isOf(rule, rules)) cleaned = removeAt(cleaned, 0, rule, object);
  };
  for (const rule of perKind[`${kind}.${group}`] ?? []) apply(rule);
  for (const rule of everyKind) apply(rule);
  return withoutNulls(cleaned, "", isBuiltIn(group), 0) as JsonObject;
}

export function isOf({ since = 1, until = Number.POSITIVE_INFINITY }: Rule, rules: number): boolean {
  return since <= rules && rules <= until;
}

function removeAt(value: Json, depth: number, rule: Rule, root: JsonObject): Json {
  const { path, when } = rule;
  const last = path.length - 1;
  const emptiable = depth === last - 1 && path[last] === "*";
  return editEntries(value, path[depth] as string, (child, key) => {
    if (depth === last) return when === undefined || when(child, { root, parent: value, key }) ? undefined : child;
    const next = removeAt(child, depth + 1, rule, root);
    // A map or list that is left empty by what was taken out goes too.
    return emptiable && next !== child && Object.keys(next as JsonObject).length === 0 ? undefined : next;
  });
}

/**
 * A null of a built-in type says nothing that its absence does not; in a custom resource it may (`nullable` with a
 * default), all but the `creationTimestamp: null` that Go writes into templates. What is nested deeper than is ever written stays
 * as it is.
 */
function withoutNulls(value: Json, name: string, builtIn: boolean, depth: number): Json {
  if (depth > maxDepth) return value;
  return editEntries(value, "*", (child, key) => {
    if (child === null && typeof key === "string") {
      return builtIn || (key === "creationTimestamp" && name === "metadata") ? undefined : child;
    }
    return child !== null && typeof child === "object" ? withoutNulls(child, String(key), builtIn, depth + 1) : child;
  });
}

/** Visits one entry, or with `*` every entry, of a map or list: undefined removes it. The value itself where all stay. */
function editEntries(value: Json, step: string, visit: (child: Json, key: string | number) => Json | undefined): Json {
  if (Array.isArray(value)) return step === "*" ? editList(value, visit) : value;
  if (!isObject(value)) return value;
  if (step !== "*" && !Object.hasOwn(value, step)) return value;
  // Copied only when something changes: most of an object is visited and stays.
  let edited: Record<string, Json> | undefined;
  const keys = Object.keys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string;
    const child = value[key] as Json;
    const next = step === "*" || step === key ? visit(child, key) : child;
    if (next !== child && edited === undefined) {
      edited = {};
      for (const before of keys.slice(0, i)) put(edited, before, value[before] as Json);
    }
    if (edited !== undefined && next !== undefined) put(edited, key, next);
  }
  return edited ?? value;
}

function editList(items: readonly Json[], visit: (child: Json, key: number) => Json | undefined): readonly Json[] {
  let edited: Json[] | undefined;
  for (const [i, child] of items.entries()) {
    const next = visit(child, i);
    if (next !== child) edited ??= items.slice(0, i);
    if (edited !== undefined && next !== undefined) edited.push(next);
  }
  return edited ?? items;
}
