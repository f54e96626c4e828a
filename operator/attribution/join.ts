/**
 * PURE: who made a change, as far as admission reviews tell.
 *
 * A review comes before the API server has stored anything, so it is only a claim: the request may be reviewed twice
 * with different contents, refused by somebody else after it, lose a race, change nothing, or be posted by a stranger.
 * What makes it a fact about a change is that it started from the very version that the change replaced, and that the
 * content it announced is the content that appeared. Whatever is less than that names nobody.
 */
import { isObject, metadataOf } from "../manifest/identity.ts";
import type { AdmissionFact, Author, ClusterChange, Json, JsonObject } from "../values.ts";
import { isThroughScale, scaleEntries, toolOf } from "./tool.ts";

/** How contents are compared; all pure and total but for objects nested too deeply, which may throw a RangeError. */
export interface Contents {
  /** The cleaning of the manifest. */
  readonly clean: (object: JsonObject) => JsonObject;
  /** Deep equality, blind to the order of keys. */
  readonly equal: (a: Json, b: Json) => boolean;
}

export interface JoinInput {
  readonly change: ClusterChange;
  /** The cleaned object that the change became; undefined where nobody cleaned it. */
  readonly content: JsonObject | undefined;
  /** Of the change's uid, oldest first. */
  readonly facts: readonly AdmissionFact[];
  /** Who asked for the deletion that is under way, as the join of the change that marked it said. */
  readonly deleter: Author | undefined;
}

export interface Joined {
  readonly author: Author;
  /** The change set `deletionTimestamp`: its author is also that of the Delete to come, whoever removes finalizers. */
  readonly marksDeletion: boolean;
  /** What no later change can confirm. */
  readonly spent: readonly AdmissionFact[];
}

/** Of one version of one object; more come only from somebody who wants us to be busy comparing them. */
const maxReviews = 64;

export function join(input: JoinInput, contents: Contents): Joined {
  const { change, facts } = input;
  if (change.evidence === "Listed") {
    return {
      author: unknown("found in a list: it changed while nobody was watching"),
      marksDeletion: false,
      spent: [],
    };
  }
  if (change.type === "Delete") {
    return { author: authorOfDelete(input), marksDeletion: false, spent: facts };
  }
  const reviewed = facts.filter((fact) => startsFrom(fact, change.previousResourceVersion));
  const deletions = isBeingDeleted(change.object) ? reviewed.filter(beginsDeletion) : [];
  if (deletions.length > 0) {
    return { author: agree(deletions, change), marksDeletion: true, spent: reviewed };
  }
  return { author: authorOfUpsert(input, reviewed, contents), marksDeletion: false, spent: reviewed };
}

function authorOfDelete(input: JoinInput): Author {
  const { change, facts, deleter } = input;
  if (deleter !== undefined) return deleter;
  const deletions = facts.filter(beginsDeletion);
  // A DELETE that stopped at a finalizer came earlier, and its version is that of the change which set the mark.
  if (isBeingDeleted(change.object)) {
    return unknown("no review of the DELETE that began its deletion is at hand", users(deletions));
  }
  const fitting = deletions.filter((fact) => startsFrom(fact, change.previousResourceVersion));
  if (fitting.length > 0) return agree(fitting, change);
  return unknown(
    deletions.length > 0 ? "reviews of a DELETE were for other versions of it" : "no review of a DELETE arrived",
  );
}

function authorOfUpsert(input: JoinInput, reviewed: readonly AdmissionFact[], contents: Contents): Author {
  const { change, facts } = input;
  const writes = reviewed.filter((fact) => fact.operation !== "DELETE");
  if (writes.length === 0) {
    return unknown(facts.length > 0 ? "reviews were for other versions of it" : "no review of it arrived");
  }
  if (writes.length > maxReviews) return unknown(`${writes.length} reviews of one version are too many to compare`);
  try {
    const content = input.content ?? contents.clean(change.object);
    const fitting = writes.filter((fact) => announces(fact, change, content, contents));
    if (fitting.length > 0) return agree(fitting, change);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return unknown("it is nested too deeply to be compared with its reviews");
  }
  return unknown(`${writes.length === 1 ? "the review" : `the ${writes.length} reviews`} announced another content`);
}

/** A CREATE starts from nothing, everything else from the version that the reflector saw before. */
function startsFrom(fact: AdmissionFact, version: string | undefined): boolean {
  return fact.oldResourceVersion === version && (fact.operation === "CREATE") === (version === undefined);
}

/** The content it announced is the one that appeared, and is not what was there already (such a request stores nothing). */
function announces(fact: AdmissionFact, change: ClusterChange, content: JsonObject, contents: Contents): boolean {
  if (fact.object === undefined) return false;
  if (isThroughScale(fact, change.object)) return announcesScale(fact, change.object);
  const { clean, equal } = contents;
  const announced = clean(fact.object);
  if (!equal(announced, content)) return false;
  return fact.oldObject === undefined || !equal(announced, clean(fact.oldObject));
}

/**
 * A Scale says nothing but the number of replicas; where its kind keeps it (`.spec.replicas`, `.spec.size`) is told by the
 * managedFields entry that a write through the subresource leaves. Without one, somebody else set the number.
 */
function announcesScale(fact: AdmissionFact, object: JsonObject): boolean {
  const replicas = field(field(fact.object, "spec"), "replicas") ?? 0;
  if (replicas === (field(field(fact.oldObject, "spec"), "replicas") ?? 0)) return false;
  return scaleEntries(object).some((entry) => owns(entry["fieldsV1"], object, replicas));
}

/** Whether some field that a fieldsV1 set names has this value. */
function owns(fields: Json | undefined, object: Json | undefined, value: Json): boolean {
  if (!isObject(fields) || object === undefined) return false;
  const names = Object.keys(fields).filter((key) => key.startsWith("f:"));
  if (names.length === 0) return object === value;
  return names.some((key) => owns(fields[key], field(object, key.slice(2)), value));
}

/** A DELETE of what was not being deleted already: a second one changes nothing. */
function beginsDeletion(fact: AdmissionFact): boolean {
  return fact.operation === "DELETE" && !(fact.oldObject !== undefined && isBeingDeleted(fact.oldObject));
}

/** The author, if all facts that fit tell of one. */
function agree(fitting: readonly AdmissionFact[], change: ClusterChange): Author {
  const people = users(fitting);
  const fact = fitting.at(-1);
  if (people.length !== 1 || fact === undefined) return unknown("reviews of several users fit it", people);
  const from = fact.oldResourceVersion === undefined ? "" : ` of version ${fact.oldResourceVersion}`;
  return {
    rung: "Admission",
    person: fact.user,
    groups: fact.groups,
    tool: toolOf(fact, change.object),
    evidence: `admission review: ${fact.operation}${from}${isThroughScale(fact, change.object) ? " through scale" : ""}`,
  };
}

function unknown(evidence: string, candidates: readonly string[] = []): Author {
  return { rung: "None", candidates, evidence };
}

function users(facts: readonly AdmissionFact[]): readonly string[] {
  return [...new Set(facts.map((fact) => fact.user))].toSorted();
}

function isBeingDeleted(object: JsonObject): boolean {
  return typeof field(metadataOf(object), "deletionTimestamp") === "string";
}

function field(value: Json | undefined, key: string): Json | undefined {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}
