/**
 * The OpenAPI v3 documents of an API server: one per group version, listed with their hashes in `/openapi/v3`. Whoever is
 * authenticated may read them (ClusterRole system:discovery).
 */
import type { Clock, OpenApiDocument } from "../ports.ts";
import type { Json, JsonObject, Kind } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";

const indexMs = 10_000;

export type OpenApiReader = (kind: Pick<Kind, "group" | "version">) => Promise<OpenApiDocument | undefined>;

/** The index is cached for seconds; who reads a document while it is being read shares it. */
export function createOpenApiReader(http: Pick<KubeHttp, "find" | "json">, clock: Pick<Clock, "now">): OpenApiReader {
  const reading = new Map<string, Promise<JsonObject>>();
  let known: { readonly at: number; readonly paths: Promise<Json | undefined> } | undefined;

  function paths(): Promise<Json | undefined> {
    if (known !== undefined && clock.now() - known.at < indexMs) return known.paths;
    // 404: an API server older than 1.23.
    const asked = {
      at: clock.now(),
      paths: http.find({ method: "GET", path: root }).then((index) => index?.["paths"]),
    };
    known = asked;
    asked.paths.catch(() => {
      if (known === asked) known = undefined;
    });
    return asked.paths;
  }

  function read(path: string): Promise<JsonObject> {
    const started = reading.get(path);
    if (started !== undefined) return started;
    const document = http.json({ method: "GET", path: `${root}/${path}` }).finally(() => reading.delete(path));
    reading.set(path, document);
    return document;
  }

  return async ({ group, version }) => {
    const path = group === "" ? `api/${version}` : `apis/${group}/${version}`;
    const listed = textIn(await paths(), path, "serverRelativeURL");
    return listed === undefined ? undefined : { version: listed, read: () => read(path) };
  };
}

const root = "/openapi/v3";

function textIn(value: Json | undefined, ...keys: readonly string[]): string | undefined {
  let found = value;
  for (const key of keys) {
    if (found === null || typeof found !== "object" || !Object.hasOwn(found, key)) return undefined;
    found = (found as JsonObject)[key];
  }
  return typeof found === "string" ? found : undefined;
}
