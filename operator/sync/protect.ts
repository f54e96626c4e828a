/** PURE: which Applications would put back what a reviewed request is about to change (`spec.protect`). */
import { applierOf } from "../consumers/applier.ts";
import type { Consumer } from "../consumers/find-consumers.ts";
import { marksOf } from "../manifest/marks.ts";
import type { AdmissionFact } from "../values.ts";

export interface Protected {
  readonly namespace: string;
  readonly appliers: readonly string[];
  /** Who applies the path. */
  readonly consumers: readonly Consumer[];
}

export function healersOf(
  { identity, operation, user, groups, oldObject, reviewedKind }: AdmissionFact,
  { namespace, appliers, consumers }: Protected,
): readonly Consumer[] {
  if (identity.namespace !== namespace || operation === "CREATE" || oldObject === undefined) return [];
  if (applierOf({ rung: "Admission", person: user, groups, tool: undefined, evidence: "" }, undefined, appliers))
    return [];
  const healers = consumers.filter(
    ({ tool, reads, isSuspended, plan }) => tool === "ArgoCD" && reads && !isSuspended && plan.selfHeal,
  );
  // A scale tells nothing of the object that is scaled.
  if (reviewedKind === "Scale") return healers;
  const marks = new Set(marksOf(oldObject).map(({ key }) => key));
  // A mark may leave the namespace of its Application out.
  return healers.filter(({ key, name }) => marks.has(key) || marks.has(`Application ${name}`));
}
