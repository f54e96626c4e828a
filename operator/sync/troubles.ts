/** PURE: which messages there are to be of Captures that do not work, and of records that somebody rewrote. */
import { conditionReasons, eventReasons } from "../api/reasons.ts";
import type { Alert, AlertItem } from "../values.ts";
import type { Slot } from "./capture-slot.ts";
import { identityOfOwn, nameOfOwn } from "./own-object.ts";

/** Why a Capture does not work until a person acts; or, `isOnce`, what happened to it that nothing undoes. */
export interface Trouble {
  readonly reason: string;
  readonly message: string;
  readonly remedy: string;
  readonly isOnce: boolean;
}

/** What a service was told of one Capture; kept in the status of the Notifier, since the record may be out of reach. */
export interface ToldTrouble {
  /** NAMESPACE/NAME */
  readonly capture: string;
  readonly reason: string;
  readonly handle: string;
  /** RFC 3339. */
  readonly since: string;
}

/** What is set right at once is told to nobody. */
export const settleMs = 60_000;

export function troubleOf(slot: Slot): Trouble | undefined {
  if (slot.alarm !== undefined) {
    const { remedy } = eventReasons.RecordRewritten;
    return { reason: "RecordRewritten", message: slot.alarm, remedy, isOnce: true };
  }
  const failure = slot.failure ?? slot.session?.failure;
  if (failure?.class !== "Stalled") return undefined;
  const { remedy } = conditionReasons[failure.code];
  return { reason: failure.code, message: failure.message, remedy, isOnce: false };
}

/** `trouble` undefined: it is over. */
export function troubleAlert(
  slot: Slot,
  cluster: string,
  trouble: Trouble | undefined,
  { reason, since }: Pick<ToldTrouble, "reason" | "since">,
  now: string,
): Alert {
  const capture = nameOfOwn(slot.object);
  const { kind } = identityOfOwn(slot.object);
  const item: AlertItem = {
    id: `${capture}-${reason}`,
    object: `${kind} ${capture}`,
    sort: reason,
    means: trouble?.message ?? "It works again.",
    remedy: trouble?.remedy ?? "",
    severity: "Error",
    since,
    fields: [],
    links: [],
    live: "",
    actions: [],
    ...(trouble === undefined && { resolvedAt: now }),
  };
  const { target } = slot.resolved ?? {};
  return {
    cluster,
    capture,
    branch: target?.branch ?? "",
    remote: target?.meta.remote ?? "",
    severity: "Error",
    subject: "Capture",
    isResolved: trouble === undefined,
    open: trouble === undefined ? 0 : 1,
    total: 1,
    items: [item],
  };
}
