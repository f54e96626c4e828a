/** Why an object is in Git, or not: one answer, with its reason, for status, Events and people. */
import type { SkipReason } from "../api/reasons.ts";
import type { Filtered, Identity, Json, JsonObject, Kind } from "../values.ts";
import { madeByCluster } from "./cluster-made.ts";
import { madeByController } from "./controllers.ts";
import { fieldManagers } from "./field-manager.ts";
import { glob } from "./glob.ts";
import { isObject, metadataOf, objectAt, textAt } from "./identity.ts";
import { selectsLabels } from "./label-selector.ts";
import { type Mark, marksOf } from "./marks.ts";
import { misfit } from "./misfit.ts";
import type { CaptureScope, KindPattern, Policy, Selection } from "./policy.ts";

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
  "CertificateSigningRequest.certificates.k8s.io",
  "VolumeAttachment.storage.k8s.io",
  "IPAddress.networking.k8s.io",
  "StorageVersion.internal.apiserver.k8s.io",
  "Eviction.lifecycle.k8s.io",
  "EvictionRequest.lifecycle.k8s.io",
  "ResourcePoolStatusRequest.resource.k8s.io",
]);

/** Decided per kind, before any watch is opened. */
export function selectsKind(kind: Kind, selection: Selection, scope: CaptureScope = "Namespace"): Filtered {
  const name = `${kind.kind}.${kind.group}`;
  if (kind.group === "clickscribe.dev") return skipped("OwnKind", "Clickscribe's own");
  if (name === "Namespace." && scope === "Namespace") return skipped("OwnKind", "a Capture never writes its Namespace");
  if (name === "Secret.") return skipped("SecretExcluded", "");
  const review = kind.kind.endsWith("Review") && /^auth(?:entication|orization)\.k8s\.io$/.test(kind.group);
  if (neverCaptured.has(name) || review) return skipped("KindNotCaptured", name);
  if (!kind.verbs.includes("list") || !kind.verbs.includes("watch"))
    return skipped("KindNotCaptured", "cannot be watched");
  if (!selection.include.some((pattern) => matchesKind(pattern, kind)))
    return skipped("NotSelected", "spec.resources.include");
  if (selection.exclude.some((pattern) => pattern.names === undefined && matchesKind(pattern, kind)))
    return skipped("NotSelected", "spec.resources.exclude");
  return kept;
}

/** Decided per object, of a kind that is selected, by what it is called. */
export function selectsName({ group, kind, name }: Omit<Identity, "namespace">, selection: Selection): Filtered {
  const matches = (pattern: KindPattern): boolean =>
    matchesKind(pattern, { group, kind }) && (pattern.names?.some((text) => glob(text)(name)) ?? true);
  if (!selection.include.some(matches)) return skipped("NotSelected", "spec.resources.include");
  return selection.exclude.some(matches) ? skipped("NotSelected", "spec.resources.exclude") : kept;
}

function matchesKind({ groups, kinds }: KindPattern, kind: Pick<Kind, "group" | "kind">): boolean {
  return (groups.includes("*") || groups.includes(kind.group)) && (kinds.includes("*") || kinds.includes(kind.kind));
}

/** Decided per object. */
export function filter(object: JsonObject, kind: Kind, policy: Policy): Filtered {
  const byKind = selectsKind(kind, policy.selection, policy.scope);
  if (byKind.verdict === "Skipped") return byKind;
  const metadata = metadataOf(object);
  const annotations = objectAt(metadata, "annotations");
  if (metadata["deletionTimestamp"] !== undefined) return skipped("BeingDeleted", "");
  if (textAt(annotations, "clickscribe.dev/ignore") === "true") return skipped("Ignored", "clickscribe.dev/ignore");
  const selected = selectsObject(metadata, kind, policy.selection);
  if (selected.verdict === "Skipped") return selected;
  const owner = controllerOf(metadata);
  if (owner !== undefined) return skipped("ControllerOwned", `${textAt(owner, "kind")} ${textAt(owner, "name")}`);
  if (isClaimOfTemplate(object)) return skipped("ControllerOwned", "the StatefulSet with its volumeClaimTemplate");
  if (isLock(object, annotations)) return skipped("ControllerOwned", "the leader that it elects");
  const provisioner = provisionerOf(object, annotations);
  if (provisioner !== "") return skipped("ControllerOwned", `the claim, through ${provisioner}`);
  const marked = byMark(object, policy);
  if (marked !== undefined) return marked;
  const made = madeByCluster(object);
  if (made !== undefined) return skipped(made, "");
  const controller = policy.managedBy.operators === "Skip" ? madeByController(object) : undefined;
  if (controller !== undefined) return skipped("OperatorManaged", `only ${controller} has written it`);
  const why = misfit(object);
  return why === undefined ? kept : skipped("TooLarge", why);
}

function selectsObject(metadata: JsonObject, { group, kind }: Kind, selection: Selection): Filtered {
  const named = selectsName({ group, kind, name: textAt(metadata, "name") }, selection);
  if (named.verdict === "Skipped") return named;
  const { selector, optIn } = selection;
  if (selector !== undefined && !selectsLabels(selector, objectAt(metadata, "labels")))
    return skipped("NotSelected", "spec.resources.selector");
  const isIn = optIn !== true || textAt(objectAt(metadata, "annotations"), "clickscribe.dev/capture") === "true";
  return isIn ? kept : skipped("NotSelected", "spec.resources.optIn");
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

/** Leader election before Leases, which some operators still ship. */
function isLock(object: JsonObject, annotations: JsonObject): boolean {
  if (textAt(object, "kind") !== "ConfigMap" || textAt(object, "apiVersion") !== "v1") return false;
  return Object.hasOwn(annotations, "control-plane.alpha.kubernetes.io/leader");
}

/** Who made a volume for a claim: such a volume goes with its claim, and is worth nothing in another cluster. */
function provisionerOf(object: JsonObject, annotations: JsonObject): string {
  if (textAt(object, "kind") !== "PersistentVolume" || textAt(object, "apiVersion") !== "v1") return "";
  return textAt(annotations, "pv.kubernetes.io/provisioned-by");
}

/** What somebody else manages, unless it is adopted, or applied from where it would be written to. */
function byMark(object: JsonObject, { managedBy, sourcesHere }: Policy): Filtered | undefined {
  // The right to read a remote's Secret, as `create remote` lends it.
  if (textAt(objectAt(metadataOf(object), "labels"), "app.kubernetes.io/managed-by") === "clickscribe")
    return skipped("OwnKind", "made by Clickscribe");
  const judge = ({ by, owner, key }: Mark): Filtered | undefined => {
    if (by === "Helm") return managedBy.helm === "Adopt" ? undefined : skipped("HelmManaged", owner);
    if (by === "OLM") return managedBy.olm === "Adopt" ? undefined : skipped("OperatorManaged", owner);
    const isOurs = managedBy.gitops === "Adopt" || sourcesHere.has(key);
    return isOurs ? undefined : skipped("ManagedElsewhere", owner);
  };
  return marksOf(object)
    .map(judge)
    .find((verdict) => verdict !== undefined);
}
