/** Fields that controllers set: read from `metadata.managedFields`, and not what anybody meant. */
import type { Json, JsonObject } from "../values.ts";
import { lastApplied } from "./conditions.ts";
import { isObject, metadataOf } from "./identity.ts";
import {
  belowField,
  belowItem,
  isOwned,
  type ManagerEntry,
  managersOf,
  type Owned,
  ownsAll,
  ownsItself,
} from "./owners.ts";
import { put } from "./put.ts";

/** What a component takes over in objects that people made; anything else that goes by its name may be somebody's. */
type TakesOver = "replicas" | "authority" | "nothing";

/** Components of clusters, by the name that their client gives; with where that is known from. */
const components: ReadonlyMap<string, { readonly takesOver: TakesOver; readonly source: string }> = new Map([
  [
    "kube-controller-manager",
    { takesOver: "replicas", source: "cmd/kube-controller-manager, horizontal pod autoscaler" },
  ],
  ["keda-operator", { takesOver: "replicas", source: "KEDA, scaling to and from nothing" }],
  ["cainjector", { takesOver: "authority", source: "cert-manager, cmd/cainjector" }],
  ["cert-manager-cainjector", { takesOver: "authority", source: "cert-manager, server-side apply" }],
  ["kube-webhook-certgen", { takesOver: "authority", source: "ingress-nginx, certificates of its webhook" }],
  ["service-ca-operator", { takesOver: "authority", source: "OpenShift's service CA operator" }],
  ["cloud-controller-manager", { takesOver: "nothing", source: "k8s.io/cloud-provider" }],
  ["kube-scheduler", { takesOver: "nothing", source: "cmd/kube-scheduler" }],
  ["kube-apiserver", { takesOver: "nothing", source: "its own controllers: CRDs, APIServices, ServiceCIDRs" }],
  ["kubelet", { takesOver: "nothing", source: "cmd/kubelet" }],
]);

/** Replicas go through the subresource; an authority is the one field of that name. */
function takenOver({ manager, subresource, fields }: ManagerEntry): Owned {
  const takesOver = components.get(manager)?.takesOver ?? "nothing";
  if (takesOver === "replicas") return subresource === "scale" ? fields : {};
  return takesOver === "authority" ? only(fields, "f:caBundle") : {};
}

function only(fields: Owned, name: string): Owned {
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries(fields)) {
    const inside = key === name ? value : isObject(value) ? only(value, name) : {};
    if (key === name || Object.keys(inside as JsonObject).length > 0) put(found, key, inside);
  }
  return found;
}

/** People's tools, what delivers for them, and clients that name nobody: whatever they write, somebody may mean it. */
const nobodysController =
  /^(?:kubectl.*|Mozilla|headlamp.*|lens.*|freelens.*|k9s|rancher|dashboard|helm|argocd.*|kustomize-controller|helm-controller|fluxcd.*|Terraform|HashiCorp|OpenTofu|pulumi.*|ansible.*|kapp.*|skaffold|tilt|clickscribe.*|curl|node.*|undici|axios|got|okhttp|Java|python.*|OpenAPI-Generator|Swagger-Codegen|Go-http-client|unknown|e2e\.test|)$/i;

/** Whether nobody's hand is in what this manager writes: a known component, or who writes this very object's status. */
function isController(manager: string, entries: readonly ManagerEntry[]): boolean {
  if (components.has(manager)) return true;
  if (nobodysController.test(manager)) return false;
  return entries.some((entry) => entry.manager === manager && entry.subresource === "status");
}

/** The manager of an object that only controllers have ever written, its subresources apart. */
export function madeByController(raw: JsonObject): string | undefined {
  const entries = managersOf(raw);
  const own = entries.filter(({ subresource }) => subresource === "");
  const isMade = own.length > 0 && own.every(({ manager }) => isController(manager, entries));
  return isMade ? own[0]?.manager : undefined;
}

interface Sides {
  readonly controllers: readonly Owned[];
  readonly others: readonly Owned[];
}

