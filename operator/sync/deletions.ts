/**
 * Law 8: never more than `confirmAbove` files are removed at a time without a person's word. "At a time" is a window
 * of a minute, so that a slow `kubectl delete --all` is one act, whatever the batching.
 */
import { createHash } from "node:crypto";

export const deletionWindowMs = 60_000;

export interface DeletionState {
  /** `identityKey` of every object whose deletion is to be delivered now. */
  readonly pending: readonly string[];
  /** Times, in milliseconds since the epoch, of deletions delivered before. */
  readonly delivered: readonly number[];
  readonly confirmAbove: number;
  /** The value of the annotation `clickscribe.dev/confirm-deletions`, if any. */
  readonly confirmed: string | undefined;
  readonly now: number;
}

export type DeletionVerdict =
  | { readonly verdict: "Allowed" }
  | { readonly verdict: "Waiting"; readonly count: number; readonly token: string };

/** Whether the pending deletions may be delivered, or which token a person must write down to allow exactly them. */
export function guardDeletions(state: DeletionState): DeletionVerdict {
  const recent = state.delivered.filter((at) => state.now - at < deletionWindowMs).length;
  if (state.pending.length === 0 || state.pending.length + recent <= state.confirmAbove) return { verdict: "Allowed" };
  const token = deletionToken(state.pending);
  if (state.confirmed === token) return { verdict: "Allowed" };
  return { verdict: "Waiting", count: state.pending.length, token };
}

/** Names a set of objects, so that a confirmation covers what the person saw and nothing that vanished later. */
export function deletionToken(keys: readonly string[]): string {
  const hash = createHash("sha256");
  for (const key of keys.toSorted()) hash.update(key).update("\0");
  return `${keys.length}-${hash.digest("hex").slice(0, 10)}`;
}
