/** PURE: where a new object is written. Injective: two identities never share a path. */
import { createHash } from "node:crypto";
import type { Home, Identity, RepoPath } from "../values.ts";
import { encodeSegment, joinPath } from "./path.ts";

export type LayoutMode = "Flat" | "ByNamespace" | "ByKind";

/** Groups of Kubernetes itself whose kinds have names of their own: they need no group in a file's name. */
const builtIn: ReadonlySet<string> = new Set([
  "",
  "apps",
  "batch",
  "autoscaling",
  "policy",
  "networking.k8s.io",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "scheduling.k8s.io",
  "node.k8s.io",
  "apiextensions.k8s.io",
  "admissionregistration.k8s.io",
]);

/** Of a file's name on the file systems that people have: 255 bytes. */
const maxSegment = 240;

/** Flat `kind-name.yaml`, ByNamespace `namespace/kind-name.yaml`, ByKind `kind/name.yaml`, below `base`. */
export function locate(mode: LayoutMode, base: RepoPath, identity: Identity): Home {
  const kind = kindSegment(identity);
  const name = encodeSegment(identity.name);
  const flat = `${bounded(`${kind}-${name}`)}.yaml`;
  if (mode === "Flat") return { path: joinPath(base, flat) };
  if (mode === "ByNamespace") {
    return { path: joinPath(base, identity.namespace === "" ? "_cluster" : encodeSegment(identity.namespace), flat) };
  }
  return { path: joinPath(base, bounded(kind), `${bounded(name)}.yaml`) };
}

/** A kind has no dot and no dash, so what follows it cannot be mistaken for part of it. */
function kindSegment({ group, kind }: Identity): string {
  const lower = kind.toLowerCase();
  // Kinds that differ in case alone are told apart by the rarer spelling.
  const name = /^[A-Z]?[a-z0-9]*$|^[A-Z][A-Za-z0-9]*$/.test(kind) ? encodeSegment(lower) : encodeSegment(kind);
  return builtIn.has(group) ? name : `${name}.${encodeSegment(group)}`;
}

/** A name too long for a file gets the start of it and a hash of the whole: no longer reversible, still its own. */
function bounded(segment: string): string {
  if (segment.length <= maxSegment) return segment;
  const hash = createHash("sha256").update(segment).digest("hex").slice(0, 16);
  return `${segment.slice(0, maxSegment - 19).replace(/%.?$/, "")}~${hash}`;
}
