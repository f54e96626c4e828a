/** Which cluster and namespace these are: asked before a capture begins, and before it delivers a deletion. */
import { asFailure, stalled } from "../failures.ts";
import type { ClusterReader } from "../ports.ts";
import type { JsonObject, Kind, RecordMeta } from "../values.ts";
import type { ClusterIdentity } from "./capture-settings.ts";
import type { Continuity } from "./continuity.ts";
import { isTerminating, uidOf } from "./own-object.ts";

/** Throws Failure NamespaceTerminating, AccessDenied. */
export async function readClusterIdentity(
  cluster: ClusterReader,
  namespaceKind: Kind,
  clusterName: string,
  namespace: string,
): Promise<ClusterIdentity> {
  const read = (name: string): Promise<JsonObject | undefined> => cluster.get(namespaceKind, "", name);
  const [system, own] = await Promise.all([read("kube-system"), read(namespace)]);
  if (system === undefined)
    throw stalled("AccessDenied", "the namespace kube-system, whose UID names the cluster, is missing");
  if (own === undefined || isTerminating(own)) {
    throw stalled("NamespaceTerminating", `the namespace ${namespace} is being deleted: nothing is written`);
  }
  return { name: clusterName, uid: uidOf(system), namespaceUid: uidOf(own) };
}

/** Absence counts only in the same cluster, and in a namespace that stays. Throws what is worth a retry. */
export async function askContinuity(
  cluster: ClusterReader,
  namespaceKind: Kind,
  meta: RecordMeta,
  namespace: string,
): Promise<Continuity> {
  try {
    const now = await readClusterIdentity(cluster, namespaceKind, meta.cluster.name, namespace);
    if (now.uid === meta.cluster.uid && now.namespaceUid === meta.namespaces[namespace]) return { verdict: "Same" };
    const message = "the API server is another cluster's now, or the namespace was made anew";
    return { verdict: "Changed", reason: "ClusterReplaced", message };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.class === "Retry") throw failure;
    return { verdict: "Changed", reason: failure.code, message: failure.message };
  }
}
