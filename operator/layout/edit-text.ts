/**
 * PURE: brings one object of a file that anybody wrote to what it is to say, and leaves every other byte as it is. What was
 * done is read again before it is believed: the object is as wanted, and the others are as they were.
 */
import { type Document, isMap, isSeq, type ParsedNode, type YAMLSeq } from "yaml";
import { equalJson } from "../manifest/equal-json.ts";
import { identityKey, identityOf, inNamespace, isObject } from "../manifest/identity.ts";
import { items, maskedBy, parseDocuments, readDocument } from "../manifest/parse-manifests.ts";
import type { Identity, Json, JsonObject } from "../values.ts";
import { appendItem, applySplices, dropItem, editNode } from "./edit-node.ts";
import { NoSplice } from "./text-places.ts";
import { blockMap, flowValue, styleOf, type TextStyle } from "./text-style.ts";

export type EditedText =
  /** null: nothing is left, the file goes. */
  | { readonly verdict: "Edited"; readonly text: string | null }
  | { readonly verdict: "Refused"; readonly why: string; readonly reason?: "NotFound" };

export interface TextEdit {
  readonly identity: Identity;
  /** undefined: the object is taken out. */
  readonly wanted: JsonObject | undefined;
  /** What a document without a namespace means. */
  readonly defaultNamespace: string;
}

/** Never throws, whatever the text is. */
export function editText(text: string, edit: TextEdit): EditedText {
  return editDocument(text, edit) ?? editStream(text, edit);
}

/** Not `^` of a regular expression with `m`, for which U+2028, U+2029 and a lone carriage return end a line too. */
const mark = /(?<=^\ufeff?|\n)---(?=[ \t\r\n]|$)/g;
const otherMark = /(?<=^\ufeff?|\n)(?:%|\.\.\.)/;

/**
 * Reads only the document that it edits, so that many edits of a large file cost what they change. A line that begins with
 * `---` ends a document wherever it stands (YAML 1.2.2, 9.1.2, c-forbidden). undefined: the stream must be read as a whole.
 */
function editDocument(text: string, edit: TextEdit): EditedText | undefined {
  if (edit.wanted === undefined || otherMark.test(text)) return undefined;
  const starts = [0, ...[...text.matchAll(mark)].map(({ index }) => index).filter((index) => index > 0)];
  if (starts.length < 2) return undefined;
  const style = styleOf(text);
  const found: { readonly start: number; readonly end: number; readonly result: EditedText }[] = [];
  for (const [i, start] of starts.entries()) {
    const end = starts[i + 1] ?? text.length;
    const part = text.slice(start, end);
    if (!part.includes(edit.identity.name)) continue;
    const result = editStream(part, edit, style);
    if (result.verdict === "Edited" || result.reason !== "NotFound") found.push({ start, end, result });
  }
  const [only, other] = found;
  if (only === undefined || other !== undefined) return undefined;
  const { start, end, result } = only;
  if (result.verdict === "Refused") return result;
  const after = result.text ?? "";
  if (!isOneDocument(after, start === 0, end === text.length)) return undefined;
  return { verdict: "Edited", text: `${text.slice(0, start)}${after}${text.slice(end)}` };
}

/** Whether what surrounds it reads the same, whatever it is. */
function isOneDocument(text: string, isFirst: boolean, isLast: boolean): boolean {
  const marks = [...text.matchAll(mark)].map(({ index }) => index);
  const begins = isFirst || marks[0] === 0;
  const ends = isLast || text.endsWith("\n");
  return begins && ends && !marks.some((index) => index > 0) && !otherMark.test(text);
}

