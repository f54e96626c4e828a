/**
 * One delivery of one capture: what the cluster has and the record or the source branch do not.
 *
 * Runs alone per (repository, branch). Nothing in `state` moves before the server accepted it, so a throw at any await
 * leaves it as it was; a push whose answer was lost is told apart by the next fetch. The fence is the push: it carries
 * the record's old commit, and a record that moved otherwise makes this writer reload (`RecordMoved`).
 */

import type { Looked } from "../drift/book.ts";
import { serializeDrift } from "../drift/drift-file.ts";
import { asFailure, retry, stalled } from "../failures.ts";
import { identityKey, inNamespace } from "../manifest/identity.ts";
import type { Clock } from "../ports.ts";
import type {
  Author,
  BlobId,
  CommitId,
  Identity,
  JsonObject,
  PushOutcome,
  RefName,
  RefOutcome,
  RefUpdate,
  WindowEntry,
} from "../values.ts";
import { backoff } from "./backoff.ts";
import type { Composition } from "./compose.ts";
import { compose } from "./compose.ts";
import { deletionWindowMs } from "./deletions.ts";
import { type Attempt, type DeliveryState, holdOf, type Target } from "./delivery-state.ts";
import { lookAtDrift } from "./drift-facts.ts";
import { beforeHalf, takeBackHalf } from "./half-taken.ts";
import type { MadeCommit } from "./make-commits.ts";
import { makeCommits } from "./make-commits.ts";
import { makeRecord } from "./make-record.ts";
import { noteCarried } from "./note-carried.ts";
import { recordedOf } from "./record-view.ts";
import type { DecidedConflict, Settled } from "./settle-objects.ts";
import { settleObjects } from "./settle-objects.ts";
import { rebase } from "./sort-out.ts";
import { advanceSource, vouches } from "./source-view.ts";
import { fetchTips, knownOf, takeInSource } from "./take-in-source.ts";
import { manifestFromText } from "./undelivered.ts";
import { type ObjectNow, weighObjects } from "./weigh-objects.ts";
import { bounded, folded } from "./window.ts";

/** How often a push that lost a race is built again before it waits its turn. */
const maxRaces = 5;
/** How long a refused source branch is left alone: 8 pushes reach the server in the first minute at most. */
const refusalBackoff = { firstMs: 8_000, maxMs: 300_000 };

export interface DeliverReport {
  /** Commits that the server accepted on the source branch, in order. */
  readonly delivered: readonly MadeCommit[];
  /** Objects adopted from files that were there. */
  readonly adopted: number;
  /** The source branch was refused just now. */
  readonly refused: string | undefined;
  /** The record moved. */
  readonly recorded: boolean;
  /** What `onConflict` decided just now. */
  readonly decided: readonly DecidedConflict[];
  /** Objects found to have drifted, and to have done so no more, just now. */
  readonly drift: Pick<Looked, "opened" | "closed">;
  /** How often a push lost a race and was decided again. */
  readonly races: number;
}

/** The record's ref is at a commit that this session did not write: another writer is at work, or a person was. */
export class RecordMoved extends Error {}

export async function deliver(
  target: Target,
  state: DeliveryState,
  clock: Clock,
  confirmed: string | undefined,
): Promise<DeliverReport> {
  for (let race = 0; race < maxRaces; race++) {
    if (state.stale) await refresh(target, state);
    const done = await deliverOnce(target, state, clock, confirmed);
    if (done !== "Stale") return { ...done, races: race };
    state.stale = true;
  }
  throw retry("RemoteUnreachable", `${target.sourceRef} moved ${maxRaces} times while it was being pushed to`);
}

/** Asks for the refs again: settles a push whose answer was lost, and takes in what others pushed. */
export async function refresh(target: Target, state: DeliveryState): Promise<void> {
  const { recordRef } = target;
  const tips = await fetchTips(target);
  state.atomic = tips.atomic;
  const lost = state.attempt;
  state.attempt = undefined;
  // What became of the source branch is seen when it is read, below.
  if (lost?.recordTo !== undefined && tips.record === lost.recordTo) {
    await acceptRecord(target, state, lost, lost.recordTo);
  }
  if (tips.record !== state.record.tip)
    throw new RecordMoved(`${recordRef} was moved by somebody else, to ${tips.record ?? "nothing"}: it is read anew`);
  if (tips.source !== state.source.tip || state.source.refusal !== undefined || state.unread) {
    await takeInSource(target, state, tips.source);
    state.unread = false;
    noteCarried(state);
  }
  state.stale = false;
}

