/** Reads a file of manifests that anybody may have written: hostile input, never thrown on. */
import type { Document, ParsedNode } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseAllDocuments } from "yaml";
import type { Identity, Json, JsonObject } from "../values.ts";
import { identityOf, isObject, metadataOf } from "./identity.ts";
import { maxCharacters, maxDepth } from "./limits.ts";
import { put } from "./put.ts";
import { stringifyJson } from "./stringify-json.ts";
import { kubernetesTags } from "./yaml-tags.ts";

export interface ParsedDocument {
  readonly identity: Identity;
  readonly content: JsonObject;
  /** Why it is never edited; undefined: it may be. */
  readonly readOnly: string | undefined;
}

export type ParsedFile =
  | {
      readonly readable: true;
      readonly documents: readonly ParsedDocument[];
      /** Documents beside them that say something else: no objects, or objects without a name. */
      readonly others: number;
    }
  | { readonly readable: false; readonly why: string; readonly mentions: Mentions };

/** What an unreadable file seems to speak of. */
export interface Mentions {
  readonly kinds: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
}

const stringTag = "tag:yaml.org,2002:str";

/** Documents that are no Kubernetes objects are left out; a List is taken apart. */
export function parseManifests(text: string): ParsedFile {
  const found: ParsedDocument[] = [];
  let others = 0;
  for (const document of readDocuments(text)) {
    if (!document.readable) return { ...document, mentions: mentionsOf(text) };
    const { value } = document;
    if (value === null) continue;
    for (const object of isObject(value) ? items(value) : [value]) {
      const identity = isObject(object) ? identityOf(object) : undefined;
      if (isObject(object) && identity?.kind && identity.name)
        found.push({ identity, content: object, readOnly: maskedBy(object, value) });
      else others++;
    }
  }
  return { readable: true, documents: found, others };
}

const maxMentions = 10_000;

/** In block and in flow style, and in whatever else: better too much than an object written a second time. */
function mentionsOf(text: string): Mentions {
  const found = { kind: new Set<string>(), name: new Set<string>() };
  for (const [, key, word = ""] of text.matchAll(/(?<![\w.-])["']?(kind|name)["']?[ \t]*:[ \t]*["']?([\w.:-]+)/g)) {
    const words = key === "kind" ? found.kind : found.name;
    if (words.size < maxMentions) words.add(word);
  }
  return { kinds: found.kind, names: found.name };
}

/** The object of an identity, whose document may leave out the namespace; undefined: it is not there, or there twice. */
export function documentOf(file: ParsedFile, { group, kind, namespace, name }: Identity): ParsedDocument | undefined {
  if (!file.readable) return undefined;
  const [found, other] = file.documents.filter(
    ({ identity }) =>
      identity.group === group &&
      identity.kind === kind &&
      identity.name === name &&
      ["", namespace].includes(identity.namespace),
  );
  return other === undefined ? found : undefined;
}

/** One document of a stream; `value` null: an empty one. */
export type ReadDocument =
  | { readonly readable: true; readonly value: Json }
  | { readonly readable: false; readonly why: string };

/** The documents of YAML or JSON text, each by itself. Never throws. `limit`: in UTF-16 code units, of all the text. */
export function readDocuments(text: string, limit: number = maxCharacters): readonly ReadDocument[] {
  if (text.length > limit) return [no(`it is larger than ${Math.floor(limit / 1024 / 1024)} MiB`)];
  try {
    return parseDocuments(text.startsWith("\ufeff") ? text.slice(1) : text).map((document) =>
      readDocument(text, document),
    );
  } catch (error) {
    return [no(error instanceof Error ? error.message : "it cannot be parsed")];
  }
}

/** Never throws. */
export function readDocument(text: string, { errors, contents }: Document.Parsed): ReadDocument {
  const [problem] = errors;
  if (problem !== undefined) return no(templated(text) ?? `${problem.message} (line ${lineOf(text, problem.pos[0])})`);
  try {
    return { readable: true, value: contents === null ? null : toJson(contents, 0) };
  } catch (error) {
    return no(error instanceof Error ? error.message : "it cannot be parsed");
  }
}

