/** Reads an AdmissionReview (admission.k8s.io/v1), which anybody who reaches the port may have written. */
import { identityOf, isObject, metadataOf, objectAt, textAt } from "../../operator/manifest/identity.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import type { AdmissionFact, JsonObject } from "../../operator/values.ts";

export interface Review {
  /** Of the review; echoed in the answer. */
  readonly uid: string;
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "other";
  /** Undefined where there is nothing to tell: a dry run, a subresource other than `scale`, an object without a uid. */
  readonly fact: AdmissionFact | undefined;
  /** What the label `clickscribe.dev/probe` of the object says. */
  readonly probe: string | undefined;
}

export const probeLabel = "clickscribe.dev/probe";

/** Throws a SyntaxError for what is no AdmissionReview of v1 with a uid. `at`: milliseconds since the epoch. */
export function parseReview(text: string, at: number): Review {
  const review = parseJson(text);
  if (!isObject(review)) throw new SyntaxError("no AdmissionReview");
  if (textAt(review, "apiVersion") !== "admission.k8s.io/v1" || textAt(review, "kind") !== "AdmissionReview") {
    throw new SyntaxError("no AdmissionReview of admission.k8s.io/v1");
  }
  const request = objectAt(review, "request");
  const uid = textAt(request, "uid");
  if (uid === "") throw new SyntaxError("an AdmissionReview without a uid");
  const operation = operationOf(request);
  const probe = textAt(objectAt(metadataOf(objectAt(request, "object")), "labels"), probeLabel);
  return {
    uid,
    operation,
    fact: operation === "other" ? undefined : factOf(request, operation, at, text.length),
    probe: probe === "" ? undefined : probe,
  };
}

function factOf(
  request: JsonObject,
  operation: AdmissionFact["operation"],
  at: number,
  size: number,
): AdmissionFact | undefined {
  const subresource = textAt(request, "subResource");
  if (request["dryRun"] === true || (subresource !== "" && subresource !== "scale")) return undefined;
  const object = isObject(request["object"]) ? request["object"] : undefined;
  const oldObject = isObject(request["oldObject"]) ? request["oldObject"] : undefined;
  // A DELETE has no object, and that of a collection no name either: what is deleted stands in oldObject.
  const about = operation === "DELETE" ? oldObject : object;
  if (about === undefined) return undefined;
  const identity = identityOf(about);
  const uid = textAt(metadataOf(about), "uid");
  const userInfo = objectAt(request, "userInfo");
  const user = textAt(userInfo, "username");
  if (uid === "" || identity.name === "" || identity.kind === "" || user === "") return undefined;
  const oldVersion = oldObject === undefined ? "" : textAt(metadataOf(oldObject), "resourceVersion");
  return {
    uid,
    identity,
    reviewedKind: identity.kind,
    operation,
    oldResourceVersion: oldVersion === "" ? undefined : oldVersion,
    object,
    oldObject,
    user,
    groups: textsAt(userInfo, "groups"),
    at,
    size,
  };
}

function operationOf(request: JsonObject): Review["operation"] {
  const operation = textAt(request, "operation");
  return operation === "CREATE" || operation === "UPDATE" || operation === "DELETE" ? operation : "other";
}

function textsAt(object: JsonObject, key: string): readonly string[] {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}
