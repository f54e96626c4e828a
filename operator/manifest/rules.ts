/**
 * What the API server and its controllers own in an object, as data: one table for every kind, one per kind. A rule
 * removes what stands at a path where its condition holds; everything that no rule names passes through.
 */
import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, objectAt, textAt } from "./identity.ts";

/**
 * Moves when a rule changes what is written; the record keeps it. A rule that begins then has `since`, one that ends
 * stays in the table with `until`: an object that reads as it did under older rules was changed by nobody.
 */
export const rulesVersion = 1;

export interface Rule {
  /** Keys from the root; `*` is every item of a list or every value of a map, which goes with the last of them. */
  readonly path: readonly string[];
  /** Whether the value at the path goes. Default: always. */
  readonly when?: (value: Json, place: Place) => boolean;
  /** The first and the last version of the rules that it is part of. Default: all. */
  readonly since?: number;
  readonly until?: number;
  readonly reason: string;
  /** Where that is known from: the API's own documents, the component's code, or tools that live by the same rule. */
  readonly source: string;
}

/** Where a value stands. `root` is the object as it came, `managedFields` included where it is raw. */
export interface Place {
  readonly root: JsonObject;
  readonly parent: Json;
  readonly key: string | number;
}

const at = (path: string): readonly string[] => path.split("/");

const serverMetadata: ReadonlySet<string | number> = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
]);

const serverFinalizers: ReadonlySet<Json> = new Set([
  "kubernetes.io/pvc-protection",
  "kubernetes.io/pv-protection",
  "foregroundDeletion",
  "orphan",
  "service.kubernetes.io/load-balancer-cleanup",
  "batch.kubernetes.io/job-tracking",
  "resource.kubernetes.io/delete-protection",
]);

/** A name that ends in `/` is a prefix. */
const serverAnnotations: readonly string[] = [
  "kubectl.kubernetes.io/last-applied-configuration",
  "deployment.kubernetes.io/",
  "deprecated.daemonset.template.generation",
  "autoscaling.alpha.kubernetes.io/",
  "control-plane.alpha.kubernetes.io/leader",
  "pv.kubernetes.io/bind-completed",
  "pv.kubernetes.io/bound-by-controller",
  "pv.kubernetes.io/provisioned-by",
  "volume.kubernetes.io/storage-provisioner",
  "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/selected-node",
  "endpoints.kubernetes.io/",
  "kubernetes.io/service-account.uid",
  "batch.kubernetes.io/job-tracking",
  "batch.kubernetes.io/cronjob-scheduled-timestamp",
  "field.cattle.io/",
  "cni.projectcalico.org/",
  "argocd.argoproj.io/tracking-id",
  "argocd.argoproj.io/installation-id",
  "kustomize.toolkit.fluxcd.io/checksum",
  "clickscribe.dev/",
];

const serverLabels: ReadonlySet<string | number> = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "endpointslice.kubernetes.io/managed-by",
]);

const jobLabels: ReadonlySet<string | number> = new Set([
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "job-name",
  "batch.kubernetes.io/job-name",
]);

export const everyKind: readonly Rule[] = [
  { path: at("status"), reason: "what is, not what is wanted", source: "Kubernetes API conventions, spec and status" },
  {
    path: at("metadata/*"),
    when: (_, { key }) => serverMetadata.has(key),
    reason: "set by the API server",
    source: "metav1.ObjectMeta",
  },
  {
    path: at("metadata/generateName"),
    reason: "the name that was generated stands beside it",
    source: "metav1.ObjectMeta.generateName; Velero",
  },
  {
    path: at("metadata/ownerReferences"),
    reason: "names owners by UID, which another cluster does not have",
    source: "metav1.OwnerReference",
  },
  {
    path: at("metadata/annotations/*"),
    when: (_, { key }) => isServerAnnotation(String(key)),
    reason: "written by controllers and tools",
    source: "Kubernetes well-known annotations; tracking of Argo CD and Flux",
  },
  {
    path: at("metadata/labels/*"),
    when: (_, { key }) => serverLabels.has(key),
    reason: "written by controllers",
    source: "Kubernetes well-known labels",
  },
  {
    path: at("metadata/finalizers/*"),
    when: (value) => serverFinalizers.has(value),
    reason: "added by controllers of the control plane",
    source: "garbage collector; protection, service, job and resource claim controllers",
  },
];

