/** PURE: the one translator of what happened into conditions, status and Events. Steps say what happened, never how it reads. */
import type { ConditionReason, EventReason, RefusalReason } from "../api/reasons.ts";
import { conditionReasons, driftSorts } from "../api/reasons.ts";
import type { Failure } from "../failures.ts";
import { line } from "../merge/describe.ts";
import type { Fetched } from "../ports.ts";
import { authorName } from "../record/author-signature.ts";
import type { CommitId, Episode, Identity, JsonObject, Kind, OnConflict, RefName } from "../values.ts";
import { type ConsumersFacts, consumersStatus, syncedCondition } from "./consumer-outcome.ts";
import type { DeliverReport } from "./deliver.ts";
import type { Attention, Refusal, Target } from "./delivery-state.ts";
import type { MadeCommit } from "./make-commits.ts";
import { objectCounts } from "./object-counts.ts";
import type { OpenedRemote } from "./open-remote.ts";
import type { DecidedConflict } from "./settle-objects.ts";
import type { ToldTrouble } from "./troubles.ts";

export interface NotWatched {
  readonly kind: Pick<Kind, "group" | "kind">;
  readonly reason: ConditionReason;
  readonly message: string;
  /** Named in spec.resources, not merely met by a wildcard: then the capture is not ready without it. */
  readonly named: boolean;
}

/** Everything that the status of a Capture is made from. */
export interface CaptureFacts {
  readonly generation: number;
  readonly suspended: boolean;
  /** Why the capture does not work, if it does not. */
  readonly failure: Failure | undefined;
  readonly session: SessionFacts | undefined;
  readonly notWatched: readonly NotWatched[];
  readonly webhook: WebhookFacts;
  readonly consumers: ConsumersFacts;
  /** The value of the annotation reconcile-requested-at that was fulfilled. */
  readonly handledRequest: string | undefined;
}

export interface SessionFacts {
  readonly listed: boolean;
  readonly record: { readonly ref: RefName; readonly commit: CommitId | undefined };
  readonly source: {
    readonly branch: string;
    readonly commit: CommitId | undefined;
    /** Why the branch as it is cannot be written to. */
    readonly unsupported: string | undefined;
    /** What is written to it. */
    readonly delivery: Target["delivery"];
    /** What is left alone below the path. */
    readonly unreadable: readonly { readonly path: string; readonly why: string }[];
  };
  readonly refusal: Refusal | undefined;
  readonly inScope: number;
  readonly waiting: number;
  readonly attention: ReadonlyMap<string, Attention>;
  readonly drifted: readonly Episode[];
  readonly skipped: Readonly<Record<string, number>>;
  readonly deletions: { readonly count: number; readonly token: string; readonly names: readonly string[] } | undefined;
  readonly lastCommit: MadeCommit | undefined;
}

export interface WebhookFacts {
  readonly enabled: boolean;
  /** undefined until the first probe came back or did not. */
  readonly reached: boolean | undefined;
  readonly cause: string;
}

export interface Condition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ConditionReason;
  readonly message: string;
}

/** metav1.Condition. */
export interface StoredCondition extends Condition {
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}

/** Ready first, then Attributing, then Synced where somebody applies the path. `now`: milliseconds since the epoch. */
export function captureConditions(facts: CaptureFacts, now: number): readonly Condition[] {
  const synced = syncedCondition(facts.consumers, now);
  return [readyCondition(facts), attributingCondition(facts.webhook), ...(synced === undefined ? [] : [synced])];
}

