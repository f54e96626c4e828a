import type { Kind } from "../values.ts";

/** The URL path of a resource, or of one object of it. `namespace` "" is all namespaces, or cluster scope. */
export function resourcePath(
  kind: Pick<Kind, "group" | "version" | "resource" | "namespaced">,
  namespace: string,
  name?: string,
  subresource?: string,
): string {
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope = kind.namespaced && namespace !== "" ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${scope}/${kind.resource}${object}${subresource === undefined ? "" : `/${subresource}`}`;
}
