import type { Failure } from "../failures.ts";

/** Exponential backoff: `attempt` counts from 0; jitter in [0, 1) spreads the upper quarter. Milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * What a server asked for (Retry-After), or the backoff where that is longer; in milliseconds. Jitter in [0, 1) keeps
 * those apart whom one server asked alike.
 */
export function waitAfter(failure: Failure, backoffMs: number, jitter: number): number {
  const asked = failure.data["retryAfterSeconds"];
  if (typeof asked !== "number") return backoffMs;
  return Math.max(backoffMs, Math.round(Math.min(asked * 1_000, maxAskedMs) * (1 + jitter / 4)));
}

/** No server is left alone for longer, whatever it asks for. */
const maxAskedMs = 3_600_000;

export function backoff(attempt: number, options: BackoffOptions, jitter: number): number {
  const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.75 + jitter / 4));
}
