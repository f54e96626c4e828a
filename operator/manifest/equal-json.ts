import type { Json } from "../values.ts";
import { isObject } from "./identity.ts";
import { isVerbatim } from "./verbatim.ts";

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
