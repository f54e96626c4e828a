import { isObject } from "../manifest/identity.ts";
import { isVerbatim } from "../manifest/verbatim.ts";
import type { Json } from "../values.ts";

/** Every field of `inner` equals that of `outer`, which may say more; lists are compared whole, item by item. */
export function contains(inner: Json, outer: Json): boolean {
  if (Array.isArray(inner) && Array.isArray(outer)) {
    return inner.length === outer.length && inner.every((item: Json, i) => contains(item, outer[i] as Json));
  }
  if (isObject(inner) && isObject(outer)) {
    return Object.entries(inner).every(
      ([key, value]) => Object.hasOwn(outer, key) && contains(value, outer[key] as Json),
    );
  }
  return equalJson(inner, outer);
}

/** Deep equality, blind to the order of keys. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isVerbatim(a) || isVerbatim(b)) return isVerbatim(a) && isVerbatim(b) && a.verbatim === b.verbatim;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item: Json, i) => equalJson(item, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] as Json, b[key] as Json));
}
