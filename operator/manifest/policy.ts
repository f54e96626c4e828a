/** What a Capture says of how objects are read: which of them are its own, and which of their fields. */
import type { FieldPattern } from "./field-pattern.ts";
import type { LabelSelector } from "./label-selector.ts";

export interface KindPattern {
  /** "*" is any, "" the core group. */
  readonly groups: readonly string[];
  readonly kinds: readonly string[];
  /** In which `*` is any text. Default: any. */
  readonly names?: readonly string[];
}

/** An object is selected when it meets all of these. */
export interface Selection {
  readonly include: readonly KindPattern[];
  readonly exclude: readonly KindPattern[];
  /** Default: all. */
  readonly selector?: LabelSelector;
  /** Only what carries `clickscribe.dev/capture: "true"`. */
  readonly optIn?: boolean;
}

/** Fields of some kinds: `Deployment`, `Deployment.apps` (a kind with its group) or `*`. */
export interface FieldRule {
  readonly kinds: readonly string[];
  readonly paths: readonly FieldPattern[];
}

/** What becomes of objects that somebody else manages: adopted ones are written, without that manager's marks. */
export interface ManagedBy {
  readonly gitops: "Skip" | "Adopt";
  readonly helm: "Skip" | "Adopt";
  readonly olm: "Skip" | "Adopt";
  readonly operators: "Skip" | "Adopt";
}

/** Namespace: the objects of one, without the Namespace itself. Cluster: all, Namespaces among them. */
export type CaptureScope = "Namespace" | "Cluster";

export interface Policy {
  readonly scope: CaptureScope;
  readonly selection: Selection;
  readonly managedBy: ManagedBy;
  /** Who applies from where the Capture writes to, or from above it, by the keys of marks.ts: theirs is captured. */
  readonly sourcesHere: ReadonlySet<string>;
  /** Never written: `spec.fields.ignore`. */
  readonly ignore: readonly FieldRule[];
  readonly defaults: "Keep" | "Drop";
  /** Where a credential in clear is none, or may stand: `spec.secrets.allow`. */
  readonly allow: readonly FieldRule[];
}

export const everyKind: Selection = { include: [{ groups: ["*"], kinds: ["*"] }], exclude: [] };

/** What a Capture that says nothing but `spec.resources` means. */
export function plainPolicy(selection: Selection = everyKind): Policy {
  const managedBy: ManagedBy = { gitops: "Skip", helm: "Skip", olm: "Skip", operators: "Skip" };
  const sourcesHere: ReadonlySet<string> = new Set();
  return { scope: "Namespace", selection, managedBy, sourcesHere, ignore: [], defaults: "Keep", allow: [] };
}
