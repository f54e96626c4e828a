/**
 * PURE: the client that made a change, by its own word: the field manager whose managedFields entry the request wrote.
 *
 * Entries have whole seconds, so that the newest is often not one but several; what the request changed tells more.
 */
import { lastFieldManager } from "../manifest/field-manager.ts";
import { isObject, metadataOf, textAt } from "../manifest/identity.ts";
import { equalJson } from "../merge/contains.ts";
import type { AdmissionFact, JsonObject } from "../values.ts";

/** undefined: several could be meant, or none is named. `object`: what the change made of it, `managedFields` included. */
export function toolOf(fact: AdmissionFact, object: JsonObject): string | undefined {
  const manager = managerOf(fact, object);
  // What the API server calls a client without a user agent.
  return manager === "unknown" || manager === "" ? undefined : manager;
}

function managerOf(fact: AdmissionFact, object: JsonObject): string | undefined {
  if (fact.operation === "DELETE") return undefined;
  if (isThroughScale(fact, object)) return only(scaleEntries(object));
  if (fact.oldObject === undefined) return lastFieldManager(object);
  const before = entries(fact.oldObject);
  const changed = entries(object).filter((entry) => !before.some((old) => equalJson(old, entry)));
  // Who only lost fields to another keeps the time of the entry.
  const written = changed.filter((entry) => !before.some((old) => isSame(old, entry) && isAsOld(old, entry)));
  return only(written) ?? only(changed);
}

/** The review was of the subresource `scale`; a custom resource may call itself Scale too. */
export function isThroughScale(fact: AdmissionFact, object: JsonObject): boolean {
  return fact.reviewedKind === "Scale" && textAt(object, "kind") !== "Scale";
}

/** Those that a write through the subresource `scale` leaves; they have no time. */
export function scaleEntries(object: JsonObject): readonly JsonObject[] {
  return allEntries(object).filter((entry) => textAt(entry, "subresource") === "scale");
}

function entries(object: JsonObject): readonly JsonObject[] {
  return allEntries(object).filter((entry) => textAt(entry, "subresource") === "");
}

function allEntries(object: JsonObject): readonly JsonObject[] {
  const managed = metadataOf(object)["managedFields"];
  return Array.isArray(managed) ? managed.filter(isObject) : [];
}

function only(candidates: readonly JsonObject[]): string | undefined {
  const managers = new Set(candidates.map((entry) => textAt(entry, "manager")));
  const [manager] = managers;
  return managers.size === 1 ? manager : undefined;
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  return ["manager", "operation", "apiVersion"].every((key) => textAt(a, key) === textAt(b, key));
}

function isAsOld(a: JsonObject, b: JsonObject): boolean {
  return textAt(a, "time") === textAt(b, "time");
}
