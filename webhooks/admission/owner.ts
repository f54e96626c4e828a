import { asFailure } from "../../operator/failures.ts";
import type { ClusterReader, Log } from "../../operator/ports.ts";
import type { Kind } from "../../operator/values.ts";
import type { OwningRole } from "./registration.ts";

const clusterRoleKind: Kind = {
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  resource: "clusterroles",
  namespaced: false,
  verbs: [],
  subresources: [],
};

/**
 * The ClusterRole as it is now: one that was made anew has another uid, and the garbage collector goes by that. Without
 * it what it should own has no owner, which is told; never throws.
 */
export async function findOwner(
  name: string | undefined,
  { cluster, log }: { readonly cluster: Pick<ClusterReader, "get">; readonly log: Log },
): Promise<OwningRole | undefined> {
  if (name === undefined) return undefined;
  let why = "there is no such ClusterRole";
  try {
    const found = await cluster.get(clusterRoleKind, "", name);
    const { uid, deletionTimestamp } = (found?.["metadata"] ?? {}) as {
      readonly uid?: string;
      readonly deletionTimestamp?: string;
    };
    if (uid !== undefined && deletionTimestamp === undefined) return { name, uid };
  } catch (error) {
    why = asFailure(error).message;
  }
  log.warn(
    { clusterRole: name, why },
    "--owner-cluster-role: what the operator makes itself has no owner, and stays when Clickscribe is removed",
  );
  return undefined;
}
