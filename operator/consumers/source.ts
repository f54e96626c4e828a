/** PURE: what an Argo CD Application or a Flux Kustomization applies, and whether that is from here. */

import { isObject, objectAt, textAt } from "../manifest/identity.ts";
import type { Json, JsonObject } from "../values.ts";

/** A folder of a branch. */
export interface GitSource {
  readonly url: string;
  /** "" is the repository's default branch; undefined: a tag, a commit, or no Git at all. */
  readonly branch: string | undefined;
  /** "" is the root. */
  readonly path: string;
}

/** Where a Capture writes to. */
export interface CapturePlace {
  readonly url: string;
  readonly branch: string;
  /** The name of the repository's default branch, where it is known. */
  readonly defaultBranch: string | undefined;
  readonly path: string;
}

/** argoproj.io Application, spec.source or spec.sources. A source that only lends values to others applies nothing. */
export function sourcesOfApplication(application: JsonObject): readonly GitSource[] {
  const spec = objectAt(application, "spec");
  const { sources, source } = spec;
  const all: readonly Json[] = Array.isArray(sources) && sources.length > 0 ? sources : [source ?? null];
  return all.filter(isObject).flatMap((one) => {
    const [ref, path, chart] = [textAt(one, "ref"), textAt(one, "path"), textAt(one, "chart")];
    if (ref !== "" && path === "" && chart === "") return [];
    const branch = chart === "" ? branchOf(textAt(one, "targetRevision")) : undefined;
    return [{ url: textAt(one, "repoURL"), branch, path: normalPath(path) }];
  });
}

/** source.toolkit.fluxcd.io GitRepository, at its root. */
export function sourceOfRepository(repository: JsonObject): GitSource {
  const spec = objectAt(repository, "spec");
  const ref = objectAt(spec, "ref");
  const isFixed = ["tag", "semver", "commit"].some((field) => textAt(ref, field) !== "");
  const name = textAt(ref, "name");
  // What Flux takes where nothing is said.
  const branch = name === "" ? textAt(ref, "branch") || "master" : branchOf(name);
  return { url: textAt(spec, "url"), branch: isFixed ? undefined : branch, path: "" };
}

/** Whether it is the repository and branch, and the path or one above it. */
export function isHere(source: GitSource, place: CapturePlace): boolean {
  if (source.branch === undefined || repositoryName(source.url) !== repositoryName(place.url)) return false;
  const branch = source.branch === "" ? place.defaultBranch : source.branch;
  return branch === place.branch && (source.path === "" || `${place.path}/`.startsWith(`${source.path}/`));
}

/**
 * One name for every spelling of a repository's URL: `https://git@HOST/acme/shop.git/`, `ssh://git@HOST:22/acme/shop` and
 * `git@HOST:acme/shop.git` are `host/acme/shop`. The port of SSH tells nothing of that of HTTPS.
 */
export function repositoryName(url: string): string {
  const short = /^(?:[^@/\s]+@)?(?<host>[^:/\s]+):(?!\/\/)(?<path>[^\s]+)$/.exec(url)?.groups;
  const parsed = short === undefined ? URL.parse(url) : null;
  const host = short?.["host"] ?? (parsed?.protocol.includes("ssh") === true ? parsed.hostname : parsed?.host);
  if (host === undefined) return url;
  const path = (short?.["path"] ?? parsed?.pathname ?? "").replace(/^\/+/, "").replace(/\/+$/, "");
  return `${host.toLowerCase()}/${path.replace(/\.git$/, "")}`;
}

/** For people, without what a URL may hold of credentials: `git.example.com/acme/shop, branch main, path apps`. */
export function sourceInWords({ url, branch, path }: GitSource): string {
  const name = repositoryName(url);
  const where = name === "" || name.includes("@") ? "no readable address" : name;
  const on = branch === "" ? "the default branch" : `branch ${branch}`;
  const of = branch === undefined ? "no branch (a tag, a commit or a chart)" : on;
  return [where, of, ...(path === "" ? [] : [`path ${path}`])].join(", ");
}

/** Of a revision; undefined: a tag or a commit. A name alone is taken for a branch. */
function branchOf(revision: string): string | undefined {
  if (revision === "" || revision === "HEAD") return "";
  if (revision.startsWith("refs/heads/")) return revision.slice("refs/heads/".length);
  if (revision.startsWith("refs/") || /^[0-9a-f]{40}$/.test(revision)) return undefined;
  return revision;
}

export function normalPath(path: string): string {
  return path
    .split("/")
    .filter((step) => step !== "" && step !== ".")
    .join("/");
}
