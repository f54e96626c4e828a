/**
 * Who owns a field, from `metadata.managedFields` (fieldsV1; KEP-555, structured-merge-diff's serialisation): `f:name`
 * for a field, `k:{...}` for an item of a list by its keys, `v:...` for an item of a set, `i:n` for one by its index.
 */
import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, textAt } from "./identity.ts";

/** What one manager owns below some place of the object. */
export type Owned = JsonObject;

/** One for each manager of the whole object, in their order; empty where the server tells none. */
export function ownedFields(object: JsonObject): readonly Owned[] {
  const entries = metadataOf(object)["managedFields"];
  if (!Array.isArray(entries)) return [];
  const apiVersion = textAt(object, "apiVersion");
  return (entries as readonly Json[]).map((entry) => ownedBy(entry, apiVersion));
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
  if (!name.startsWith("k:") || !isObject(item)) return false;
  const keys = parse(name.slice(2));
  return (
    isObject(keys) && Object.entries(keys).every(([key, value]) => Object.hasOwn(item, key) && item[key] === value)
  );
}

function parse(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