async function deliverOnce(
  target: Target,
  state: DeliveryState,
  clock: Clock,
  confirmed: string | undefined,
): Promise<Omit<DeliverReport, "races"> | "Stale"> {
  const now = clock.now();
  const { source } = state;
  const { repository, recordRepository, layout, path, schemaOf } = target;
  const weighing = await weighObjects(
    { repository, recordRepository, source, layout, path, schemaOf, texts: textsToCome(state) },
    await objectsNow(target, state, now),
  );
  const settled = settleObjects({
    objects: weighing.objects,
    released: state.released,
    namespace: target.capture.namespace,
    written: (object) => target.reader.content(inNamespace(object, target.capture.namespace)),
    text: weighing.text,
    onConflict: target.onConflict,
    prune: target.prune,
    holds: holdOf(target.delivery),
    kept: state.drift.book.kept,
    confirmed,
    deletionsDelivered: state.deletionsDelivered,
    now,
  });
  const { deletions } = settled;
  state.deletionsWaiting =
    deletions.verdict === "Waiting"
      ? { count: deletions.count, token: deletions.token, keys: deletions.keys }
      : undefined;
  const held = target.delivery === "ReadOnly" || (state.refusal !== undefined && now < state.refusal.until);
  const mode = held || state.source.refusal !== undefined ? "RecordOnly" : "Deliver";
  const build = (as: typeof mode): Composition =>
    compose({
      mode: as,
      fresh: state.fresh,
      undelivered: state.undelivered,
      settlements: settled.settlements,
      text: weighing.text,
      recorded: (identity) => recordedOf(state.record, identity),
      carried: state.carried,
      rebased: state.rebased,
      discard: state.discard,
      kept: settled.kept,
      now,
    });

  const total = { delivered: [] as readonly MadeCommit[], adopted: 0, removed: 0, recorded: false };
  const take = (pushed: Pushed): void => {
    total.delivered = [...total.delivered, ...pushed.delivered];
    total.adopted += pushed.adopted;
    total.removed += pushed.removed;
    total.recorded ||= pushed.recorded;
  };
  let refused: string | undefined;
  if (mode === "Deliver" && state.atomic) {
    const both = await push(target, state, build("Deliver"), clock, "Both");
    if (both === "Stale") return "Stale";
    take(both);
    refused = both.refused;
  }
  // The record alone: nothing else may move, the branch was refused just now, or the server moves one ref at a time.
  if (!total.recorded && (mode === "RecordOnly" || refused !== undefined || !state.atomic)) {
    const alone = await push(target, state, build("RecordOnly"), clock, "Record");
    if (alone === "Stale") return "Stale";
    take(alone);
  }
  let carried: Composition | undefined;
  if (mode === "Deliver" && !state.atomic) {
    const composition = build("Deliver");
    const branch = await push(target, state, composition, clock, "Source");
    if (branch === "Stale") return "Stale";
    take(branch);
    refused = branch.refused;
    if (branch.delivered.length > 0) carried = composition;
  }

  if (refused !== undefined) {
    const attempts = (state.refusal?.attempts ?? 0) + 1;
    const wait = backoff(attempts - 1, refusalBackoff, clock.random());
    state.refusal = { message: refused, attempts, until: clock.now() + wait };
  } else if (total.delivered.length > 0) {
    state.refusal = undefined;
  }
  noteAttention(state, settled, carried);
  // Nothing waits for the branch any more: what was refused came through unheard, or was taken back.
  const waits = [...state.attention.values()].some(({ reason }) => reason === "RefRefused");
  if (refused === undefined && !waits) state.refusal = undefined;
  state.deletionsDelivered = state.deletionsDelivered.filter((at) => now - at < deletionWindowMs);
  for (let i = 0; i < total.removed; i++) state.deletionsDelivered.push(now);
  const decided = mode === "Deliver" && total.recorded && refused === undefined ? settled.decided : [];
  const { opened, closed } = lookAtDrift(target, state, now);
  const drift = { opened, closed };
  return { delivered: total.delivered, adopted: total.adopted, refused, recorded: total.recorded, decided, drift };
}

/** Texts that the record names already, and that no repository holds yet. */
function textsToCome({ rebased, carried }: DeliveryState): ReadonlyMap<BlobId, string> {
  const texts = new Map<BlobId, string>();
  for (const { blob, text } of rebased.values()) texts.set(blob, text);
  for (const agreed of carried.values()) for (const [blob, text] of agreed.texts ?? []) texts.set(blob, text);
  return texts;
}

/**
 * What is still not in sync. `branch`: what a server without `atomic` has on it, while the record's `base` follows with
 * its next push, where they are found to be equal.
 */