function editStream(text: string, edit: TextEdit, style?: TextStyle): EditedText {
  const file = open(text, style);
  if (!file.ok) return refused(file.why);
  const { identity, wanted, defaultNamespace } = edit;
  const key = identityKey(identity);
  const found = objectsOf(file).filter(
    ({ value }) => identityKey(identityOf(inNamespace(value, defaultNamespace))) === key,
  );
  const [target, other] = found;
  if (target === undefined) return { ...refused("it does not hold the object"), reason: "NotFound" };
  if (other !== undefined) return refused("it holds the object twice");
  const mask = maskedBy(target.value, file.documents[target.at]?.value);
  if (mask !== undefined) return refused(mask);
  if (wanted === undefined) return remove(file, target);
  if (equalJson(target.value, wanted)) return { verdict: "Edited", text };
  const ways = [
    () => editNode(file.body, target.node, target.value, wanted, file.style),
    () => [{ start: target.node.range[0], end: endOf(file, target.node), text: anew(file, target, wanted) }],
  ];
  return firstSound(file, ways, expectedAfter(file, target, wanted));
}

/** One more object at the end of a file; of a file that is one List, one more item. */
export function addToText(text: string, content: JsonObject): EditedText {
  const file = open(text);
  if (!file.ok) return refused(file.why);
  const filled = file.documents.filter(({ value }) => value !== null);
  const mask = filled.map(maskOf).find((each) => each !== undefined);
  if (mask !== undefined) return refused(mask);
  const [only] = filled;
  const list = filled.length === 1 && only !== undefined ? listOf(only) : undefined;
  const expected = file.documents.map(({ value }) => value);
  if (list !== undefined && only !== undefined) {
    const value = only.value as JsonObject;
    const grown = { ...value, items: [...(value["items"] as readonly Json[]), content] };
    const after = expected.map((each) => (each === value ? grown : each));
    return firstSound(file, [() => appendItem(file.body, list, content, file.style)], after);
  }
  if (filled.some(({ document }) => isFlow(document.contents))) return refused("it is JSON, and holds one object only");
  const { body, style } = file;
  const joint = body === "" || body.endsWith("\n") ? "" : "\n";
  const begin = filled.length === 0 ? "" : "---\n";
  const put = `${joint}${begin}${blockMap(content, "", style, "Root")}\n`;
  const after = [...expected.filter((value) => value !== null), content];
  return firstSound(file, [() => [{ start: body.length, end: body.length, text: put }]], after);
}

interface OpenDocument {
  readonly document: Document.Parsed;
  readonly value: Json;
}

interface OpenFile {
  readonly ok: true;
  /** A byte order mark, or nothing. */
  readonly bom: string;
  readonly body: string;
  readonly style: TextStyle;
  readonly documents: readonly OpenDocument[];
}

interface Target {
  readonly value: JsonObject;
  readonly node: ParsedNode;
  /** Index of the document, and in its List. */
  readonly at: number;
  readonly item: number | undefined;
}

function open(text: string, style?: TextStyle): OpenFile | { readonly ok: false; readonly why: string } {
  const bom = text.startsWith("\ufeff") ? "\ufeff" : "";
  const body = text.slice(bom.length);
  try {
    const documents: OpenDocument[] = [];
    for (const document of parseDocuments(body, { keepSourceTokens: true })) {
      const read = readDocument(body, document);
      if (!read.readable) return { ok: false, why: read.why };
      documents.push({ document, value: read.value });
    }
    return { ok: true, bom, body, style: style ?? styleOf(body), documents };
  } catch {
    return { ok: false, why: "it cannot be parsed" };
  }
}

function objectsOf({ documents }: OpenFile): readonly Target[] {
  return documents.flatMap(({ document, value }, at): readonly Target[] => {
    const node = document.contents;
    if (!isObject(value) || node === null) return [];
    const [only] = items(value);
    if (only === value) return [{ value, node, at, item: undefined }];
    const list = listOf({ document, value });
    return items(value).flatMap((item, i) => {
      const inner = list?.items[i];
      return isObject(item) && inner ? [{ value: item, node: inner, at, item: i }] : [];
    });
  });
}

/** Of a document, or of one of the items of a List. */
function maskOf({ value }: OpenDocument): string | undefined {
  if (!isObject(value)) return undefined;
  return items(value)
    .map((item) => (isObject(item) ? maskedBy(item, value) : undefined))
    .find((mask) => mask !== undefined);
}

function listOf({ document, value }: OpenDocument): YAMLSeq.Parsed | undefined {
  if (!isObject(value) || items(value)[0] === value || !isMap(document.contents)) return undefined;
  const list = document.contents.items.find(({ key }) => "value" in key && key.value === "items")?.value;
  return isSeq(list) && list.items.length > 0 ? list : undefined;
}

