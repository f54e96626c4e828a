/** Why an object is in Git, or not: one answer, with its reason, for status, Events and people. */
import type { SkipReason } from "../api/reasons.ts";
import type { Filtered, Json, JsonObject, Kind } from "../values.ts";
import { fieldManagers } from "./field-manager.ts";
import { identityOf, isObject, metadataOf, objectAt, textAt } from "./identity.ts";
import { misfit } from "./misfit.ts";

export interface KindPattern {
  /** "*" is any, "" the core group. */
  readonly groups: readonly string[];
  readonly kinds: readonly string[];
}

export interface Selection {
  readonly include: readonly KindPattern[];
  readonly exclude: readonly KindPattern[];
}

const kept: Filtered = { verdict: "Kept" };
const skipped = (reason: SkipReason, detail: string): Filtered => ({ verdict: "Skipped", reason, detail });

/** Kinds that record what is, not what is wanted, by `Kind.group`; "*" for any group. */
const neverCaptured: ReadonlySet<string> = new Set([
  "Endpoints.",
  "EndpointSlice.discovery.k8s.io",
  "Lease.coordination.k8s.io",
  "LeaseCandidate.coordination.k8s.io",
  "Event.",
  "Event.events.k8s.io",
  "Node.",
  "CSINode.storage.k8s.io",
  "CSIStorageCapacity.storage.k8s.io",
  "ControllerRevision.apps",
  "ReplicaSet.apps",
  "ComponentStatus.",
  "Binding.",
  "PodMetrics.metrics.k8s.io",
  "NodeMetrics.metrics.k8s.io",
  "ResourceSlice.resource.k8s.io",
  "PodCertificateRequest.certificates.k8s.io",
]);

/** Decided per kind, before any watch is opened. */
export function selectsKind(kind: Kind, selection: Selection): Filtered {
  const name = `${kind.kind}.${kind.group}`;
  if (kind.group === "clickscribe.dev") return skipped("OwnKind", "Clickscribe's own");
  if (name === "Namespace.") return skipped("OwnKind", "a Capture never writes its Namespace");
  if (name === "Secret.") return skipped("SecretExcluded", "");
  const review = kind.kind.endsWith("Review") && /^auth(?:entication|orization)\.k8s\.io$/.test(kind.group);
  if (neverCaptured.has(name) || review) return skipped("KindNotCaptured", name);
  if (!kind.verbs.includes("list") || !kind.verbs.includes("watch"))
    return skipped("KindNotCaptured", "cannot be watched");
  if (!selection.include.some((pattern) => matchesKind(pattern, kind)))
    return skipped("NotSelected", "spec.resources.include");
  if (selection.exclude.some((pattern) => matchesKind(pattern, kind)))
    return skipped("NotSelected", "spec.resources.exclude");
  return kept;
}

function matchesKind({ groups, kinds }: KindPattern, kind: Kind): boolean {
  return (groups.includes("*") || groups.includes(kind.group)) && (kinds.includes("*") || kinds.includes(kind.kind));
}

/** Decided per object. */
export function filter(object: JsonObject, kind: Kind, selection: Selection): Filtered {
  const byKind = selectsKind(kind, selection);
  if (byKind.verdict === "Skipped") return byKind;
  const metadata = metadataOf(object);
  const labels = objectAt(metadata, "labels");
  const annotations = objectAt(metadata, "annotations");
  if (metadata["deletionTimestamp"] !== undefined) return skipped("BeingDeleted", "");
  if (textAt(annotations, "clickscribe.dev/ignore") === "true") return skipped("Ignored", "clickscribe.dev/ignore");
  const owner = controllerOf(metadata);
  if (owner !== undefined) return skipped("ControllerOwned", `${textAt(owner, "kind")} ${textAt(owner, "name")}`);
  if (isClaimOfTemplate(object)) return skipped("ControllerOwned", "the StatefulSet with its volumeClaimTemplate");
  const byContent = byMarks(labels, annotations) ?? byCluster(object, labels, annotations);
  if (byContent !== undefined) return byContent;
  const why = misfit(object);
  return why === undefined ? kept : skipped("TooLarge", why);
}

function controllerOf(metadata: JsonObject): JsonObject | undefined {
  const owners = metadata["ownerReferences"];
  if (!Array.isArray(owners)) return undefined;
  return (owners as readonly Json[]).filter(isObject).find((owner) => owner["controller"] === true);
}

/**
 * A claim that the StatefulSet controller made has no owner, so that it outlives the set; but nobody else has written
 * it. One that a person has edited since, to grow it, is theirs.
 */
function isClaimOfTemplate(object: JsonObject): boolean {
  if (textAt(object, "kind") !== "PersistentVolumeClaim" || textAt(object, "apiVersion") !== "v1") return false;
  const managers = fieldManagers(object);
  return managers.length > 0 && managers.every((manager) => manager === "kube-controller-manager");
}

/** What Helm, Argo CD, Flux and OLM write on what they apply. */
function byMarks(labels: JsonObject, annotations: JsonObject): Filtered | undefined {
  const release = textAt(annotations, "meta.helm.sh/release-name");
  if (release !== "" || textAt(labels, "app.kubernetes.io/managed-by") === "Helm") {
    return skipped("HelmManaged", release === "" ? "" : `release ${release}`);
  }
  const tracked = textAt(annotations, "argocd.argoproj.io/tracking-id");
  if (tracked !== "") return skipped("ManagedElsewhere", `Argo CD application ${tracked.split(":")[0] ?? ""}`);
  for (const controller of ["kustomize", "helm"]) {
    const name = textAt(labels, `${controller}.toolkit.fluxcd.io/name`);
    if (name !== "")
      return skipped("ManagedElsewhere", `Flux ${controller === "helm" ? "HelmRelease" : "Kustomization"} ${name}`);
  }
  const olm = Object.keys(labels).find((label) => label === "olm.owner" || label.startsWith("operators.coreos.com/"));
  return olm === undefined ? undefined : skipped("OperatorManaged", olm);
}

/** What Kubernetes itself makes in every cluster or namespace. */
function byCluster(object: JsonObject, labels: JsonObject, annotations: JsonObject): Filtered | undefined {
  const { group, kind, namespace, name } = identityOf(object);
  if (
    kind === "ConfigMap" &&
    group === "" &&
    ["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"].includes(name)
  ) {
    return skipped("GeneratedByCluster", "");
  }
  if (kind === "ServiceAccount" && group === "" && name === "default" && isUntouched(object)) {
    return skipped("GeneratedByCluster", "");
  }
  if (kind === "Service" && group === "" && namespace === "default" && name === "kubernetes") {
    return skipped("GeneratedByCluster", "");
  }
  const system =
    group === "rbac.authorization.k8s.io" && (name.startsWith("system:") || "kubernetes.io/bootstrapping" in labels);
  if (system || textAt(annotations, "rbac.authorization.kubernetes.io/autoupdate") === "true")
    return skipped("SystemObject", "");
  return undefined;
}

/** A ServiceAccount that nobody gave pull secrets, labels or annotations. */
function isUntouched(object: JsonObject): boolean {
  const metadata = metadataOf(object);
  const bare = !isObject(metadata["labels"]) && !isObject(metadata["annotations"]);
  return bare && object["imagePullSecrets"] === undefined && object["automountServiceAccountToken"] === undefined;
}
