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
 * Whether what says `written` is stored as `stored`: a field of a server's own types that says nothing (`""`, `false`, `0`,
 * `[]`, `{}`) and null need not be there, and a quantity may be spelled in another way. `become`: what else a value may be
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
  optional?: (value: Json, kind: FieldKind) => boolean,
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
    return Object.entries(inner).every(([key, value]) => {
      const of = fieldKind(kind, key);
      return Object.hasOwn(outer, key)
        ? isWithin(value, outer[key] ?? null, of, same, optional)
        : optional?.(value, of) === true;
    });
  }
  return same(inner, outer, kind);
}

/** Whether a server may store an object without a field of this value. */
export function saysNothing(value: Json, kind: FieldKind): boolean {
  if (value === null) return true;
  if (!kind.isTyped) return false;
  if (value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.entries(value).every(([key, child]) => saysNothing(child, fieldKind(kind, key)));
}
