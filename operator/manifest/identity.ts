/** What names an object, and the few things read of a raw one. */
import type { Identity, Json, JsonObject } from "../values.ts";
import { isVerbatim } from "./verbatim.ts";

/** Injective: two identities have one key only if they are equal. */
export function identityKey({ group, kind, namespace, name }: Identity): string {
  return `${group}\n${kind}\n${namespace}\n${name}`;
}

export function parseIdentityKey(key: string): Identity {
  const [group = "", kind = "", namespace = "", name = ""] = key.split("\n");
  return { group, kind, namespace, name };
}

/** From apiVersion, kind and metadata; missing ones are "". */
export function identityOf(object: JsonObject): Identity {
  const apiVersion = textAt(object, "apiVersion");
  const slash = apiVersion.indexOf("/");
  const metadata = metadataOf(object);
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    kind: textAt(object, "kind"),
    namespace: textAt(metadata, "namespace"),
    name: textAt(metadata, "name"),
  };
}

export function metadataOf(object: JsonObject): JsonObject {
  return objectAt(object, "metadata");
}

/** With the namespace that it leaves out. */
export function inNamespace(object: JsonObject, namespace: string): JsonObject {
  const metadata = metadataOf(object);
  if (namespace === "" || textAt(metadata, "namespace") !== "") return object;
  return { ...object, metadata: { ...metadata, namespace } };
}

/** The object at a key, or an empty one. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return isObject(value) ? value : emptyObject;
}

/** The string at a key, or "". */
export function textAt(object: JsonObject, key: string): string {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === "string" ? value : "";
}

export function isObject(value: Json | undefined): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !isVerbatim(value);
}

const emptyObject: JsonObject = Object.freeze(Object.create(null) as JsonObject);
