/** PURE: the style of a file that people wrote, and how a value is written in it. */
import { isObject } from "../manifest/identity.ts";
import { keysAsWritten, quoted, scalar, scalarKey } from "../manifest/serialize.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import type { Json, JsonObject } from "../values.ts";

export interface TextStyle {
  /** Of one level. */
  readonly step: string;
  /** Lists stand deeper than their key. */
  readonly indentsLists: boolean;
  readonly eol: "\n" | "\r\n";
  readonly quote: '"' | "'";
  /** Each document begins with `---`. */
  readonly startsDocuments: boolean;
  readonly endsWithNewline: boolean;
}

/** `text` undefined: as Clickscribe itself writes. */
export function styleOf(text: string | undefined): TextStyle {
  const lines = (text ?? "").split("\n", 5_000).filter((line) => /^ *[^\s#]/.test(line));
  const steps = new Map<number, number>();
  const count = { deeper: 0, level: 0, single: 0, double: 0 };
  for (const [i, line] of lines.entries()) {
    if (/: '[^']/.test(line)) count.single++;
    if (/: "[^"]/.test(line)) count.double++;
    const next = lines[i + 1];
    if (next === undefined || !/:\s*(?:#.*)?$/.test(line)) continue;
    const deeper = indentOf(next, false) - indentOf(line, true);
    if (/^ *- /.test(next)) count[deeper > 0 ? "deeper" : "level"]++;
    else if (deeper > 0) steps.set(deeper, (steps.get(deeper) ?? 0) + 1);
  }
  const inJson = /^\s*\{\r?\n( +)"/.exec(text ?? "")?.[1]?.length;
  const [step = inJson ?? 2] = [...steps].toSorted(([, a], [, b]) => b - a)[0] ?? [];
  return {
    step: " ".repeat(Math.min(step, 8)),
    indentsLists: count.deeper > 0 && count.deeper >= count.level,
    eol: /\r\n/.test(text ?? "") ? "\r\n" : "\n",
    quote: count.single > count.double ? "'" : '"',
    startsDocuments: /^---\s/.test(text ?? ""),
    endsWithNewline: text === undefined || text === "" || text.endsWith("\n"),
  };
}

/** Of the first word of a line, or of what stands behind its `- `. */
function indentOf(line: string, behindDash: boolean): number {
  return (behindDash ? /^ *(?:- +)*/ : /^ */).exec(line)?.[0].length ?? 0;
}

export type Level = "Root" | "Metadata" | "Else";

/** The lines of a map that is not empty, without the line end of the last. Line ends are `\n`. */
export function blockMap(object: JsonObject, indent: string, style: TextStyle, level: Level = "Else"): string {
  return keysAsWritten(object, level)
    .map((key) => {
      const below = level === "Root" && key === "metadata" ? "Metadata" : "Else";
      return `${indent}${scalarKey(key)}:${afterMark(object[key] ?? null, indent, style, below)}`;
    })
    .join("\n");
}

/** What follows a key's `:` in a block. */
export function afterMark(value: Json, indent: string, style: TextStyle, level: Level = "Else"): string {
  if (isFilledList(value))
    return `\n${blockList(value, style.indentsLists ? `${indent}${style.step}` : indent, style)}`;
  if (isFilledMap(value)) return `\n${blockMap(value, `${indent}${style.step}`, style, level)}`;
  return ` ${inlineValue(value, `${indent}${style.step}`, style)}`;
}

export function blockList(items: readonly Json[], indent: string, style: TextStyle): string {
  return items.map((item) => `${indent}${blockItem(item, indent, style)}`).join("\n");
}

/** From its `- ` on. */
export function blockItem(item: Json, indent: string, style: TextStyle, level: Level = "Else"): string {
  const inner = `${indent}  `;
  if (isFilledMap(item)) return `- ${blockMap(item, inner, style, level).slice(inner.length)}`;
  if (isFilledList(item)) return `- ${blockList(item, inner, style).slice(inner.length)}`;
  return `- ${inlineValue(item, inner, style)}`;
}

/** A single value, or what is empty. A literal has lines below it, at `indent`. */
export function inlineValue(value: Json, indent: string, style: TextStyle): string {
  if (isObject(value)) return "{}";
  if (Array.isArray(value)) return "[]";
  const text = scalar(value, indent);
  return typeof value === "string" && style.quote === "'" && text.startsWith('"')
    ? (singleQuoted(value) ?? text)
    : text;
}

/** undefined: it would not be the same in every reader. */
export function singleQuoted(value: string): string | undefined {
  return /^[\x20-\x7e]*$/.test(value) ? `'${value.replaceAll("'", "''")}'` : undefined;
}

/** As JSON, which is YAML as well. `indent` undefined: on one line. */
export function flowValue(value: Json, indent: string | undefined, step: string, level: Level = "Else"): string {
  if (typeof value === "string") return quoted(value);
  const inner = indent === undefined ? undefined : `${indent}${step}`;
  if (Array.isArray(value)) {
    const parts = (value as readonly Json[]).map((item) => flowValue(item, inner, step));
    return bracketed("[", parts, "]", indent, inner);
  }
  if (!isObject(value)) return stringifyJson(value);
  const parts = keysAsWritten(value, level).map((key) => {
    const below = level === "Root" && key === "metadata" ? "Metadata" : "Else";
    return `${quoted(key)}: ${flowValue(value[key] ?? null, inner, step, below)}`;
  });
  return bracketed("{", parts, "}", indent, inner);
}

function bracketed(
  open: string,
  parts: readonly string[],
  close: string,
  indent: string | undefined,
  inner: string | undefined,
): string {
  if (parts.length === 0 || inner === undefined) return `${open}${parts.join(", ")}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent ?? ""}${close}`;
}

export function isFilledMap(value: Json | undefined): value is JsonObject {
  return isObject(value) && Object.keys(value).length > 0;
}

export function isFilledList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value) && value.length > 0;
}
