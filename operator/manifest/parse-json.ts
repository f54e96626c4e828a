/** JSON as the API server sends it, without loss: RFC 8259, integers past 2^53, any key and any depth included. */
import type { Json, JsonObject } from "../values.ts";
import { put } from "./put.ts";
import { verbatim } from "./verbatim.ts";

/** Where a number may start (or a string that looks like one) which may not survive a double: long, broken, or -0. */
const risky = /(?:^|"\s*:|[,[])\s*(?:-0|-?[0-9]{16}|-?[0-9]+[.eE])/;

/** Objects come with any own key, `__proto__` included. Throws SyntaxError. */
export function parseJson(text: string): Json {
  if (!risky.test(text)) {
    const value = JSON.parse(text) as Json;
    if (!escapedKey(text) || !hasBackslashKey(value)) return value;
  }
  check(text);
  return parseExact(text);
}

/** Whether the text has a backslash in a key. */
function escapedKey(text: string): boolean {
  for (let at = text.indexOf("\\"); at >= 0; ) {
    const end = endOfString(text, at);
    if (afterSpace(text, end) === colon) return true;
    at = text.indexOf("\\", end);
  }
  return false;
}

function afterSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= space) at++;
  return text.charCodeAt(at);
}

/**
 * V8 takes a key with an escape for another that any object of the process had before, if that is spelled like the
 * first characters of its source: `"\""` reads as `\` (https://github.com/nodejs/node/issues/63785). What it takes it
 * for has a backslash.
 */
function hasBackslashKey(root: Json): boolean {
  const open: Json[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (value === null || typeof value !== "object") continue;
    if (Array.isArray(value)) {
      for (const item of value) if (typeof item === "object") open.push(item);
      continue;
    }
    for (const key in value as JsonObject) {
      if (key.includes("\\")) return true;
      const item = (value as JsonObject)[key];
      if (typeof item === "object") open.push(item);
    }
  }
  return false;
}

/** A function of its own, so that what was read does not stay in memory. */
function check(text: string): void {
  JSON.parse(text);
}

/** Undefined until its key was read. */
interface Open {
  readonly value: Record<string, Json> | Json[];
  key: string | undefined;
}

/**
 * Reads text that is known to be JSON once more, each number in its spelling. Without recursion, as a reviver of
 * JSON.parse would have it: the API server stores what is nested thousands of levels deep.
 */
function parseExact(text: string): Json {
  const root: Open = { value: [], key: undefined };
  const outer: Open[] = [];
  let open = root;
  let at = 0;
  while (at < text.length) {
    const c = text.charCodeAt(at);
    if (c === quote) {
      const end = endOfString(text, at);
      const string = stringIn(text, at, end);
      if (open.key === undefined && !Array.isArray(open.value)) open.key = string;
      else add(open, string);
      at = end;
    } else if (c === brace || c === bracket) {
      const inner: Open = { value: c === brace ? {} : [], key: undefined };
      add(open, inner.value);
      outer.push(open);
      open = inner;
      at++;
    } else if (c === closingBrace || c === closingBracket) {
      open = outer.pop() as Open;
      at++;
    } else if (c === comma || c === colon || c <= space) {
      at++;
    } else {
      const end = endOfWord(text, at);
      add(open, word(text.slice(at, end)));
      at = end;
    }
  }
  return (root.value as Json[])[0] as Json;
}

const space = 0x20;
const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const bracket = 0x5b;
const closingBracket = 0x5d;
const brace = 0x7b;
const closingBrace = 0x7d;

function add(open: Open, value: Json): void {
  if (Array.isArray(open.value)) open.value.push(value);
  else put(open.value, open.key as string, value);
  open.key = undefined;
}

/** Read anew by JSON.parse but where it is short: a longer slice would keep all of `text` in memory. */
function stringIn(text: string, start: number, end: number): string {
  if (end - start <= 12) {
    const plain = text.slice(start + 1, end - 1);
    if (!plain.includes("\\")) return plain;
  }
  return JSON.parse(text.slice(start, end)) as string;
}

/** Past the quote that ends the string at `start`: one that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let slashes = end - 1;
    while (text[slashes] === "\\") slashes--;
    if ((end - slashes) % 2 === 1) return end + 1;
    end = text.indexOf('"', end + 1);
  }
}

/** Past the number, true, false or null at `start`. */
function endOfWord(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length) {
    const c = text.charCodeAt(end);
    if (c === comma || c === closingBrace || c === closingBracket || c <= space) break;
    end++;
  }
  return end;
}

function word(source: string): Json {
  if (source === "true") return true;
  if (source === "false") return false;
  if (source === "null") return null;
  const number = Number(source);
  return String(number) === source ? number : verbatim(source);
}
