/** The annotations and labels by which people, and the operator itself, speak to the operator. Published: never renamed. */
export interface Annotations {
  /** On a captured object: "true" keeps it out of Git. Its file, if it has one, stays. */
  readonly ignore: string;
  /** On an object: "true" has it captured where spec.resources.optIn asks for it. */
  readonly capture: string;
  /** On a Capture: the token of status.deletionsWaiting; the files of the objects counted there are then removed. */
  readonly confirmDeletions: string;
  /** On a Capture: the UID that the condition ClusterReplaced names; the record is then adopted by this cluster. */
  readonly acceptCluster: string;
  /** On a Capture: has what the cluster has of objects written to Git, as clickscribe keep asks it. */
  readonly keep: string;
  /** On a Capture or GitRemote: any new value has it looked at again at once, by convention the time. */
  readonly reconcileRequestedAt: string;
  /** On an Application of Argo CD, by the operator: it is paused (spec.protect), and by whom; until then at most, RFC 3339. */
  readonly pausedUntil: string;
}

export const annotations: Annotations = {
  ignore: "clickscribe.dev/ignore",
  capture: "clickscribe.dev/capture",
  confirmDeletions: "clickscribe.dev/confirm-deletions",
  acceptCluster: "clickscribe.dev/accept-cluster",
  keep: "clickscribe.dev/keep",
  reconcileRequestedAt: "clickscribe.dev/reconcile-requested-at",
  pausedUntil: "clickscribe.dev/paused-until",
};

export interface Labels {
  /** On the ConfigMap that the operator creates by dry-run to see whether its own webhook is reached. */
  readonly probe: string;
}

export const labels: Labels = { probe: "clickscribe.dev/probe" };
