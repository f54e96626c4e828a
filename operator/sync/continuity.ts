/** PURE: whether the record was made by this cluster and this namespace. Absence in another cluster is no deletion. */
import type { ConditionReason } from "../api/reasons.ts";
import type { RecordMeta } from "../values.ts";

export type RecordContinuity =
  | { readonly verdict: "Same" }
  /** A person said so, by the annotation or by a Capture for another place: adopt as at first contact, delete nothing. */
  | { readonly verdict: "Accepted" }
  | { readonly verdict: "Replaced"; readonly message: string };

/** The answer of the running cluster, asked before a deletion is delivered. */
export type Continuity =
  | { readonly verdict: "Same" }
  | { readonly verdict: "Changed"; readonly reason: ConditionReason; readonly message: string };

export const acceptAnnotation = "clickscribe.dev/accept-cluster";

/** Compares the record's meta with what is true now; `accepted` is the annotation's value. */
export function checkContinuity(
  recorded: RecordMeta | undefined,
  now: RecordMeta,
  accepted: string | undefined,
): RecordContinuity {
  if (recorded === undefined) return { verdict: "Same" };
  if (recorded.cluster.uid !== now.cluster.uid) {
    return replaced(
      `the record was made by another cluster of the name ${now.cluster.name} (kube-system had UID ${recorded.cluster.uid}, now ${now.cluster.uid})`,
      now.cluster.uid,
      accepted,
    );
  }
  for (const [name, uid] of Object.entries(recorded.namespaces)) {
    const uidNow = now.namespaces[name];
    if (uidNow === undefined || uidNow === uid) continue;
    return replaced(`the namespace ${name} was deleted and made anew (UID ${uid}, now ${uidNow})`, uidNow, accepted);
  }
  // What a Capture of the same name wrote elsewhere is not this one's to change: neither its files nor what they said.
  if (recorded.branch !== now.branch || recorded.path !== now.path) return { verdict: "Accepted" };
  return { verdict: "Same" };
}

function replaced(what: string, uid: string, accepted: string | undefined): RecordContinuity {
  if (accepted === uid) return { verdict: "Accepted" };
  return {
    verdict: "Replaced",
    message: `${what}. Nothing is written or deleted until it is confirmed: annotate the Capture with ${acceptAnnotation}=${uid}`,
  };
}
