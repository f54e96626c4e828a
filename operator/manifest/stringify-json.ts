import type { Json, JsonObject } from "../values.ts";
import { isVerbatim } from "./verbatim.ts";

/** The inverse of parseJson: verbatim numbers are printed as they came. `indent` "" is all in one line. */
export function stringifyJson(value: Json, indent = ""): string {
  return print(value, indent, "\n");
}

function print(value: Json, indent: string, line: string): string {
  if (isVerbatim(value)) return value.verbatim;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const [open, close, parts] = Array.isArray(value)
    ? ["[", "]", value.map((item: Json) => print(item, indent, line + indent))]
    : ["{", "}", entries(value as JsonObject, indent, line + indent)];
  if (parts.length === 0 || indent === "") return `${open}${parts.join(",")}${close}`;
  return `${open}${line}${indent}${parts.join(`,${line}${indent}`)}${line}${close}`;
}

function entries(object: JsonObject, indent: string, line: string): readonly string[] {
  const colon = indent === "" ? ":" : ": ";
  return Object.entries(object).map(([key, item]) => `${JSON.stringify(key)}${colon}${print(item, indent, line)}`);
}
