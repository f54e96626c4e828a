/**
 * A push that was to move record and branch all or none, of which the server took the record alone: a server that breaks
 * its word, or a proxy before several that differ. The record then says of `base` what the branch does not carry.
 */
import { identityKey } from "../manifest/identity.ts";
import type { WindowEntry } from "../values.ts";
import type { Composition } from "./compose.ts";
import type { Agreed, DeliveryState } from "./delivery-state.ts";
import { knownOf } from "./take-in-source.ts";

export interface BeforeHalf {
  /** What both sides agreed on before the push, by key. */
  readonly agreed: ReadonlyMap<string, Agreed>;
  /** What was to be delivered by it, in order. */
  readonly entries: readonly WindowEntry[];
}

/** To be asked before the record counts as accepted. */
export function beforeHalf(state: DeliveryState, composition: Composition): BeforeHalf {
  const agreed = new Map<string, Agreed>();
  for (const { objects } of composition.source) {
    for (const { identity } of objects) {
      const { base, source = [] } = knownOf(state, identity) ?? { base: undefined };
      agreed.set(identityKey(identity), { base, source });
    }
  }
  return { agreed, entries: [...state.undelivered, ...state.fresh] };
}

/** To be told afterwards: the record is corrected by its next push, and what the branch lacks is delivered. */
export function takeBackHalf(state: DeliveryState, { agreed, entries }: BeforeHalf): void {
  const still = new Set(state.undelivered);
  state.undelivered = entries.filter((entry) => still.has(entry) || agreed.has(identityKey(entry.identity)));
  for (const [key, before] of agreed) state.carried.set(key, before);
}
