/** When a rule of `rules.ts` applies: what of a value, and of the object around it, tells that it is not the user's. */
import { annotations } from "../api/annotations.ts";
import type { Json, JsonObject } from "../values.ts";
import { isObject, metadataOf, objectAt, textAt } from "./identity.ts";
import { parseJson } from "./parse-json.ts";

/** Where a value stands. `root` is the object as it came, `managedFields` included where it is raw. */
export interface Place {
  readonly root: JsonObject;
  readonly parent: Json;
  readonly key: string | number;
}

export function isGenerated(_: Json, { root }: Place): boolean {
  return objectAt(root, "spec")["manualSelector"] !== true;
}

export function hasNone(value: Json): boolean {
  return Array.isArray(value) && value[0] === "None";
}

/** `web-token-x7k2p`, `web-dockercfg-x7k2p` of the ServiceAccount web. */
export function isToken(value: Json, { root }: Place): boolean {
  const name = isObject(value) ? textAt(value, "name") : "";
  const account = textAt(metadataOf(root), "name");
  return ["token", "dockercfg"].some((what) => name.startsWith(`${account}-${what}-`));
}

/** Only a Pod that tolerates the taint in no other way was given one. */
export function isAddedToleration(value: Json, { parent }: Place): boolean {
  if (!isObject(value) || !Array.isArray(parent)) return false;
  const { key, operator, effect, tolerationSeconds } = value;
  const lost = key === "node.kubernetes.io/not-ready" || key === "node.kubernetes.io/unreachable";
  if (!lost || operator !== "Exists" || effect !== "NoExecute" || tolerationSeconds !== 300) return false;
  const others = (parent as readonly Json[]).filter((other) => other !== value).filter(isObject);
  return !others.some((other) => ["", key].includes(textAt(other, "key")));
}

export function isTokenVolume(value: Json): boolean {
  return isObject(value) && isTokenName(value) && Object.hasOwn(value, "projected");
}

export function isTokenMount(value: Json): boolean {
  return (
    isObject(value) &&
    isTokenName(value) &&
    textAt(value, "mountPath") === "/var/run/secrets/kubernetes.io/serviceaccount"
  );
}

function isTokenName(named: JsonObject): boolean {
  return /^kube-api-access-[a-z0-9]{5}$/.test(textAt(named, "name"));
}

/** Said of an Application, Argo CD leaves it alone. */
export const skipReconcile = "argocd.argoproj.io/skip-reconcile";

/** Where the operator paused an Application, it says so beside it. */
export function isPausedByUs(root: JsonObject): boolean {
  return Object.hasOwn(objectAt(metadataOf(root), "annotations"), annotations.pausedUntil);
}

/**
 * Whether a field manager set the field below `spec` (metav1.FieldsV1): what the API server allocates is nobody's. Where
 * the list of managers is not at hand (kubectl leaves it out), what was applied tells. An object without a UID is none
 * that a server sent: it was cleaned before, so what stands in it was chosen.
 */
export function isChosen(root: JsonObject, path: readonly string[]): boolean {
  const metadata = metadataOf(root);
  if (!Object.hasOwn(metadata, "uid")) return true;
  const entries = metadata["managedFields"];
  if (!Array.isArray(entries) || entries.length === 0) return isApplied(metadata, path);
  return (entries as readonly Json[]).some((entry) => {
    let fields = objectAt(objectAt(isObject(entry) ? entry : {}, "fieldsV1"), "f:spec");
    return path.every((key) => {
      const found = Object.hasOwn(fields, key);
      fields = objectAt(fields, key);
      return found;
    });
  });
}

/** Whether the field stands in what `kubectl apply` remembers. */
function isApplied(metadata: JsonObject, path: readonly string[]): boolean {
  let at: Json = lastApplied(metadata)["spec"] ?? null;
  return path.every((step) => {
    const next = step.startsWith("k:") ? itemOf(at, step) : isObject(at) ? at[step.slice(2)] : undefined;
    at = next ?? null;
    return next !== undefined;
  });
}

/** What kubectl apply was given; empty where it was not. */
export function lastApplied(metadata: JsonObject): JsonObject {
  const text = textAt(objectAt(metadata, "annotations"), "kubectl.kubernetes.io/last-applied-configuration");
  try {
    const applied = text === "" ? null : parseJson(text);
    return isObject(applied) ? applied : {};
  } catch {
    return {};
  }
}

function itemOf(list: Json, step: string): Json | undefined {
  return Array.isArray(list) ? (list as readonly Json[]).find((item) => portKey(item) === step) : undefined;
}

/** The volume controller's mark on a claim whose volume it chose, and on a volume whose claim it chose. */
export function isBoundByController(_: Json, { root }: Place): boolean {
  return textAt(objectAt(metadataOf(root), "annotations"), "pv.kubernetes.io/bound-by-controller") === "yes";
}

/** One of `dataSource` and `dataSourceRef`, which the API server copied from the other: where nobody set either, the newer. */
export function isMirrored(value: Json, { root, parent, key }: Place): boolean {
  const other = key === "dataSource" ? "dataSourceRef" : "dataSource";
  const twin = isObject(parent) ? parent[other] : undefined;
  if (!isObject(value) || !isObject(twin) || isChosen(root, [`f:${key}`])) return false;
  if (["apiGroup", "kind", "name", "namespace"].some((name) => textAt(value, name) !== textAt(twin, name)))
    return false;
  return key === "dataSourceRef" || isChosen(root, [`f:${other}`]);
}

/** Annotations by which a controller is asked to write the certificate authority. */
const injected: readonly string[] = [
  "cert-manager.io/inject-ca-from",
  "cert-manager.io/inject-ca-from-secret",
  "cert-manager.io/inject-apiserver-ca",
  "service.beta.openshift.io/inject-cabundle",
];

export function hasInjectedAuthority(_: Json, { root }: Place): boolean {
  const annotations = objectAt(metadataOf(root), "annotations");
  return injected.some((name) => Object.hasOwn(annotations, name));
}

/** Whether a ConfigMap asks OpenShift for the authorities that the cluster trusts. */
export function hasTrustedAuthorities(root: JsonObject): boolean {
  return textAt(objectAt(metadataOf(root), "labels"), "config.openshift.io/inject-trusted-cabundle") === "true";
}

/** The key of a Service's port in managedFields: keys sorted, as the API server writes it. */
export function portKey(port: Json): string {
  if (!isObject(port)) return "";
  return `k:${JSON.stringify({ port: port["port"], protocol: port["protocol"] ?? "TCP" })}`;
}
