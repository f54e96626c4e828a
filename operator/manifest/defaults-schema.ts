/** What an API server puts where an object says nothing, read of the OpenAPI v3 documents that it publishes. */
import type { Json, JsonObject, Kind } from "../values.ts";
import { isObject, objectAt, textAt } from "./identity.ts";
import { maxDepth } from "./limits.ts";

/** The fields of a kind, with cycles where it has them; types without fields of their own are `undefined`. */
export interface DefaultsSchema {
  readonly properties: ReadonlyMap<string, DefaultsProperty>;
  /** Without these an object is not valid. */
  readonly required: ReadonlySet<string>;
  /** Of each item of a list. */
  readonly items: DefaultsSchema | undefined;
  /** What names an item of a list. */
  readonly keys: ReadonlySet<string>;
  /** Of each value of a map. */
  readonly values: DefaultsSchema | undefined;
}

export interface DefaultsProperty {
  /** undefined: the server puts nothing there. */
  readonly default: Json | undefined;
  readonly type: DefaultsSchema | undefined;
}

interface Draft {
  readonly properties: Map<string, DefaultsProperty>;
  readonly required: Set<string>;
  items: DefaultsSchema | undefined;
  readonly keys: Set<string>;
  values: DefaultsSchema | undefined;
}

/** undefined: the document does not define the kind, or is too large a tree to be one. */
export function defaultsOf(
  document: JsonObject,
  { group, version, kind }: Pick<Kind, "group" | "version" | "kind">,
): DefaultsSchema | undefined {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  const wanted = JSON.stringify([group, version, kind]);
  const found = Object.values(schemas).find((schema) => isObject(schema) && kindsOf(schema).includes(wanted));
  return isObject(found) ? createReader(schemas)(found) : undefined;
}

function kindsOf(schema: JsonObject): readonly string[] {
  const kinds = fieldOf(schema, "x-kubernetes-group-version-kind");
  if (!Array.isArray(kinds)) return [];
  const named = kinds.filter((entry: Json) => isObject(entry));
  return named.map((entry) => JSON.stringify(["group", "version", "kind"].map((key) => textAt(entry, key))));
}

const plain: DefaultsProperty = Object.freeze({ default: undefined, type: undefined });
const maxNodes = 200_000;
const referencePrefix = "#/components/schemas/";

function createReader(schemas: JsonObject): (root: JsonObject) => DefaultsSchema | undefined {
  const shared = new Map<string, Draft | undefined>();
  let nodes = 0;

  /** Of a schema that is nothing but a reference: one and the same for all who refer to it. */
  function sharedType(name: string, depth: number): Draft | undefined {
    if (shared.has(name)) return shared.get(name);
    const target = objectAt(schemas, name);
    const draft = isLeaf(target) ? undefined : emptyDraft();
    shared.set(name, draft);
    if (draft !== undefined) fill(draft, target, depth, new Set([name]));
    return draft;
  }

  function typeOf(schema: JsonObject, depth: number): Draft | undefined {
    if (isLeaf(schema) || depth > maxDepth || nodes > maxNodes) return undefined;
    const reference = soleReference(schema);
    if (reference !== undefined) return sharedType(reference, depth + 1);
    const draft = emptyDraft();
    fill(draft, schema, depth, new Set());
    return isEmpty(draft) ? undefined : draft;
  }

  function fill(draft: Draft, schema: JsonObject, depth: number, within: ReadonlySet<string>): void {
    if (++nodes > maxNodes || depth > maxDepth) return;
    for (const part of partsOf(schema)) {
      const reference = referenceOf(part);
      if (reference === undefined) fill(draft, part, depth + 1, within);
      else if (!within.has(reference))
        fill(draft, objectAt(schemas, reference), depth + 1, new Set([...within, reference]));
    }
    for (const name of textsOf(fieldOf(schema, "required"))) draft.required.add(name);
    for (const name of textsOf(fieldOf(schema, "x-kubernetes-list-map-keys"))) draft.keys.add(name);
    for (const [name, property] of Object.entries(objectAt(schema, "properties"))) {
      if (!isObject(property)) continue;
      const type = typeOf(property, depth + 1);
      const value = fieldOf(property, "default");
      draft.properties.set(name, type === undefined && value === undefined ? plain : { default: value, type });
    }
    const items = fieldOf(schema, "items");
    if (isObject(items)) draft.items = typeOf(items, depth + 1);
    const values = fieldOf(schema, "additionalProperties");
    if (isObject(values)) draft.values = typeOf(values, depth + 1);
  }

  return (root) => {
    const draft = emptyDraft();
    fill(draft, root, 0, new Set());
    return nodes > maxNodes ? undefined : draft;
  };
}

function emptyDraft(): Draft {
  return { properties: new Map(), required: new Set(), items: undefined, keys: new Set(), values: undefined };
}

function isEmpty({ properties, required, items, keys, values }: Draft): boolean {
  return properties.size + required.size + keys.size === 0 && items === undefined && values === undefined;
}

const inner = ["$ref", "allOf", "properties", "items", "additionalProperties"];

function isLeaf(schema: JsonObject): boolean {
  return !inner.some((key) => Object.hasOwn(schema, key));
}

/** The name that a schema refers to, where it says nothing of its own fields. */
function soleReference(schema: JsonObject): string | undefined {
  if (["properties", "items", "additionalProperties"].some((key) => Object.hasOwn(schema, key))) return undefined;
  const parts = partsOf(schema);
  return parts.length === 1 && parts[0] !== undefined ? referenceOf(parts[0]) : undefined;
}

/** What a schema takes over: of `$ref` and `allOf`. */
function partsOf(schema: JsonObject): readonly JsonObject[] {
  const parts = fieldOf(schema, "allOf");
  const all = Array.isArray(parts) ? parts.filter((part: Json) => isObject(part)) : [];
  const reference = textAt(schema, "$ref");
  return reference === "" ? all : [...all, { $ref: reference }];
}

function referenceOf(part: JsonObject): string | undefined {
  const reference = textAt(part, "$ref");
  return reference.startsWith(referencePrefix) ? reference.slice(referencePrefix.length) : undefined;
}

function textsOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((text: Json) => typeof text === "string") : [];
}

function fieldOf(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
