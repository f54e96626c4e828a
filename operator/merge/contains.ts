import { equalJson } from "../manifest/equal-json.ts";
import { isObject } from "../manifest/identity.ts";
import type { Json } from "../values.ts";
import { isQuantity, sameQuantity } from "./quantity.ts";

export { equalJson } from "../manifest/equal-json.ts";

/** Every field of `inner` equals that of `outer`, which may say more; lists are compared whole, item by item. */
export function contains(inner: Json, outer: Json): boolean {
  return isWithin(inner, outer, equalJson);
}

/**
 * Whether an object of a built-in kind that says `written` is stored as `stored`: what says nothing (`""`, `false`, `0`,
 * `[]`, `{}`, null) need not be there, and a quantity may be spelled in another way. `become`: what else a value may be
 * stored as.
 */
export function isStoredAs(written: Json, stored: Json, become?: (written: Json, stored: Json) => boolean): boolean {
  return isWithin(
    written,
    stored,
    (a, b, field, parent) =>
      equalJson(a, b) || (isQuantity(field, parent) && sameQuantity(a, b)) || become?.(a, b) === true,
    saysNothing,
  );
}

type Same = (inner: Json, outer: Json, field: string, parent: string) => boolean;

function isWithin(
  inner: Json,
  outer: Json,
  same: Same,
  optional?: (value: Json) => boolean,
  field = "",
  parent = "",
): boolean {
  if (Array.isArray(inner) && Array.isArray(outer)) {
    const items = outer as readonly Json[];
    return (
      inner.length === items.length &&
      inner.every((item: Json, i) => isWithin(item, items[i] ?? null, same, optional, field, parent))
    );
  }
  if (isObject(inner) && isObject(outer)) {
    return Object.entries(inner).every(([key, value]) =>
      Object.hasOwn(outer, key)
        ? isWithin(value, outer[key] ?? null, same, optional, key, field)
        : optional?.(value) === true,
    );
  }
  return same(inner, outer, field, parent);
}

function saysNothing(value: Json): boolean {
  if (value === null || value === "" || value === false || value === 0) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.values(value).every(saysNothing);
}
