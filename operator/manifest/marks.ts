/** What Helm, Argo CD, Flux and OLM write on the objects that they apply: who else manages an object. */
import type { Json, JsonObject } from "../values.ts";
import { fieldManagers } from "./field-manager.ts";
import { identityOf, isObject, metadataOf, objectAt, textAt } from "./identity.ts";
import type { ManagedBy } from "./policy.ts";
import { put } from "./put.ts";

export interface Mark {
  readonly by: "ArgoCD" | "Flux" | "Helm" | "OLM";
  /** For people: `Argo CD Application argocd/shop`. */
  readonly owner: string;
  /** As in the set of sources that are here (consumers/source.ts); "" where it never is. */
  readonly key: string;
}

/** Of all who manage it, those first that put their own version back: Flux applies a release, Argo CD what a chart gives. */
export function marksOf(object: JsonObject): readonly Mark[] {
  const metadata = metadataOf(object);
  const [labels, annotations] = [objectAt(metadata, "labels"), objectAt(metadata, "annotations")];
  const gitops = [argoMark(object, labels, annotations), fluxMark(labels)].filter((mark) => mark !== undefined);
  const others = [helmMark(labels, annotations, gitops.length > 0), olmMark(labels)];
  return [...gitops, ...others.filter((mark) => mark !== undefined)];
}

/** The label alone is also what `helm template` gives: somebody else's who applies that has no release. */
function helmMark(labels: JsonObject, annotations: JsonObject, isOfAnother: boolean): Mark | undefined {
  const release = textAt(annotations, "meta.helm.sh/release-name");
  if (release !== "") return { by: "Helm", owner: `release ${release}`, key: "" };
  const isLabelled = !isOfAnother && textAt(labels, "app.kubernetes.io/managed-by") === "Helm";
  return isLabelled ? { by: "Helm", owner: "", key: "" } : undefined;
}

/** What Argo CD's manual has tracked by, where `app.kubernetes.io/instance` is taken (application.instanceLabelKey). */
const argoLabel = "argocd.argoproj.io/instance";

/** `NAME:GROUP/KIND:NAMESPACE/NAME`; an Application outside Argo CD's own namespace is `NAMESPACE_NAME`. */
const trackingId =
  /^(?:(?<namespace>[^:_]+)_)?(?<name>[^:_]+):(?<group>[^:/]*)\/(?<kind>[^:/]+):(?<in>[^:/]*)\/(?<of>[^/]+)$/;

/**
 * By the annotation, where it is of this very object: a copy of one carries its original's, labels and all. Without
 * one, by Argo CD's own label, or by the one that charts give themselves too, where Argo CD wrote the object.
 */
function argoMark(object: JsonObject, labels: JsonObject, annotations: JsonObject): Mark | undefined {
  const tracked = trackingId.exec(textAt(annotations, "argocd.argoproj.io/tracking-id"))?.groups;
  if (tracked !== undefined)
    return isOf(tracked, object) ? application(tracked["namespace"], tracked["name"] ?? "") : undefined;
  const isApplied = fieldManagers(object).some((manager) => /^argocd-(?:application-)?controller$/.test(manager));
  const instance = textAt(labels, argoLabel) || (isApplied ? textAt(labels, "app.kubernetes.io/instance") : "");
  if (instance === "") return undefined;
  const at = instance.indexOf("_");
  return at < 0 ? application(undefined, instance) : application(instance.slice(0, at), instance.slice(at + 1));
}

/** As Argo CD sees it (isSelfReferencedObj): what has no namespace carries that of its Application's destination. */
function isOf(tracked: Readonly<Record<string, string>>, object: JsonObject): boolean {
  const { group, kind, namespace, name } = identityOf(object);
  const isIn = namespace === "" || tracked["in"] === namespace;
  return isIn && tracked["group"] === group && tracked["kind"] === kind && tracked["of"] === name;
}

function application(namespace: string | undefined, name: string): Mark {
  const owner = namespace === undefined ? name : `${namespace}/${name}`;
  return { by: "ArgoCD", owner: `Argo CD Application ${owner}`, key: `Application ${owner}` };
}

function fluxMark(labels: JsonObject): Mark | undefined {
  for (const [prefix, kind] of [
    ["kustomize", "Kustomization"],
    ["helm", "HelmRelease"],
  ]) {
    const name = textAt(labels, `${prefix}.toolkit.fluxcd.io/name`);
    if (name === "") continue;
    const namespace = textAt(labels, `${prefix}.toolkit.fluxcd.io/namespace`);
    const owner = namespace === "" ? name : `${namespace}/${name}`;
    return { by: "Flux", owner: `Flux ${kind} ${owner}`, key: kind === "Kustomization" ? `${kind} ${owner}` : "" };
  }
  return undefined;
}

function olmMark(labels: JsonObject): Mark | undefined {
  const owner = Object.keys(labels).find(isOlm);
  return owner === undefined ? undefined : { by: "OLM", owner, key: "" };
}

function isOlm(name: string): boolean {
  return name === "olm.owner" || name.startsWith("olm.") || name.startsWith("operators.coreos.com/");
}

/**
 * Without the marks of those whose objects are adopted; the other marks of Argo CD and Flux are never written
 * (server-names.ts). Idempotent.
 */
export function withoutMarks(content: JsonObject, { gitops, helm, olm }: ManagedBy): JsonObject {
  const isMark = (name: string, value: Json): boolean =>
    (gitops === "Adopt" && name === argoLabel) ||
    (helm === "Adopt" && isHelms(name, value)) ||
    (olm === "Adopt" && isOlm(name));
  const metadata: Record<string, Json> = {};
  let changed = false;
  for (const [key, value] of Object.entries(metadataOf(content))) {
    const marked = (key === "labels" || key === "annotations") && isObject(value) ? Object.entries(value) : [];
    const kept = marked.filter(([name, mark]) => !isMark(name, mark));
    if (kept.length === marked.length) {
      put(metadata, key, value);
      continue;
    }
    changed = true;
    const rest: Record<string, Json> = {};
    for (const [name, mark] of kept) put(rest, name, mark);
    if (kept.length > 0) put(metadata, key, rest);
  }
  return changed ? { ...content, metadata } : content;
}

function isHelms(name: string, value: Json): boolean {
  if (name.startsWith("meta.helm.sh/") || name === "helm.sh/chart") return true;
  return (name === "app.kubernetes.io/managed-by" || name === "heritage") && (value === "Helm" || value === "Tiller");
}
