/** PURE: how the items of a list are told from each other, by what the API server says of its kind. */

import { isObject } from "../manifest/identity.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import type { Json, JsonObject } from "../values.ts";

/** The items of a list by what names them, in their order. */
export type NamedItems = ReadonlyMap<string, Json>;

/**
 * undefined: the lists are atomic, or one of them has an item without its keys or two of the same. Where nothing is known
 * of the kind, items are told by their `name`, where all have one.
 */
export function nameItems<const Lists extends readonly (readonly Json[])[]>(
  lists: Lists,
  isKnownKind: boolean,
  schema: KindSchema | undefined,
): { readonly [I in keyof Lists]: NamedItems } | undefined {
  const nameOf = namer(isKnownKind, schema);
  if (nameOf === undefined) return undefined;
  const named: NamedItems[] = [];
  for (const list of lists) {
    const items = new Map<string, Json>();
    for (const item of list) {
      const name = nameOf(item);
      if (name === undefined || items.has(name)) return undefined;
      items.set(name, item);
    }
    named.push(items);
  }
  return named as { readonly [I in keyof Lists]: NamedItems };
}

type Namer = (item: Json) => string | undefined;

function namer(isKnownKind: boolean, schema: KindSchema | undefined): Namer | undefined {
  if (schema === undefined) return isKnownKind ? undefined : (item) => textOf(item, "name");
  if (schema.list === "Atomic") return undefined;
  if (schema.list === "Set") return (item) => (typeof item === "object" ? undefined : stringifyJson(item));
  const keys = schema.keys.size > 0 ? [...schema.keys] : schema.mergeKey === undefined ? [] : [schema.mergeKey];
  if (keys.length === 0) return undefined;
  return (item) => {
    if (!isObject(item)) return undefined;
    const values = keys.map((key) => nameOf(valueOf(item, key, schema)));
    return values.includes(undefined) ? undefined : values.join("/");
  };
}

/** As people read it, so that a port is 80 and a name is web. */
function nameOf(value: Json | undefined): string | undefined {
  if (value === undefined || isObject(value) || Array.isArray(value)) return undefined;
  return typeof value === "string" ? value : stringifyJson(value);
}

/** What a server puts in place of a key that is left out counts as well. */
function valueOf(item: JsonObject, key: string, { items }: KindSchema): Json | undefined {
  return Object.hasOwn(item, key) ? item[key] : items?.properties.get(key)?.default;
}

function textOf(item: Json, key: string): string | undefined {
  const value = isObject(item) && Object.hasOwn(item, key) ? item[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

/**
 * Which item of `before` each item of `after` was: equal ones in their order, then those between them in theirs. For lists
 * whose items have no names. Linear.
 */
export function alignItems(before: readonly Json[], after: readonly Json[]): readonly (number | undefined)[] {
  const at = new Map<string, number[]>();
  for (const [i, item] of before.entries()) {
    const text = stringifyJson(item);
    const there = at.get(text);
    if (there === undefined) at.set(text, [i]);
    else there.push(i);
  }
  for (const places of at.values()) places.reverse();
  const found: (number | undefined)[] = [];
  let least = 0;
  for (const item of after) {
    const places = at.get(stringifyJson(item));
    let place = places?.pop();
    while (place !== undefined && place < least) place = places?.pop();
    found.push(place);
    if (place !== undefined) least = place + 1;
  }
  return fillGaps(found, before.length);
}

/** Between two that were found, the others are taken for each other in their order. */
function fillGaps(found: readonly (number | undefined)[], length: number): readonly (number | undefined)[] {
  const limits: number[] = [];
  for (let i = found.length - 1, limit = length; i >= 0; i--) {
    limit = found[i] ?? limit;
    limits[i] = limit;
  }
  let next = 0;
  return found.map((place, i) => {
    if (place !== undefined) next = place;
    else if (next >= (limits[i] ?? 0)) return undefined;
    return next++;
  });
}