function readyCondition(facts: CaptureFacts): Condition {
  const no = (reason: ConditionReason, message: string): Condition => ({
    type: "Ready",
    status: "False",
    reason,
    message,
  });
  const { session } = facts;
  if (facts.suspended) return no("Suspended", "spec.suspend is true: nothing is written until it is false");
  if (facts.failure !== undefined) return no(facts.failure.code, withRemedy(facts.failure.code, facts.failure.message));
  if (session === undefined) return no("Progressing", "reading the record and the source branch");
  const denied = facts.notWatched.find((kind) => kind.named);
  if (denied !== undefined) return no(denied.reason, denied.message);
  if (session.source.unsupported !== undefined) {
    return no("UnsupportedLayout", withRemedy("UnsupportedLayout", session.source.unsupported));
  }
  if (session.refusal !== undefined) {
    const again = rfc3339(session.refusal.until);
    const pending = count(session.attention, "Pending");
    return no(
      "SourceRefused",
      `${session.source.branch} was refused: ${session.refusal.message}. ${objects(pending)} recorded and waiting; tried again at ${again}`,
    );
  }
  if (session.deletions !== undefined) {
    const { count: n, token } = session.deletions;
    return no(
      "DeletionWaiting",
      `${objects(n)} vanished at a time; their files stay until it is confirmed: annotate the Capture with clickscribe.dev/confirm-deletions=${token}`,
    );
  }
  if (!session.listed || session.record.commit === undefined) return no("Progressing", "reading what is in scope");
  const diverged = [...session.attention.values()].filter((object) => object.state === "Diverged");
  if (diverged.length > 0) {
    const first = diverged[0];
    const why = first ? `${named(first.identity)} among them: ${explain(first)}` : "";
    return no("Diverged", `${objects(diverged.length)} not written, or not all of it, ${why}`);
  }
  const { branch, delivery } = session.source;
  const differ = delivery === "Push" ? 0 : count(session.attention, "Pending");
  const apart = differ > 0 ? `, ${differ} of them otherwise than on the branch` : "";
  const only = delivery === "ReadOnly" ? "which is only read" : "where only what is kept is written";
  const message =
    delivery === "Push"
      ? `${objects(session.inScope)} of the cluster on ${branch}`
      : `${objects(session.inScope)} of the cluster compared with ${branch}, ${only}${apart}`;
  return { type: "Ready", status: "True", reason: "Succeeded", message };
}

function attributingCondition(webhook: WebhookFacts): Condition {
  const type = "Attributing";
  if (!webhook.enabled) {
    return { type, status: "False", reason: "WebhookDisabled", message: conditionReasons.WebhookDisabled.means };
  }
  if (webhook.reached === undefined) {
    return { type, status: "Unknown", reason: "Progressing", message: "the first probe is under way" };
  }
  if (webhook.reached) {
    return { type, status: "True", reason: "WebhookReached", message: conditionReasons.WebhookReached.means };
  }
  return {
    type,
    status: "False",
    reason: "WebhookUnreachable",
    message: withRemedy("WebhookUnreachable", webhook.cause),
  };
}

/** Keeps the time of the last change of status where the status did not change. `now`: RFC 3339. */
export function storeConditions(
  conditions: readonly Condition[],
  before: readonly StoredCondition[],
  generation: number,
  now: string,
): readonly StoredCondition[] {
  return conditions.map((condition) => {
    const old = before.find((other) => other.type === condition.type);
    const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : now;
    const message = condition.message.slice(0, 32_768);
    return { ...condition, message, observedGeneration: generation, lastTransitionTime };
  });
}

/** The status of a Capture as it is applied. */
export function captureStatus(
  facts: CaptureFacts,
  before: readonly StoredCondition[],
  now: number,
): { readonly conditions: readonly StoredCondition[]; readonly status: JsonObject } {
  const conditions = storeConditions(captureConditions(facts, now), before, facts.generation, rfc3339(now));
  const { session } = facts;
  const status = {
    observedGeneration: facts.generation,
    lastHandledReconcileAt: facts.handledRequest,
    conditions,
    notWatched: facts.notWatched.map(({ kind, reason, message }) => ({
      group: kind.group,
      kind: kind.kind,
      reason,
      message,
    })),
    consumers: consumersStatus(facts.consumers),
    ...(session && sessionStatus(session)),
  };
  return { conditions, status: withoutUndefined(status) };
}

export interface RemoteFacts {
  /** What its server answered, or why it was not asked. */
  readonly found: Failure | Fetched;
  /** undefined: what it names could not be read. */
  readonly opened: Pick<OpenedRemote, "peopleProblem" | "signer"> | undefined;
  readonly hasPeople: boolean;
}

/** The status of a GitRemote: Ready first, then AuthorsKnown where it names a list of them. */
export function remoteStatus(
  { found, opened, hasPeople }: RemoteFacts,
  before: readonly StoredCondition[],
  generation: number,
  now: number,
): { readonly conditions: readonly StoredCondition[]; readonly status: JsonObject } {
  const failed = found instanceof Error;
  const ready: Condition = failed
    ? { type: "Ready", status: "False", reason: found.code, message: withRemedy(found.code, found.message) }
    : { type: "Ready", status: "True", reason: "Succeeded", message: "the repository answers" };
  const problem = opened?.peopleProblem;
  const authors: Condition =
    problem === undefined
      ? { type: "AuthorsKnown", status: "True", reason: "Succeeded", message: "the list of authors was read" }
      : {
          type: "AuthorsKnown",
          status: "False",
          reason: "AuthorsInvalid",
          message: withRemedy("AuthorsInvalid", problem),
        };
  const current = hasPeople && opened !== undefined ? [ready, authors] : [ready];
  const conditions = storeConditions(current, before, generation, rfc3339(now));
  const answered = failed ? {} : { atomic: found.atomic, head: found.head };
  const { publicKey, fingerprint } = opened?.signer ?? {};
  const signing = publicKey === undefined ? undefined : { publicKey, fingerprint };
  return { conditions, status: withoutUndefined({ observedGeneration: generation, conditions, signing, ...answered }) };
}

