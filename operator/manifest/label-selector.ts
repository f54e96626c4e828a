/** A LabelSelector (meta/v1) of a spec that the CRD has checked. */
import type { JsonObject } from "../values.ts";
import { textAt } from "./identity.ts";

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  /** Of In and NotIn. */
  readonly values?: readonly string[];
}

/** As the API server selects (apimachinery/pkg/labels): an empty selector meets all, NotIn also what has no such label. */
export function selectsLabels({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: JsonObject): boolean {
  const isEqual = ([key, value]: readonly [string, string]): boolean =>
    Object.hasOwn(labels, key) && textAt(labels, key) === value;
  return Object.entries(matchLabels).every(isEqual) && matchExpressions.every((one) => meets(one, labels));
}

function meets({ key, operator, values = [] }: LabelRequirement, labels: JsonObject): boolean {
  const has = Object.hasOwn(labels, key);
  if (operator === "Exists" || operator === "DoesNotExist") return has === (operator === "Exists");
  return (has && values.includes(textAt(labels, key))) === (operator === "In");
}
