/** Polls until `probe` answers something, and says what was waited for when it never does. */
import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  /** Default: 30 s. */
  readonly timeoutMs?: number;
  /** Default: 50 ms. */
  readonly intervalMs?: number;
  /** Said in the error: what was there instead. */
  readonly seen?: () => unknown;
}

/** `probe` may throw while it is not there yet; its last error is told. */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  options: WaitOptions = {},
): Promise<T> {
  const { timeoutMs = 30_000, intervalMs = 50 } = options;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= deadline) break;
    await sleep(intervalMs);
  }
  const seen = options.seen === undefined ? "" : `; seen: ${JSON.stringify(await options.seen())}`;
  const why = last instanceof Error ? `; ${last.message}` : "";
  throw new Error(`${what}: not within ${timeoutMs / 1000} s${why}${seen}`);
}
