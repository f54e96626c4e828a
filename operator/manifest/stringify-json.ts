import type { Json } from "../values.ts";
import { isVerbatim } from "./verbatim.ts";

/** The inverse of parseJson: verbatim numbers are printed as they came. */
export function stringifyJson(value: Json): string {
  if (isVerbatim(value)) return value.verbatim;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item: Json) => stringifyJson(item)).join(",")}]`;
  const parts = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${stringifyJson(item)}`);
  return `{${parts.join(",")}}`;
}
