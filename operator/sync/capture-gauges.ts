/** PURE: what the Captures' gauges show, made when they are asked for, so that an age is of now and what is gone is not shown. */
import { conditionReasons, driftSorts, type RefusalReason, skipReasons } from "../api/reasons.ts";
import { identityKey } from "../manifest/identity.ts";
import type { GaugeSeries } from "../ports.ts";
import type { Slot } from "./capture-slot.ts";
import type { Attention } from "./delivery-state.ts";
import { objectCounts } from "./object-counts.ts";
import { identityOfOwn } from "./own-object.ts";

/** `now`: milliseconds since the epoch. */
export function captureGauges(slots: readonly Slot[], now: number): readonly GaugeSeries[] {
  const all = slots.map((slot) => {
    const { namespace, name } = identityOfOwn(slot.object);
    return { slot, labels: { capture_namespace: namespace, capture: name } };
  });
  const ready = all.map(({ slot, labels }) => {
    const condition = slot.conditions.find(({ type }) => type === "Ready");
    // A status is what somebody stored: a reason that is none of ours would be no label of ours.
    const known = condition !== undefined && Object.hasOwn(conditionReasons, condition.reason);
    return {
      labels: { ...labels, reason: known ? condition.reason : "Progressing" },
      value: condition?.status === "True" ? 1 : 0,
    };
  });
  const open = all.flatMap(({ slot, labels }) => {
    const { session } = slot;
    return session?.state === undefined ? [] : [{ session, state: session.state, labels }];
  });
  const skipped = Object.fromEntries(Object.keys(skipReasons).map((reason) => [reason, 0]));
  for (const { state } of open) {
    for (const [reason, n] of Object.entries(state.projection.skipped())) skipped[reason] = (skipped[reason] ?? 0) + n;
  }
  const readyCount = ready.filter(({ value }) => value === 1).length;
  return [
    {
      name: "clickscribe_captures",
      series: [
        { labels: { ready: "true" }, value: readyCount },
        { labels: { ready: "false" }, value: ready.length - readyCount },
      ],
    },
    { name: "clickscribe_capture_ready", series: ready },
    {
      name: "clickscribe_capture_objects",
      series: open.flatMap(({ session, state, labels }) =>
        Object.entries(objectCounts(state.projection.size, state.attention, session.waiting)).map(([name, value]) => ({
          labels: { ...labels, state: name },
          value: value as number,
        })),
      ),
    },
    {
      name: "clickscribe_drifted_objects",
      series: open.flatMap(({ state, labels }) => {
        const drifted = [...state.drift.book.episodes.values()];
        return Object.keys(driftSorts).map((sort) => ({
          labels: { ...labels, sort },
          value: drifted.filter((episode) => episode.sort === sort).length,
        }));
      }),
    },
    {
      name: "clickscribe_oldest_undelivered_seconds",
      series: open.map(({ session, state, labels }) => {
        const due = [...session.undelivered].filter((entry) => isDue(state.attention.get(identityKey(entry.identity))));
        const oldest = due.reduce((at, entry) => Math.min(at, entry.at), now);
        return { labels, value: (now - oldest) / 1000 };
      }),
    },
    {
      name: "clickscribe_undelivered_changes",
      series: open.map(({ session, labels }) => ({ labels, value: session.undelivered.length })),
    },
    {
      name: "clickscribe_deletions_waiting",
      series: open.map(({ state, labels }) => ({ labels, value: state.deletionsWaiting?.count ?? 0 })),
    },
    {
      name: "clickscribe_last_push_timestamp_seconds",
      series: all.flatMap(({ slot, labels }) =>
        slot.lastPushAt === undefined ? [] : [{ labels, value: slot.lastPushAt / 1000 }],
      ),
    },
    {
      name: "clickscribe_skipped_objects",
      series: Object.entries(skipped).map(([reason, value]) => ({ labels: { reason }, value })),
    },
  ];
}

const waitsForPeople: ReadonlySet<RefusalReason> = new Set(["DeletionWaiting", "ReadOnly", "DetectOnly", "Unmanaged"]);

/** What waits for a person, or for Argo CD or Flux, is not for the operator to deliver. */
function isDue(attention: Attention | undefined): boolean {
  if (attention === undefined || attention.state === "ClusterAhead") return true;
  return attention.state === "Pending" && !(attention.reason && waitsForPeople.has(attention.reason));
}
