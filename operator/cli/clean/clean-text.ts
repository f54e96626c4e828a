/** PURE: the objects of a text, cleaned, and what of it is none. */

import { identityOf, isObject, metadataOf, textAt } from "../../manifest/identity.ts";
import { maxDepth } from "../../manifest/limits.ts";
import { createObjectReader } from "../../manifest/object-reader.ts";
import { parseJson } from "../../manifest/parse-json.ts";
import { items, type ReadDocument, readDocuments } from "../../manifest/parse-manifests.ts";
import { plainPolicy } from "../../manifest/policy.ts";
import { isVerbatim } from "../../manifest/verbatim.ts";
import type { Json, JsonObject } from "../../values.ts";

export type Cleaned =
  | { readonly ok: true; readonly object: JsonObject }
  /** `problem` begins with which document, where there are several. */
  | { readonly ok: false; readonly problem: string };

/** A cluster's objects may come in one text. */
const maxText = 256 * 1024 * 1024;

/** Of YAML 1.1, as kubectl reads it, or JSON. In the order of the text; never throws. */
export function* cleanText(text: string): IterableIterator<Cleaned> {
  const reader = createObjectReader(plainPolicy());
  const documents = readText(text);
  let objects = 0;
  for (const [index, document] of documents.entries()) {
    const place = documents.length > 1 ? `document ${index + 1}: ` : "";
    if (!document.readable) {
      yield no(`${place}${document.why}`);
      continue;
    }
    const { value } = document;
    if (value === null) continue;
    const inside = isObject(value) ? itemsOf(value) : [value];
    const isList = inside.length !== 1 || inside[0] !== value;
    for (const [at, item] of inside.entries()) {
      objects++;
      const where = isList ? `${place}items[${at}]: ` : place;
      const problem = problemOf(item);
      if (problem === undefined) yield { ok: true, object: reader.content(item as JsonObject) };
      else yield no(`${where}${problem}`);
    }
    if (isList && inside.length === 0) objects++;
  }
  if (objects === 0 && documents.every(({ readable }) => readable)) yield no("there is no object in it");
}

function readText(text: string): readonly ReadDocument[] {
  if (!/^\s*\{/.test(text)) return readDocuments(text, maxText);
  try {
    return [{ readable: true, value: parseJson(text) }];
  } catch (error) {
    // A flow mapping of YAML, or several of them, begins like JSON.
    const documents = readDocuments(text, maxText);
    if (documents.every(({ readable }) => readable)) return documents;
    return [{ readable: false, why: `is no JSON: ${(error as Error).message}` }];
  }
}

/** What `kubectl get --raw` gives says of its items by its own kind alone which they are. */
function itemsOf(object: JsonObject): readonly Json[] {
  const inside = items(object);
  const [kind, apiVersion] = [textAt(object, "kind"), textAt(object, "apiVersion")];
  if (inside[0] === object || kind === "List") return inside;
  return inside.map((item) => (isObject(item) ? { apiVersion, kind: kind.slice(0, -"List".length), ...item } : item));
}

function problemOf(value: Json): string | undefined {
  if (!isObject(value)) return "is no object: a manifest is a map with apiVersion, kind and metadata";
  for (const field of ["apiVersion", "kind"]) if (textAt(value, field) === "") return `has no ${field}`;
  const { kind, name } = identityOf(value);
  if (name === "") {
    const generated = textAt(metadataOf(value), "generateName") !== "";
    return `${kind}: has no metadata.name${generated ? ": a name that the API server is to make up is none yet" : ""}`;
  }
  return isTooDeep(value, 0) ? `${kind} ${name}: is nested deeper than ${maxDepth} levels` : undefined;
}

function isTooDeep(value: Json, depth: number): boolean {
  if (value === null || typeof value !== "object" || isVerbatim(value)) return false;
  if (depth > maxDepth) return true;
  return Object.values(value).some((child: Json) => isTooDeep(child, depth + 1));
}

function no(problem: string): Cleaned {
  return { ok: false, problem };
}
