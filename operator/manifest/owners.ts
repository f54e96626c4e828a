/**
 * Who owns a field, from `metadata.managedFields` (fieldsV1; KEP-555, structured-merge-diff's serialisation): `f:name`
 * for a field, `k:{...}` for an item of a list by its keys, `v:...` for an item of a set, `i:n` for one by its index.
 */
import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, textAt } from "./identity.ts";

/** What one manager owns below some place of the object. */
export type Owned = JsonObject;

/** One entry of `metadata.managedFields`. */
export interface ManagerEntry {
  readonly manager: string;
  /** Apply or Update. */
  readonly operation: string;
  /** "" for the object itself. */
  readonly subresource: string;
  /** RFC 3339, or "". */
  readonly time: string;
  readonly fields: Owned;
}

/** In their order; empty where the server tells none. */
export function managersOf(object: JsonObject): readonly ManagerEntry[] {
  const entries = metadataOf(object)["managedFields"];
  if (!Array.isArray(entries)) return [];
  const apiVersion = textAt(object, "apiVersion");
  return (entries as readonly Json[]).map((entry) => {
    const text = (key: string): string => (isObject(entry) ? textAt(entry, key) : "");
    return {
      manager: text("manager"),
      operation: text("operation"),
      subresource: text("subresource"),
      time: text("time"),
      fields: ownedBy(entry, apiVersion),
    };
  });
}

/** What each manager of the whole object owns. */
export function ownedFields(object: JsonObject): readonly Owned[] {
  return managersOf(object).map(({ fields }) => fields);
}

/** Who owns the value at a path, or all of a value that it stands in. `path`: keys, and indices as text. */
export function ownersOf(object: JsonObject, path: readonly string[]): readonly ManagerEntry[] {
  return managersOf(object).filter(({ fields }) => {
    let [owned, at]: [readonly Owned[], Json | undefined] = [[fields], object];
    for (const step of path) {
      if (owned.some(ownsAll)) return true;
      const isList = Array.isArray(at);
      const child: Json | undefined = isList
        ? (at as readonly Json[])[Number(step)]
        : isObject(at) && Object.hasOwn(at, step)
          ? at[step]
          : undefined;
      if (child === undefined) return false;
      owned = isList ? belowItem(owned, child, Number(step)) : belowField(owned, step);
      at = child;
    }
    return owned.length > 0;
  });
}

/** Where it cannot be told what a manager owns, it owns all. */
function ownedBy(entry: Json, apiVersion: string): Owned {
  const fields = isObject(entry) && textAt(entry, "fieldsType") === "FieldsV1" ? entry["fieldsV1"] : undefined;
  if (!isObject(entry) || !isObject(fields)) return everything;
  if (textAt(entry, "apiVersion") === apiVersion) return fields;
  // In another version of the kind the same field may have another name; `status` is `status` in all.
  return Object.keys(fields).every((name) => name === "f:status") ? fields : everything;
}

const everything: Owned = {};

/** Whether one of the managers owns the field, or all of the value that it is in. */
export function isOwned(owners: readonly Owned[], field: string): boolean {
  return owners.some((owned) => ownsAll(owned) || Object.hasOwn(owned, `f:${field}`));
}

/** A value that is owned as a whole is a leaf, though it may be a map or list: an atomic one. */
export function ownsAll(owned: Owned): boolean {
  return Object.keys(owned).length === 0;
}

/** Whether a manager made the value, rather than only something in it. */
export function ownsItself(owned: Owned): boolean {
  return ownsAll(owned) || Object.hasOwn(owned, ".");
}

/** What the managers own of a field's value. */
export function belowField(owners: readonly Owned[], field: string): readonly Owned[] {
  return owners.flatMap((owned) => below(owned, `f:${field}`));
}

/** What the managers own of an item of a list. */
export function belowItem(owners: readonly Owned[], item: Json, index: number): readonly Owned[] {
  return owners.flatMap((owned) => {
    if (ownsAll(owned)) return [owned];
    return Object.keys(owned)
      .filter((name) => names(name, item, index))
      .flatMap((name) => below(owned, name));
  });
}

function below(owned: Owned, name: string): readonly Owned[] {
  if (ownsAll(owned)) return [owned];
  const child = Object.hasOwn(owned, name) ? (owned[name] ?? null) : null;
  return isObject(child) ? [child] : [];
}

function names(name: string, item: Json, index: number): boolean {
  if (name === `i:${index}`) return true;
  if (name.startsWith("v:")) return isScalar(item) && parse(name.slice(2)) === item;
  if (!name.startsWith("k:") || !isObject(item)) return false;
  const keys = parse(name.slice(2));
  return (
    isObject(keys) && Object.entries(keys).every(([key, value]) => Object.hasOwn(item, key) && item[key] === value)
  );
}

function isScalar(value: Json): boolean {
  return value === null || typeof value !== "object";
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
