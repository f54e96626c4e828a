/**
 * Credentials that stand in clear where anybody reads them: in a ConfigMap, an environment variable, an annotation, a
 * custom resource. Only shapes that can be nothing else; what is found is named by its place and sort, never by its value.
 */
import type { Json, JsonObject } from "../values.ts";
import { type Shape, shapes } from "./credential-shapes.ts";
import { isVerbatim } from "./verbatim.ts";

export interface FoundCredential {
  /** JSON Pointer (RFC 6901) to the value, or to the map that has it as a key. */
  readonly path: string;
  /** `a GitHub token` */
  readonly what: string;
}

/** Each shape holds one of these, and encoding leaves them as they are. */
const hints: RegExp = new RegExp(shapes.map(({ hint }) => hint).join("|"));

/** The first one that is not allowed, keys before what stands below them. `path`: keys, and indices as text. Total. */
export function findCredential(
  content: JsonObject,
  isAllowed: (path: readonly string[]) => boolean,
): FoundCredential | undefined {
  return search(content, [], isAllowed);
}

/** `path` is the same list all the way, so that the many objects without a credential cost no more than a look. */
function search(
  value: Json,
  path: string[],
  isAllowed: (path: readonly string[]) => boolean,
): FoundCredential | undefined {
  if (typeof value === "string") {
    const what = credentialIn(path[0] === "binaryData" ? decoded(value) : value);
    return what === undefined || isAllowed(path) ? undefined : { path: pointer(path), what };
  }
  if (value === null || typeof value !== "object" || isVerbatim(value)) return undefined;
  const isList = Array.isArray(value);
  for (const key of Object.keys(value)) {
    path.push(key);
    // A key that holds one is not named either.
    const what = isList ? undefined : credentialIn(key);
    if (what !== undefined && !isAllowed(path)) return { path: pointer(path.slice(0, -1)), what: `${what} as a key` };
    const found = search((value as JsonObject)[key] as Json, path, isAllowed);
    if (found !== undefined) return found;
    path.pop();
  }
  return undefined;
}

/** The shortest of them is longer. */
const shortest = 12;

function credentialIn(text: string): string | undefined {
  if (text.length < shortest || !hints.test(text)) return undefined;
  return shapes.find((shape) => holds(shape, text))?.what;
}

function holds({ pattern, isExample }: Shape, text: string): boolean {
  if (isExample === undefined) return pattern.test(text);
  for (const match of text.matchAll(new RegExp(pattern, `${pattern.flags}g`))) {
    if (!isExample(match.groups ?? {})) return true;
  }
  return false;
}

/** Byte for byte, so that no decoding of text is in the way. */
function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("latin1");
}

function pointer(path: readonly string[]): string {
  return path.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