function noteAttention(state: DeliveryState, settled: Settled, branch: Composition | undefined): void {
  const attention = new Map(settled.attention);
  const why = state.refusal ? "RefRefused" : state.source.refusal ? "UnsupportedLayout" : undefined;
  const detail = state.refusal?.message ?? state.source.refusal ?? "";
  if (branch !== undefined) {
    for (const [key, agreed] of branch.agreed) state.carried.set(key, agreed);
    state.undelivered = state.undelivered.filter((entry) => !branch.settled.has(identityKey(entry.identity)));
  }
  const open = new Set(state.undelivered.map((entry) => identityKey(entry.identity)));
  for (const [key, { identity, settlement }] of settled.settlements) {
    if (settlement.to !== "Deliver" || attention.has(key)) continue;
    if (branch?.settled.has(key)) attention.set(key, { identity, state: "InSync", reason: undefined, detail: "" });
    else if (open.has(key)) attention.set(key, { identity, state: "Pending", reason: why, detail });
  }
  state.attention = attention;
}

/**
 * Every object that may not be in sync: as the record has it with what is not recorded yet, never ahead of that, so that
 * what happens during the push is decided after it.
 */
async function objectsNow(target: Target, state: DeliveryState, now: number): Promise<readonly ObjectNow[]> {
  const latest = new Map<string, WindowEntry>();
  for (const entry of state.undelivered) latest.set(identityKey(entry.identity), entry);
  for (const entry of state.fresh) latest.set(identityKey(entry.identity), entry);
  const identities = new Map<string, Identity>();
  for (const [key, { identity }] of state.attention) identities.set(key, identity);
  for (const [key, { identity }] of latest) identities.set(key, identity);

  const unread = new Set<string>();
  for (const [key, identity] of identities) {
    const live = latest.has(key) ? undefined : recordedOf(state.record, identity)?.live;
    if (live !== undefined) unread.add(live);
  }
  const texts = await target.recordRepository.blobs(unread);
  const discarded = new Set(state.discard.map(identityKey));
  const objects: ObjectNow[] = [];
  for (const [key, identity] of identities) {
    const known = discarded.has(key) ? undefined : knownOf(state, identity);
    const rebased = state.rebased.get(key);
    const recorded = rebased && known ? rebase(known, rebased) : known;
    const entry = latest.get(key);
    const blob = recorded?.live;
    let live = entry === undefined ? rebased : entry.manifest;
    if (entry === undefined && rebased === undefined && blob !== undefined) {
      live = manifestFromText(identity, blob, texts.get(blob) ?? "");
    }
    if (entry === undefined && recorded !== undefined && recorded.live !== recorded.base) {
      const author: Author = state.source.tip === undefined ? { rung: "Operator" } : unknownAuthor;
      state.undelivered.push({ identity, manifest: live, author, at: now });
    }
    const isFromStart = entry?.author.rung === "Operator";
    const applied = state.applied.get(key);
    objects.push({ key, identity, live, recorded, applied, owners: entry?.owners, isFromStart });
  }
  return objects;
}

const unknownAuthor: Author = { rung: "None", candidates: [], evidence: "the record's history does not tell" };

interface Pushed {
  readonly delivered: readonly MadeCommit[];
  readonly adopted: number;
  readonly removed: number;
  readonly recorded: boolean;
  readonly refused: string | undefined;
}
const nothingPushed: Pushed = { delivered: [], adopted: 0, removed: 0, recorded: false, refused: undefined };

