/** What Kubernetes itself makes in every cluster or Namespace: nobody wrote it, and each cluster makes its own. */
import type { SkipReason } from "../api/reasons.ts";
import type { Json, JsonObject } from "../values.ts";
import { identityOf, isObject, metadataOf, objectAt, textAt } from "./identity.ts";

type Made = Extract<SkipReason, "GeneratedByCluster" | "SystemObject">;

/** Those that are known by what stands in them, by `Kind.group`, or "*" for every kind. */
interface Sign {
  readonly kind: string;
  readonly holds: (object: JsonObject) => boolean;
  readonly reason: Made;
  /** Where that is known from. */
  readonly source: string;
}

/** Names of objects that are known by them, by `Kind.group NAMESPACE`; "*" is every Namespace. */
const names: Readonly<Record<string, ReadonlySet<string>>> = {
  "ConfigMap. *": new Set(["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"]),
  // Both written by the API server when it starts.
  "ConfigMap. kube-system": new Set([
    "extension-apiserver-authentication",
    "kube-apiserver-legacy-service-account-token-tracking",
  ]),
  "Namespace. ": new Set(["default", "kube-node-lease", "kube-public", "kube-system"]),
  "Service. default": new Set(["kubernetes"]),
  "ServiceCIDR.networking.k8s.io ": new Set(["kubernetes"]),
};

/**
 * As whom the controllers act with `--use-service-account-credentials`, which kubeadm and the clouds set: the names that
 * kube-controller-manager (cmd/kube-controller-manager/app) and the bootstrap policy of RBAC give them, of 1.30 to 1.37.
 */
const controllers: ReadonlySet<string> = new Set(
  (
    "attachdetach-controller bootstrap-signer certificate-controller cloud-provider clusterrole-aggregation-controller " +
    "controller-discovery cronjob-controller daemon-set-controller deployment-controller " +
    "device-taint-eviction-controller disruption-controller endpoint-controller endpointslice-controller " +
    "endpointslicemirroring-controller ephemeral-volume-controller expand-controller generic-garbage-collector " +
    "horizontal-pod-autoscaler job-controller kube-apiserver-serving-clustertrustbundle-publisher " +
    "legacy-service-account-token-cleaner namespace-controller node-controller node-ipam-controller " +
    "persistent-volume-binder pod-garbage-collector podcertificaterequestcleaner podgroup-protection-controller " +
    "pv-protection-controller pvc-protection-controller replicaset-controller replication-controller " +
    "resource-claim-controller resourcepoolstatusrequest-controller resourcequota-controller root-ca-cert-publisher " +
    "route-controller selinux-warning-controller service-account-controller service-cidrs-controller " +
    "service-controller shared-informers statefulset-controller storage-version-garbage-collector " +
    "storage-version-migrator-controller token-cleaner tokens-controller ttl-after-finished-controller ttl-controller " +
    "validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller"
  ).split(" "),
);

const labelled = (object: JsonObject, name: string): boolean =>
  Object.hasOwn(objectAt(metadataOf(object), "labels"), name);
const annotated = (object: JsonObject, name: string): boolean =>
  textAt(objectAt(metadataOf(object), "annotations"), name) === "true";
const nameOf = (object: JsonObject): string => textAt(metadataOf(object), "name");

const signs: readonly Sign[] = [
  {
    kind: "ServiceAccount.",
    holds: (object) => isUntouched(object) && (nameOf(object) === "default" || isOfController(object)),
    reason: "GeneratedByCluster",
    source: "ServiceAccount controller; kube-controller-manager --use-service-account-credentials",
  },
  ...["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].map(
    (kind): Sign => ({
      kind: `${kind}.rbac.authorization.k8s.io`,
      holds: (object) => nameOf(object).startsWith("system:") || labelled(object, "kubernetes.io/bootstrapping"),
      reason: "SystemObject",
      source: "RBAC, default roles and role bindings",
    }),
  ),
  {
    kind: "*",
    holds: (object) => annotated(object, "rbac.authorization.kubernetes.io/autoupdate"),
    reason: "SystemObject",
    source: "RBAC, auto-reconciliation",
  },
  ...["FlowSchema", "PriorityLevelConfiguration"].map(
    (kind): Sign => ({
      kind: `${kind}.flowcontrol.apiserver.k8s.io`,
      holds: (object) => annotated(object, "apf.kubernetes.io/autoupdate-spec"),
      reason: "SystemObject",
      source: "API priority and fairness, maintenance of the mandatory and suggested configuration objects",
    }),
  ),
  {
    kind: "PriorityClass.scheduling.k8s.io",
    holds: (object) => nameOf(object).startsWith("system-"),
    reason: "SystemObject",
    source: "scheduling/v1 PriorityClass: the prefix system- is reserved",
  },
  {
    kind: "APIService.apiregistration.k8s.io",
    holds: (object) => labelled(object, "kube-aggregator.kubernetes.io/automanaged"),
    reason: "GeneratedByCluster",
    source: "kube-aggregator, autoregister controller; Velero",
  },
  {
    kind: "ClusterTrustBundle.certificates.k8s.io",
    holds: (object) => nameOf(object).startsWith("kubernetes.io:"),
    reason: "GeneratedByCluster",
    source: "certificates/v1 ClusterTrustBundle: bundles of the signers kubernetes.io/* are the control plane's",
  },
];

/** Why the object is nobody's; undefined where somebody may have written it. */
export function madeByCluster(object: JsonObject): Made | undefined {
  const { group, kind, namespace, name } = identityOf(object);
  const type = `${kind}.${group}`;
  if ([namespace, "*"].some((place) => names[`${type} ${place}`]?.has(name) === true)) return "GeneratedByCluster";
  return signs.find((sign) => (sign.kind === type || sign.kind === "*") && sign.holds(object))?.reason;
}

function isOfController(object: JsonObject): boolean {
  return identityOf(object).namespace === "kube-system" && controllers.has(nameOf(object));
}

/** A ServiceAccount that nobody gave pull secrets, labels or annotations. */
function isUntouched(object: JsonObject): boolean {
  const metadata = metadataOf(object);
  const told: readonly (Json | undefined)[] = [metadata["labels"], metadata["annotations"]];
  return (
    !told.some(isObject) &&
    object["imagePullSecrets"] === undefined &&
    object["automountServiceAccountToken"] === undefined
  );
}
