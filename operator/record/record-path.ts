/** PURE: where the record keeps what. See docs/adr/0001. */
import { createHash } from "node:crypto";
import type { Identity, RefName } from "../values.ts";

export type RecordPart = "live" | "base" | "source";

/** `PREFIX/CLUSTER/c/NAMESPACE/NAME`; Kubernetes names are valid in refs as they are. */
export function recordRef(
  prefix: string,
  cluster: string,
  capture: { readonly namespace: string; readonly name: string },
): RefName {
  return `${prefix.replace(/\/+$/, "")}/${cluster}/c/${capture.namespace}/${capture.name}`;
}

const clusterScope = "_cluster";

/** `PART/NAMESPACE/Kind.group/HH/NAME`: a folder for `source`; `live` and `base` append `.yaml`. */
export function recordFolder(part: RecordPart, { group, kind, namespace, name }: Identity): string {
  const shard = createHash("sha1").update(name).digest("hex").slice(0, 2);
  const scope = namespace === "" ? clusterScope : encode(namespace);
  return `${part}/${scope}/${encode(kind)}.${group === "" ? "core" : encode(group)}/${shard}/${encode(name)}`;
}

/** The identity whose `live` or `base` entry, or `source` folder, this path below the part is; undefined for any other. */
export function identityAt(segments: readonly string[]): Identity | undefined {
  const [scope, kindGroup, , file] = segments;
  if (scope === undefined || kindGroup === undefined || file === undefined) return undefined;
  const dot = kindGroup.indexOf(".");
  const group = kindGroup.slice(dot + 1);
  return {
    group: group === "core" ? "" : decode(group),
    kind: decode(kindGroup.slice(0, dot)),
    namespace: scope === clusterScope ? "" : decode(scope),
    name: decode(file),
  };
}

/** One segment; what is not letter, digit, `-`, `_` or `.` is `%xx` of its UTF-8. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

export function decode(segment: string): string {
  return decodeURIComponent(segment);
}
