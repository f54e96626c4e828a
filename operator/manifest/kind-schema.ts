/**
 * What an API server knows of a kind's fields, read of the OpenAPI v3 documents that it publishes: what it puts where an
 * object says nothing, and how lists and maps are merged (KEP-555; `x-kubernetes-*` of the OpenAPI extensions).
 */
import type { Json, JsonObject, Kind } from "../values.ts";
import { isObject, objectAt, textAt } from "./identity.ts";
import { maxDepth } from "./limits.ts";
import { isBuiltIn } from "./server-names.ts";

/** The fields of a kind, with cycles where it has them; types without fields of their own are `undefined`. */
export interface KindSchema {
  readonly properties: ReadonlyMap<string, SchemaProperty>;
  /** Without these an object is not valid. */
  readonly required: ReadonlySet<string>;
  /** Of each item of a list. */
  readonly items: KindSchema | undefined;
  /** What names an item of a list. */
  readonly keys: ReadonlySet<string>;
  /** Of each value of a map. */
  readonly values: KindSchema | undefined;
  /** How a list is merged; undefined: nothing is said, and it is atomic. */
  readonly list: ListType | undefined;
  /** Names an item of a list for a strategic merge patch, where `keys` are not told. */
  readonly mergeKey: string | undefined;
  /** A map that is changed as a whole. */
  readonly isAtomicMap: boolean;
  /** A resource.Quantity, which a server spells in its own way. */
  readonly isQuantity: boolean;
  /** A type of the server's own, and no map: of its fields those that say nothing need not be stored. */
  readonly isTyped: boolean;
}

export type ListType = "Atomic" | "Set" | "Map";

export interface SchemaProperty {
  /** undefined: the server puts nothing there. */
  readonly default: Json | undefined;
  readonly type: KindSchema | undefined;
}

interface Draft {
  readonly properties: Map<string, SchemaProperty>;
  readonly required: Set<string>;
  items: KindSchema | undefined;
  readonly keys: Set<string>;
  values: KindSchema | undefined;
  list: ListType | undefined;
  mergeKey: string | undefined;
  isAtomicMap: boolean;
  readonly isQuantity: boolean;
  isTyped: boolean;
}

/** undefined: the document does not define the kind, or is too large a tree to be one. */
export function kindSchemaOf(
  document: JsonObject,
  { group, version, kind }: Pick<Kind, "group" | "version" | "kind">,
): KindSchema | undefined {
  const schemas = objectAt(objectAt(document, "components"), "schemas");
  const wanted = JSON.stringify([group, version, kind]);
  const found = Object.values(schemas).find((schema) => isObject(schema) && kindsOf(schema).includes(wanted));
  return isObject(found) ? createReader(schemas)(found, isBuiltIn(group)) : undefined;
}

function kindsOf(schema: JsonObject): readonly string[] {
  const kinds = fieldOf(schema, "x-kubernetes-group-version-kind");
  if (!Array.isArray(kinds)) return [];
  const named = kinds.filter((entry: Json) => isObject(entry));
  return named.map((entry) => JSON.stringify(["group", "version", "kind"].map((key) => textAt(entry, key))));
}

const plain: SchemaProperty = Object.freeze({ default: undefined, type: undefined });
/** CRDs have no name for it: an API server leaves theirs as they are written. */
const quantityName = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const quantity: Draft = { ...emptyDraft(), isQuantity: true };
const maxNodes = 200_000;
const referencePrefix = "#/components/schemas/";

function createReader(schemas: JsonObject): (root: JsonObject, isTyped: boolean) => KindSchema | undefined {
  const shared = new Map<string, Draft | undefined>();
  let nodes = 0;

  /** Of a schema that is nothing but a reference: one and the same for all who refer to it. */
  function sharedType(name: string, depth: number): Draft | undefined {
    if (shared.has(name)) return shared.get(name);
    const target = objectAt(schemas, name);
    const draft = isLeaf(target) ? undefined : { ...emptyDraft(), isTyped: true };
    shared.set(name, draft);
    if (draft !== undefined) fill(draft, target, depth, new Set([name]));
    return draft;
  }

  function typeOf(schema: JsonObject, depth: number): Draft | undefined {
    if (isLeaf(schema) || depth > maxDepth || nodes > maxNodes) return undefined;
    const reference = soleReference(schema);
    if (reference === quantityName) return quantity;
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
      else if (!within.has(reference)) {
        // The schema that a CRD gives refers to nothing but ObjectMeta.
        draft.isTyped = true;
        fill(draft, objectAt(schemas, reference), depth + 1, new Set([...within, reference]));
      }
    }
    for (const name of textsOf(fieldOf(schema, "required"))) draft.required.add(name);
    for (const name of textsOf(fieldOf(schema, "x-kubernetes-list-map-keys"))) draft.keys.add(name);
    draft.list ??= listTypes.get(textAt(schema, "x-kubernetes-list-type"));
    draft.mergeKey ??= textAt(schema, "x-kubernetes-patch-merge-key") || undefined;
    if (textAt(schema, "x-kubernetes-map-type") === "atomic") draft.isAtomicMap = true;
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

  return (root, isTyped) => {
    const draft = { ...emptyDraft(), isTyped };
    fill(draft, root, 0, new Set());
    return nodes > maxNodes ? undefined : draft;
  };
}

const listTypes: ReadonlyMap<string, ListType> = new Map([
  ["atomic", "Atomic"],
  ["set", "Set"],
  ["map", "Map"],
]);

function emptyDraft(): Draft {
  const lists = { items: undefined, keys: new Set<string>(), list: undefined, mergeKey: undefined };
  const marks = { isAtomicMap: false, isQuantity: false, isTyped: false };
  return { properties: new Map(), required: new Set(), values: undefined, ...marks, ...lists };
}

function isEmpty({ properties, required, items, keys, values, list, mergeKey, isAtomicMap }: Draft): boolean {
  const hasMore = [items, values, list, mergeKey].some((part) => part !== undefined) || isAtomicMap;
  return !hasMore && properties.size + required.size + keys.size === 0;
}

const inner = ["$ref", "allOf", "properties", "items", "additionalProperties"];

function isLeaf(schema: JsonObject): boolean {
  return !inner.some((key) => Object.hasOwn(schema, key)) && textAt(schema, "x-kubernetes-map-type") !== "atomic";
}

/** The name that a schema refers to, where it says nothing of its own fields. */
function soleReference(schema: JsonObject): string | undefined {
  if ([...inner.slice(2), "x-kubernetes-map-type"].some((key) => Object.hasOwn(schema, key))) return undefined;
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
