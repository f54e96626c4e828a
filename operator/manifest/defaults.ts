/**
 * An object without what its API server puts there by itself, as the kind's OpenAPI schema publishes it.
 *
 * A published `default` of a kind that a CRD defines is what its structural schema gives. Of a built-in kind it is either
 * a `+default` of the Go type, which the generated defaulting functions apply, or the zero value of a field that is no
 * pointer: a Go struct cannot tell that value from none (mustEnforceDefault of kube-openapi's generators).
 */
import type { Json, JsonObject } from "../values.ts";
import { equalJson } from "./equal-json.ts";
import { isObject } from "./identity.ts";
import type { KindSchema, SchemaProperty } from "./kind-schema.ts";
import { maxDepth } from "./limits.ts";
import { put } from "./put.ts";

/**
 * Never without `apiVersion`, `kind` and `metadata`, an entry of a map, an item of a list, a field that names its item, or
 * a zero value that is required. Idempotent; the input is not changed, and answered itself where nothing goes.
 */
export function withoutDefaults(content: JsonObject, schema: KindSchema): JsonObject {
  return withoutFields(content, schema, rootNames, 0);
}

const none: ReadonlySet<string> = new Set();
const rootNames: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);

function strip(value: Json, schema: KindSchema, kept: ReadonlySet<string>, depth: number): Json {
  if (depth > maxDepth) return value;
  if (isObject(value)) return withoutFields(value, schema, kept, depth);
  const { items, keys } = schema;
  if (!Array.isArray(value) || items === undefined) return value;
  const stripped = value.map((item: Json) => strip(item, items, keys, depth + 1));
  return stripped.some((item, i) => item !== value[i]) ? stripped : value;
}

function withoutFields(object: JsonObject, schema: KindSchema, kept: ReadonlySet<string>, depth: number): JsonObject {
  let changed = false;
  const stripped: Record<string, Json> = {};
  for (const [name, value] of Object.entries(object)) {
    const property = schema.properties.get(name);
    const isKept = kept.has(name);
    if (!isKept && property !== undefined && isDefault(value, property, schema.required.has(name))) {
      changed = true;
      continue;
    }
    const type = property === undefined ? schema.values : property.type;
    const next = type === undefined || (isKept && depth === 0) ? value : strip(value, type, none, depth + 1);
    if (next !== value) changed = true;
    put(stripped, name, next);
  }
  return changed ? stripped : object;
}

function isDefault(value: Json, { default: given, type }: SchemaProperty, required: boolean): boolean {
  if (given === undefined || (required && isZero(given))) return false;
  return isCompleted(value, given, type, 0);
}

/** It is published of every field that is no pointer, of those too that readers of schemas do not let go. */
function isZero(value: Json): boolean {
  if (value === "" || value === 0 || value === false) return true;
  return isObject(value) && Object.keys(value).length === 0;
}

/** Whether `given` becomes `value` when the server has put into it what it does not say. */
function isCompleted(value: Json, given: Json, schema: KindSchema | undefined, depth: number): boolean {
  if (schema === undefined) return equalJson(value, given);
  if (depth > maxDepth) return false;
  if (Array.isArray(value) && Array.isArray(given)) {
    if (value.length !== given.length) return false;
    return value.every((item: Json, i) => isCompleted(item, given[i] as Json, schema.items, depth + 1));
  }
  if (!isObject(value) || !isObject(given)) return equalJson(value, given);
  if (!Object.keys(given).every((name) => Object.hasOwn(value, name))) return false;
  for (const [name, property] of schema.properties) {
    if (property.default !== undefined && !Object.hasOwn(value, name)) return false;
  }
  return Object.entries(value).every(([name, child]) => {
    const property = schema.properties.get(name);
    const source = Object.hasOwn(given, name) ? given[name] : property?.default;
    if (source === undefined) return false;
    return isCompleted(child, source, property === undefined ? schema.values : property.type, depth + 1);
  });
}
