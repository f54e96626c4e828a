/**
 * The one encoder: canonical block YAML, read alike by YAML 1.1 and 1.2. Keys in the order people expect (apiVersion,
 * kind, metadata first), the rest sorted; lists as they are, indented as kubectl does; nothing folded. The same value
 * gives the same bytes.
 *
 * YAML 1.2 gives every value back. YAML 1.1 as Go has it (sigs.k8s.io/yaml: kubectl, Argo CD, Flux) gives back what an API
 * server can hold: numbers are an int64 or a double there, and half of a surrogate pair, which Go's reader of JSON turns
 * into U+FFFD, is refused as an invalid escape, never read as another string.
 */
import type { Json, JsonObject } from "../values.ts";
import { isVerbatim } from "./verbatim.ts";

const rootOrder: ReadonlyMap<string, number> = new Map(["apiVersion", "kind", "metadata"].map((key, i) => [key, i]));
const metadataOrder: ReadonlyMap<string, number> = new Map(
  ["name", "namespace", "labels", "annotations"].map((key, i) => [key, i]),
);
const noOrder: ReadonlyMap<string, number> = new Map();

/** A longer key must be written as an explicit one (YAML 1.2.2, 7.4.2: 1024 characters with its colon). */
const maxImplicitKey = 1000;

export function serialize(content: JsonObject): string {
  if (Object.keys(content).length === 0) return "{}\n";
  return block(content, "", rootOrder);
}

/** `lead` stands before the first key, where that follows a `- `. */
function block(object: JsonObject, indent: string, order: ReadonlyMap<string, number>, lead: string = indent): string {
  let out = "";
  let start = lead;
  for (const key of sortedKeys(object, order)) {
    const value = object[key] as Json;
    const inner = order === rootOrder && key === "metadata" ? metadataOrder : noOrder;
    const name = scalarKey(key);
    out +=
      name.length <= maxImplicitKey
        ? `${start}${name}:${afterKey(value, indent, inner)}`
        : `${start}? ${name}\n${indent}:${afterKey(value, `${indent}  `, inner)}`;
    start = indent;
  }
  return out;
}

/** The keys of an object, or of its metadata, as they are written. */
export function keysAsWritten(object: JsonObject, place: "Root" | "Metadata" | "Else"): string[] {
  return sortedKeys(object, place === "Root" ? rootOrder : place === "Metadata" ? metadataOrder : noOrder);
}

function sortedKeys(object: JsonObject, order: ReadonlyMap<string, number>): string[] {
  const keys = Object.keys(object);
  if (keys.length < 2) return keys;
  if (order.size === 0) return keys.sort();
  const rank = (key: string): number => order.get(key) ?? order.size;
  return keys.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** What follows `key:`, its line end included. */
function afterKey(value: Json, indent: string, order: ReadonlyMap<string, number>): string {
  if (Array.isArray(value)) return value.length === 0 ? " []\n" : `\n${list(value, indent)}`;
  if (value !== null && typeof value === "object" && !isVerbatim(value)) {
    const object = value as JsonObject;
    return hasKeys(object) ? `\n${block(object, `${indent}  `, order)}` : " {}\n";
  }
  return ` ${scalar(value, `${indent}  `)}\n`;
}

function list(items: readonly Json[], indent: string, lead: string = indent): string {
  let out = "";
  let start = lead;
  const inner = `${indent}  `;
  for (const item of items) {
    if (Array.isArray(item)) {
      out += item.length === 0 ? `${start}- []\n` : `${start}- ${list(item, inner, "")}`;
    } else if (item !== null && typeof item === "object" && !isVerbatim(item)) {
      const object = item as JsonObject;
      out += hasKeys(object) ? `${start}- ${block(object, inner, noOrder, "")}` : `${start}- {}\n`;
    } else {
      out += `${start}- ${scalar(item, inner)}\n`;
    }
    start = indent;
  }
  return out;
}

function hasKeys(object: JsonObject): boolean {
  for (const _ in object) return true;
  return false;
}

/** In a block; a literal's lines stand behind `indent`. */
export function scalar(value: Json, indent: string): string {
  if (typeof value === "string") return text(value, indent);
  if (isVerbatim(value)) return number(value.verbatim);
  if (typeof value === "number") return number(Object.is(value, -0) ? "0" : String(value));
  return value === null ? "null" : value === true ? "true" : "false";
}

/** YAML 1.1 takes a number with an exponent for one only where it has a dot and a sign: `1e21` becomes `1.0e+21`. */
function number(source: string): string {
  const [, whole, fraction = ".0", e, sign, exponent] = exponential.exec(source) ?? [];
  return whole === undefined ? source : `${whole}${fraction}${e}${sign || "+"}${exponent}`;
}
const exponential = /^(-?\d+)(\.\d+)?([eE])([+-]?)(\d+)$/;

/** A plain scalar that no version of YAML reads as anything but this string, by the cheapest sufficient test. */
const plain = /^[A-Za-z_/][A-Za-z0-9_./@%+,=()$~-]*(?:[ :][A-Za-z0-9_./@%+,=()$~*&-]+)*$/;
/** Words that YAML 1.1 or 1.2 resolves to something else (yaml.org/type, core schema), in any case; `e10` some parsers. */
const resolved = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf|e[+-]?[0-9]+)$/i;

