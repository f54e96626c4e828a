/**
 * PURE: what to do next with the webhook's certificate. A new one is announced first (its authority is trusted beside the
 * old one's), served once API servers know that, and the old authority is forgotten when nobody serves by it any more: so
 * no call meets a certificate that its caller does not trust.
 */
import { bundleOf, type Kept } from "./kept.ts";

/** In milliseconds. */
export interface CertificateTimes {
  /** Of a certificate that is made here. */
  readonly lifetimeMs: number;
  /** Before its end, a certificate is renewed; Infinity where others renew it. */
  readonly renewBeforeMs: number;
  /** From the registration of an authority until all API servers and all replicas know it. */
  readonly pauseMs: number;
  /** From when a certificate is served until no replica serves the one before. */
  readonly overlapMs: number;
  /** How often it is looked at what others did. */
  readonly pollMs: number;
}

export interface Situation {
  readonly kept: Kept;
  /** Milliseconds since the epoch, as all that follow. */
  readonly now: number;
  /** Whether this replica registers the webhook; the others only serve what is kept. */
  readonly leads: boolean;
  /** What this replica registered last, and since when that stands. */
  readonly registered: Registered | undefined;
  /** Since when this replica serves `kept.serving`. */
  readonly servingSince: number;
  /** Added to the time of renewal, so that replicas do not act at one moment. */
  readonly jitterMs: number;
}

export interface Registered {
  readonly bundle: string;
  readonly pathKey: string;
  readonly at: number;
}

export type Step =
  /** Nothing to do before that time. */
  | { readonly type: "Wait"; readonly until: number }
  | { readonly type: "Register" }
  /** Make a new one and announce it. */
  | { readonly type: "Announce" }
  /** Serve the one that was announced. */
  | { readonly type: "Switch" }
  | { readonly type: "Forget" }
  /** It is over: make a new one and serve it at once. */
  | { readonly type: "Replace" };

export function nextStep(
  { kept, now, leads, registered, servingSince, jitterMs }: Situation,
  times: CertificateTimes,
): Step {
  const { serving, next, retired } = kept;
  if (!leads) return { type: "Wait", until: Infinity };
  if (now >= serving.notAfter && times.renewBeforeMs !== Infinity) return { type: "Replace" };
  if (registered?.bundle !== bundleOf(kept) || registered.pathKey !== kept.pathKey) return { type: "Register" };
  if (next !== undefined) return at(registered.at + times.pauseMs, now, "Switch");
  const renewAt = times.renewBeforeMs === Infinity ? Infinity : serving.notAfter - times.renewBeforeMs + jitterMs;
  if (retired === "") return at(renewAt, now, "Announce");
  return at(servingSince + times.overlapMs, now, "Forget");
}

function at(time: number, now: number, type: "Switch" | "Announce" | "Forget"): Step {
  return now >= time ? { type } : { type: "Wait", until: time };
}
