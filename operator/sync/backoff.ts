/** Exponential backoff: `attempt` counts from 0; jitter in [0, 1) spreads the upper half. Milliseconds. */
export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
}

export function backoff(attempt: number, options: BackoffOptions, jitter: number): number {
  const full = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.75 + jitter / 4));
}
