/**
 * PURE: where a new object is written. Injective, also where case is folded: two identities never share a path; for Flat
 * and ByKind, two of one namespace, which is all that a Capture has. Within one group, kinds are taken to differ in more
 * than case: CRDs do, as the API server accepts no singular twice, and that is the kind in lower case.
 */
import { createHash } from "node:crypto";
import type { Home, Identity, RepoPath } from "../values.ts";
import { isBuiltInKind } from "./built-in-kinds.ts";
import { encodeSegment, escapeByte, joinPath, withoutDevice } from "./path.ts";

export type LayoutMode = "Flat" | "ByNamespace" | "ByKind";

/** Of a name without its extension, in bytes; file systems carry 255. */
const maxSegment = 240;

/**
 * Below `base`: Flat `FILE.yaml`, ByNamespace `NAMESPACE/FILE.yaml`, ByKind `KIND/NAME.yaml`. FILE is `deployment-web` for
 * a kind of Kubernetes' own, `widget.example.com-lamp` for any other, and `issuer.cert-manager.io_web` where the group
 * has a `-`.
 */
export function locate(mode: LayoutMode, base: RepoPath, identity: Identity): Home {
  const { group, kind, namespace, name } = identity;
  const builtIn = isBuiltInKind(group, kind);
  const ofKind = builtIn ? kind.toLowerCase() : `${kindSegment(kind)}.${groupSegment(group)}`;
  if (mode === "ByKind") return { path: joinPath(base, fit(ofKind), `${fit(encodeSegment(name))}.yaml`) };
  const file = `${fit(builtIn ? `${ofKind}-${encodeSegment(name)}` : ofOther(ofKind, name))}.yaml`;
  return { path: joinPath(base, ...(mode === "ByNamespace" ? [namespaceSegment(namespace)] : []), file) };
}

/** A `_` that follows no dot ends a group that has a `-`; else the first `-` does, as no kind has one. */
function ofOther(ofKind: string, name: string): string {
  return `${ofKind}${ofKind.includes("-") ? "_" : "-"}${withoutUnderscore(encodeSegment(name))}`;
}

export function kindSegment(kind: string): string {
  if (/^[A-Z][A-Za-z0-9]*$/.test(kind)) return kind.toLowerCase();
  return [...Buffer.from(kind)]
    .map((byte, i) => (i > 0 && isPlain(byte) ? String.fromCharCode(byte) : escapeByte(byte)))
    .join("");
}

/** `_core` is the core group: nothing at all would be a dot at the end, which file systems trim. */
function groupSegment(group: string): string {
  return group === "" ? "_core" : withoutUnderscore(encodeSegment(group));
}

/** `_cluster` is where objects without a namespace go. */
export function namespaceSegment(namespace: string): string {
  return namespace === "" ? "_cluster" : fit(encodeSegment(namespace).replace(/^_/, "%5f"));
}

function withoutUnderscore(segment: string): string {
  return segment.replaceAll("_", "%5f");
}

function isPlain(byte: number): boolean {
  return /[a-z0-9]/.test(String.fromCharCode(byte));
}

/** A segment too long for a file gets the start of it and a hash of the whole: no longer reversible, still its own. */
export function fit(segment: string): string {
  if (segment.length <= maxSegment) return withoutDevice(segment);
  const hash = createHash("sha256").update(segment).digest("hex").slice(0, 16);
  return `${withoutDevice(segment)
    .slice(0, maxSegment - 19)
    .replace(/%.?$/, "")}~${hash}`;
}
