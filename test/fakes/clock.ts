/** A clock that stands still until it is told how far to go. */
import type { Clock } from "../../operator/ports.ts";

export interface FakeClock extends Clock {
  /** Lets time pass: runs what falls due, in order, and lets what each starts settle before the next. */
  advance(ms: number): Promise<void>;
}

/** So many steps at one moment are a loop that waits for nothing. */
const maxAtOnce = 1_000;

export function createFakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  let sequence = 0;
  const timers = new Map<number, { readonly at: number; readonly work: () => void }>();
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    random: () => 0.5,
    after(ms, work) {
      const id = sequence++;
      timers.set(id, { at: now + ms, work });
      return () => void timers.delete(id);
    },
    async advance(ms) {
      const end = now + ms;
      let atOnce = 0;
      await settle();
      for (;;) {
        const next = [...timers]
          .filter(([, { at }]) => at <= end)
          .toSorted(([a, x], [b, y]) => x.at - y.at || a - b)[0];
        if (next === undefined) break;
        const [id, { at, work }] = next;
        timers.delete(id);
        atOnce = at > now ? 0 : atOnce + 1;
        if (atOnce > maxAtOnce) throw new Error(`a hot loop: ${maxAtOnce} timers fell due at one moment`);
        now = Math.max(now, at);
        work();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}
