/** How many Captures are ready, and how many objects are skipped for which reason, over all of them. */
import type { Meter } from "../ports.ts";
import type { Slot } from "./capture-slot.ts";

export interface CaptureGauges {
  show(slots: readonly Slot[]): void;
}

export function createCaptureGauges(meter: Meter): CaptureGauges {
  /** Reasons that no longer hold included, so that they go back to none. */
  const skipped = new Map<string, number>();
  return {
    show(slots) {
      const ready = slots.filter(({ conditions }) => conditions.some((c) => c.type === "Ready" && c.status === "True"));
      meter.gauge("clickscribe_captures", { ready: "true" }, ready.length);
      meter.gauge("clickscribe_captures", { ready: "false" }, slots.length - ready.length);
      for (const reason of skipped.keys()) skipped.set(reason, 0);
      for (const { session } of slots) {
        const counts = session?.state?.projection.skipped() ?? {};
        for (const [reason, n] of Object.entries(counts)) skipped.set(reason, (skipped.get(reason) ?? 0) + n);
      }
      for (const [reason, n] of skipped) meter.gauge("clickscribe_skipped_objects", { reason }, n);
    },
  };
}