function remove(file: OpenFile, target: Target): EditedText {
  const { documents, body, style } = file;
  const holder = documents[target.at];
  if (target.item !== undefined && holder !== undefined && items(holder.value as JsonObject).length > 1) {
    const list = listOf(holder);
    if (list === undefined) return refused("its List cannot be edited");
    const index = target.item;
    return firstSound(file, [() => dropItem(body, list, index, style)], expectedAfter(file, target, undefined));
  }
  const expected = documents.flatMap(({ value }, at) => (at === target.at ? [] : [value]));
  if (expected.every((value) => value === null)) return { verdict: "Edited", text: null };
  const { start, end } = linesOf(file, target.at);
  return firstSound(file, [() => [{ start, end, text: "" }]], expected);
}

/** A document with the `---` before it, or behind it where it is the first; what heads the file stays. */
function linesOf({ documents, body }: OpenFile, at: number): { readonly start: number; readonly end: number } {
  const next = documents[at + 1]?.document.range[0];
  const own = documents[at]?.document.range[0] ?? 0;
  if (at > 0) return { start: own, end: next ?? body.length };
  // Comments up to the last empty line, or up to the first document's own mark, are the file's.
  const head = body.slice(0, documents[at]?.document.contents?.range[0] ?? own);
  const begin = head.search(mark);
  const gap = /^[^]*\n[ \t\r]*\n/.exec(head);
  const start = begin === -1 ? (gap?.[0].length ?? 0) : begin;
  return { start, end: next ?? body.length };
}

function expectedAfter({ documents }: OpenFile, { at, item }: Target, wanted: JsonObject | undefined): readonly Json[] {
  return documents.map(({ value }, i): Json => {
    if (i !== at) return value;
    if (item === undefined) return wanted ?? null;
    const object = value as JsonObject;
    const changed = (object["items"] as readonly Json[]).flatMap((each, n) =>
      n !== item ? [each] : wanted === undefined ? [] : [wanted],
    );
    return { ...object, items: changed };
  });
}

/** A new text for the whole of an object that cannot be edited piece by piece. */
function anew({ body, style }: OpenFile, { node, item }: Target, wanted: JsonObject): string {
  const start = node.range[0];
  const indent = " ".repeat(start - (body.lastIndexOf("\n", start - 1) + 1));
  if (isFlow(node))
    return flowValue(wanted, body.slice(start, node.range[1]).includes("\n") ? indent : undefined, style.step);
  const lines = blockMap(wanted, indent, style, item === undefined ? "Root" : "Else");
  return lines.slice(indent.length);
}

function endOf({ body }: OpenFile, node: ParsedNode): number {
  const [start, end] = node.range;
  return start + body.slice(start, end).trimEnd().length;
}

/** The first way whose outcome reads as it should. */
function firstSound(
  { bom, body, style }: OpenFile,
  ways: readonly (() => Parameters<typeof applySplices>[1])[],
  expected: readonly Json[],
): EditedText {
  for (const way of ways) {
    try {
      const eol = (text: string): string => (style.eol === "\n" ? text : text.replace(/\r?\n/g, "\r\n"));
      const text = applySplices(
        body,
        way().map((splice) => ({ ...splice, text: eol(splice.text) })),
      );
      if (readsAs(text, expected)) return { verdict: "Edited", text: `${bom}${text}` };
    } catch (error) {
      if (!(error instanceof NoSplice)) throw error;
    }
  }
  return refused("its form cannot be edited safely");
}

function readsAs(text: string, expected: readonly Json[]): boolean {
  const read = open(text);
  if (!read.ok) return false;
  const values = read.documents.map(({ value }) => value);
  const filled = (list: readonly Json[]): readonly Json[] => list.filter((value) => value !== null);
  return equalJson(filled(values), filled(expected));
}

function isFlow(node: ParsedNode | null): boolean {
  return node !== null && "flow" in node && node.flow;
}

function refused(why: string): { readonly verdict: "Refused"; readonly why: string } {
  return { verdict: "Refused", why };
}
