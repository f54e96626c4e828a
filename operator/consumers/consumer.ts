/**
 * PURE: an Argo CD Application, or a Flux Kustomization or HelmRelease, as its own object tells: what it was told to apply,
 * and how far it has come. Fields: argoproj.io/v1alpha1, kustomize.toolkit.fluxcd.io/v1, helm.toolkit.fluxcd.io/v2,
 * source.toolkit.fluxcd.io/v1.
 */
import { annotations } from "../api/annotations.ts";
import { parseDuration } from "../api/duration.ts";
import { isPausedByUs, skipReconcile } from "../manifest/conditions.ts";
import { isObject, metadataOf, objectAt, textAt } from "../manifest/identity.ts";
import type { CommitId, Json, JsonObject } from "../values.ts";
import { type GitSource, normalPath, sourceOfRepository, sourcesOfApplication } from "./source.ts";

export type ConsumerKind = "Application" | "Kustomization" | "HelmRelease";

/** What it was told to do: nothing of it moves with a sync. */
export interface ConsumerPlan {
  /** Of an Application; what it was given only to read values from is none. */
  readonly sources: readonly GitSource[];
  /** Of Flux: `NAMESPACE/NAME` of the GitRepository; undefined: another kind of source. */
  readonly repository: string | undefined;
  /** Of Flux: in the repository; "" is the root. */
  readonly path: string;
  /** It applies what is new by itself. */
  readonly isAutomatic: boolean;
  /** It takes back what others change of its objects, at once. */
  readonly selfHeal: boolean;
  readonly prune: boolean;
  readonly isSuspended: boolean;
  /** Paused by the operator until then at most, in milliseconds since the epoch; undefined: it is not. */
  readonly pausedUntil: number | undefined;
  /** It reads the folders below its path, too. */
  readonly isRecursive: boolean;
  /** How often it looks by itself; undefined: as Argo CD was set up. */
  readonly intervalMs: number | undefined;
  /** Of an Application, where it puts objects whose files name no namespace; of Flux, where it puts all of them; "": nowhere else. */
  readonly targetNamespace: string;
  readonly isOfOtherCluster: boolean;
  /** Fields of its spec by which what it applies is not what the files say. */
  readonly renders: readonly string[];
  /** Fields of its spec by which it leaves some of the files out. */
  readonly filters: readonly string[];
  /** The field of its spec by which it replaces objects, instead of applying what files say of them; "": it applies. */
  readonly replaces: string;
  /** The ApplicationSet that made it; "": none. */
  readonly madeBy: string;
}

export type Health = "Healthy" | "Progressing" | "Degraded" | "Suspended" | "Missing" | "Unknown";

/** How far it has come. */
export interface ConsumerProgress {
  /** Of each source, the commit that the cluster was brought to last. */
  readonly applied: readonly (CommitId | undefined)[];
  readonly health: Health;
  /** Why it could not apply what it saw last; "" otherwise. */
  readonly failure: string;
}

/** argoproj.io Application. */
export function planOfApplication(application: JsonObject): ConsumerPlan {
  const spec = objectAt(application, "spec");
  const automated = objectAt(objectAt(spec, "syncPolicy"), "automated");
  const isAutomatic = isObject(objectAt(spec, "syncPolicy")["automated"] ?? null) && automated["enabled"] !== false;
  const destination = objectAt(spec, "destination");
  const [server, cluster] = [textAt(destination, "server"), textAt(destination, "name")];
  const options = objectAt(spec, "syncPolicy")["syncOptions"];
  const sources = gitSources(spec);
  const type = textAt(objectAt(application, "status"), "sourceType");
  const isDirectory = (source: JsonObject): boolean =>
    !(type === "" ? ["kustomize", "helm", "plugin"].some((tool) => tool in source) : type !== "Directory");
  return {
    sources: sourcesOfApplication(application),
    repository: undefined,
    path: "",
    isAutomatic,
    selfHeal: isAutomatic && automated["selfHeal"] === true,
    prune: isAutomatic && automated["prune"] === true,
    isSuspended: isSkipped(application) && !isPausedByUs(application),
    pausedUntil: pauseOf(application),
    isRecursive: sources.every((source) => !isDirectory(source) || objectAt(source, "directory")["recurse"] === true),
    intervalMs: undefined,
    targetNamespace: textAt(destination, "namespace"),
    isOfOtherCluster:
      (server !== "" && server !== "https://kubernetes.default.svc") || (cluster !== "" && cluster !== "in-cluster"),
    renders: sources.flatMap((source) => [
      ...keysOf(objectAt(source, "kustomize"), isRendering).map((key) => `spec.source.kustomize.${key}`),
      ...["helm", "plugin"].filter((tool) => tool in source).map((tool) => `spec.source.${tool}`),
    ]),
    filters: sources.flatMap((source) =>
      keysOf(objectAt(source, "directory"), (key) => key === "include" || key === "exclude").map(
        (key) => `spec.source.directory.${key}`,
      ),
    ),
    replaces: Array.isArray(options) && options.includes("Replace=true") ? "spec.syncPolicy.syncOptions" : "",
    madeBy: makerOf(application),
  };
}

