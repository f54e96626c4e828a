/**
 * Credentials that stand in clear where anybody reads them: in a ConfigMap, an environment variable, an annotation, a
 * custom resource. Only shapes that can be nothing else; what is found is named by its place and sort, never by its value.
 */
import type { Json, JsonObject, Manifest } from "../values.ts";
import { named, type Shape, shapes } from "./credential-shapes.ts";
import { isVerbatim } from "./verbatim.ts";

export interface FoundCredential {
  /** JSON Pointer (RFC 6901) to the value, or to the map that has it as a key or above the value. */
  readonly path: string;
  /** `a GitHub token` */
  readonly what: string;
}

type IsAllowed = (path: readonly string[]) => boolean;

/** False where `findCredential` would find nothing, as in nearly all objects, in a fraction of its time. */
export function mayHoldCredential({ content, text }: Pick<Manifest, "content" | "text">): boolean {
  return Object.hasOwn(content, "binaryData") || mayHold(text) || base64Runs(text, () => true);
}

/** The first one that is not allowed, keys before what stands below them. `path`: keys, and indices as text. Total. */
export function findCredential(content: JsonObject, isAllowed: IsAllowed): FoundCredential | undefined {
  return search(content, "", [], isAllowed);
}

/** `name` says what the value is. `path` is the same list all the way, so that looking costs little. */
function search(value: Json, name: string, path: string[], isAllowed: IsAllowed): FoundCredential | undefined {
  if (typeof value === "string") {
    const what = path[0] === "binaryData" ? inBytes(value) : (inValue(value) ?? byName(name, value));
    return what === undefined || isAllowed(path) ? undefined : { path: pointer(path), what };
  }
  if (value === null || typeof value !== "object" || isVerbatim(value)) return undefined;
  const isList = Array.isArray(value);
  const object = value as JsonObject;
  const label = !isList && Object.hasOwn(object, "name") && typeof object["name"] === "string" ? object["name"] : "";
  for (const key of Object.keys(value)) {
    path.push(key);
    const what = isList ? undefined : inText(key);
    if (what !== undefined && !isAllowed(path)) return { path: pointer(path), what: `${what} as a key` };
    const found = search(object[key] as Json, key === "value" ? label : key, path, isAllowed);
    if (found !== undefined) return found;
    path.pop();
  }
  return undefined;
}

/** Twice: a kubeconfig that is encoded holds a key that is. */
const maxLayers = 2;

function inValue(text: string, layers: number = maxLayers): string | undefined {
  const what = inText(text);
  if (what !== undefined || layers === 0 || text.length < minRun) return what;
  let found: string | undefined;
  let blockEnd = 0;
  base64Runs(text, (start, end) => {
    // The n of an escaped line end, in JSON as text.
    const from = text[start - 1] === "\\" ? start + 1 : start;
    found = inBytes(text.slice(from, end), layers - 1);
    if (found === undefined && end > blockEnd) {
      blockEnd = endOfBlock(text, end);
      if (blockEnd > end) found = inBytes(text.slice(from, blockEnd), layers - 1);
    }
    return found !== undefined;
  });
  return found;
}

/** Base64 may be wrapped: the end of the lines that go on with it. */
function endOfBlock(text: string, from: number): number {
  const block = /[A-Za-z0-9+/=\s]*/y;
  block.lastIndex = from;
  block.test(text);
  return block.lastIndex;
}

function inBytes(base64: string, layers: number = maxLayers - 1): string | undefined {
  // Byte for byte, so that no decoding of text is in the way.
  const what = inValue(Buffer.from(base64, "base64").toString("latin1"), layers);
  return what === undefined || what.endsWith(encoded) ? what : `${what}${encoded}`;
}
const encoded = " in base64";

function byName(name: string, value: string): string | undefined {
  return named.find((each) => each.name.test(name) && each.value.test(value))?.what;
}

/** The shortest of them is longer. */
const shortest = 8;

function inText(text: string): string | undefined {
  if (text.length < shortest || !mayHold(text)) return undefined;
  return shapes.find((shape) => holds(shape, text))?.what;
}

function holds({ pattern, isExample }: Shape, text: string): boolean {
  for (const match of text.matchAll(pattern)) {
    const { secret = match[0], user = "" } = match.groups ?? {};
    if (!isExample(secret, user)) return true;
  }
  return false;
}

/** To the last key above which none holds a credential. */
function pointer(path: readonly string[]): string {
  const secret = path.findIndex((key) => inText(key) !== undefined);
  return path
    .slice(0, secret < 0 ? undefined : secret)
    .map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}

// ---------------------------------------------------------------- a first look

/**
 * Hints in groups that are found fast together: from their last character backwards, if that is rarer than the first.
 * Measured: one more that begins like an ordinary word can triple the time of its group.
 */
const hints = [...new Set(shapes.map(({ hint }) => hint))];
const underscored = hints.filter((hint) => hint.endsWith("_"));
const inUrls = hints.filter((hint) => hint.startsWith(":\\/"));
const backwards = hints.filter((hint) => /^[a-z].*(?:-|\\\.)$/.test(hint));
const words = hints.filter((hint) => hint.endsWith(" "));
const others = hints.filter((hint) => ![...underscored, ...inUrls, ...backwards, ...words].includes(hint));

const beforeUnderscore = new RegExp(`(?:${underscored.map((hint) => hint.slice(0, -1)).join("|")})$`);
const longestBefore = 16;
const urlHint = new RegExp(inUrls.join("|"));
const backwardHint = new RegExp(`[-.](?<=${backwards.join("|")})`);
const otherHint = new RegExp(others.join("|"));

function mayHold(text: string): boolean {
  if (text.includes("://") && urlHint.test(text)) return true;
  for (let at = text.indexOf("_"); at >= 0; at = text.indexOf("_", at + 1)) {
    if (beforeUnderscore.test(text.slice(Math.max(0, at - longestBefore), at))) return true;
  }
  return words.some((word) => text.includes(word)) || otherHint.test(text) || backwardHint.test(text);
}

// ---------------------------------------------------------------- base64

/** What is shorter is a word, and holds no token. */
const minRun = 40;

/** Whether `take` takes one of the runs that look like base64. */
function base64Runs(text: string, take: (start: number, end: number) => boolean): boolean {
  let from = 0;
  // A run of this length has one of these places in it.
  for (let at = minRun - 1; at < text.length; at += minRun) {
    if (!isBase64(text.charCodeAt(at))) continue;
    let start = at;
    while (start > from && isBase64(text.charCodeAt(start - 1))) start--;
    let end = at + 1;
    while (end < text.length && isBase64(text.charCodeAt(end))) end++;
    if (end - start >= minRun && isMixed(text, start, end) && take(start, end)) return true;
    from = end;
    at = end;
  }
  return false;
}

function isBase64(code: number): boolean {
  return isSmall(code) || isCapital(code) || isDigit(code) || code === 0x2b || code === 0x2f;
}

/** Words written together have fewer capitals, digests none. */
function isMixed(text: string, start: number, end: number): boolean {
  let small = 0;
  let capital = 0;
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (isSmall(code)) small++;
    else if (isCapital(code)) capital++;
  }
  return small > 0 && capital * 6 >= end - start;
}

const isSmall = (code: number): boolean => code >= 0x61 && code <= 0x7a;
const isCapital = (code: number): boolean => code >= 0x41 && code <= 0x5a;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