/** Quantities, percentages and durations, as people write them: `500m`, `1.5Gi`, `25%`, `30s`. No YAML reads a number. */
const quantity = /^[0-9]+(?:\.[0-9]+)?(?:[numkKMGTPE]|[KMGTPE]i|ms|[shdw%])$/;

function isPlain(value: string): boolean {
  return (plain.test(value) && !isResolved(value) && value.length <= 1024) || quantity.test(value);
}

/** Words are at most `false` long, or start with e. */
function isResolved(value: string): boolean {
  return (value.length <= 5 || value[0] === "e" || value[0] === "E") && resolved.test(value);
}

/** As `plain`, but without what a reader could take for the end of the key. */
const plainKey = /^(?:[A-Za-z_/][A-Za-z0-9_./@%+,=()$~-]*|[0-9]+(?:\.[0-9]+)?(?:[numkKMGTPE]|[KMGTPE]i|ms|[shdw%]))$/;

export function scalarKey(key: string): string {
  return plainKey.test(key) && !isResolved(key) && key.length <= 1024 ? key : quoted(key);
}

function text(value: string, indent: string): string {
  if (isPlain(value)) return value;
  if (value.includes("\n") && isLiteral(value)) return literal(value, indent);
  return quoted(value);
}

/** Printable in a literal block, with nothing at a line's end that an editor would trim or a parser would normalise. */
// oxlint-disable-next-line no-control-regex -- the very characters that a literal block cannot carry
const unfit = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[ \t]\n|[ \t]$|\t/;

function isLiteral(value: string): boolean {
  return !unfit.test(value) && !value.startsWith(" ") && !value.startsWith("\n") && value.isWellFormed();
}

function literal(value: string, indent: string): string {
  const chomping = value.endsWith("\n\n") ? "+" : value.endsWith("\n") ? "" : "-";
  const body = value.endsWith("\n") ? value.slice(0, -1) : value;
  return `|${chomping}\n${indent}${body.replace(/\n(?!\n|$)/g, `\n${indent}`)}`;
}

/** What must be escaped in a double-quoted scalar. */
export const escaped: RegExp =
  // oxlint-disable-next-line no-control-regex -- what must be escaped in a double-quoted scalar
  /["\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

/** What JSON.stringify, which is faster, leaves as it is or escapes in another way. */
// oxlint-disable-next-line no-control-regex -- the very characters that it does not escape as above
const unlikeJson = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]/;

/** Double-quoted. */
export function quoted(value: string): string {
  if (!unlikeJson.test(value)) return JSON.stringify(value);
  const escape = (c: string): string => shortEscapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${value.replace(escaped, escape)}"`;
}