/** kustomize.toolkit.fluxcd.io Kustomization. */
export function planOfKustomization(kustomization: JsonObject): ConsumerPlan {
  const spec = objectAt(kustomization, "spec");
  return {
    ...fluxPlan(kustomization, objectAt(spec, "sourceRef")),
    path: normalPath(textAt(spec, "path")),
    prune: spec["prune"] === true,
    targetNamespace: textAt(spec, "targetNamespace"),
    renders: keysOf(spec, isFluxRendering).map((key) => `spec.${key}`),
    replaces: spec["force"] === true ? "spec.force" : "",
  };
}

/** helm.toolkit.fluxcd.io HelmRelease whose chart stands in a GitRepository. */
export function planOfHelmRelease(release: JsonObject): ConsumerPlan {
  const spec = objectAt(release, "spec");
  const chart = objectAt(objectAt(spec, "chart"), "spec");
  const corrects = textAt(objectAt(spec, "driftDetection"), "mode") === "enabled";
  return {
    ...fluxPlan(release, objectAt(chart, "sourceRef")),
    path: normalPath(textAt(chart, "chart")),
    selfHeal: corrects,
    prune: true,
    targetNamespace: textAt(spec, "targetNamespace"),
    renders: ["spec.chart"],
  };
}

function fluxPlan(object: JsonObject, ref: JsonObject): ConsumerPlan {
  const spec = objectAt(object, "spec");
  const namespace = textAt(ref, "namespace") || textAt(metadataOf(object), "namespace");
  return {
    sources: [],
    repository: textAt(ref, "kind") === "GitRepository" ? `${namespace}/${textAt(ref, "name")}` : undefined,
    path: "",
    isAutomatic: true,
    selfHeal: false,
    prune: false,
    isSuspended: spec["suspend"] === true,
    pausedUntil: undefined,
    isRecursive: true,
    intervalMs: parseDuration(textAt(spec, "interval")),
    targetNamespace: "",
    isOfOtherCluster: "kubeConfig" in spec,
    renders: [],
    filters: [],
    replaces: "",
    madeBy: "",
  };
}

/** Of what Flux fetches: how it is asked to look, and what it saw. */
export interface FluxRepository {
  readonly source: GitSource;
  readonly intervalMs: number | undefined;
  readonly isSuspended: boolean;
}

export function planOfRepository(repository: JsonObject): FluxRepository {
  const spec = objectAt(repository, "spec");
  return {
    source: sourceOfRepository(repository),
    intervalMs: parseDuration(textAt(spec, "interval")),
    isSuspended: spec["suspend"] === true,
  };
}

export function progressOfApplication(application: JsonObject): ConsumerProgress {
  const status = objectAt(application, "status");
  const [sync, operation] = [objectAt(status, "sync"), objectAt(status, "operationState")];
  const seen = revisions(sync);
  const phase = textAt(operation, "phase");
  const isFailed = phase === "Failed" || phase === "Error";
  const error = listAt(status, "conditions").find((condition) => textAt(condition, "type").endsWith("Error"));
  const last = listAt(status, "history").at(-1);
  const done = phase === "Succeeded" ? revisions(objectAt(operation, "syncResult")) : last && revisions(last);
  const health = textAt(objectAt(status, "health"), "status");
  return {
    applied: textAt(sync, "status") === "Synced" ? seen : (done ?? []),
    health: isHealth(health) ? health : "Unknown",
    failure: error ? textAt(error, "message") : isFailed ? textAt(operation, "message") || phase : "",
  };
}

