/** Quantities as Kubernetes reads them (apimachinery resource.Quantity): `1000m` is `1`, `1024Mi` is `1Gi`. */
import { stringifyJson } from "../manifest/stringify-json.ts";
import { isVerbatim } from "../manifest/verbatim.ts";
import type { Json } from "../values.ts";

export function sameQuantity(a: Json, b: Json): boolean {
  const [x, y] = [nanos(a), nanos(b)];
  return x !== undefined && x === y;
}

const shape = /^([+-]?)([0-9]{0,40})(?:\.([0-9]{0,40}))?(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?[0-9]{1,2}))?$/;

/** The amount in billionths, which is as fine as a quantity gets: rounded up. */
function nanos(value: Json): bigint | undefined {
  if (typeof value !== "string" && typeof value !== "number" && !isVerbatim(value)) return undefined;
  const match = shape.exec(typeof value === "string" ? value : stringifyJson(value));
  const [, sign = "", whole = "", fraction = "", suffix = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "") return undefined;
  const tens = Number(exponent) + (decimals[suffix] ?? 0) + 9 - fraction.length;
  const binary = 1024n ** BigInt(suffix.endsWith("i") ? "KMGTPE".indexOf(suffix.charAt(0)) + 1 : 0);
  const amount = BigInt(whole + fraction) * binary * 10n ** BigInt(Math.max(0, tens));
  const divisor = 10n ** BigInt(Math.max(0, -tens));
  const rounded = (amount + divisor - 1n) / divisor;
  return sign === "-" ? -rounded : rounded;
}

const decimals: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
