/** PURE: what is told of those who apply what a Capture writes: the condition Synced, the status, and Events. */

import type { ConditionReason } from "../api/reasons.ts";
import { conditionReasons } from "../api/reasons.ts";
import type { Consumer } from "../consumers/find-consumers.ts";
import type { Warned } from "../consumers/warnings.ts";
import { line } from "../merge/describe.ts";
import { authorName } from "../record/author-signature.ts";
import type { Applier, CommitId } from "../values.ts";
import type { TakenBack } from "./clicks.ts";
import { type Standing, silentAfterMs } from "./handshake.ts";
import type { MadeCommit } from "./make-commits.ts";
import type { Condition, ObjectEvent } from "./outcome.ts";
import { rfc3339 } from "./outcome.ts";

export interface ConsumersFacts {
  /** The newest commit of the Capture; undefined: none is waited for. */
  readonly wanted: CommitId | undefined;
  readonly all: readonly ConsumerFacts[];
}

export interface ConsumerFacts extends Standing {
  readonly warnings: readonly Warned[];
  /** How many changes of people it put back. */
  readonly reverts: number;
}

/** Where nobody applies the path, there is none. `now`: milliseconds since the epoch. */
export function syncedCondition({ wanted, all }: ConsumersFacts, now: number): Condition | undefined {
  const readers = all.filter(({ consumer }) => consumer.reads);
  if (readers.length === 0) return undefined;
  const behind = readers.filter(({ isThere }) => isThere !== true);
  if (behind.length === 0) {
    const names = listed(readers.map(({ consumer }) => consumer.key));
    const message =
      wanted === undefined
        ? `${names}: nothing of the Capture is waited for`
        : `${wanted.slice(0, 7)} applied by ${names}`;
    return { type: "Synced", status: "True", reason: "Applied", message };
  }
  const judged = behind.map((facts) => judge(facts, wanted, now));
  const worst = judged.toSorted((a, b) => order.indexOf(a.reason) - order.indexOf(b.reason))[0];
  const reason = worst?.reason ?? "WaitingForConsumer";
  const { remedy } = conditionReasons[reason];
  const told = judged.slice(0, 3).map((each) => each.message);
  const message = [...told, ...(judged.length > 3 ? [`${judged.length - 3} more are behind`] : [])].join("; ");
  return { type: "Synced", status: "False", reason, message: remedy === "" ? message : `${message}. ${remedy}` };
}

/** What a person has to mend first. */
const order: readonly ConditionReason[] = [
  "ConsumerFailed",
  "ConsumerSuspended",
  "ConsumerManual",
  "ConsumerSilent",
  "WaitingForConsumer",
];

function judge(
  { consumer, waitsSince, isAsked }: ConsumerFacts,
  wanted: CommitId | undefined,
  now: number,
): { readonly reason: ConditionReason; readonly message: string } {
  const { key, applied, failure, isSuspended, plan, intervalMs } = consumer;
  const at = applied === undefined ? "nothing of this branch" : applied.slice(0, 7);
  const lacks = `${key} has applied ${at}, and not ${wanted?.slice(0, 7) ?? "the newest commit"}`;
  if (failure !== "") return { reason: "ConsumerFailed", message: `${lacks}: ${line(failure).slice(0, 1_000)}` };
  if (isSuspended) return { reason: "ConsumerSuspended", message: `${lacks}: it is suspended` };
  if (!plan.isAutomatic) return { reason: "ConsumerManual", message: `${lacks}: it syncs only when told to` };
  const since = waitsSince ?? now;
  if (now - since >= silentAfterMs) return { reason: "ConsumerSilent", message: `${lacks}, since ${rfc3339(since)}` };
  const every = intervalMs === undefined ? "from time to time" : `every ${durationText(intervalMs)}`;
  return {
    reason: "WaitingForConsumer",
    message: `${lacks} yet: ${isAsked ? "it was asked to look" : `it looks by itself ${every}`}`,
  };
}

