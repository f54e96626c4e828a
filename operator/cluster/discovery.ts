/**
 * Which kinds the API server serves, each in its group's preferred version: aggregated discovery (KEP-3352) in two
 * requests, or, from a server or proxy that does not offer it, one request per group and version.
 */
import { Failure } from "../failures.ts";
import type { Discovery } from "../ports.ts";
import type { Json, JsonObject, Kind } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";

const accept = ["v2", "v2beta1"]
  .map((version) => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`)
  .concat("application/json")
  .join(",");
const maxInFlight = 16;

/** One served version of a group; `resources` undefined: its server does not answer. */
interface Served {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly JsonObject[] | undefined;
}

/** Throws Failure. */
export async function discover(http: KubeHttp): Promise<Discovery> {
  const [core, groups] = await Promise.all(["/api", "/apis"].map((path) => http.json({ method: "GET", path, accept })));
  const served = [...(await versionsOf(http, core ?? {})), ...(await versionsOf(http, groups ?? {}))];
  const kinds = new Map<string, Kind>();
  const unavailable = new Set<string>();
  const aliases = new Map<string, readonly string[]>();
  // Versions come in the order of preference: the first that serves a kind is the one to use.
  for (const { group, version, resources } of served) {
    if (resources === undefined) unavailable.add(group);
    for (const resource of resources ?? []) {
      const kind = addKind(kinds, group, version, resource);
      const names = [text(resource["singularResource"]), ...texts(resource["shortNames"])];
      if (kind !== undefined)
        aliases.set(
          `${group}/${kind}`,
          names.filter((name) => name !== ""),
        );
    }
  }
  return { kinds: [...kinds.values()], unavailable: [...unavailable], aliases };
}

async function versionsOf(http: KubeHttp, answer: JsonObject): Promise<readonly Served[]> {
  if (answer["kind"] === "APIGroupDiscoveryList") return objects(answer["items"]).flatMap(aggregatedVersions);
  return plainVersions(http, answer);
}

function aggregatedVersions(group: JsonObject): readonly Served[] {
  return objects(group["versions"]).map((version) => ({
    group: text((group["metadata"] as JsonObject | undefined)?.["name"]),
    version: text(version["version"]),
    // "Stale": an aggregated API that does not answer; what it serves is unknown.
    resources: version["freshness"] === "Stale" ? undefined : objects(version["resources"]),
  }));
}

/** From APIVersions (core) or APIGroupList: the resources of each version are asked for one by one. */
async function plainVersions(http: KubeHttp, answer: JsonObject): Promise<readonly Served[]> {
  const named = [
    ...texts(answer["versions"]).map((version) => ({ group: "", version })),
    ...objects(answer["groups"]).flatMap((group) => {
      const preferred = text((group["preferredVersion"] as JsonObject | undefined)?.["version"]);
      const versions = objects(group["versions"]).map((version) => text(version["version"]));
      const ordered = [...versions.filter((v) => v === preferred), ...versions.filter((v) => v !== preferred)];
      return ordered.map((version) => ({ group: text(group["name"]), version }));
    }),
  ];
  const served: Served[] = [];
  for (let i = 0; i < named.length; i += maxInFlight) {
    const some = named.slice(i, i + maxInFlight);
    served.push(...(await Promise.all(some.map(({ group, version }) => plainVersion(http, group, version)))));
  }
  return served;
}

async function plainVersion(http: KubeHttp, group: string, version: string): Promise<Served> {
  const path = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  try {
    const list = objects((await http.json({ method: "GET", path }))["resources"]);
    return { group, version, resources: list.filter(isResource).map((resource) => aggregatedForm(resource, list)) };
  } catch (error) {
    // The core group is the API server's own: without it nothing is known at all.
    if (group === "" || !(error instanceof Failure)) throw error;
    return { group, version, resources: undefined };
  }
}

function isResource(resource: JsonObject): boolean {
  return !text(resource["name"]).includes("/");
}

/** An APIResource as an APIResourceDiscovery. */
function aggregatedForm(resource: JsonObject, list: readonly JsonObject[]): JsonObject {
  const name = text(resource["name"]);
  const subresources = list
    .map((other) => text(other["name"]))
    .filter((other) => other.startsWith(`${name}/`))
    .map((other) => ({ subresource: other.slice(name.length + 1) }));
  return {
    resource: name,
    responseKind: { kind: resource["kind"] ?? "" },
    scope: resource["namespaced"] === true ? "Namespaced" : "Cluster",
    singularResource: resource["singularName"] ?? "",
    shortNames: resource["shortNames"] ?? [],
    verbs: resource["verbs"] ?? [],
    subresources,
  };
}

/** Answers the kind's name where it was not known. */
function addKind(kinds: Map<string, Kind>, group: string, version: string, resource: JsonObject): string | undefined {
  const kind = text((resource["responseKind"] as JsonObject | undefined)?.["kind"]);
  const key = `${group}/${kind}`;
  if (kind === "" || kinds.has(key)) return undefined;
  const subresources = objects(resource["subresources"]).map((sub) => text(sub["subresource"]));
  kinds.set(key, {
    group,
    version,
    kind,
    resource: text(resource["resource"]),
    namespaced: resource["scope"] === "Namespaced",
    verbs: texts(resource["verbs"]),
    subresources: subresources.filter((sub) => sub === "scale"),
  });
  return kind;
}

function objects(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonObject[]) : [];
}

function texts(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item: Json) => typeof item === "string") : [];
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
