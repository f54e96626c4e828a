/** Which kinds the API server serves: aggregated discovery (KEP-3352), each kind in its group's preferred version. */
import type { Discovery } from "../ports.ts";
import type { Json, JsonObject, Kind } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";

const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

export async function discover(http: KubeHttp): Promise<Discovery> {
  const lists = await Promise.all(["/api", "/apis"].map((path) => http.json({ method: "GET", path, accept })));
  const kinds = new Map<string, Kind>();
  const unavailable: string[] = [];
  for (const list of lists) {
    for (const group of objects(list["items"])) readGroup(group, kinds, unavailable);
  }
  return { kinds: [...kinds.values()], unavailable };
}

/** Versions come in the order of preference: the first that serves a kind is the one to use. */
function readGroup(group: JsonObject, kinds: Map<string, Kind>, unavailable: string[]): void {
  const name = text((group["metadata"] as JsonObject | undefined)?.["name"]);
  for (const version of objects(group["versions"])) {
    // "Stale": an aggregated API that does not answer; what it serves is unknown.
    if (version["freshness"] === "Stale") {
      unavailable.push(name);
      continue;
    }
    for (const resource of objects(version["resources"])) {
      const kind = text((resource["responseKind"] as JsonObject | undefined)?.["kind"]);
      const key = `${name}/${kind}`;
      if (kind === "" || kinds.has(key)) continue;
      const subresources = objects(resource["subresources"]).map((sub) => text(sub["subresource"]));
      kinds.set(key, {
        group: name,
        version: text(version["version"]),
        kind,
        resource: text(resource["resource"]),
        namespaced: resource["scope"] === "Namespaced",
        verbs: texts(resource["verbs"]),
        subresources: subresources.filter((sub) => sub === "scale"),
      });
    }
  }
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
