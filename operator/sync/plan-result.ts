import type { ConditionReason, RefusalReason, SkipReason } from "../api/reasons.ts";
import type { Identity, RepoPath } from "../values.ts";

/** What a Capture would do, were it made now. */
export interface PlanResult {
  readonly capture: { readonly namespace: string; readonly name: string };
  /** The repository's URL, without userinfo. */
  readonly remote: string;
  readonly branch: string;
  /** `spec.path`; "" is the root. */
  readonly path: RepoPath;
  readonly wouldWrite: readonly PlannedFile[];
  /** Why nothing of it would be written by itself. */
  readonly held?: "DetectOnly" | "ReadOnly";
  /** Objects whose file stands as it should. */
  readonly unchanged: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, SkippedObjects>>>;
  readonly refused: readonly PlannedRefusal[];
  /** Kinds that are selected and cannot be captured. */
  readonly notWatched: readonly UnwatchedKind[];
}

export interface PlannedFile {
  readonly path: RepoPath;
  readonly change: "Create" | "Update" | "Delete";
  readonly identity: Identity;
  /** The file's text on the source branch; left out for Create. */
  readonly before?: string;
  /** The text to be written; left out for Delete. */
  readonly after?: string;
}

export interface SkippedObjects {
  readonly count: number;
  /** A few of them. */
  readonly examples: readonly Identity[];
  /** All of them, where each has something to be mended: what, and its path in the object. */
  readonly details?: readonly { readonly identity: Identity; readonly detail: string }[];
}

export interface PlannedRefusal {
  /** undefined: the whole Capture. */
  readonly identity: Identity | undefined;
  readonly path: RepoPath | undefined;
  readonly reason: RefusalReason;
  readonly detail: string;
}

export interface UnwatchedKind {
  readonly group: string;
  readonly kind: string;
  readonly reason: ConditionReason;
  readonly message: string;
}