/** By `Kind.group`. */
export const perKind: Readonly<Record<string, readonly Rule[]>> = {
  "Service.": [
    {
      path: at("spec/clusterIP"),
      when: (value, { root }) => value !== "None" && !isChosen(root, ["f:clusterIP"]),
      reason: "allocated; None, or an address that somebody set, is a choice",
      source: "core/v1 ServiceSpec; Velero",
    },
    {
      path: at("spec/clusterIPs"),
      when: (value, { root }) =>
        !hasNone(value) && !isChosen(root, ["f:clusterIP"]) && !isChosen(root, ["f:clusterIPs"]),
      reason: "allocated with clusterIP",
      source: "core/v1 ServiceSpec; KEP-563",
    },
    {
      path: at("spec/healthCheckNodePort"),
      when: (_, { root }) => !isChosen(root, ["f:healthCheckNodePort"]),
      reason: "allocated, unless somebody set it",
      source: "core/v1 ServiceSpec and ServicePort; Velero",
    },
    {
      path: at("spec/ports/*/nodePort"),
      when: (_, { root, parent }) => !isChosen(root, ["f:ports", portKey(parent), "f:nodePort"]),
      reason: "allocated, unless somebody set it",
      source: "core/v1 ServiceSpec and ServicePort; Velero",
    },
  ],
  "Job.batch": [
    {
      path: at("spec/selector"),
      when: isGenerated,
      reason: "made by the API server",
      source: "batch/v1 JobSpec.manualSelector",
    },
    {
      path: at("spec/template/metadata/labels/*"),
      when: (value, place) => jobLabels.has(place.key) && isGenerated(value, place),
      reason: "made by the API server",
      source: "batch/v1 JobSpec.manualSelector",
    },
    {
      path: at("metadata/labels/*"),
      when: (value, place) => jobLabels.has(place.key) && isGenerated(value, place),
      reason: "made by the API server",
      source: "batch/v1 JobSpec.manualSelector",
    },
  ],
  "StatefulSet.apps": [
    {
      path: at("spec/volumeClaimTemplates/*/status"),
      reason: "what is, not what is wanted; always Pending",
      source: "apps/v1 StatefulSetSpec",
    },
  ],
  "PersistentVolumeClaim.": [
    {
      path: at("spec/volumeName"),
      when: (_, { root }) =>
        textAt(objectAt(metadataOf(root), "annotations"), "pv.kubernetes.io/bound-by-controller") === "yes",
      reason: "bound by the controller; a static binding stays",
      source: "persistent volume controller; Velero",
    },
  ],
  "PersistentVolume.": [
    {
      path: at("spec/claimRef/uid"),
      reason: "of this cluster",
      source: "core/v1 PersistentVolumeSpec.claimRef; Velero",
    },
    {
      path: at("spec/claimRef/resourceVersion"),
      reason: "of this cluster",
      source: "core/v1 PersistentVolumeSpec.claimRef; Velero",
    },
  ],
  "Pod.": [
    { path: at("spec/nodeName"), reason: "set by the scheduler", source: "core/v1 PodSpec.nodeName" },
    {
      path: at("spec/serviceAccount"),
      reason: "deprecated twin of serviceAccountName",
      source: "core/v1 PodSpec.serviceAccount",
    },
    {
      path: at("spec/priority"),
      reason: "computed from the PriorityClass; another cluster refuses what it computes differently",
      source: "admission plugin Priority",
    },
    {
      path: at("spec/preemptionPolicy"),
      when: (_, { root }) => !isChosen(root, ["f:preemptionPolicy"]),
      reason: "copied from the PriorityClass, unless somebody set it",
      source: "admission plugin Priority",
    },
    {
      path: at("spec/tolerations/*"),
      when: isAddedToleration,
      reason: "added to every Pod that does not say how long it stays on a lost node",
      source: "admission plugin DefaultTolerationSeconds",
    },
    {
      path: at("spec/volumes/*"),
      when: isTokenVolume,
      reason: "the ServiceAccount's token, under a name made up for this Pod",
      source: "admission plugin ServiceAccount",
    },
    ...["containers", "initContainers", "ephemeralContainers"].map((list) => ({
      path: at(`spec/${list}/*/volumeMounts/*`),
      when: isTokenMount,
      reason: "mounts the ServiceAccount's token",
      source: "admission plugin ServiceAccount",
    })),
  ],
  "Namespace.": [
    {
      path: at("spec/*"),
      when: (_, { key }) => key === "finalizers",
      reason: "the namespace controller's",
      source: "core/v1 NamespaceSpec.finalizers",
    },
    {
      path: ["metadata", "labels", "kubernetes.io/metadata.name"],
      reason: "set by the API server",
      source: "KEP-2161",
    },
  ],
  "ServiceAccount.": [
    {
      path: at("secrets/*"),
      when: isToken,
      reason: "made by the token controller; others are a user's",
      source: "token controller; Velero",
    },
    {
      path: at("imagePullSecrets/*"),
      when: isToken,
      reason: "made by OpenShift's registry; others are a user's",
      source: "OpenShift's image registry",
    },
  ],
  "ClusterRole.rbac.authorization.k8s.io": [
    {
      path: at("rules"),
      when: (_, { root }) => isObject(root["aggregationRule"]),
      reason: "filled in by aggregation",
      source: "rbac/v1 AggregationRule; Argo CD",
    },
  ],
};

