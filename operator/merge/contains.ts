import { isObject } from "../manifest/identity.ts";
import { isVerbatim } from "../manifest/verbatim.ts";
import type { Json } from "../values.ts";
import { isQuantity, sameQuantity } from "./quantity.ts";

/** Every field of `inner` equals that of `outer`, which may say more; lists are compared whole, item by item. */
export function contains(inner: Json, outer: Json): boolean {
  return isWithin(inner, outer, equalJson);
}

/**
 * Whether an object of a built-in kind that says `written` is stored as `stored`: what says nothing (`""`, `false`, `0`,
 * `[]`, `{}`, null) need not be there, and a quantity may be spelled in another way.
 */
export function isStoredAs(written: Json, stored: Json): boolean {
  return isWithin(
    written,
    stored,
    (a, b, field, parent) => equalJson(a, b) || (isQuantity(field, parent) && sameQuantity(a, b)),
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

/** Deep equality, blind to the order of keys. */
export function equalJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isVerbatim(a) || isVerbatim(b)) return sameNumber(a, b);
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item: Json, i) => equalJson(item, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalJson(a[key] as Json, b[key] as Json));
}

/** By what they amount to: one side may say 1.0 and the other 1. */
function sameNumber(a: Json, b: Json): boolean {
  const [x, y] = [numeral(a), numeral(b)];
  if (x === undefined || y === undefined || x === y) return x !== undefined && x === y;
  const integers = [x, y].every((text) => /^-?[0-9]+$/.test(text));
  return integers ? BigInt(x) === BigInt(y) : Number(x) === Number(y) && Number.isFinite(Number(x));
}

function numeral(value: Json): string | undefined {
  return isVerbatim(value) ? value.verbatim : typeof value === "number" ? String(value) : undefined;
}
