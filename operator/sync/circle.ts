/**
 * The circle that a change runs through: from the cluster to Git, and by those who apply that back to the cluster. For each
 * Capture at work they are asked to look and waited for, and what they put back is told.
 */
import type { EventReason } from "../api/reasons.ts";
import type { Clock, ClusterReader, ClusterWriter, Log, Meter } from "../ports.ts";
import type { AdmissionFact, CommitId, JsonObject } from "../values.ts";
import type { CaptureSession } from "./capture-session.ts";
import type { ResolvedCapture } from "./capture-settings.ts";
import { captureOf, type Slot } from "./capture-slot.ts";
import type { TakenBack } from "./clicks.ts";
import { appliedEvents, revertedEvent, reverterOf } from "./consumer-outcome.ts";
import type { ConsumerWatch } from "./consumer-watch.ts";
import type { DeliverReport } from "./deliver.ts";
import type { SourceMove } from "./delivery-state.ts";
import { Handshake } from "./handshake.ts";
import type { ObjectEvent } from "./outcome.ts";
import { Pauses } from "./pauses.ts";
import { healersOf } from "./protect.ts";

export interface CircleDeps {
  readonly cluster: Pick<ClusterReader, "allowed"> & Pick<ClusterWriter, "patch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly watch: ConsumerWatch;
  readonly slots: () => Iterable<Slot>;
  /** The status of a Capture is other now. */
  readonly onChange: (slot: Slot) => void;
  readonly event: (about: JsonObject, type: "Normal" | "Warning", reason: EventReason, message: string) => void;
}

/** What a change may take from its review to the branch, beside the quiet period, before its Application goes on. */
const pauseGraceMs = 5_000;

export class Circle {
  readonly #deps: CircleDeps;
  readonly #pauses: Pauses;

  constructor(deps: CircleDeps) {
    this.#deps = deps;
    this.#pauses = new Pauses(deps);
  }

  /** One of those who apply has come further: `Application argocd/shop`; undefined: whoever it was. */
  look(key?: string): void {
    for (const { handshake } of this.#deps.slots())
      if (key === undefined || handshake?.follows(key) === true) handshake?.look();
    this.#pauses.look();
  }

  /** For a session that is open. Throws Failure where the git server cannot be asked. */
  async begin(slot: Slot, session: CaptureSession, { place, target }: ResolvedCapture): Promise<void> {
    if (target.delivery === "ReadOnly") return;
    const isAncestor = (ancestor: CommitId, tip: CommitId): Promise<boolean | undefined> =>
      session.settings.target.repository.isAncestor(ancestor, tip);
    const tip = session.state?.source.tip;
    const last = slot.lastCommit?.id ?? captureOf(slot).status?.lastCommit?.commit;
    const isOnBranch = last !== undefined && tip !== undefined && (await isAncestor(last, tip)) === true;
    slot.handshake = new Handshake(this.#deps, {
      place,
      isAncestor,
      wanted: isOnBranch ? last : undefined,
      onApplied: (commits, by) => {
        this.#tell(session, appliedEvents(commits, by, this.#deps.clock.now()));
        for (const { at, objects } of commits) for (const { identity } of objects) session.cameRound(identity, at);
      },
      onChange: () => this.#deps.onChange(slot),
    });
    slot.handshake.saw(tip);
    slot.handshake.look();
  }

  async end(slot: Slot): Promise<void> {
    const { handshake } = slot;
    slot.handshake = undefined;
    await handshake?.close();
  }

  /** A request that the API server is about to carry out, and waits for the answer of: nothing here waits. */
  reviewed(fact: AdmissionFact): void {
    for (const slot of this.#deps.slots()) {
      const { session, handshake } = slot;
      if (session === undefined || captureOf(slot).spec.protect?.mode !== "Pause") continue;
      const { capture, appliers } = session.settings.target;
      const consumers = handshake?.standings.map(({ consumer }) => consumer) ?? [];
      const forMs = session.settings.quietPeriodMs + pauseGraceMs;
      for (const healer of healersOf(fact, { namespace: capture.namespace, appliers, consumers }))
        this.#pauses.pause(healer, slot.key, forMs);
    }
  }

  /** `move`: what a person did to the branch besides committing to it. */
  delivered(
    { key, handshake }: Slot,
    session: CaptureSession,
    { delivered }: DeliverReport,
    move: SourceMove | undefined,
  ): void {
    if (move !== undefined) handshake?.forget();
    if (delivered.length > 0 && session.waiting === 0) this.#pauses.resume(key);
    handshake?.pushed(delivered);
    handshake?.saw(session.state?.source.tip);
  }

  takenBack(slot: Slot, session: CaptureSession, taken: readonly TakenBack[]): void {
    const { meter, onChange } = this.#deps;
    const consumers = slot.handshake?.standings.map(({ consumer }) => consumer) ?? [];
    for (const each of taken) {
      const labels = { consumer: each.appliedBy };
      if (each.returnedAfterMs !== undefined) {
        meter.observe("clickscribe_revert_seconds", labels, each.returnedAfterMs / 1000);
        continue;
      }
      meter.count("clickscribe_reverts_total", labels);
      const by = reverterOf(consumers, each.appliedBy);
      if (by !== undefined) slot.reverts.set(by, (slot.reverts.get(by) ?? 0) + 1);
      const { target } = session.settings;
      const goesToGit = target.delivery === "Push" && session.state?.refusal === undefined;
      const event = revertedEvent(each, target.branch, goesToGit);
      if (event !== undefined) this.#tell(session, [event]);
    }
    onChange(slot);
  }

  /** Once no session is at work: what is paused goes on. */
  close(): Promise<void> {
    return this.#pauses.close();
  }

  #tell(session: CaptureSession, events: readonly ObjectEvent[]): void {
    for (const { identity, type, reason, message } of events) {
      const about = session.objectOf(identity);
      if (about !== undefined) this.#deps.event(about, type, reason, message);
    }
  }
}
