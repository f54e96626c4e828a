/** PURE: where the record keeps what. See docs/adr/0001. */
import { hash } from "node:crypto";
import type { Identity, RefName } from "../values.ts";

export type RecordPart = "live" | "base" | "source";

/** `PREFIX/CLUSTER/c/NAMESPACE/NAME`: a valid ref (git-check-ref-format(1)) wherever the prefix begins one. */
export function recordRef(
  prefix: string,
  cluster: string,
  capture: { readonly namespace: string; readonly name: string },
): RefName {
  const segments = [cluster, "c", capture.namespace, capture.name].map(refSegment);
  return `${prefix.replace(/\/+$/, "")}/${segments.join("/")}`;
}

/** A Kubernetes name may end in `.lock`, a segment of a ref may not. */
function refSegment(text: string): string {
  return encode(text)
    .replace(/\.lock$/, "%2elock")
    .replaceAll("..", ".%2e")
    .replace(/\.$/, "%2e");
}

const clusterScope = "_cluster";
const coreGroup = "core";

/** `PART/NAMESPACE/Kind.group/HH/NAME`: a folder for `source`; `live` and `base` append `.yaml`. */
export function recordFolder(part: RecordPart, identity: Identity): string {
  return `${part}/${recordPlace(identity)}`;
}

/** The same below any part: what is dear of it is worked out once. */
export function recordPlace({ group, kind, namespace, name }: Identity): string {
  const shard = hash("sha1", name).slice(0, 2);
  const scope = namespace === "" ? clusterScope : encodeBeside(clusterScope, namespace);
  const ofGroup = group === "" ? coreGroup : encodeBeside(coreGroup, group);
  return `${scope}/${encode(kind).replaceAll(".", "%2e")}.${ofGroup}/${shard}/${encode(name)}`;
}

/**
 * The identity whose `live` or `base` entry, or `source` folder, this path below the part is; undefined for any other.
 * Only those that `recordFolder` gives for it are its own.
 */
export function identityAt(segments: readonly string[]): Identity | undefined {
  const [scope, kindGroup, , file] = segments;
  if (segments.length !== 4 || scope === undefined || kindGroup === undefined || file === undefined) return undefined;
  const dot = kindGroup.indexOf(".");
  if (dot < 0) return undefined;
  const ofGroup = kindGroup.slice(dot + 1);
  const group = ofGroup === coreGroup ? "" : decode(ofGroup);
  const kind = decode(kindGroup.slice(0, dot));
  const namespace = scope === clusterScope ? "" : decode(scope);
  const name = decode(file);
  if (group === undefined || kind === undefined || namespace === undefined || name === undefined) return undefined;
  return { group, kind, namespace, name };
}

/**
 * One segment of a tree that git and every server takes: what is not letter, digit, `-`, `_` or inner dot is `%xx` of its
 * UTF-8. No segment begins with a dot: `.git` is refused by servers, and a Role may be called so.
 */
export function encode(text: string): string {
  // Most names need nothing of it.
  if (/^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*~]|^\./g, escapeChar);
}

/** undefined: no segment of this room's making. */
export function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** What is called like the word that stands for something else is still its own. */
function encodeBeside(word: string, text: string): string {
  return text === word ? `${escapeChar(text.charAt(0))}${text.slice(1)}` : encode(text);
}

function escapeChar(char: string): string {
  return `%${char.charCodeAt(0).toString(16)}`;
}
