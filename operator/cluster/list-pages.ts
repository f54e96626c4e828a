import { retry } from "../failures.ts";
import type { Scope } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";
import { resourcePath } from "./resource-path.ts";

export interface Page {
  /** Raw, with apiVersion and kind. */
  readonly objects: readonly JsonObject[];
  /** Of the list: the same on every page. */
  readonly resourceVersion: string;
}

const pageSize = 500;

/**
 * The pages of one consistent list. Throws Failure where it cannot be completed: with `data.status` 410 when the
 * continue token is too old, and for an answer that is no list, which must never be taken for an empty one.
 */
export async function* listPages(
  http: KubeHttp,
  { kind, namespace }: Scope,
  signal?: AbortSignal,
  labelSelector?: string,
): AsyncGenerator<Page> {
  const about = { verb: "list", group: kind.group, resource: kind.resource, namespace };
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  const selection = labelSelector === undefined ? "" : `&labelSelector=${encodeURIComponent(labelSelector)}`;
  let token = "";
  do {
    const query = `limit=${pageSize}${selection}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
    const path = `${resourcePath(kind, namespace)}?${query}`;
    const page = await http.json({ method: "GET", path, about, ...(signal && { signal }) });
    const metadata = (page["metadata"] ?? {}) as JsonObject;
    const resourceVersion = textOf(metadata["resourceVersion"]);
    const items = page["items"] ?? [];
    if (!textOf(page["kind"]).endsWith("List") || !Array.isArray(items) || resourceVersion === "") {
      throw retry("ClusterUnreachable", `${http.server} answers ${path} with something that is no list`);
    }
    // Items of a list leave out what the list says of them all.
    const objects = (items as readonly Json[]).map((item) => ({
      apiVersion,
      kind: kind.kind,
      ...(isMap(item) ? item : {}),
    }));
    yield { objects, resourceVersion };
    token = textOf(metadata["continue"]);
  } while (token !== "");
}

function isMap(value: Json): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