/**
 * The documents of a stream without a byte order mark, with their places in it. Throws where it is nested too deeply.
 * Duplicate keys are found below and errors made readable above: the parser's own ways take the square of the length.
 */
export function parseDocuments(
  bare: string,
  options: { readonly keepSourceTokens?: boolean } = {},
): readonly Document.Parsed[] {
  const linear = { uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;
  const schema = {
    schema: "failsafe",
    resolveKnownTags: false,
    merge: false,
    customTags: [...kubernetesTags],
  } as const;
  const parsed = parseAllDocuments(bare, { ...linear, ...schema, ...options, customTags: [...kubernetesTags] });
  return "empty" in parsed ? [] : parsed;
}

function no(why: string): { readonly readable: false; readonly why: string } {
  // The parser descends by recursion.
  if (why.startsWith("Maximum call stack")) return no("it is nested too deeply");
  return { readable: false, why: (why.split("\n")[0] ?? "").slice(0, 300) };
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function templated(text: string): string | undefined {
  return text.includes("{{") ? "it is a template" : undefined;
}

/** What stands there depends on more than the place where it stands, or is no JSON. */
class Unreadable extends Error {}

function toJson(node: ParsedNode, depth: number): Json {
  if (depth > maxDepth) throw new Unreadable("it is nested too deeply");
  if (isAlias(node)) throw new Unreadable("it uses an alias");
  if (node.anchor) throw new Unreadable("it uses an anchor");
  if (node.tag !== undefined && node.tag !== stringTag) {
    throw new Unreadable(`it uses the tag ${node.tag.replace("tag:yaml.org,2002:", "!!").slice(0, 100)}`);
  }
  if (isSeq<ParsedNode>(node)) return node.items.map((item) => toJson(item, depth + 1));
  if (!isMap<ParsedNode, ParsedNode | null>(node)) return node.value as Json;
  const object: Record<string, Json> = {};
  for (const { key, value } of node.items) {
    const name = keyOf(key);
    if (Object.hasOwn(object, name)) throw new Unreadable(`it has the key ${JSON.stringify(name.slice(0, 100))} twice`);
    put(object, name, value === null ? null : toJson(value, depth + 1));
  }
  return object;
}

/** As sigs.k8s.io/yaml does, a number or boolean that is a key becomes its text. */
function keyOf(key: ParsedNode): string {
  if (isMap(key) && key.flow === true) throw new Unreadable("it is a template, or has a key that is a map");
  if (!isScalar(key)) throw new Unreadable("it has a key that is no string");
  if (key.type === "PLAIN" && key.source === "<<") throw new Unreadable("it uses a merge key");
  const value = toJson(key as ParsedNode, 0);
  if (value === null) throw new Unreadable("it has a key that is null");
  return typeof value === "string" ? value : stringifyJson(value);
}

/**
 * Why an object is never edited though it can be read; undefined: it may be. `document`: what it stands in, which may be a
 * List: a checksum there covers every item.
 */
export function maskedBy(object: JsonObject, document: Json = object): string | undefined {
  return isEncrypted(object) || isEncrypted(document) ? "it is encrypted by SOPS" : undefined;
}

function isEncrypted(value: Json): boolean {
  const sops = isObject(value) ? value["sops"] : undefined;
  return isObject(sops) && Object.hasOwn(sops, "mac");
}

/** A list has no name of its own (metav1.ListMeta); an object of a kind that merely ends in List has. */
export function items(object: JsonObject): readonly Json[] {
  const { kind, items: list } = object;
  const isList = typeof kind === "string" && kind.endsWith("List") && Array.isArray(list);
  if (!isList || Object.hasOwn(metadataOf(object), "name")) return [object];
  return list as readonly Json[];
}