/** The groups that Kubernetes itself serves: `*.k8s.io` alone does not tell, CRDs may use it. */
export function isBuiltIn(group: string): boolean {
  return !group.includes(".") || builtInGroups.has(group);
}

const builtInGroups: ReadonlySet<string> = new Set(
  "admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery events flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling storage storagemigration"
    .split(" ")
    .map((name) => `${name}.k8s.io`),
);

function isServerAnnotation(name: string): boolean {
  return serverAnnotations.some((entry) => (entry.endsWith("/") ? name.startsWith(entry) : name === entry));
}

function isGenerated(_: Json, { root }: Place): boolean {
  return objectAt(root, "spec")["manualSelector"] !== true;
}

function hasNone(value: Json): boolean {
  return Array.isArray(value) && value[0] === "None";
}

/** `web-token-x7k2p`, `web-dockercfg-x7k2p` of the ServiceAccount web. */
function isToken(value: Json, { root }: Place): boolean {
  const name = isObject(value) ? textAt(value, "name") : "";
  const account = textAt(metadataOf(root), "name");
  return ["token", "dockercfg"].some((what) => name.startsWith(`${account}-${what}-`));
}

/** Only a Pod that tolerates the taint in no other way was given one. */
function isAddedToleration(value: Json, { parent }: Place): boolean {
  if (!isObject(value) || !Array.isArray(parent)) return false;
  const { key, operator, effect, tolerationSeconds } = value;
  const lost = key === "node.kubernetes.io/not-ready" || key === "node.kubernetes.io/unreachable";
  if (!lost || operator !== "Exists" || effect !== "NoExecute" || tolerationSeconds !== 300) return false;
  const others = (parent as readonly Json[]).filter((other) => other !== value).filter(isObject);
  return !others.some((other) => ["", key].includes(textAt(other, "key")));
}

function isTokenVolume(value: Json): boolean {
  return isObject(value) && isTokenName(value) && Object.hasOwn(value, "projected");
}

function isTokenMount(value: Json): boolean {
  return (
    isObject(value) &&
    isTokenName(value) &&
    textAt(value, "mountPath") === "/var/run/secrets/kubernetes.io/serviceaccount"
  );
}

function isTokenName(named: JsonObject): boolean {
  return /^kube-api-access-[a-z0-9]{5}$/.test(textAt(named, "name"));
}

/**
 * Whether a field manager set the field below `spec` (metav1.FieldsV1): what the API server allocates is nobody's. An
 * object without a UID is none that a server sent: it was cleaned before, so what stands in it was chosen.
 */
function isChosen(root: JsonObject, path: readonly string[]): boolean {
  const metadata = metadataOf(root);
  if (!Object.hasOwn(metadata, "uid")) return true;
  const entries = metadata["managedFields"];
  if (!Array.isArray(entries)) return false;
  return (entries as readonly Json[]).some((entry) => {
    let fields = objectAt(objectAt(isObject(entry) ? entry : {}, "fieldsV1"), "f:spec");
    return path.every((key) => {
      const found = Object.hasOwn(fields, key);
      fields = objectAt(fields, key);
      return found;
    });
  });
}

/** The key of a Service's port in managedFields: keys sorted, as the API server writes it. */
function portKey(port: Json): string {
  if (!isObject(port)) return "";
  return `k:${JSON.stringify({ port: port["port"], protocol: port["protocol"] })}`;
}
