/** PURE: how many objects of a capture are in which state, in the words of `status.objects`. */
import type { Attention } from "./delivery-state.ts";

export interface ObjectCounts {
  readonly inSync: number;
  readonly pending: number;
  readonly gitAhead: number;
  readonly diverged: number;
  readonly applying: number;
  readonly unmanaged: number;
}

/** `waiting`: changes that no delivery has looked at yet. */
export function objectCounts(
  inScope: number,
  attention: ReadonlyMap<string, Attention>,
  waiting: number,
): ObjectCounts {
  const n: Record<Attention["state"], number> = {
    InSync: 0,
    Pending: 0,
    ClusterAhead: 0,
    GitAhead: 0,
    Diverged: 0,
    Applying: 0,
  };
  let unmanaged = 0;
  for (const { state, reason } of attention.values()) {
    if (reason === "Unmanaged") unmanaged++;
    else n[state]++;
  }
  const pending = n.Pending + n.ClusterAhead + waiting;
  const off = unmanaged + pending + n.GitAhead + n.Diverged + n.Applying;
  return {
    inSync: Math.max(0, inScope - off),
    pending,
    gitAhead: n.GitAhead,
    diverged: n.Diverged,
    applying: n.Applying,
    unmanaged,
  };
}