/**
 * What was cleaned, without the fields that only controllers own; `raw` is the object as it came. What nobody owns stays,
 * and so does what was applied, unless a component of the cluster took it over: an autoscaler is there to do so.
 * Idempotent; shared where nothing goes.
 */
export function withoutControllersFields(content: JsonObject, raw: JsonObject): JsonObject {
  const all = managersOf(raw);
  const entries = all.filter(({ subresource }) => subresource !== "status");
  const isTheirs = ({ manager }: ManagerEntry): boolean => isController(manager, all);
  if (entries.every(isTheirs)) return content;
  const others = fieldsOf(entries.filter((entry) => !isTheirs(entry)));
  // An entry that cannot be read owns all, and says nothing of what.
  const taken = entries.map(takenOver).filter((fields) => !ownsAll(fields));
  const own = fieldsOf(entries.filter((entry) => isTheirs(entry) && !components.has(entry.manager))).filter(
    (fields) => !ownsAll(fields),
  );
  const rest = stripMap(content, { controllers: taken, others: [...others, ...own] }, {}, needed) ?? content;
  return stripMap(rest, { controllers: own, others }, lastApplied(metadataOf(raw)), needed) ?? rest;
}

function fieldsOf(entries: readonly ManagerEntry[]): readonly Owned[] {
  return entries.map(({ fields }) => fields);
}

const needed: ReadonlySet<string> = new Set(["apiVersion", "kind"]);
const neededMetadata: ReadonlySet<string> = new Set(["name", "namespace"]);
const nothing: ReadonlySet<string> = new Set();

/** undefined: nothing goes. */
function stripMap(
  object: JsonObject,
  { controllers, others }: Sides,
  applied: Json | undefined,
  kept: ReadonlySet<string>,
): JsonObject | undefined {
  let changed = false;
  const stripped: Record<string, Json> = {};
  for (const [key, value] of Object.entries(object)) {
    const meant = isObject(applied) && Object.hasOwn(applied, key) ? applied[key] : undefined;
    const isTheirs = !kept.has(key) && isOwned(controllers, key);
    const below = { controllers: belowField(controllers, key), others: belowField(others, key) };
    const next = isTheirs ? strip(value, below, meant, kept === needed && key === "metadata") : value;
    if (next !== value) changed = true;
    if (next !== undefined) put(stripped, key, next);
  }
  return changed ? stripped : undefined;
}

/** undefined: all of the value goes. */
function strip(value: Json, sides: Sides, applied: Json | undefined, isMetadata: boolean): Json | undefined {
  const { controllers, others } = sides;
  if (controllers.length === 0) return value;
  if (others.length === 0 && applied === undefined && controllers.some(ownsItself)) return undefined;
  const inside = insideOf(sides);
  if (inside === undefined) return value;
  const rest = isObject(value)
    ? stripMap(value, inside, applied, isMetadata ? neededMetadata : nothing)
    : Array.isArray(value)
      ? stripList(value, inside)
      : undefined;
  if (rest === undefined) return value;
  const isEmpty = Object.keys(rest).length === 0;
  return isEmpty && !others.some(ownsItself) ? undefined : rest;
}

/**
 * What is owned in a value; undefined: it is owned as a whole. `f:spec: {}` is the whole of an atomic value, and of one
 * that is not, whose fields others took over since, only its being there: then somebody owns something in it.
 */
function insideOf({ controllers, others }: Sides): Sides | undefined {
  const hasInside = (owned: Owned): boolean => Object.keys(owned).some((name) => name !== ".");
  if (![...controllers, ...others].some(hasInside)) return undefined;
  return { controllers: controllers.filter(hasInside), others: others.filter(hasInside) };
}

/** Items are told apart by their keys, which what was applied may not spell out: there only an item as a whole goes. */
function stripList(items: readonly Json[], { controllers, others }: Sides): readonly Json[] | undefined {
  const rest = items.flatMap((item, i) => {
    const sides = { controllers: belowItem(controllers, item, i), others: belowItem(others, item, i) };
    const next = strip(item, sides, undefined, false);
    return next === undefined ? [] : [next];
  });
  return rest.length === items.length && rest.every((item, i) => item === items[i]) ? undefined : rest;
}
