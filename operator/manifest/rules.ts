/**
 * What the API server and its controllers own in an object, as data: one table for every kind, one per kind. A rule
 * removes what stands at a path where its condition holds; everything that no rule names passes through.
 */
import type { Json } from "../values.ts";
import {
  hasInjectedAuthority,
  hasNone,
  hasTrustedAuthorities,
  isAddedToleration,
  isBoundByController,
  isChosen,
  isGenerated,
  isMirrored,
  isPausedByUs,
  isToken,
  isTokenMount,
  isTokenVolume,
  type Place,
  portKey,
  skipReconcile,
} from "./conditions.ts";
import { isObject } from "./identity.ts";
import {
  isRequest,
  isServerAnnotation,
  isServerLabel,
  jobLabels,
  serverFinalizers,
  serverMetadata,
} from "./server-names.ts";

/**
 * Moves when a rule changes what is written; the record keeps it. A rule that begins then has `since`, one that ends
 * stays in the table with `until`: an object that reads as it did under older rules was changed by nobody.
 */
export const rulesVersion = 2;

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

const at = (path: string): readonly string[] => path.split("/");

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
    path: at("metadata/annotations/*"),
    when: (_, { key }) => isRequest(String(key)),
    since: 2,
    reason: "asks Argo CD or Flux to look now",
    source: "Argo CD, application annotations; Flux, meta.ReconcileRequestAnnotation",
  },
  {
    path: at("metadata/labels/*"),
    when: (_, { key }) => isServerLabel(String(key)),
    reason: "written by controllers and tools",
    source: "Kubernetes well-known labels; KEP-3659",
  },
  {
    path: at("metadata/finalizers/*"),
    when: (value) => serverFinalizers.has(value),
    reason: "added by controllers of the control plane",
    source: "garbage collector; protection, service, service CIDR, job, volume, resource claim and CRD controllers",
  },
];

/** By `Kind.group`. */
export const perKind: Readonly<Record<string, readonly Rule[]>> = {
  "Application.argoproj.io": [
    {
      path: at("metadata/annotations/*"),
      when: (_, { key, root }) => key === skipReconcile && isPausedByUs(root),
      since: 2,
      reason: "a pause of the operator's own, of seconds",
      source: "spec.protect of the Capture",
    },
  ],
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
      path: at("spec/ipFamilies"),
      when: (_, { root }) => !isChosen(root, ["f:ipFamilies"]),
      reason: "of the cluster's network, unless somebody set it",
      source: "core/v1 ServiceSpec; KEP-563",
    },
    {
      path: at("spec/ipFamilyPolicy"),
      when: (value, { root }) => value === "SingleStack" && !isChosen(root, ["f:ipFamilyPolicy"]),
      reason: "what is taken where nothing is said",
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
    ...["apiVersion", "kind"].map((field) => ({
      path: at(`spec/volumeClaimTemplates/*/${field}`),
      reason: "the one type that they can have, put in by the API server",
      source: "conversion of apps/v1 StatefulSetSpec",
    })),
  ],
  "ConfigMap.": [
    {
      path: at("data/*"),
      when: (value, place) => place.key === "service-ca.crt" && hasInjectedAuthority(value, place),
      reason: "written by the controller that the annotation asks",
      source: "OpenShift's service CA operator",
    },
    {
      path: at("data/*"),
      when: (_, { root, key }) => key === "ca-bundle.crt" && hasTrustedAuthorities(root),
      reason: "written by the controller that the label asks",
      source: "OpenShift's cluster network operator",
    },
  ],
  "PersistentVolumeClaim.": [
    {
      path: at("spec/volumeName"),
      when: isBoundByController,
      reason: "bound by the controller; a static binding stays",
      source: "persistent volume controller; Velero",
    },
    ...["dataSourceRef", "dataSource"].map((field) => ({
      path: at(`spec/${field}`),
      when: isMirrored,
      reason: "copied by the API server from its twin",
      source: "core/v1 PersistentVolumeClaimSpec.dataSourceRef; KEP-1495",
    })),
  ],
  "PersistentVolume.": [
    {
      path: at("spec/claimRef"),
      when: isBoundByController,
      reason: "bound by the controller; a reservation stays",
      source: "persistent volume controller; Velero",
    },
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
      path: at("spec/ephemeralContainers"),
      reason: "added to a running Pod to look into it; no Pod can be created with them",
      source: "core/v1 PodSpec.ephemeralContainers",
    },
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
    ...["containers", "initContainers"].map((list) => ({
      path: at(`spec/${list}/*/volumeMounts/*`),
      when: isTokenMount,
      reason: "mounts the ServiceAccount's token",
      source: "admission plugin ServiceAccount",
    })),
  ],
  ...ofKinds(
    ["PodGroup.scheduling.k8s.io", "CompositePodGroup.scheduling.k8s.io"],
    [
      { path: at("spec/priority"), reason: "computed from the PriorityClass", source: "admission plugin Priority" },
      {
        path: at("spec/preemptionPolicy"),
        when: (_, { root }) => !isChosen(root, ["f:preemptionPolicy"]),
        reason: "copied from the PriorityClass, unless somebody set it",
        source: "admission plugin Priority",
      },
    ],
  ),
  ...ofKinds(
    [
      "ValidatingWebhookConfiguration.admissionregistration.k8s.io",
      "MutatingWebhookConfiguration.admissionregistration.k8s.io",
    ],
    [authorityAt("webhooks/*/clientConfig/caBundle")],
  ),
  "CustomResourceDefinition.apiextensions.k8s.io": [authorityAt("spec/conversion/webhook/clientConfig/caBundle")],
  "APIService.apiregistration.k8s.io": [authorityAt("spec/caBundle")],
  "CertificateSigningRequest.certificates.k8s.io": ["username", "uid", "groups", "extra"].map((field) => ({
    path: at(`spec/${field}`),
    reason: "who asked, as the API server saw it",
    source: "certificates/v1 CertificateSigningRequestSpec",
  })),
  "DeviceTaintRule.resource.k8s.io": [
    {
      path: at("spec/taint/timeAdded"),
      when: (_, { root }) => !isChosen(root, ["f:taint", "f:timeAdded"]),
      reason: "the API server's clock, unless somebody set it",
      source: "resource/v1 DeviceTaint.timeAdded",
    },
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
    {
      path: at("metadata/annotations/*"),
      when: (_, { key }) => String(key).startsWith("openshift.io/sa.scc."),
      reason: "IDs and labels that OpenShift allocates to this Namespace",
      source: "OpenShift's namespace security allocation controller",
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

function ofKinds(kinds: readonly string[], rules: readonly Rule[]): Readonly<Record<string, readonly Rule[]>> {
  return Object.fromEntries(kinds.map((kind) => [kind, rules]));
}

function authorityAt(path: string): Rule {
  return {
    path: at(path),
    when: hasInjectedAuthority,
    reason: "written by the controller that the annotation asks",
    source: "cert-manager's CA injector; OpenShift's service CA operator",
  };
}