/** More than anybody reads would make the status of a Capture too large to be stored. */
const toldConsumers = 20;

/** `status.consumers`. */
export function consumersStatus({ all }: ConsumersFacts): readonly object[] | undefined {
  if (all.length === 0) return undefined;
  return all.slice(0, toldConsumers).map(({ consumer, warnings, reverts, isThere }) => {
    const { kind, namespace, name, path, plan, applied, health, failure, isSuspended, intervalMs } = consumer;
    return {
      kind,
      namespace,
      name,
      path,
      applied,
      upToDate: isThere,
      health,
      automatic: plan.isAutomatic,
      selfHeal: plan.selfHeal,
      prune: plan.prune,
      suspended: isSuspended || undefined,
      interval: intervalMs === undefined ? undefined : durationText(intervalMs),
      madeBy: plan.madeBy === "" ? undefined : `ApplicationSet ${plan.madeBy}`,
      failure: failure === "" ? undefined : line(failure).slice(0, 1_000),
      reverts,
      warnings: warnings.length === 0 ? undefined : warnings,
    };
  });
}

/** One per object, of its newest commit. */
export function appliedEvents(
  commits: readonly MadeCommit[],
  by: readonly Consumer[],
  now: number,
): readonly ObjectEvent[] {
  const events = new Map<string, ObjectEvent>();
  const names = listed(by.map(({ key }) => key));
  for (const { id, author, at, objects } of commits) {
    if (author.rung === "Operator") continue;
    for (const { identity } of objects) {
      const message = `${id.slice(0, 7)} applied by ${names}, ${secondsText(now - at)} after the change`;
      events.set(JSON.stringify(identity), { identity, type: "Normal", reason: "Applied", message });
    }
  }
  return [...events.values()];
}

/** Of a change that was put back; of one that came again there is none, since it is applied then. */
export function revertedEvent(
  { identity, appliedBy, author, fields }: TakenBack,
  branch: string,
  goesToGit: boolean,
): ObjectEvent | undefined {
  const reason = revertedBy[appliedBy];
  if (reason === undefined) return undefined;
  const what = fieldsText(fields);
  const whither = goesToGit
    ? `the change goes to ${branch} all the same, and comes back from there`
    : `${branch} does not take the change, so it is in the record alone`;
  const message = `put ${what} back, which ${authorName(author)} had changed: ${whither}`;
  return { identity, type: "Normal", reason, message };
}

const revertedBy: Readonly<Record<Applier, "RevertedByArgoCD" | "RevertedByFlux" | undefined>> = {
  ArgoCD: "RevertedByArgoCD",
  Flux: "RevertedByFlux",
  Other: undefined,
};

function fieldsText(fields: readonly string[]): string {
  const named = fields.slice(0, 3).map((field) => line(field).slice(0, 100));
  if (named.length === 0) return "the object";
  return fields.length > named.length
    ? `${named.join(", ")} and ${fields.length - named.length} more`
    : named.join(", ");
}

/** The first of those who apply the path by a tool: there is one, or they are warned of. */
export function reverterOf(all: readonly Consumer[], appliedBy: Applier): string | undefined {
  return all.find(({ tool, reads }) => reads && tool === appliedBy)?.key;
}

/** How many changes each had put back, as a status tells, by key. */
export function countsOf(
  stored: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly reverts?: number;
  }[],
): Map<string, number> {
  return new Map(stored.map(({ kind, namespace, name, reverts = 0 }) => [`${kind} ${namespace}/${name}`, reverts]));
}

/** The first three, and how many more. */
function listed(names: readonly string[]): string {
  return names.length > 3 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more` : names.join(" and ");
}

/** As Go writes it: `10m`, `1h30m`, `45s`. */
function durationText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const text = `${h > 0 ? `${h}h` : ""}${m > 0 ? `${m}m` : ""}${s > 0 ? `${s}s` : ""}`;
  return text === "" ? "0s" : text;
}

function secondsText(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}
