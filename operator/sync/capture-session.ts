/**
 * One Capture at work: its watches, its window, and when to deliver.
 *
 * Everything runs on one thread; between two awaits nothing else moves. Changes are taken in at any time; deliveries of
 * one branch run one after the other (`serial`), and what arrives meanwhile gathers in the window for the next.
 */
import type { SkipReason } from "../api/reasons.ts";
import { applierOf } from "../consumers/applier.ts";
import type { Failure } from "../failures.ts";
import { asFailure, retry, stalled } from "../failures.ts";
import { selectsName } from "../manifest/filter.ts";
import { identityKey } from "../manifest/identity.ts";
import type { Selection } from "../manifest/policy.ts";
import type { Attribution, Cancel, Clock, ClusterReader, Log, Meter, Subscription } from "../ports.ts";
import { listRecorded } from "../record/read-record.ts";
import type { ClusterChange, DriftBook, Identity, JsonObject, Kept, Kind, Listing, WindowEntry } from "../values.ts";
import { backoff, waitAfter } from "./backoff.ts";
import { Clicks, type TakenBack } from "./clicks.ts";
import type { Continuity } from "./continuity.ts";
import { checkContinuity } from "./continuity.ts";
import type { DeliverReport } from "./deliver.ts";
import { deliver, RecordMoved } from "./deliver.ts";
import { type DeliveryState, newDeliveryState, type SourceMove, type Target } from "./delivery-state.ts";
import { isBookRecorded } from "./drift-facts.ts";
import { Intake } from "./intake.ts";
import { type KeepRequest, takeKeepRequest } from "./keep-request.ts";
import { noteCarried } from "./note-carried.ts";
import type { OpenedRemote } from "./open-remote.ts";
import { Projection } from "./projection.ts";
import { readRecord } from "./record-view.ts";
import type { Serial } from "./serial.ts";
import { sortOut } from "./sort-out.ts";
import { emptySource } from "./source-view.ts";
import { fetchTips, takeInSource } from "./take-in-source.ts";
import { restoreUndelivered } from "./undelivered.ts";
import type { LastPush, Window } from "./window.ts";
import { append, bounded, boundedWindow, due, dueAfterFlood, emptyWindow } from "./window.ts";

export interface SessionDeps {
  readonly cluster: ClusterReader;
  readonly attribution: Attribution;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly serial: Serial;
  /** Where each branch was last seen, by branch key: a sibling's push makes this session look before it pushes. */
  readonly branchTips: Map<string, string | undefined>;
}

export interface SessionSettings {
  readonly target: Target;
  /** Normalised URL and branch: what the writer is keyed by. */
  readonly branchKey: string;
  readonly selection: Selection;
  readonly kinds: readonly Kind[];
  readonly quietPeriodMs: number;
  readonly maxWaitMs: number;
  readonly sourcePollMs: number;
  /** Values of the Capture's annotations, read anew at each delivery. */
  readonly confirmedDeletions: () => string | undefined;
  readonly acceptedCluster: () => string | undefined;
  readonly keepRequest: () => KeepRequest | undefined;
  /** Asks the cluster whether it is still the one, and the namespace still there, before a deletion is delivered. */
  readonly continuity: () => Promise<Continuity>;
  /** Whether a recorded object's kind is served and not selected any more. */
  readonly leftScope: (identity: Identity) => boolean;
}

/** What a session tells its controller; translated into status and Events by outcome.ts. */
export interface SessionListener {
  changed(session: CaptureSession): void;
  delivered(session: CaptureSession, report: DeliverReport): void;
  skipped(change: ClusterChange, reason: SkipReason, detail: string): void;
  released(change: ClusterChange, why: string): void;
  /** Argo CD or Flux put back what somebody had changed, or brought it again. */
  takenBack(session: CaptureSession, taken: readonly TakenBack[]): void;
  /** The session is of no use any more and must be opened anew. */
  lost(session: CaptureSession, failure: Failure): void;
}

const retryBackoff = { firstMs: 500, maxMs: 30_000 };

