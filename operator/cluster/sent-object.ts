/** PURE: what the API server sent, taken for an object of the scope that was asked for. */
import type { Scope } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";

export interface LeftOut {
  readonly why: string;
  /** "" where none is known. */
  readonly name: string;
}
export type Sent =
  /** Raw, with apiVersion and kind. */
  { readonly object: JsonObject } | LeftOut;

/** Items of a list leave out what the list says of them all; so may whoever serves a watch. */
export function sentObject(value: Json | undefined, { kind, namespace }: Scope): Sent {
  const sent = isMap(value) ? value : {};
  const metadata = isMap(sent["metadata"]) ? sent["metadata"] : {};
  const name = textOf(metadata["name"]);
  if (name === "") return { why: "it has no name", name };
  // What the API server accepts for no object: path.IsValidPathSegmentName of k8s.io/apimachinery.
  if (/[/%]/.test(name) || name === "." || name === "..") return { why: "its name is none", name };
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  const object = { ...sent, apiVersion: sent["apiVersion"] ?? apiVersion, kind: sent["kind"] ?? kind.kind };
  if (object.kind !== kind.kind || groupOf(object.apiVersion) !== kind.group)
    return { why: "it is of another kind", name };
  if (kind.namespaced && namespace !== "" && metadata["namespace"] !== namespace)
    return { why: "it is of another namespace", name };
  return { object };
}

/** One line each for what was left out, at most, however many there are. */
export function byReason(
  leftOut: readonly LeftOut[],
): readonly { readonly why: string; readonly objects: number; readonly names: readonly string[] }[] {
  return [...Map.groupBy(leftOut, ({ why }) => why)].map(([why, some]) => ({
    why,
    objects: some.length,
    names: some.flatMap(({ name }) => (name === "" ? [] : [name])).slice(0, maxNames),
  }));
}

const maxNames = 5;

function groupOf(apiVersion: Json): string | undefined {
  if (typeof apiVersion !== "string") return undefined;
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? "" : apiVersion.slice(0, slash);
}

export function isMap(value: Json | undefined): value is JsonObject {
  return value !== undefined && value !== null && typeof value === "object" && !Array.isArray(value);
}

export function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
