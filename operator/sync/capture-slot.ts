/** What the controller holds of one Capture, and the facts that its status is made from. */

import { annotations } from "../api/annotations.ts";
import type { Capture } from "../api/generated/capture.ts";
import { warningsOf } from "../consumers/warnings.ts";
import type { Failure } from "../failures.ts";
import type { Cancel, EventDraft } from "../ports.ts";
import { authorName } from "../record/author-signature.ts";
import { purgeOf } from "../record/purge.ts";
import type { Author, JsonObject } from "../values.ts";
import type { CaptureSession } from "./capture-session.ts";
import type { ResolvedCapture } from "./capture-settings.ts";
import { type ConsumersFacts, countsOf } from "./consumer-outcome.ts";
import type { Handshake } from "./handshake.ts";
import type { KeepRequest } from "./keep-request.ts";
import type { MadeCommit } from "./make-commits.ts";
import type { CaptureFacts, NotWatched, SessionFacts, StoredCondition, WebhookFacts } from "./outcome.ts";
import { named } from "./outcome.ts";
import { annotationOf, storedConditions } from "./own-object.ts";

export interface Slot {
  readonly key: string;
  /** The Capture, raw, as last seen. */
  object: JsonObject;
  session: CaptureSession | undefined;
  /** Of the session. */
  handshake: Handshake | undefined;
  /** How many changes of people each of those who apply the path put back, by key. */
  readonly reverts: Map<string, number>;
  /** What somebody did to the record; nothing undoes it. */
  alarm: string | undefined;
  /** The request to keep something that was seen to be made, and by whom. */
  asked: KeepRequest | undefined;
  resolved: ResolvedCapture | undefined;
  /** What the session's repository was opened with. */
  access: string;
  /** Why the last reconcile did not come through. */
  failure: Failure | undefined;
  notWatched: readonly NotWatched[];
  conditions: readonly StoredCondition[];
  /** The status as last applied. */
  applied: string;
  lastCommit: MadeCommit | undefined;
  /** When the server last took something of it, in milliseconds since the epoch. */
  lastPushAt: number | undefined;
  /** The request to look at it anew that was last fulfilled. */
  handledRequest: string | undefined;
  /** What people were told of each object, by key. */
  readonly told: Map<string, string>;
  /** The deletions that a person was asked to confirm. */
  askedToken: string;
  attempts: number;
  cancelRetry: Cancel | undefined;
  cancelStatus: Cancel | undefined;
  gone: boolean;
  /** Of the spec that the session works by, or that could not be followed. */
  observedGeneration: number;
}

export function createSlot(key: string, object: JsonObject): Slot {
  return {
    key,
    object,
    session: undefined,
    handshake: undefined,
    reverts: countsOf(captureIn(object).status?.consumers ?? []),
    alarm: undefined,
    asked: undefined,
    resolved: undefined,
    access: "",
    failure: undefined,
    notWatched: [],
    conditions: storedConditions(object),
    applied: "",
    lastCommit: undefined,
    lastPushAt: undefined,
    handledRequest: captureIn(object).status?.lastHandledReconcileAt,
    told: new Map(),
    askedToken: "",
    attempts: 0,
    cancelRetry: undefined,
    cancelStatus: undefined,
    observedGeneration: captureIn(object).status?.observedGeneration ?? 0,
    gone: false,
  };
}

export function captureOf(slot: Slot): Capture {
  return captureIn(slot.object);
}

function captureIn(object: JsonObject): Capture {
  return object as unknown as Capture;
}

/** To be told of each change of a Capture, before the slot holds what it became. */
export function noteKeepRequest(slot: Slot, object: JsonObject, author: () => Author): void {
  const value = annotationOf(object, annotations.keep);
  if (value !== undefined && value !== annotationOf(slot.object, annotations.keep))
    slot.asked = { value, by: authorName(author()) };
}

/** What the Capture asks to be kept; by `unknown` where nobody saw who asked. */
export function keepRequestOf({ object, asked }: Slot): KeepRequest | undefined {
  const value = annotationOf(object, annotations.keep);
  if (value === undefined) return undefined;
  return asked?.value === value ? asked : { value, by: "unknown" };
}

