/**
 * What the API server and its controllers own in an object, as data: one table for every kind, one per kind. A rule
 * removes a path where its condition holds; everything that no rule names passes through.
 */
import type { Json, JsonObject } from "../values.ts";
import { isObject, textAt } from "./identity.ts";

/** Moves when a rule changes what is written; the record keeps it. */
export const rulesVersion = 1;

export interface Rule {
  /** Keys from the root; `*` is every item of a list or every value of a map. */
  readonly path: readonly string[];
  /** Whether the value at the path goes. Default: always. */
  readonly when?: (value: Json, root: JsonObject) => boolean;
  /** Why, and where that is known from. */
  readonly reason: string;
}

const at = (path: string): readonly string[] => path.split("/");
const server = "set by the API server (metav1.ObjectMeta)";

export const everyKind: readonly Rule[] = [
  { path: at("status"), reason: "what is, not what is wanted" },
  { path: at("metadata/uid"), reason: server },
  { path: at("metadata/resourceVersion"), reason: server },
  { path: at("metadata/generation"), reason: server },
  { path: at("metadata/creationTimestamp"), reason: server },
  { path: at("metadata/deletionTimestamp"), reason: server },
  { path: at("metadata/deletionGracePeriodSeconds"), reason: server },
  { path: at("metadata/selfLink"), reason: server },
  { path: at("metadata/managedFields"), reason: server },
  { path: at("metadata/generateName"), reason: "the name that was generated stands beside it" },
  { path: at("metadata/ownerReferences"), reason: "names owners by UID, which another cluster does not have" },
  {
    path: at("metadata/finalizers"),
    when: (value) =>
      Array.isArray(value) && value.every((item) => typeof item === "string" && serverFinalizers.has(item)),
    reason: "added by controllers of the control plane",
  },
];

export const serverFinalizers: ReadonlySet<string> = new Set([
  "kubernetes.io/pvc-protection",
  "kubernetes.io/pv-protection",
  "foregroundDeletion",
  "orphan",
  "service.kubernetes.io/load-balancer-cleanup",
  "batch.kubernetes.io/job-tracking",
]);

/** Annotations that controllers write; a name that ends in `/` is a prefix. */
export const serverAnnotations: readonly string[] = [
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

export const serverLabels: readonly string[] = [
  "pod-template-hash",
  "controller-revision-hash",
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "endpointslice.kubernetes.io/managed-by",
];

const notHeadless = (value: Json): boolean => value !== "None" && !(Array.isArray(value) && value[0] === "None");
const manualSelector = (root: JsonObject): boolean => isObject(root["spec"]) && root["spec"]["manualSelector"] === true;
const jobLabels = ["controller-uid", "batch.kubernetes.io/controller-uid", "job-name", "batch.kubernetes.io/job-name"];

/** By `Kind.group`. */
export const perKind: Readonly<Record<string, readonly Rule[]>> = {
  "Service.": [
    { path: at("spec/clusterIP"), when: notHeadless, reason: "allocated; None is a choice" },
    { path: at("spec/clusterIPs"), when: notHeadless, reason: "allocated; None is a choice" },
    { path: at("spec/healthCheckNodePort"), reason: "allocated" },
    {
      path: at("spec/ports/*/nodePort"),
      when: (_, root) => !ownsNodePort(root),
      reason: "allocated, unless a user set it",
    },
  ],
  "Job.batch": [
    { path: at("spec/selector"), when: (_, root) => !manualSelector(root), reason: "made by the Job controller" },
    ...jobLabels.map((label) => ({
      path: ["spec", "template", "metadata", "labels", label],
      when: (_: Json, root: JsonObject) => !manualSelector(root),
      reason: "made by the Job controller",
    })),
    ...jobLabels.map((label) => ({
      path: ["metadata", "labels", label],
      when: (_: Json, root: JsonObject) => !manualSelector(root),
      reason: "made by the Job controller",
    })),
  ],
  "PersistentVolumeClaim.": [
    {
      path: at("spec/volumeName"),
      when: (_, root) => isObject(root["metadata"]) && bound(root["metadata"]),
      reason: "bound by the controller; a static binding stays",
    },
  ],
  "PersistentVolume.": [
    { path: at("spec/claimRef/uid"), reason: "of this cluster" },
    { path: at("spec/claimRef/resourceVersion"), reason: "of this cluster" },
  ],
  "Pod.": [
    { path: at("spec/nodeName"), reason: "set by the scheduler" },
    { path: at("spec/serviceAccount"), reason: "deprecated twin of serviceAccountName" },
    {
      path: at("spec/priority"),
      when: (_, root) => isObject(root["spec"]) && "priorityClassName" in root["spec"],
      reason: "follows priorityClassName",
    },
  ],
  "Namespace.": [
    { path: at("spec/finalizers"), reason: "the namespace controller's" },
    { path: ["metadata", "labels", "kubernetes.io/metadata.name"], reason: "set by the API server" },
  ],
  "ServiceAccount.": [{ path: at("secrets"), reason: "made by the token controller" }],
  "ClusterRole.rbac.authorization.k8s.io": [
    { path: at("rules"), when: (_, root) => isObject(root["aggregationRule"]), reason: "filled in by aggregation" },
  ],
};

function bound(metadata: JsonObject): boolean {
  const { annotations } = metadata;
  return isObject(annotations) && textAt(annotations, "pv.kubernetes.io/bound-by-controller") === "yes";
}

/** A field manager other than the API server's own set a node port: it stands in managedFields (fieldsV1). */
function ownsNodePort(root: JsonObject): boolean {
  const { metadata } = root;
  if (!isObject(metadata) || !Array.isArray(metadata["managedFields"])) return false;
  return metadata["managedFields"].some((entry: Json) => JSON.stringify(entry).includes('"f:nodePort"'));
}
