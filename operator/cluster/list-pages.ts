import { retry } from "../failures.ts";
import type { Scope } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";
import { resourcePath } from "./resource-path.ts";
import { isMap, type LeftOut, sentObject, textOf } from "./sent-object.ts";

export interface Page {
  /** Raw, with apiVersion and kind. */
  readonly objects: readonly JsonObject[];
  readonly leftOut: readonly LeftOut[];
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
  scope: Scope,
  signal?: AbortSignal,
  labelSelector?: string,
): AsyncGenerator<Page> {
  const { kind, namespace } = scope;
  const about = { verb: "list", group: kind.group, resource: kind.resource, namespace };
  const selection = labelSelector === undefined ? "" : `&labelSelector=${encodeURIComponent(labelSelector)}`;
  let token = "";
  do {
    const query = `limit=${pageSize}${selection}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
    const path = `${resourcePath(kind, namespace)}?${query}`;
    const page = await http.json({ method: "GET", path, about, ...(signal && { signal }) });
    const metadata = isMap(page["metadata"]) ? page["metadata"] : {};
    const resourceVersion = textOf(metadata["resourceVersion"]);
    // Go writes an empty list as null.
    const items = page["items"] === null ? [] : page["items"];
    const next = textOf(metadata["continue"]);
    const isList = textOf(page["kind"]).endsWith("List") && Array.isArray(items) && resourceVersion !== "";
    if (!isList || (next !== "" && next === token)) {
      throw retry("ClusterUnreachable", `${http.server} answers ${path} with something that is no list`);
    }
    const objects: JsonObject[] = [];
    const leftOut: LeftOut[] = [];
    for (const item of items as readonly Json[]) {
      const sent = sentObject(item, scope);
      if ("object" in sent) objects.push(sent.object);
      else leftOut.push(sent);
    }
    yield { objects, leftOut, resourceVersion };
    token = next;
  } while (token !== "");
}