export interface NotifierFacts {
  /** Why nobody could be told. */
  readonly failure: Failure | undefined;
  readonly suspended: boolean;
  /** Milliseconds since the epoch. */
  readonly lastSentAt: number | undefined;
  readonly told: readonly ToldTrouble[];
}

export function notifierStatus(
  { failure, suspended, lastSentAt, told }: NotifierFacts,
  before: readonly StoredCondition[],
  generation: number,
  now: number,
): { readonly conditions: readonly StoredCondition[]; readonly status: JsonObject } {
  const type = "Ready";
  const isWell: Condition = suspended
    ? { type, status: "False", reason: "Suspended", message: "spec.suspend is true: nothing is told until it is false" }
    : { type, status: "True", reason: "Succeeded", message: "everything that was to be told was taken" };
  const ready: Condition =
    failure === undefined
      ? isWell
      : { type, status: "False", reason: failure.code, message: withRemedy(failure.code, failure.message) };
  const conditions = storeConditions([ready], before, generation, rfc3339(now));
  const sent = lastSentAt === undefined ? undefined : rfc3339(lastSentAt);
  const status = {
    observedGeneration: generation,
    conditions,
    lastSentAt: sent,
    told: told.map((each) => ({ ...each })),
  };
  return { conditions, status: withoutUndefined(status) };
}

function sessionStatus(session: SessionFacts): object {
  const { attention, deletions, lastCommit, refusal } = session;
  const { unreadable } = session.source;
  return {
    record: { ref: session.record.ref, commit: session.record.commit },
    source: {
      branch: session.source.branch,
      commit: session.source.commit,
      refusal: refusal?.message,
      refusedUntil: refusal && rfc3339(refusal.until),
    },
    objects: { inScope: session.inScope, ...objectCounts(session.inScope, attention, session.waiting) },
    drift: driftStatus(session.drifted),
    unreadable: unreadable.length === 0 ? undefined : { count: unreadable.length, files: unreadable.slice(0, 10) },
    // An empty map applied over one with keys is stored as null, which the CRD refuses.
    skipped: Object.keys(session.skipped).length === 0 ? undefined : session.skipped,
    deletionsWaiting: deletions && {
      count: deletions.count,
      token: deletions.token,
      objects: deletions.names.slice(0, 10),
    },
    lastCommit: lastCommit && {
      commit: lastCommit.id,
      subject: lastCommit.subject,
      author: authorName(lastCommit.author),
      at: rfc3339(lastCommit.at),
    },
  };
}

/** The oldest first. */
function driftStatus(drifted: readonly Episode[]): object {
  const oldest = drifted.toSorted((a, b) => a.since - b.since).slice(0, 10);
  const told = oldest.map(({ identity, sort, since, by }) => ({
    object: named(identity),
    sort,
    since: rfc3339(since),
    by,
  }));
  return { count: drifted.length, objects: told };
}

/** Of objects that have drifted just now, and of those that have no more. */
export function driftEvents({ opened, closed }: DeliverReport["drift"], branch: string): readonly ObjectEvent[] {
  return [
    ...opened.map(({ identity, sort, since, by }) => ({
      identity,
      type: "Warning" as const,
      reason: "Drifted" as const,
      message: `${driftSorts[sort].means} It differs from ${branch} since ${rfc3339(since)}${by === undefined ? "" : `, by ${by}`}. ${driftSorts[sort].remedy}`,
    })),
    ...closed.map(({ identity, since }) => ({
      identity,
      type: "Normal" as const,
      reason: "DriftResolved" as const,
      message: `in step with ${branch} again; it had drifted since ${rfc3339(since)}`,
    })),
  ];
}

export interface ObjectEvent {
  readonly identity: Identity;
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
}