export class CaptureSession {
  readonly #deps: SessionDeps;
  readonly #listener: SessionListener;
  #settings: SessionSettings;
  #state: DeliveryState | undefined;
  #intake: Intake | undefined;
  #window: Window = emptyWindow();
  readonly #clicks = new Clicks();
  readonly #watches = new Map<string, Subscription>();
  readonly #unlisted = new Set<string>();
  readonly #watchFailures = new Map<string, { readonly kind: Kind; readonly failure: Failure }>();
  /** What the record holds and the branch does not was just read back: it is looked at as soon as all is listed. */
  #restored = false;
  #delivering = false;
  #lastPush: LastPush | undefined;
  #closed = false;
  #failure: Failure | undefined;
  #attempts = 0;
  #nextPoll = 0;
  #retryAt = 0;
  #cancelTimer: Cancel | undefined;
  /** Told at the end of the next delivery that begins. */
  #requests: (() => void)[] = [];

  constructor(deps: SessionDeps, settings: SessionSettings, listener: SessionListener) {
    this.#deps = deps;
    this.#settings = settings;
    this.#listener = listener;
  }

  get settings(): SessionSettings {
    return this.#settings;
  }
  /** undefined until opened. */
  get state(): DeliveryState | undefined {
    return this.#state;
  }
  /** Why the last delivery did not go through, if it did not. */
  get failure(): Failure | undefined {
    return this.#failure;
  }
  get watchFailures(): ReadonlyMap<string, { readonly kind: Kind; readonly failure: Failure }> {
    return this.#watchFailures;
  }
  /** Every list that can be read has been read once, and what it told is recorded. */
  get listed(): boolean {
    return this.#state !== undefined && this.#unlisted.size === 0;
  }
  /** What was read back from the record has been brought to where it belongs, or is told. */
  get resumed(): boolean {
    return !this.#restored && this.#state?.discard.length === 0;
  }
  get waiting(): number {
    return this.#window.entries.length + (this.#state?.fresh.length ?? 0);
  }
  /** What the source branch does not carry yet, in the record or not. */
  get undelivered(): readonly WindowEntry[] {
    return [...(this.#state?.undelivered ?? []), ...(this.#state?.fresh ?? []), ...this.#window.entries];
  }

  /** What an Event on a captured object is about, as far as the object is still there. */
  objectOf(identity: Identity): JsonObject | undefined {
    const known = this.#state?.projection.get(identityKey(identity));
    if (known?.uid === undefined) return undefined;
    const { kind, namespace, name } = identity;
    return { apiVersion: known.apiVersion, kind, metadata: { name, namespace, uid: known.uid } };
  }

  /** Changes what is known and told of drift; the record follows soon. */
  noteBook(change: (book: DriftBook) => DriftBook): void {
    const state = this.#state;
    if (state === undefined) return;
    state.drift = { ...state.drift, book: change(state.drift.book) };
    this.#schedule();
  }

  /** What was changed of an object until then has been applied from Git. `until`: milliseconds since the epoch. */
  cameRound(identity: Identity, until: number): void {
    this.#clicks.settle(identity, until);
  }

  /** Somebody wants what the cluster has of an object written to Git, if it still has it. */
  keep(kept: Kept): void {
    this.noteBook((book) => ({ ...book, kept: new Map(book.kept).set(identityKey(kept.identity), kept) }));
    this.deliverSoon();
  }

  /** What a person did to the branch since this was asked for last. */
  takeSourceMove(): SourceMove | undefined {
    const move = this.#state?.sourceMove;
    if (this.#state !== undefined) this.#state.sourceMove = undefined;
    return move;
  }

  /** Reads record and source branch, then begins to watch. Throws Failure. */
  async open(): Promise<void> {
    await this.#deps.serial.run(this.#settings.branchKey, () => this.#readRefs());
    this.watch(this.#settings.kinds);
  }

  async #readRefs(): Promise<void> {
    const { target, branchKey, acceptedCluster, sourcePollMs } = this.#settings;
    const { recordRepository, recordRef, sourceRef } = target;
    const tips = await fetchTips(target);
    const record = await readRecord(recordRepository, recordRef, tips.record);
    const continuity = checkContinuity(record.meta, target.meta, acceptedCluster());
    if (continuity.verdict === "Replaced") throw stalled("ClusterReplaced", continuity.message);
    const entries = [...listRecorded(record.tree)];
    const discard = continuity.verdict === "Accepted" ? entries.map(([identity]) => identity) : [];
    const projection = new Projection();
    const leftScope: Identity[] = [];
    if (discard.length === 0) {
      for (const [identity, { live }] of entries) {
        if (live === undefined) continue;
        const key = identityKey(identity);
        if (this.#settings.leftScope(identity)) leftScope.push(identity);
        else projection.keep(key, { identity, blob: live, apiVersion: "", uid: undefined });
      }
    }
    const source = emptySource(sourceRef);
    const state = newDeliveryState({ record, source, atomic: tips.atomic, projection, discard });
    await takeInSource(target, state, tips.source);
    if (record.tip !== undefined && discard.length === 0) {
      const open = entries
        .filter(([, recorded]) => recorded.live !== recorded.base)
        .map(([identity, recorded]) => ({ identity, recorded }));
      const restored = await restoreUndelivered(recordRepository, record.tip, open);
      state.undelivered = restored.map((entry) => {
        const appliedBy = applierOf(entry.author, undefined, target.appliers);
        if (appliedBy !== undefined && entry.manifest)
          state.applied.set(identityKey(entry.identity), entry.manifest.content);
        return { ...entry, appliedBy };
      });
      noteCarried(state);
    }
    const firstCapture = record.tip === undefined || discard.length > 0;
    const intake = new Intake(this.#deps, target, state, firstCapture, {
      changed: (entry) => this.#append(entry),
      skipped: (change, reason, detail) => this.#listener.skipped(change, reason, detail),
      released: (change, why) => {
        this.#listener.released(change, why);
        this.#schedule();
      },
      leavesOut: (identity) => selectsName(identity, this.#settings.selection).verdict === "Skipped",
    });
    for (const identity of leftScope) intake.release(identityKey(identity), identity);
    this.#intake = intake;
    this.#restored = state.attention.size > 0;
    this.#state = state;
    this.#deps.branchTips.set(branchKey, tips.source);
    this.#nextPoll = this.#deps.clock.now() + sourcePollMs;
  }

  /** Watches exactly these kinds: opens what is missing, closes what is not wanted any more. */
  watch(kinds: readonly Kind[]): void {
    if (this.#closed) return;
    this.#settings = { ...this.#settings, kinds };
    const wanted = new Map(kinds.map((kind) => [kindKey(kind), kind]));
    if (this.#state) this.#state.watched = new Set(wanted.keys());
    for (const [key, watch] of this.#watches) {
      if (wanted.has(key)) continue;
      watch.close();
      this.#watches.delete(key);
      this.#unlisted.delete(key);
      this.#watchFailures.delete(key);
    }
    for (const [key, kind] of wanted) {
      if (this.#watches.has(key)) continue;
      this.#unlisted.add(key);
      const scope = { kind, namespace: this.#settings.target.capture.namespace };
      this.#watches.set(
        key,
        this.#deps.cluster.watch(scope, {
          onChange: (change) => this.#takeChange(change),
          onListing: (listing) => this.#takeListing(key, listing),
          onFailure: (failure) => this.#noteWatchFailure(key, kind, failure),
        }),
      );
    }
    this.#schedule();
  }

  /** New credentials for the same repositories, or another key or list of people to commit with. */
  useRemote({ repository, record, people, signer }: OpenedRemote): void {
    const opened = { repository, recordRepository: record, people, signer };
    this.#settings = { ...this.#settings, target: { ...this.#settings.target, ...opened } };
    if (this.#state) this.#state.stale = true;
    this.#retryAt = 0;
    this.#schedule();
  }

  /** Takes effect with the next change. */
  useBatching({ quietPeriodMs, maxWaitMs }: Pick<SessionSettings, "quietPeriodMs" | "maxWaitMs">): void {
    this.#settings = { ...this.#settings, quietPeriodMs, maxWaitMs };
  }

  /**
   * Delivers as soon as possible: a person asked, confirmed, or changed the spec. `done` is called when that delivery
   * came through or failed.
   */
  deliverSoon(done?: () => void): void {
    if (done) this.#requests.push(done);
    if (this.#state) this.#state.stale = true;
    this.#nextPoll = 0;
    this.#retryAt = 0;
    this.#schedule();
  }

  /** Stops watching; with `drain`, what is in the window is delivered first, for at most one push. */
  async close(drain: boolean): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#intake?.close();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
    this.#cancelTimer?.();
    await this.#deps.serial.run(this.#settings.branchKey, async () => {
      const isNews = this.waiting > 0 || (this.#state && !isBookRecorded(this.#state));
      if (drain && this.#state && isNews && this.listed) await this.#deliverOnce();
    });
  }

  #takeChange(change: ClusterChange): void {
    if (!this.#closed) this.#intake?.take(change);
  }

  #takeListing(key: string, listing: Listing): void {
    if (this.#closed) return;
    this.#intake?.takeListing(listing, () => {
      this.#unlisted.delete(key);
      this.#watchFailures.delete(key);
      if (this.#unlisted.size === 0) this.#listener.changed(this);
      this.#schedule();
    });
  }

  #noteWatchFailure(key: string, kind: Kind, failure: Failure): void {
    this.#watchFailures.set(key, { kind, failure });
    // What may not be read holds nothing up; what cannot be reached does, since nothing is known of it.
    if (failure.code === "AccessDenied" || failure.code === "KindNotServed") this.#unlisted.delete(key);
    this.#listener.changed(this);
    this.#schedule();
  }

  #append(entry: WindowEntry): void {
    const before = this.#window.entries.length;
    this.#window = boundedWindow(append(this.#window, entry));
    if (this.#window.entries.length === before)
      this.#deps.meter.count("clickscribe_coalesced_changes_total", { kind: entry.identity.kind });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closed || this.#delivering || this.#state === undefined || this.#intake === undefined) return;
    this.#cancelTimer?.();
    const at = this.#dueAt(this.#state, this.#intake);
    if (at === undefined) return;
    this.#cancelTimer = this.#deps.clock.after(Math.max(0, at - this.#deps.clock.now()), () => void this.#run());
  }

  /** When the next delivery is due, in milliseconds since the epoch. */
  #dueAt(state: DeliveryState, intake: Intake): number | undefined {
    if (this.#unlisted.size > 0) return undefined;
    const { quietPeriodMs, maxWaitMs } = this.#settings;
    const times = [this.#nextPoll];
    const now = this.#deps.clock.now();
    const full = due(this.#window, { quietPeriodMs, maxWaitMs });
    const lull = dueAfterFlood(this.#window, this.#lastPush) ?? 0;
    if (full !== undefined) times.push(intake.firstCapture ? now : Math.max(full, Math.min(lull, full + maxWaitMs)));
    if (state.fresh.length > 0 || intake.hasReleased || state.record.meta === undefined || state.attempt)
      times.push(now);
    if (state.rebased.size > 0 || !isBookRecorded(state)) times.push(now);
    if (state.drift.nextAt !== undefined) times.push(state.drift.nextAt);
    if (this.#restored) times.push(now);
    if (state.refusal !== undefined && state.undelivered.length > 0) times.push(state.refusal.until);
    return Math.max(Math.min(...times), this.#retryAt);
  }

  async #run(): Promise<void> {
    if (this.#delivering || this.#closed) return;
    this.#delivering = true;
    let requests: readonly (() => void)[] = [];
    try {
      await this.#deps.serial.run(this.#settings.branchKey, async () => {
        requests = this.#requests.splice(0);
        await this.#deliverOnce();
      });
      this.#attempts = 0;
      this.#retryAt = 0;
      this.#failure = undefined;
    } catch (error) {
      if (error instanceof RecordMoved) {
        this.#listener.lost(this, retry("Progressing", error.message));
        return;
      }
      const failure = asFailure(error);
      this.#failure = failure;
      if (this.#state?.attempt !== undefined) {
        this.#deps.meter.count("clickscribe_pushes_total", { outcome: "Lost" });
      }
      this.#deps.meter.count("clickscribe_capture_failures_total", { reason: failure.code });
      const { clock } = this.#deps;
      const wait = backoff(this.#attempts++, retryBackoff, clock.random());
      this.#retryAt = clock.now() + waitAfter(failure, wait, clock.random());
      const where = failure.code === "InternalError" ? { stack: (error as Error).stack ?? "" } : {};
      const { namespace, name } = this.#settings.target.capture;
      const data = { capture: `${namespace}/${name}`, code: failure.code, err: failure.message, ...where };
      this.#deps.log.warn(data, "a delivery did not come through: it is tried again");
      if (failure.code === "ClusterReplaced" || failure.code === "NamespaceTerminating") {
        this.#listener.lost(this, failure);
        return;
      }
    } finally {
      this.#delivering = false;
      for (const done of requests) done();
    }
    this.#listener.changed(this);
    this.#schedule();
  }

  async #takeWindow(state: DeliveryState): Promise<void> {
    const { entries } = this.#window;
    this.#window = emptyWindow();
    try {
      const { fresh, held, taken, applied } = await this.#clicks.sort(this.#settings.target, state, entries);
      takeFresh(state, fresh);
      // In step with what is delivered: what a consumer has done since is no part of that.
      for (const [{ identity }, content] of applied) state.applied.set(identityKey(identity), content);
      this.#window = [...held, ...this.#window.entries].reduce(append, emptyWindow());
      if (taken.length > 0) this.#listener.takenBack(this, taken);
    } catch (error) {
      this.#window = [...entries, ...this.#window.entries].reduce(append, emptyWindow());
      throw error;
    }
  }

  async #deliverOnce(): Promise<void> {
    const state = this.#state;
    const intake = this.#intake;
    if (state === undefined || intake === undefined) return;
    const { clock, branchTips, meter } = this.#deps;
    const { target, branchKey, sourcePollMs, confirmedDeletions, continuity, keepRequest } = this.#settings;
    await this.#takeWindow(state);
    for (const [key, identity] of intake.takeReleased()) state.released.set(key, identity);
    if (clock.now() >= this.#nextPoll) {
      state.stale = true;
      this.#nextPoll = clock.now() + sourcePollMs;
    }
    if (branchTips.get(branchKey) !== state.source.tip) state.stale = true;
    if (state.fresh.some((entry) => entry.manifest === undefined)) {
      const verdict = await continuity();
      if (verdict.verdict !== "Same") throw stalled(verdict.reason, verdict.message);
    }
    const request = keepRequest();
    if (request !== undefined) {
      const book = takeKeepRequest(state.drift.book, request, target.capture.namespace, clock.now());
      state.drift = { ...state.drift, book };
    }
    await sortOut(target, state);
    const began = clock.now();
    const report = await deliver(target, state, clock, confirmedDeletions());
    this.#clicks.delivered();
    branchTips.set(branchKey, state.source.tip);
    this.#restored = false;
    if (report.recorded) {
      intake.firstCapture = false;
      const endedAt = clock.now();
      this.#lastPush = { endedAt, tookMs: endedAt - began };
      meter.observe("clickscribe_push_seconds", {}, (endedAt - began) / 1000);
    }
    if (report.recorded || report.refused !== undefined) {
      meter.count("clickscribe_pushes_total", { outcome: report.refused === undefined ? "Accepted" : "Refused" });
    }
    if (report.races > 0) meter.count("clickscribe_pushes_total", { outcome: "Stale" }, report.races);
    for (const { author, at } of report.delivered) {
      if (author.rung === "Operator") continue;
      meter.observe("clickscribe_commit_latency_seconds", {}, Math.max(0, clock.now() - at) / 1000);
    }
    this.#listener.delivered(this, report);
  }
}

/** What a push under way, or without an answer, may have recorded, stays as it is. */
function takeFresh(state: DeliveryState, entries: readonly WindowEntry[]): void {
  const sent = state.attempt?.fresh ?? new Set();
  const isSent = (entry: WindowEntry): boolean => sent.has(entry);
  const open = [...state.fresh.filter((entry) => !isSent(entry)), ...entries];
  state.fresh = [...state.fresh.filter(isSent), ...bounded(open)];
}

function kindKey(kind: Kind): string {
  return `${kind.group}/${kind.kind}`;
}
