/** What is read of a raw object of the API without knowing its kind. */
import type { Identity, JsonObject } from "../values.ts";
import type { StoredCondition } from "./outcome.ts";

export const group = "clickscribe.dev";
export const apiVersion: string = `${group}/v1alpha1`;

/** Nothing that a person says changed: only status or bookkeeping did. */
export function sameIntent(a: JsonObject, b: JsonObject): boolean {
  const intent = (object: JsonObject): string => {
    const { uid, generation, annotations: notes } = metadata(object);
    return JSON.stringify([uid, generation, notes ?? {}]);
  };
  return intent(a) === intent(b);
}

export function annotationOf(object: JsonObject, name: string): string | undefined {
  const notes = metadata(object)["annotations"];
  if (notes === null || typeof notes !== "object" || Array.isArray(notes)) return undefined;
  const value = (notes as JsonObject)[name];
  return typeof value === "string" ? value : undefined;
}

export function uidOf(object: JsonObject): string {
  const { uid } = metadata(object);
  return typeof uid === "string" ? uid : "";
}

export function isTerminating(object: JsonObject): boolean {
  return metadata(object)["deletionTimestamp"] !== undefined;
}

/** Of one of our own kinds. */
export function identityOfOwn(object: JsonObject): Identity {
  const { namespace, name } = metadata(object);
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return { group, kind: text(object["kind"]), namespace: text(namespace), name: text(name) };
}

/** `NAMESPACE/NAME` of one of our own kinds, for the log. */
export function nameOfOwn(object: JsonObject): string {
  const { namespace, name } = identityOfOwn(object);
  return `${namespace}/${name}`;
}

export function storedConditions(object: JsonObject): readonly StoredCondition[] {
  const status = object["status"] as { readonly conditions?: readonly StoredCondition[] } | undefined;
  return status?.conditions ?? [];
}

function metadata(object: JsonObject): JsonObject {
  return (object["metadata"] ?? {}) as JsonObject;
}