/** Of a Kustomization or HelmRelease. */
export function progressOfFlux(object: JsonObject): ConsumerProgress {
  const status = objectAt(object, "status");
  const ready = listAt(status, "conditions").find((condition) => textAt(condition, "type") === "Ready");
  const state = ready && textAt(ready, "status");
  const health = state === "True" ? "Healthy" : state === "False" ? "Degraded" : "Progressing";
  return {
    applied: [commitIn(textAt(status, "lastAppliedRevision"))],
    health,
    failure: ready && state === "False" ? textAt(ready, "message") : "",
  };
}

/** Of a GitRepository: the commit that it fetched last. */
export function fetchedBy(repository: JsonObject): CommitId | undefined {
  return commitIn(textAt(objectAt(objectAt(repository, "status"), "artifact"), "revision"));
}

/** `main@sha1:3fa2...`, `main/3fa2...` or `3fa2...`. */
function commitIn(revision: string): CommitId | undefined {
  return /(?:^|[/:])(?<commit>[0-9a-f]{40}|[0-9a-f]{64})$/.exec(revision)?.groups?.["commit"];
}

function revisions(from: JsonObject): readonly (CommitId | undefined)[] {
  const { revisions: all, revision } = from;
  const texts = Array.isArray(all) && all.length > 0 ? all : [revision ?? ""];
  return texts.map((text) => (typeof text === "string" ? commitIn(text) : undefined));
}

const healths: ReadonlySet<string> = new Set(["Healthy", "Progressing", "Degraded", "Suspended", "Missing"]);

function isHealth(word: string): word is Health {
  return healths.has(word);
}

/** As Go reads a boolean (strconv.ParseBool). */
function isSkipped(application: JsonObject): boolean {
  return /^(?:1|t|T|true|TRUE|True)$/.test(textAt(objectAt(metadataOf(application), "annotations"), skipReconcile));
}

/** A time that cannot be read is over. */
function pauseOf(application: JsonObject): number | undefined {
  if (!isPausedByUs(application)) return undefined;
  const until = Date.parse(textAt(objectAt(metadataOf(application), "annotations"), annotations.pausedUntil));
  return Number.isNaN(until) ? 0 : until;
}

function makerOf(application: JsonObject): string {
  const owners = listAt(metadataOf(application), "ownerReferences");
  const owner = owners.find((reference) => textAt(reference, "kind") === "ApplicationSet");
  return owner === undefined ? "" : textAt(owner, "name");
}

/** What Argo CD has kustomize do besides reading the folder; its version changes nothing. */
function isRendering(key: string): boolean {
  return key !== "version" && key !== "kubeVersion" && key !== "apiVersions" && key !== "ignoreMissingComponents";
}

const fluxRendering: ReadonlySet<string> = new Set([
  "patches",
  "patchesJson6902",
  "patchesStrategicMerge",
  "images",
  "namePrefix",
  "nameSuffix",
  "commonMetadata",
  "components",
]);

function isFluxRendering(key: string): boolean {
  return fluxRendering.has(key);
}

/** The fields that are said and match. */
function keysOf(from: JsonObject, matches: (key: string) => boolean): readonly string[] {
  return Object.keys(from).filter((key) => matches(key) && saysSomething(from[key]));
}

function saysSomething(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "" || value === false) return false;
  return Array.isArray(value) ? value.length > 0 : !isObject(value) || Object.keys(value).length > 0;
}

function gitSources(spec: JsonObject): readonly JsonObject[] {
  const { sources, source } = spec;
  const all: readonly Json[] = Array.isArray(sources) && sources.length > 0 ? sources : [source ?? null];
  return all.filter(isObject).filter((one) => textAt(one, "path") !== "");
}

function listAt(from: JsonObject, key: string): readonly JsonObject[] {
  const value = from[key];
  return Array.isArray(value) ? (value as readonly Json[]).filter(isObject) : [];
}