/** Makes the commits of a composition and sends those of the named parts in one push. */
async function push(
  target: Target,
  state: DeliveryState,
  composition: Composition,
  clock: Clock,
  parts: "Both" | "Record" | "Source",
): Promise<Pushed | "Stale"> {
  const { texts } = composition;
  const source =
    parts === "Record"
      ? []
      : await makeCommits(target, target.repository, state.source.parent, composition.source, clock, texts);
  const sourceTo = source.at(-1)?.id;
  const meta = { ...target.meta, sourceCommit: sourceTo ?? state.source.tip };
  const drift = serializeDrift(state.drift.book);
  const record = parts === "Source" ? [] : await makeRecord(target, state, { composition, meta, drift }, clock);
  const recordTo = record.at(-1)?.id;
  const updates: RefUpdate[] = [];
  if (recordTo !== undefined) updates.push({ ref: target.recordRef, from: state.record.tip, to: recordTo });
  if (sourceTo !== undefined) updates.push({ ref: target.sourceRef, from: state.source.tip, to: sourceTo });
  if (updates.length === 0) {
    if (parts !== "Source") {
      // What came and went without a trace is waiting no more.
      state.fresh = [];
      state.rebased.clear();
      standsAsRecorded(state, composition);
    }
    return nothingPushed;
  }

  const attempt: Attempt = {
    composition,
    meta,
    drift,
    recordTo,
    fresh: new Set(state.fresh),
    applied: new Map(state.applied),
    rebased: new Map(state.rebased),
    released: new Set(state.released.keys()),
  };
  const atomic = updates.length > 1;
  let outcome: PushOutcome;
  try {
    outcome = await (parts === "Record" ? target.recordRepository : target.repository).push(updates, { atomic });
  } catch (error) {
    state.stale = true;
    state.attempt = attempt;
    throw asFailure(error);
  }
  const ofRecord = outcomeOf(outcome, target.recordRef, recordTo);
  const ofSource = outcomeOf(outcome, target.sourceRef, sourceTo);
  // Where both are, a hook may have declined the push as a whole because of one of them: the record is sent alone then.
  if (ofRecord?.outcome === "Refused" && ofSource?.outcome !== "Refused") {
    const { recordRef: ref } = target;
    throw stalled("RecordRefused", `${ref} (spec.record.prefix of the GitRemote) was refused: ${ofRecord.message}`, {
      ref,
    });
  }
  if (ofRecord?.outcome === "Accepted" && recordTo !== undefined) {
    const half = atomic && ofSource?.outcome !== "Accepted" ? beforeHalf(state, composition) : undefined;
    await acceptRecord(target, state, attempt, recordTo);
    if (half !== undefined) takeBackHalf(state, half);
  }
  if (ofSource?.outcome === "Accepted" && sourceTo !== undefined) {
    const tree = await target.repository.tree(sourceTo, target.path);
    state.source = advanceSource(state.source, sourceTo, tree, composition.files, composition.shared);
  }
  if (parts === "Both" && recordTo === undefined && ofSource?.outcome === "Accepted")
    standsAsRecorded(state, composition);
  if (ofRecord?.outcome === "Stale" || ofSource?.outcome === "Stale") return "Stale";
  const delivered = ofSource?.outcome === "Accepted";
  return {
    delivered: delivered ? source : [],
    adopted: record.filter((commit) => commit.kind === "Adoption").reduce((n, commit) => n + commit.count, 0),
    removed: delivered ? composition.removed.size : 0,
    recorded: ofRecord?.outcome === "Accepted",
    refused: ofSource?.outcome === "Refused" ? ofSource.message : undefined,
  };
}

function outcomeOf(outcome: PushOutcome, ref: RefName, to: CommitId | undefined): RefOutcome | undefined {
  return to === undefined ? undefined : outcome.get(ref);
}

async function acceptRecord(
  target: Target,
  state: DeliveryState,
  { composition, meta, drift, fresh, applied, rebased, released }: Attempt,
  tip: CommitId,
): Promise<void> {
  const tree = await target.recordRepository.tree(tip);
  // Whose files the record vouched for until now, and nobody read them.
  const isUnread = (identity: Identity): boolean =>
    recordedOf(state.record, identity)?.source.some((file) => vouches(state.source, file)) ?? false;
  if (composition.forgotten.some(isUnread)) state.unread = state.stale = true;
  state.record = { ref: target.recordRef, tip, tree, meta, drift };
  for (const entry of fresh) state.undelivered.push(entry);
  // What is not delivered may be edited for months.
  state.undelivered = [...bounded(target.delivery === "Push" ? state.undelivered : folded(state.undelivered))];
  state.fresh = state.fresh.filter((entry) => !fresh.has(entry));
  for (const [key, manifest] of rebased) if (state.rebased.get(key) === manifest) state.rebased.delete(key);
  state.discard = [];
  state.carried.clear();
  forgetSettled(state, composition, released, applied);
}

/** What is settled stands in the record as it is already. */
function standsAsRecorded(state: DeliveryState, composition: Composition): void {
  for (const key of composition.settled) state.carried.delete(key);
  forgetSettled(state, composition, state.released, state.applied);
}

/** What is settled needs no delivery any more. */
function forgetSettled(
  state: DeliveryState,
  { settled }: Composition,
  released: { has(key: string): boolean },
  applied: ReadonlyMap<string, JsonObject>,
): void {
  if (settled.size === 0) return;
  state.undelivered = state.undelivered.filter((entry) => !settled.has(identityKey(entry.identity)));
  for (const key of settled) {
    state.attention.delete(key);
    // What a consumer applied since is looked at with the next delivery.
    if (state.applied.get(key) === applied.get(key)) state.applied.delete(key);
    if (released.has(key)) state.released.delete(key);
  }
}