/** `Committed 3fa2c1d on main by alice: scale 3 -> 5`, for each object that a commit spells out. */
export function committedEvents(commits: readonly MadeCommit[], branch: string): readonly ObjectEvent[] {
  return commits
    .filter((commit) => commit.author.rung !== "Operator")
    .flatMap((commit) =>
      commit.objects.map(({ identity, words }) => ({
        identity,
        type: "Normal" as const,
        reason: "Committed" as const,
        message: `${commit.id.slice(0, 7)} on ${branch} by ${authorName(commit.author)}: ${words}`,
      })),
    );
}

const undeliverable: ReadonlySet<RefusalReason> = new Set([
  "RefRefused",
  "UnsupportedLayout",
  "ReadOnly",
  "DetectOnly",
]);

/** One Event per object and episode: `told` holds what was said of each object, and is brought up to date. */
export function attentionEvents(
  attention: ReadonlyMap<string, Attention>,
  told: Map<string, string>,
  branch: string,
): readonly ObjectEvent[] {
  const events: ObjectEvent[] = [];
  for (const key of told.keys()) if (!attention.has(key)) told.delete(key);
  for (const [key, { identity, state, reason, detail, conflicts }] of attention) {
    const refused = state === "Pending" && reason !== undefined && undeliverable.has(reason);
    const now = state === "Diverged" ? `Diverged ${reason ?? ""}` : refused ? `Refused ${reason}` : undefined;
    if (now === undefined) {
      if (state !== "Pending") told.delete(key);
      continue;
    }
    if (told.get(key) === now) continue;
    told.set(key, now);
    events.push(
      refused
        ? { identity, type: "Warning", reason: "Refused", message: `recorded, but not on ${branch}: ${detail}` }
        : {
            identity,
            type: "Warning",
            reason: "Diverged",
            message: `not written to ${branch}: ${explain({ reason, detail, ...(conflicts && { conflicts }) })}`,
          },
    );
  }
  return events;
}

/** One Event per object whose conflict a policy decided. */
export function decidedEvents(
  decided: readonly DecidedConflict[],
  onConflict: OnConflict,
  branch: string,
): readonly ObjectEvent[] {
  const winner = onConflict === "GitWins" ? `what ${branch} says stays` : `what the cluster has stands on ${branch}`;
  return decided.map(({ identity, conflicts }) => ({
    identity,
    type: "Warning",
    reason: "ConflictDecided",
    message: `${fieldsOf(conflicts)} changed in the cluster and in Git, to different values: ${winner} (spec.onConflict ${onConflict})`,
  }));
}

/** Whole seconds, as Kubernetes writes its times. */
export function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Messages end by what to do, once. */
function withRemedy(code: ConditionReason, message: string): string {
  const { remedy } = conditionReasons[code];
  // A message that spells out what to do says it itself, and ends with it where it is to be copied.
  const isSpelledOut = /annotate the Capture|name a Secret|in the Secret/.test(message);
  return remedy === "" || isSpelledOut ? message : `${message}. ${remedy}`;
}

function fieldsOf(conflicts: Attention["conflicts"] = []): string {
  const names = conflicts.slice(0, 3).map(({ path }) => line(path).slice(0, 100));
  if (names.length === 0) return "the object";
  return conflicts.length > names.length
    ? `${names.join(", ")} and ${conflicts.length - names.length} more`
    : names.join(", ");
}

function explain({ reason, detail, conflicts }: Pick<Attention, "reason" | "detail" | "conflicts">): string {
  if (reason === "BothChanged")
    return `${fieldsOf(conflicts)} changed in the cluster and in Git, to different values; make one equal to the other, or choose by spec.onConflict`;
  if (reason === "FileRemoved")
    return "the object changed in the cluster and its file was removed in Git; delete the object or restore the file";
  if (reason === "FirstContact")
    return "a file for it was there before the capture and contradicts the live object; make one equal to the other";
  return detail;
}

function count(attention: ReadonlyMap<string, Attention>, state: Attention["state"]): number {
  let n = 0;
  for (const object of attention.values()) if (object.state === state) n++;
  return n;
}

function objects(n: number): string {
  return n === 1 ? "1 object" : `${n} objects`;
}

export function named(identity: Identity): string {
  return `${identity.kind} ${identity.namespace ? `${identity.namespace}/` : ""}${identity.name}`;
}

/** Stale answers of an aggregated status are worse than none: absent fields are left out, so that an apply removes them. */
function withoutUndefined(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
