/** PURE: which fields differ, named as a person would name them. */
import { isObject, textAt } from "../manifest/identity.ts";
import type { FieldChange, Json, JsonObject } from "../values.ts";
import { equalJson } from "./contains.ts";

/** The leaves that differ, in the order of the paths. List items are told by their `name` (or `key`) where all have one. */
export function diffFields(before: JsonObject | undefined, after: JsonObject | undefined): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  diffObject(before ?? {}, after ?? {}, "", changes);
  return changes;
}

function diffObject(before: JsonObject, after: JsonObject, path: string, into: FieldChange[]): void {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  for (const key of keys) {
    const has = (object: JsonObject): Json | undefined => (Object.hasOwn(object, key) ? object[key] : undefined);
    diffValue(has(before), has(after), joined(path, key), into);
  }
}

function diffValue(before: Json | undefined, after: Json | undefined, path: string, into: FieldChange[]): void {
  if (before !== undefined && after !== undefined && equalJson(before, after)) return;
  if (isObject(before) && isObject(after)) diffObject(before, after, path, into);
  else if (Array.isArray(before) && Array.isArray(after) && named(before) && named(after))
    diffList(before, after, path, into);
  else into.push({ path, before, after });
}

function diffList(before: readonly Json[], after: readonly Json[], path: string, into: FieldChange[]): void {
  const found = into.length;
  const old = new Map(before.map((item) => [nameOf(item), item]));
  const now = new Map(after.map((item) => [nameOf(item), item]));
  for (const name of new Set([...old.keys(), ...now.keys()]))
    diffValue(old.get(name), now.get(name), `${path}[${name}]`, into);
  // Only the order is another.
  if (into.length === found) into.push({ path, before, after });
}

function named(list: readonly Json[]): boolean {
  const names = list.map(nameOf);
  return list.length > 0 && names.every((name) => name !== "") && new Set(names).size === names.length;
}

function nameOf(item: Json): string {
  return isObject(item) ? textAt(item, "name") || textAt(item, "key") : "";
}

/** `a.b`, or `a["b.c"]` where the key would be read as two. */
export function joined(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
