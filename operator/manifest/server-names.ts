/** Names of metadata that are the API server's, its controllers' or tools', and of the groups that it serves itself. */
import type { Json } from "../values.ts";

export const serverMetadata: ReadonlySet<string | number> = new Set([
  "uid",
  "resourceVersion",
  "generation",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "managedFields",
]);

export const serverFinalizers: ReadonlySet<Json> = new Set([
  "kubernetes.io/pvc-protection",
  "kubernetes.io/pv-protection",
  "foregroundDeletion",
  "orphan",
  "service.kubernetes.io/load-balancer-cleanup",
  "batch.kubernetes.io/job-tracking",
  "resource.kubernetes.io/delete-protection",
  "networking.k8s.io/service-cidr-finalizer",
  "kubernetes.io/vac-protection",
  "kubernetes.io/pv-controller",
  "scheduling.k8s.io/podgroup-protection",
  "external-provisioner.volume.kubernetes.io/finalizer",
  "customresourcecleanup.apiextensions.k8s.io",
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
  "applyset.kubernetes.io/",
  "kcp.io/cluster",
  "field.cattle.io/",
  "cni.projectcalico.org/",
  "argocd.argoproj.io/tracking-id",
  "argocd.argoproj.io/installation-id",
  "kustomize.toolkit.fluxcd.io/checksum",
  "clickscribe.dev/",
];

/** By which somebody asks Argo CD and Flux to look now: what was asked, not what is wanted. */
const requests: ReadonlySet<string> = new Set([
  "argocd.argoproj.io/refresh",
  "argocd.argoproj.io/hydrate",
  "reconcile.fluxcd.io/requestedAt",
  "reconcile.fluxcd.io/forceAt",
  "reconcile.fluxcd.io/resetAt",
]);

const serverLabels: ReadonlySet<string> = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "endpointslice.kubernetes.io/managed-by",
  "kustomize.toolkit.fluxcd.io/name",
  "kustomize.toolkit.fluxcd.io/namespace",
  "helm.toolkit.fluxcd.io/name",
  "helm.toolkit.fluxcd.io/namespace",
]);

export const jobLabels: ReadonlySet<string | number> = new Set([
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "job-name",
  "batch.kubernetes.io/job-name",
]);

/** That an object is to be captured is wanted, in the next cluster too. */
const wanted = "clickscribe.dev/capture";

export function isServerAnnotation(name: string): boolean {
  if (name === wanted) return false;
  return serverAnnotations.some((entry) => (entry.endsWith("/") ? name.startsWith(entry) : name === entry));
}

export function isRequest(name: string): boolean {
  return requests.has(name);
}

export function isServerLabel(name: string): boolean {
  return serverLabels.has(name) || name.startsWith("applyset.kubernetes.io/");
}

/** The groups that Kubernetes itself serves: `*.k8s.io` alone does not tell, CRDs may use it. */
export function isBuiltIn(group: string): boolean {
  return !group.includes(".") || builtInGroups.has(group);
}

const builtInGroups: ReadonlySet<string> = new Set(
  "admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery events flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling storage storagemigration"
    .split(" ")
    .map((name) => `${name}.k8s.io`),
);
