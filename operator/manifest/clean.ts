/** Takes out what the API server and controllers own. Idempotent; the input is not changed. */
import type { Json, JsonObject } from "../values.ts";
import { identityOf, isObject } from "./identity.ts";
import type { Rule } from "./rules.ts";
import { everyKind, perKind, serverAnnotations, serverFinalizers, serverLabels } from "./rules.ts";
import { isVerbatim } from "./verbatim.ts";

export function clean(object: JsonObject): JsonObject {
  const { group, kind } = identityOf(object);
  let cleaned = object;
  for (const rule of perKind[`${kind}.${group}`] ?? []) cleaned = applyRule(cleaned, rule, object);
  for (const rule of everyKind) cleaned = applyRule(cleaned, rule, object);
  return cleanMetadata(withoutNulls(cleaned) as JsonObject);
}

function applyRule(object: JsonObject, rule: Rule, root: JsonObject): JsonObject {
  return removeAt(object, rule.path, 0, rule, root) as JsonObject;
}

function removeAt(value: Json, path: readonly string[], depth: number, rule: Rule, root: JsonObject): Json {
  const key = path[depth];
  if (key === undefined) return value;
  if (key === "*" && Array.isArray(value))
    return value.map((item: Json) => removeAt(item, path, depth + 1, rule, root));
  if (!isObject(value) || !Object.hasOwn(value, key)) return value;
  const child = value[key] as Json;
  if (depth === path.length - 1) return rule.when === undefined || rule.when(child, root) ? without(value, key) : value;
  const next = removeAt(child, path, depth + 1, rule, root);
  return next === child ? value : withValue(value, key, next);
}

function cleanMetadata(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isObject(metadata)) return object;
  let next = metadata;
  next = filterMap(next, "annotations", (name) => !matches(name, serverAnnotations));
  next = filterMap(next, "labels", (name) => !matches(name, serverLabels));
  if (Array.isArray(next["finalizers"])) {
    const kept = next["finalizers"].filter((item: Json) => typeof item !== "string" || !serverFinalizers.has(item));
    next = kept.length === 0 ? without(next, "finalizers") : withValue(next, "finalizers", kept);
  }
  return next === metadata ? object : withValue(object, "metadata", next);
}

function matches(name: string, list: readonly string[]): boolean {
  return list.some((entry) => (entry.endsWith("/") ? name.startsWith(entry) : name === entry));
}

/** A map that is left empty by what was taken out goes too. */
function filterMap(metadata: JsonObject, key: string, keep: (name: string) => boolean): JsonObject {
  const map = metadata[key];
  if (!isObject(map)) return metadata;
  const entries = Object.entries(map).filter(([name]) => keep(name));
  if (entries.length === 0) return without(metadata, key);
  return entries.length === Object.keys(map).length ? metadata : withValue(metadata, key, fromEntries(entries));
}

/** A null says nothing that its absence does not: the API server does not store one. */
function withoutNulls(value: Json): Json {
  if (value === null || typeof value !== "object" || isVerbatim(value)) return value;
  if (Array.isArray(value)) return value.map((item: Json) => withoutNulls(item));
  const entries = Object.entries(value as JsonObject).filter(([, item]) => item !== null);
  return fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)] as const));
}

function without(object: JsonObject, key: string): JsonObject {
  return fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

function withValue(object: JsonObject, key: string, value: Json): JsonObject {
  return fromEntries(Object.entries(object).map(([name, old]) => [name, name === key ? value : old] as const));
}

/** With a null prototype, so that `__proto__` is a key like any other. */
function fromEntries(entries: Iterable<readonly [string, Json]>): JsonObject {
  const object = Object.create(null) as Record<string, Json>;
  for (const [key, value] of entries) object[key] = value;
  return object;
}
