import { equalJson } from "../manifest/equal-json.ts";
import { isObject } from "../manifest/identity.ts";
import type { Json } from "../values.ts";
import { anyField, type FieldKind, fieldKind, isQuantity, itemKind } from "./field-kind.ts";
import { sameQuantity } from "./quantity.ts";

export { equalJson } from "../manifest/equal-json.ts";

/** Every field of `inner` equals that of `outer`, which may say more; lists are compared whole, item by item. */
export function contains(inner: Json, outer: Json): boolean {
  return isWithin(inner, outer, anyField, equalJson);
}

/**
 * Whether an object of a built-in kind that says `written` is stored as `stored`: what says nothing (`""`, `false`, `0`,
 * `[]`, `{}`, null) need not be there, and a quantity may be spelled in another way. `become`: what else a value may be
 * stored as.
 */
export function isStoredAs(
  written: Json,
  stored: Json,
  kind: FieldKind,
  become?: (written: Json, stored: Json) => boolean,
): boolean {
  return isWithin(written, stored, kind, (a, b, of) => isSame(a, b, of) || become?.(a, b) === true, saysNothing);
}

/** Equal, or the same quantity in another spelling. */
export function isSame(a: Json, b: Json, kind: FieldKind): boolean {
  return equalJson(a, b) || (isQuantity(kind) && sameQuantity(a, b));
}

function isWithin(
  inner: Json,
  outer: Json,
  kind: FieldKind,
  same: (inner: Json, outer: Json, kind: FieldKind) => boolean,
  optional?: (value: Json) => boolean,
): boolean {
  if (Array.isArray(inner) && Array.isArray(outer)) {
    const items = outer as readonly Json[];
    const of = itemKind(kind);
    return (
      inner.length === items.length &&
      inner.every((item: Json, i) => isWithin(item, items[i] ?? null, of, same, optional))
    );
  }
  if (isObject(inner) && isObject(outer)) {
    return Object.entries(inner).every(([key, value]) =>
      Object.hasOwn(outer, key)
        ? isWithin(value, outer[key] ?? null, fieldKind(kind, key), same, optional)
        : optional?.(value) === true,
    );
  }
  return same(inner, outer, kind);
}

/** Whether a server may store an object without it. */
export function saysNothing(value: Json): boolean {
  if (value === null || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(saysNothing);
}
