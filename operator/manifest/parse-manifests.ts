/** Reads a file of manifests that anybody may have written: hostile input, never thrown on. */

import type { Document } from "yaml";
import { isAlias, isNode, isPair, isScalar, parseAllDocuments, visit } from "yaml";
import type { Identity, Json, JsonObject } from "../values.ts";
import { identityOf, isObject } from "./identity.ts";
import { put } from "./put.ts";
import { verbatim } from "./verbatim.ts";

export interface ParsedDocument {
  readonly identity: Identity;
  readonly content: JsonObject;
}

export type ParsedFile =
  | { readonly readable: true; readonly documents: readonly ParsedDocument[] }
  | { readonly readable: false; readonly why: string };

const maxBytes = 3 * 1024 * 1024;
const maxDepth = 100;

/** Documents that are no Kubernetes objects are left out; a List is taken apart. */
export function parseManifests(text: string): ParsedFile {
  if (text.length > maxBytes) return no("it is larger than 3 MiB");
  if (deepestIndent(text) > maxDepth * 4) return no("it is nested too deeply");
  const bare = text.startsWith("\ufeff") ? text.slice(1) : text;
  let documents: readonly Document.Parsed[];
  try {
    const parsed = parseAllDocuments(bare, { uniqueKeys: true, merge: false, version: "1.2", intAsBigInt: true });
    documents = "empty" in parsed ? [] : parsed;
  } catch (error) {
    return no(error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it cannot be parsed");
  }
  const found: ParsedDocument[] = [];
  for (const document of documents) {
    const problem = document.errors[0];
    if (problem !== undefined) return no(templated(bare) ?? problem.message.split("\n")[0] ?? problem.code);
    const odd = oddity(document);
    if (odd !== undefined) return no(odd);
    const value = toJson(document);
    if (isObject(value))
      for (const object of items(value)) found.push({ identity: identityOf(object), content: object });
  }
  return { readable: true, documents: found.filter(({ identity }) => identity.kind !== "" && identity.name !== "") };
}

function no(why: string): ParsedFile {
  return { readable: false, why };
}

function templated(text: string): string | undefined {
  return text.includes("{{") ? "it is a template" : undefined;
}

/** Anchors, aliases, merge keys and tags: what stands there depends on more than the place where it stands. */
function oddity(document: Document.Parsed): string | undefined {
  let odd: string | undefined;
  let depth = 0;
  visit(document, (_, node, path) => {
    depth = Math.max(depth, path.length);
    if (isAlias(node)) odd = "it uses an alias";
    else if (isNode(node) && "anchor" in node && node.anchor) odd = "it uses an anchor";
    else if (isNode(node) && node.tag?.startsWith("!") === true) odd = `it uses the tag ${node.tag}`;
    else if (isPair(node) && isScalar(node.key) && node.key.source === "<<" && node.key.type === "PLAIN")
      odd = "it uses a merge key";
    if (depth > maxDepth * 2) odd = "it is nested too deeply";
    return odd === undefined ? undefined : visit.BREAK;
  });
  return odd;
}

function toJson(document: Document.Parsed): Json {
  return plainJson(document.toJS({ maxAliasCount: 0 }));
}

/** Integers that a double cannot carry are kept as they are written. */
function plainJson(value: unknown): Json {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : verbatim(String(value));
  if (Array.isArray(value)) return value.map(plainJson);
  if (value === null || typeof value !== "object") return value as Json;
  const object: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) put(object, key, plainJson(item));
  return object;
}

function items(object: JsonObject): readonly JsonObject[] {
  const { kind, items: list } = object;
  if (typeof kind !== "string" || !kind.endsWith("List") || !Array.isArray(list)) return [object];
  return (list as readonly Json[]).filter(isObject);
}

function deepestIndent(text: string): number {
  let deepest = 0;
  let flow = 0;
  for (const char of text) {
    if (char === "[" || char === "{") deepest = Math.max(deepest, ++flow);
    else if (char === "]" || char === "}") flow = Math.max(0, flow - 1);
  }
  return deepest;
}
