/** The fields of an object that an API server may have put there by itself, and the object without some of them. */
import type { Json, JsonObject } from "../values.ts";
import { equalJson } from "./equal-json.ts";
import { identityOf, isObject } from "./identity.ts";
import type { KindSchema } from "./kind-schema.ts";
import { maxDepth } from "./limits.ts";
import { put } from "./put.ts";

/** A field with no fields of its own: a scalar, a list of scalars, or an empty map or list. */
export interface Leaf {
  /** JSON Pointer. */
  readonly path: string;
  /** The same with `*` for each index of a list and key of a map. */
  readonly pattern: string;
}

/** Fields to go without, as JSON Pointers. */
export interface Omission {
  readonly leaves: ReadonlySet<string>;
  /** Structs that stay, if empty; others go with the last of their fields. */
  readonly structs: Pick<ReadonlySet<string>, "has">;
}

/** How one object differs from another, as JSON Pointers of the first. */
export interface Difference {
  /** Only the first has them. */
  readonly missing: readonly string[];
  /** Both have them with different values. */
  readonly changed: readonly string[];
  /** In these the second has fields that the first has not. */
  readonly widened: readonly string[];
}

const rootNames: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
const none: ReadonlySet<string> = new Set();

/** What the server fills in is the name of another object: whichever is marked as the default when it does. */
const namesOfDefaults: Readonly<Record<string, string>> = {
  PersistentVolumeClaim: "/spec/storageClassName",
  Ingress: "/spec/ingressClassName",
};

/** Those that the schema names, does not require, and that do not name an item of a list or an object that is the default. */
export function leavesOf(content: JsonObject, schema: KindSchema): readonly Leaf[] {
  const found: Leaf[] = [];
  const { kind } = identityOf(content);
  const nameOfDefault = Object.hasOwn(namesOfDefaults, kind) ? namesOfDefaults[kind] : undefined;
  const visit = (value: Json, type: KindSchema, at: Leaf, kept: ReadonlySet<string>, depth: number): void => {
    if (depth > maxDepth) return;
    if (Array.isArray(value)) {
      const { items } = type;
      if (items === undefined) return;
      for (const [i, item] of value.entries())
        visit(item as Json, items, { path: `${at.path}/${i}`, pattern: `${at.pattern}/*` }, type.keys, depth + 1);
      return;
    }
    if (!isObject(value)) return;
    for (const [name, child] of Object.entries(value)) {
      if (depth === 0 && rootNames.has(name)) continue;
      const property = type.properties.get(name);
      const path = `${at.path}/${token(name)}`;
      const here: Leaf = { path, pattern: property === undefined ? `${at.pattern}/*` : `${at.pattern}/${token(name)}` };
      if (property !== undefined && isLeaf(child)) {
        if (!kept.has(name) && !type.required.has(name) && path !== nameOfDefault) found.push(here);
        continue;
      }
      const below = property === undefined ? type.values : property.type;
      if (below !== undefined) visit(child, below, here, none, depth + 1);
    }
  };
  visit(content, schema, { path: "", pattern: "" }, none, 0);
  return found;
}

function isLeaf(value: Json): boolean {
  if (Array.isArray(value)) return value.every((item: Json) => item === null || typeof item !== "object");
  return !isObject(value) || Object.keys(value).length === 0;
}

/** Shared with the input where nothing goes. */
export function omit(content: JsonObject, { leaves, structs }: Omission, schema: KindSchema): JsonObject {
  const visit = (value: Json, type: KindSchema | undefined, path: string, kept: ReadonlySet<string>): Json => {
    if (Array.isArray(value)) {
      const next = value.map((item: Json, i) => visit(item, type?.items, `${path}/${i}`, type?.keys ?? none));
      return next.some((item, i) => item !== value[i]) ? next : value;
    }
    if (!isObject(value)) return value;
    let changed = false;
    const left: Record<string, Json> = {};
    for (const [name, child] of Object.entries(value)) {
      const at = `${path}/${token(name)}`;
      const property = type?.properties.get(name);
      const next = leaves.has(at)
        ? undefined
        : visit(child, property === undefined ? type?.values : property.type, at, none);
      if (next !== child) changed = true;
      if (next === undefined) continue;
      const isEmptied = next !== child && isObject(next) && Object.keys(next).length === 0;
      const goes = isEmptied && property !== undefined && !kept.has(name) && type?.required.has(name) !== true;
      if (goes && !structs.has(at)) continue;
      put(left, name, next);
    }
    return changed ? left : value;
  };
  return visit(content, schema, "", none) as JsonObject;
}

export function differenceOf(one: Json, other: Json): Difference {
  const missing: string[] = [];
  const changed: string[] = [];
  const widened: string[] = [];
  const visit = (a: Json, b: Json, path: string): void => {
    if (isObject(a) && isObject(b)) {
      for (const [name, child] of Object.entries(a)) {
        const at = `${path}/${token(name)}`;
        if (Object.hasOwn(b, name)) visit(child, b[name] as Json, at);
        else missing.push(at);
      }
      if (Object.keys(b).some((name) => !Object.hasOwn(a, name))) widened.push(path);
    } else if (Array.isArray(a) && Array.isArray(b) && a.length === b.length) {
      for (const [i, item] of a.entries()) visit(item as Json, b[i] as Json, `${path}/${i}`);
    } else if (!equalJson(a, b)) changed.push(path);
  };
  visit(one, other, "");
  return { missing, changed, widened };
}

/** The value that a JSON Pointer names. */
export function valueAt(content: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = content;
  for (const part of path.split("/").slice(1)) {
    if (Array.isArray(value)) value = value[Number(part)] as Json | undefined;
    else {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    }
  }
  return value;
}

function token(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
