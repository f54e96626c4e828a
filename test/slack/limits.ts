/** Injected faults and rate limits: what stands between a call and its usual answer. */
import type { Fault, RateLimit } from "./values.ts";

export interface FaultQueue {
  /** The next `times` calls of `method` meet `fault`, after those injected before. */
  inject(method: string, fault: Fault, times?: number): void;
  /** Takes the one that the next call of `method` meets. */
  take(method: string): Fault | undefined;
  clear(): void;
}

export function createFaultQueue(): FaultQueue {
  const queues = new Map<string, Fault[]>();
  return {
    inject: (method, fault, times = 1) => {
      const queue = queues.get(method) ?? [];
      queues.set(method, [...queue, ...Array.from({ length: times }, () => fault)]);
    },
    take: (method) => queues.get(method)?.shift(),
    clear: () => queues.clear(),
  };
}

/** Counts one message to a channel; answers the seconds to wait (whole, at least one) when it is one too many. */
export type RateGate = (channel: string) => number | undefined;

export function createRateGate(limit: RateLimit | undefined, now: () => number): RateGate {
  const buckets = new Map<string, { tokens: number; at: number }>();
  return (channel) => {
    if (limit === undefined) return undefined;
    const at = now();
    const bucket = buckets.get(channel) ?? { tokens: limit.burst, at };
    const tokens = Math.min(limit.burst, bucket.tokens + ((at - bucket.at) / 1000) * limit.perSecond);
    const allowed = tokens >= 1;
    buckets.set(channel, { tokens: allowed ? tokens - 1 : tokens, at });
    return allowed ? undefined : Math.max(1, Math.ceil((1 - tokens) / limit.perSecond));
  };
}