export function captureFacts(slot: Slot, webhook: WebhookFacts): CaptureFacts {
  const capture = captureOf(slot);
  return {
    generation: slot.observedGeneration,
    suspended: capture.spec.suspend === true,
    failure: slot.failure ?? slot.session?.failure,
    notWatched: slot.notWatched,
    webhook,
    consumers: consumersFacts(slot),
    handledRequest: slot.handledRequest,
    session: sessionFacts(slot),
  };
}

function consumersFacts({ session, handshake, reverts }: Slot): ConsumersFacts {
  if (session === undefined || handshake === undefined) return { wanted: undefined, all: [] };
  const { standings, wanted } = handshake;
  const { capture, path } = session.settings.target;
  const consumers = standings.map(({ consumer }) => consumer);
  const hasFolders = consumers.some(({ plan }) => !plan.isRecursive) && writesFolders(session);
  const all = standings.map((standing) => ({
    ...standing,
    warnings: warningsOf(standing.consumer, { namespace: capture.namespace, path, hasFolders }, consumers),
    reverts: reverts.get(standing.consumer.key) ?? 0,
  }));
  return { wanted, all };
}

/** Files of the Capture stand, or will stand, in folders below its path. */
function writesFolders({ settings: { target }, state }: CaptureSession): boolean {
  const { mode, template = "" } = target.layout;
  if (mode === "ByNamespace" || mode === "ByKind") return true;
  if (mode === "Template") return template.includes("/");
  const below = target.path === "" ? 0 : target.path.length + 1;
  return [...(state?.source.files.keys() ?? [])].some((file) => file.slice(below).includes("/"));
}

/** What to tell people where the server has not the record any more that the status names: the status is its witness. */
export async function recordEvent(slot: Slot): Promise<Omit<EventDraft, "about"> | undefined> {
  const before = captureOf(slot).status?.record;
  const { session } = slot;
  const now = session?.state?.record;
  if (!before?.commit || session === undefined || now === undefined || before.ref !== now.ref) return undefined;
  const was = before.commit.slice(0, 7);
  if (now.tip === undefined) {
    const message = `${now.ref} is gone from the server, where it was at ${was}: what is in the cluster and in the files is adopted anew`;
    return { type: "Warning", reason: "RecordLost", message };
  }
  const { recordRepository } = session.settings.target;
  if ((await recordRepository.isAncestor(before.commit, now.tip)) !== false) return undefined;
  const rewritten = `${now.ref} was rewritten: ${was}, which the operator wrote, is not in ${now.tip.slice(0, 7)}`;
  const purge = purgeOf((await recordRepository.history(now.tip, 1))[0]);
  if (purge !== undefined) {
    // Whoever may push there can say so: it is told, and is no alarm.
    const message = `${rewritten}. Its commit says that ${purge.by} ran clickscribe record purge on ${purge.object}`;
    return { type: "Normal", reason: "RecordRewritten", message };
  }
  const message = `${rewritten}. Unless somebody ran clickscribe record purge, find out who may push there`;
  return { type: "Warning", reason: "RecordRewritten", message };
}

function sessionFacts({ session, lastCommit }: Slot): SessionFacts | undefined {
  const state = session?.state;
  if (session === undefined || state === undefined) return undefined;
  const { deletionsWaiting, record, source } = state;
  const { branch, delivery } = session.settings.target;
  const nameOf = (key: string): string => {
    const object = state.attention.get(key);
    return object === undefined ? key : named(object.identity);
  };
  return {
    listed: session.listed && session.resumed,
    record: { ref: record.ref, commit: record.tip },
    source: { branch, commit: source.tip, unsupported: source.refusal, delivery, unreadable: source.leftAlone() },
    refusal: state.refusal,
    inScope: state.projection.size,
    waiting: session.waiting,
    attention: state.attention,
    drifted: [...state.drift.book.episodes.values()],
    skipped: state.projection.skipped(),
    deletions: deletionsWaiting && { ...deletionsWaiting, names: deletionsWaiting.keys.map(nameOf) },
    lastCommit,
  };
}
