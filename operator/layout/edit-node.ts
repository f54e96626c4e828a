/**
 * PURE: the smallest changes of a text that bring one node of its YAML to a value. What stands outside of the nodes that
 * change stays to the byte: comments, order, quotes, blank lines.
 */
import { isMap, isScalar, isSeq, type Pair, type ParsedNode, Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { equalJson } from "../manifest/equal-json.ts";
import { isObject } from "../manifest/identity.ts";
import { keysAsWritten, quoted, scalar, scalarKey } from "../manifest/serialize.ts";
import type { Json, JsonObject } from "../values.ts";
import { matchItems } from "./match-items.ts";
import { NoSplice, Places } from "./text-places.ts";
import {
  afterMark,
  blockItem,
  blockMap,
  flowValue,
  inlineValue,
  isFilledList,
  isFilledMap,
  type Level,
  singleQuoted,
  type TextStyle,
} from "./text-style.ts";

/** `text` in place of what stands from `start` to `end`. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Item = ParsedNode | null;
type Map_ = YAMLMap.Parsed;
type Seq = YAMLSeq.Parsed;

/** What a value hangs on: the end of the `:` or `-` before it, and the indentation of the key or dash. */
interface Hook {
  readonly after: number;
  readonly indent: string;
  readonly kind: "Key" | "Dash";
}

/** Texts of `\n` only are put in; the caller knows the line ends of the file. Throws NoSplice. */
export function editNode(
  text: string,
  node: ParsedNode,
  current: Json,
  wanted: Json,
  style: TextStyle,
): readonly Splice[] {
  if (equalJson(current, wanted)) return [];
  const editor = new Editor(text, style);
  if (isMap(node) && isObject(current) && isFilledMap(wanted)) editor.map(node, current, wanted, "Root");
  else throw new NoSplice();
  return editor.splices;
}

/** One more object at the end of a list that is not empty. */
export function appendItem(text: string, list: YAMLSeq.Parsed, item: Json, style: TextStyle): readonly Splice[] {
  const editor = new Editor(text, style);
  editor.append(list, item);
  return editor.splices;
}

/** All of the list but one item, which is not its only one. */
export function dropItem(text: string, list: YAMLSeq.Parsed, index: number, style: TextStyle): readonly Splice[] {
  const editor = new Editor(text, style);
  editor.drop(list, index);
  return editor.splices;
}

export function applySplices(text: string, splices: readonly Splice[]): string {
  const sorted = splices.toSorted((a, b) => a.start - b.start || a.end - b.end);
  const parts: string[] = [];
  let at = 0;
  for (const { start, end, text: put } of sorted) {
    if (start < at) throw new NoSplice();
    parts.push(text.slice(at, start), put);
    at = end;
  }
  return [...parts, text.slice(at)].join("");
}

class Editor {
  readonly splices: Splice[] = [];
  readonly #text: string;
  readonly #style: TextStyle;
  readonly #at: Places;

  constructor(text: string, style: TextStyle) {
    this.#text = text;
    this.#style = style;
    this.#at = new Places(text);
  }

  map(node: Map_, current: JsonObject, wanted: JsonObject, level: Level): void {
    const kept: boolean[] = [];
    const names: string[] = [];
    for (const [i, { key, value }] of node.items.entries()) {
      const name = this.#nameOf(key);
      names.push(name);
      kept.push(Object.hasOwn(wanted, name));
      if (!kept[i]) continue;
      const [was, is] = [current[name] ?? null, wanted[name] ?? null];
      const below = level === "Root" && name === "metadata" ? "Metadata" : "Else";
      if (equalJson(was, is)) continue;
      if (node.flow) this.#flowPart(value, was, is, key.range[1]);
      else this.#value({ ...this.#at.pairAt(node, i), kind: "Key" }, value, was, is, below);
    }
    if (!kept.includes(true)) throw new NoSplice();
    const added = keysAsWritten(wanted, level).filter((key) => !Object.hasOwn(current, key));
    if (node.flow)
      return this.#flowEntries(
        node,
        kept,
        added.map((key) => ({
          behind: node.items.length - 1,
          text: (indent) => `${this.#flowKey(node, key)}: ${flowValue(wanted[key] ?? null, indent, this.#style.step)}`,
        })),
      );
    this.#dropPairs(node, kept);
    const isSorted = isInOrder(names, keysAsWritten(current, level));
    const at = new Map(names.map((name, i) => [name, i]));
    let behind = isSorted ? 0 : names.length - 1;
    for (const key of added.length === 0 ? [] : keysAsWritten(wanted, level)) {
      const place = at.get(key);
      if (place !== undefined) {
        if (isSorted) behind = place;
        continue;
      }
      const indent = this.#at.pairAt(node, behind).indent;
      const below = level === "Root" && key === "metadata" ? "Metadata" : "Else";
      const lines = `${indent}${scalarKey(key)}:${afterMark(wanted[key] ?? null, indent, this.#style, below)}`;
      this.#putLines(this.#at.pairEnd(node, behind), lines);
    }
  }

  append(node: Seq, item: Json): void {
    const last = node.items.length - 1;
    if (node.flow)
      return this.#flowEntries(
        node,
        node.items.map(() => true),
        [{ behind: last, text: (indent) => flowValue(item, indent, this.#style.step, "Root") }],
      );
    const { indent } = this.#at.dashAt(node, last);
    this.#putLines(this.#at.itemEnd(node, last), `${indent}${blockItem(item, indent, this.#style, "Root")}`);
  }

  drop(node: Seq, index: number): void {
    if (node.flow)
      return this.#flowEntries(
        node,
        node.items.map((_, i) => i !== index),
        [],
      );
    const { start, end } = this.#at.itemLines(node, index);
    this.#put(start, end, "");
  }

  #value(hook: Hook, node: Item, current: Json, wanted: Json, level: Level = "Else"): void {
    if (equalJson(current, wanted)) return;
    if (isMap(node) && isObject(current) && isFilledMap(wanted)) {
      const names = new Set(Object.keys(current));
      if (Object.keys(wanted).some((key) => names.has(key))) return this.map(node, current, wanted, level);
    }
    if (isSeq(node) && Array.isArray(current) && isFilledList(wanted) && current.length > 0)
      return this.#list(node, current as readonly Json[], wanted);
    this.#replace(hook, node, wanted, level);
  }

  #list(node: Seq, current: readonly Json[], wanted: readonly Json[]): void {
    const places = matchItems(current, wanted);
    const found = places.filter((place) => place !== undefined);
    const kept = new Set(found);
    const isMoved = found.some((place, i) => i > 0 && place < (found[i - 1] ?? 0));
    if (node.flow) {
      if (isMoved) return this.#flowWhole(node, wanted);
      for (const [i, place] of places.entries())
        if (place !== undefined)
          this.#flowPart(node.items[place] ?? null, current[place] ?? null, wanted[i] ?? null, node.range[0]);
      if (kept.size === 0) return this.#flowWhole(node, wanted);
      let behind = -1;
      const added = places.flatMap((place, i) => {
        if (place !== undefined) behind = place;
        return place === undefined
          ? [{ behind, text: (indent?: string) => flowValue(wanted[i] ?? null, indent, this.#style.step) }]
          : [];
      });
      const isKept = node.items.map((_, i) => kept.has(i));
      return this.#flowEntries(node, isKept, added);
    }
    const lines = node.items.map((_, i) => this.#at.itemLines(node, i));
    if (isMoved) return this.#move(node, lines, current, wanted, places);
    for (const [i, { start, end }] of lines.entries()) if (!kept.has(i)) this.#put(start, end, "");
    let behind: number | undefined;
    for (const [i, place] of places.entries()) {
      const item = wanted[i] ?? null;
      if (place !== undefined) {
        this.#value(
          { ...this.#at.dashAt(node, place), kind: "Dash" },
          node.items[place] ?? null,
          current[place] ?? null,
          item,
        );
        behind = place;
        continue;
      }
      const { indent } = this.#at.dashAt(node, 0);
      const text = `${indent}${blockItem(item, indent, this.#style)}`;
      if (behind === undefined) this.#put(lines[0]?.start ?? 0, lines[0]?.start ?? 0, `${text}\n`);
      else this.#putLines(this.#at.itemEnd(node, behind), text);
    }
  }

  /** Each item takes its lines along, with the comments above it and the blank lines below. */
  #move(
    node: Seq,
    lines: readonly { readonly start: number; readonly end: number }[],
    current: readonly Json[],
    wanted: readonly Json[],
    places: readonly (number | undefined)[],
  ): void {
    const [start, end] = [lines[0]?.start ?? 0, lines.at(-1)?.end ?? 0];
    const chunks = places.map((place, i) => {
      const item = wanted[i] ?? null;
      if (place === undefined) {
        const { indent } = this.#at.dashAt(node, 0);
        return `${indent}${blockItem(item, indent, this.#style)}\n`;
      }
      const inner = new Editor(this.#text, this.#style);
      inner.#value(
        { ...this.#at.dashAt(node, place), kind: "Dash" },
        node.items[place] ?? null,
        current[place] ?? null,
        item,
      );
      const [from, to] = [lines[place]?.start ?? 0, lines[place + 1]?.start ?? end];
      const moved = inner.splices.map((splice) => ({ ...splice, start: splice.start - from, end: splice.end - from }));
      const chunk = applySplices(this.#text.slice(from, to), moved);
      return chunk.endsWith("\n") ? chunk : `${chunk}\n`;
    });
    const all = chunks.join("");
    this.#put(start, end, this.#text[end - 1] === "\n" ? all : all.replace(/\r?\n$/, ""));
  }

  #replace({ after, indent, kind }: Hook, node: Item, wanted: Json, level: Level): void {
    const isThere = node !== null && node.range[1] > node.range[0];
    const end = isThere ? this.#at.contentEnd(node) : after;
    const lineEnd = this.#at.lineEnd(after);
    const isInline = !isThere || node.range[0] <= lineEnd;
    const inner = kind === "Dash" ? `${indent}  ` : `${indent}${this.#style.step}`;
    const isFilled = isFilledMap(wanted) || isFilledList(wanted);
    const single = isFilled ? undefined : this.#single(isThere ? node : null, wanted, inner);
    if (single !== undefined && !single.includes("\n")) {
      if (isThere && isInline) return this.#put(node.range[0], end, single);
      this.#put(after, after, ` ${single}`);
      return this.#put(lineEnd, isThere ? this.#at.lineEnd(end) : lineEnd, "");
    }
    const rest = (isInline ? this.#text.slice(end, this.#at.lineEnd(end)) : this.#text.slice(after, lineEnd)).trim();
    const comment = rest === "" ? "" : ` ${rest}`;
    const body =
      single !== undefined
        ? ` ${single.slice(0, single.indexOf("\n"))}${comment}${single.slice(single.indexOf("\n"))}`
        : kind === "Key"
          ? `${comment}${afterMark(wanted, indent, this.#style, level)}`
          : rest === ""
            ? blockItem(wanted, indent, this.#style).slice(1)
            : isFilledMap(wanted)
              ? `${comment}\n${blockMap(wanted, inner, this.#style)}`
              : undefined;
    if (body === undefined) throw new NoSplice();
    this.#put(after, this.#at.lineEnd(isThere && !isInline ? end : Math.max(end, after)), body);
  }

  /** A value that is no filled collection, as the one that it replaces was written. */
  #single(node: Item, wanted: Json, indent: string): string {
    if (typeof wanted === "string" && isScalar(node)) {
      if (node.type === Scalar.QUOTE_DOUBLE) return quoted(wanted);
      if (node.type === Scalar.QUOTE_SINGLE) return singleQuoted(wanted) ?? quoted(wanted);
      if (node.type === Scalar.PLAIN && isLike(wanted, node.source ?? "")) return wanted;
      if (node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED) {
        const there = /\n( +)\S/.exec(this.#text.slice(node.range[0], node.range[1]))?.[1];
        return scalar(wanted, there ?? indent);
      }
    }
    return inlineValue(wanted, indent, this.#style);
  }

  /** A value inside of braces or brackets. */
  #flowPart(node: Item, current: Json, wanted: Json, key: number): void {
    if (equalJson(current, wanted)) return;
    if (
      isMap(node) &&
      isObject(current) &&
      isFilledMap(wanted) &&
      Object.keys(wanted).some((name) => Object.hasOwn(current, name))
    )
      return this.map(node, current, wanted, "Else");
    if (isSeq(node) && Array.isArray(current) && current.length > 0 && isFilledList(wanted))
      return this.#list(node, current as readonly Json[], wanted);
    if (node === null || node.range[1] === node.range[0]) throw new NoSplice();
    if (isScalar(node) && (wanted === null || typeof wanted !== "object")) {
      const text =
        typeof wanted !== "string"
          ? scalar(wanted, "")
          : node.type === Scalar.QUOTE_SINGLE
            ? (singleQuoted(wanted) ?? quoted(wanted))
            : node.type === Scalar.PLAIN && /^[A-Za-z][\w./-]*$/.test(wanted) && scalarKey(wanted) === wanted
              ? wanted
              : quoted(wanted);
      return this.#put(node.range[0], node.range[1], text);
    }
    this.#put(node.range[0], node.range[1], flowValue(wanted, this.#flowIndent(key), this.#style.step));
  }

  #flowWhole(node: Seq, wanted: Json): void {
    const isOnLines = this.#text.slice(node.range[0], node.range[1]).includes("\n");
    this.#put(
      node.range[0],
      node.range[1],
      flowValue(wanted, isOnLines ? this.#flowIndent(node.range[0]) : undefined, this.#style.step),
    );
  }

  /** The indentation of the line that a place stands in; undefined: what surrounds it is written on one line. */
  #flowIndent(at: number): string | undefined {
    const line = this.#text.slice(this.#at.lineStart(at), at);
    return /^\s*(?:"(?:[^"\\]|\\.)*"|[\w./-]+)?\s*:?\s*$/.test(line) ? (/^ */.exec(line)?.[0] ?? "") : undefined;
  }

  #flowKey(node: Map_, key: string): string {
    const isPlain = node.items.every((pair) => isScalar(pair.key) && pair.key.type === Scalar.PLAIN);
    return isPlain && /^[A-Za-z][\w./-]*$/.test(key) ? scalarKey(key) : quoted(key);
  }

  /** Takes entries out of braces or brackets, and puts others behind the entry of an index (-1: at the front). */
  #flowEntries(
    node: Map_ | Seq,
    kept: readonly boolean[],
    added: readonly { readonly behind: number; readonly text: (indent?: string) => string }[],
  ): void {
    if (added.length === 0 && !kept.includes(false)) return;
    if (/#/.test(this.#text.slice(node.range[0], node.range[1])) && kept.includes(false)) throw new NoSplice();
    const spans = node.items.map((item) => this.#spanOf(item));
    const first = spans[0];
    const lastKept = kept.lastIndexOf(true);
    if (first === undefined || lastKept === -1) throw new NoSplice();
    for (let i = 0; i < kept.length; i++) {
      if (kept[i] === true) continue;
      const [next, before] = [spans[i + 1], spans[i - 1]];
      if (i > lastKept) this.#put(before?.end ?? 0, spans[i]?.end ?? 0, "");
      else this.#put(spans[i]?.start ?? 0, next?.start ?? 0, "");
    }
    const before = this.#text.slice(node.range[0] + 1, first.start);
    const lead = before.slice(before.trimEnd().length);
    const isOnLines = lead.includes("\n");
    const indent = isOnLines ? lead.slice(lead.lastIndexOf("\n") + 1) : undefined;
    const gap = isOnLines ? `\n${indent ?? ""}` : " ";
    for (const { behind, text } of added) {
      const at = behind < 0 ? -1 : behind > lastKept ? lastKept : behind;
      const span = spans[at];
      if (span === undefined) this.#put(first.start, first.start, `${text(indent)},${gap}`);
      else this.#put(span.end, span.end, `,${gap}${text(indent)}`);
    }
  }

  #spanOf(item: Pair<ParsedNode, Item> | Item): { readonly start: number; readonly end: number } {
    if (item === null) throw new NoSplice();
    if (!("key" in item)) return { start: item.range[0], end: item.range[1] };
    const { key, value } = item;
    return { start: key.range[0], end: value === null ? key.range[1] : Math.max(key.range[1], value.range[1]) };
  }

  #dropPairs(node: Map_, kept: readonly boolean[]): void {
    const start = node.items[0]?.key.range[0] ?? 0;
    const isBehindDash = this.#text.slice(this.#at.lineStart(start), start).trim() !== "";
    const firstKept = kept.indexOf(true);
    for (let i = 0; i < kept.length; i++) {
      if (kept[i] === true) continue;
      const key = node.items[i]?.key.range[0] ?? 0;
      if (isBehindDash && i < firstKept) this.#put(key, node.items[i + 1]?.key.range[0] ?? key, "");
      else
        this.#put(
          i === 0 ? this.#at.lineStart(key) : this.#at.withComments(this.#at.lineStart(key)),
          this.#at.pairEnd(node, i),
          "",
        );
    }
  }

  #nameOf(key: ParsedNode): string {
    if (!isScalar(key)) throw new NoSplice();
    return typeof key.value === "string" ? key.value : (key.source ?? String(key.value));
  }

  /** Lines behind `at`, which is where a line begins or the text ends. */
  #putLines(at: number, lines: string): void {
    const isAtEnd = at === this.#text.length && at > 0 && this.#text[at - 1] !== "\n";
    this.#put(at, at, isAtEnd ? `\n${lines}` : `${lines}\n`);
  }

  #put(start: number, end: number, text: string): void {
    if (start !== end || text !== "") this.splices.push({ start, end, text });
  }
}

/** Whether a text differs from one that stands without quotes in its digits alone: `5m0s` from `10m0s`. */
function isLike(wanted: string, there: string): boolean {
  const shape = (text: string): string => text.replace(/[0-9]+/g, "0");
  return shape(wanted) === shape(there) && /^[\w./-]+$/.test(wanted) && /[a-df-nq-w]/.test(wanted);
}

function isInOrder(names: readonly string[], order: readonly string[]): boolean {
  return names.every((name, i) => name === order[i]);
}
