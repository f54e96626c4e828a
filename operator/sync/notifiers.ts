/**
 * The Notifiers: each tells people of what drifts in the Captures that it selects.
 *
 * Nothing is told before the record holds it, and what a service took is noted in the record: so a restart in the middle of
 * an episode repeats nothing. A service that fails holds up nobody but itself.
 */
import type { Notifier } from "../api/generated/notifier.ts";
import { type AlertStep, alertOf, forgetNotifiers, listed, noteAlert, planAlerts } from "../drift/alerts.ts";
import { asFailure, type Failure, stalled } from "../failures.ts";
import type { Cancel, Clock, ClusterWriter, Log, Messenger, Messengers, Meter } from "../ports.ts";
import type { Alert, AlertItem, ClusterChange, JsonObject } from "../values.ts";
import { backoff, waitAfter } from "./backoff.ts";
import type { CaptureSession } from "./capture-session.ts";
import { type Slot as CaptureSlot, captureOf } from "./capture-slot.ts";
import { isBookRecorded } from "./drift-facts.ts";
import { driftFields, fileOf } from "./drift-fields.ts";
import { alertSettings, linksOf, messengerAccess, selects } from "./notifier-access.ts";
import { notifierStatus, type StoredCondition } from "./outcome.ts";
import { apiVersion, sameIntent, storedConditions } from "./own-object.ts";
import { createSerial } from "./serial.ts";

export interface NotifiersDeps {
  readonly cluster: Pick<ClusterWriter, "apply" | "event">;
  readonly messengers: Messengers;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly clusterName: string;
  /** The operator's own. */
  readonly namespace: string;
  /** undefined: there is none. Throws Failure AccessDenied. */
  readonly readSecret: (namespace: string, name: string) => Promise<JsonObject | undefined>;
  readonly captures: () => Iterable<CaptureSlot>;
}

interface Slot {
  object: JsonObject;
  conditions: readonly StoredCondition[];
  /** The status as last applied. */
  applied: string;
  lastSentAt: number | undefined;
  /** Of the spec and the Secret that were last found to be good. */
  checked: string;
  attempts: number;
  retryAt: number;
  cancel: Cancel | undefined;
  isQueued: boolean;
}

const retryBackoff = { firstMs: 5_000, maxMs: 300_000 };
/** Slack takes about a message a second for a channel. */
const apartMs = 1_000;

export class Notifiers {
  readonly #deps: NotifiersDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #serial = createSerial();
  #closed = false;

  constructor(deps: NotifiersDeps) {
    this.#deps = deps;
  }

  take(change: ClusterChange): void {
    const { namespace, name } = change.identity;
    const key = `${namespace}/${name}`;
    const known = this.#slots.get(key);
    if (change.type === "Delete") {
      known?.cancel?.();
      this.#slots.delete(key);
      const left = new Set(this.#slots.keys());
      for (const { session } of this.#deps.captures()) session?.noteBook((book) => forgetNotifiers(book, left));
      return;
    }
    if (known !== undefined && sameIntent(known.object, change.object)) {
      known.object = change.object;
      return;
    }
    const conditions = known?.conditions ?? storedConditions(change.object);
    const { lastSentAt } = (change.object as unknown as Notifier).status ?? {};
    const fresh = { attempts: 0, retryAt: 0, checked: "", isQueued: false, cancel: undefined };
    known?.cancel?.();
    const sentAt = known?.lastSentAt ?? (lastSentAt === undefined ? undefined : Date.parse(lastSentAt));
    this.#slots.set(key, { object: change.object, conditions, applied: "", lastSentAt: sentAt, ...fresh });
    this.#soon(key);
  }

  /** Something drifted, or does no more, or is in the record by now. */
  look(): void {
    for (const key of this.#slots.keys()) this.#soon(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#slots.values()) cancel?.();
    await this.#serial.idle();
  }

  #soon(key: string): void {
    const slot = this.#slots.get(key);
    if (slot === undefined || slot.isQueued || this.#closed) return;
    slot.isQueued = true;
    void this.#serial.run(key, async () => {
      slot.isQueued = false;
      if (this.#slots.get(key) === slot && !this.#closed) await this.#work(key, slot);
    });
  }

  async #work(key: string, slot: Slot): Promise<void> {
    const { clock, log, meter } = this.#deps;
    slot.cancel?.();
    if (clock.now() < slot.retryAt) return this.#later(key, slot, slot.retryAt);
    const notifier = slot.object as unknown as Notifier;
    let failure: Failure | undefined;
    try {
      const nextAt = notifier.spec.suspend === true ? undefined : await this.#tell(notifier, slot);
      slot.attempts = 0;
      if (nextAt !== undefined) this.#later(key, slot, nextAt);
    } catch (error) {
      failure = asFailure(error);
      meter.count("clickscribe_alert_failures_total", { reason: failure.code });
      const wait = waitAfter(failure, backoff(slot.attempts++, retryBackoff, clock.random()), clock.random());
      slot.retryAt = clock.now() + wait;
      this.#later(key, slot, slot.retryAt);
      if (slot.conditions[0]?.message.includes(failure.message) !== true) {
        log.warn(
          { notifier: key, code: failure.code, err: failure.message },
          "a Notifier cannot tell anybody: it is tried again",
        );
      }
    }
    await this.#writeStatus(key, slot, notifier, failure);
  }

  #later(key: string, slot: Slot, at: number): void {
    const { clock } = this.#deps;
    slot.cancel?.();
    slot.cancel = clock.after(Math.max(0, at - clock.now()), () => this.#soon(key));
  }

  /** Answers when there is more to do. Throws Failure. */
  async #tell(notifier: Notifier, slot: Slot): Promise<number | undefined> {
    const { clock, captures, namespace } = this.#deps;
    const messenger = await this.#open(notifier, slot);
    const settings = alertSettings(notifier);
    let nextAt: number | undefined;
    for (const capture of captures()) {
      const { session } = capture;
      const state = session?.state;
      if (session === undefined || state === undefined || !selects(notifier, captureOf(capture), namespace)) continue;
      if (!isBookRecorded(state)) continue;
      const plan = planAlerts(state.drift.book, settings, clock.now());
      for (const step of plan.steps) {
        if (this.#closed) return undefined;
        await this.#take(messenger, notifier, session, step);
        slot.lastSentAt = clock.now();
        await new Promise<void>((resolve) => void clock.after(apartMs, resolve));
      }
      if (plan.nextAt !== undefined) nextAt = Math.min(nextAt ?? plan.nextAt, plan.nextAt);
    }
    return nextAt;
  }

  async #open(notifier: Notifier, slot: Slot): Promise<Messenger> {
    const { messengers, readSecret } = this.#deps;
    const { namespace } = notifier.metadata;
    const { name } = notifier.spec.secretRef;
    const secret = await readSecret(namespace, name);
    if (secret === undefined)
      throw stalled("SecretNotFound", `spec.secretRef.name: there is no Secret ${name} in ${namespace}`);
    const access = messengerAccess(notifier, secret);
    const messenger = messengers.open(access);
    const said = JSON.stringify(access);
    if (slot.checked !== said) await messenger.check();
    slot.checked = said;
    return messenger;
  }

  async #take(messenger: Messenger, notifier: Notifier, session: CaptureSession, step: AlertStep): Promise<void> {
    const { clock, meter } = this.#deps;
    const { sent } = step;
    const alert = await this.#alertOf(notifier, session, step);
    const handle =
      step.step === "Post"
        ? await messenger.post(alert, sent.id)
        : step.step === "Update"
          ? await messenger.update(alert, sent.id, sent.handle)
          : await messenger.repeat(alert, sent.id, sent.handle).then(() => sent.handle);
    meter.count("clickscribe_alerts_total", { step: step.step });
    session.noteBook((book) => noteAlert(book, step, handle, clock.now()));
  }

  async #alertOf(notifier: Notifier, session: CaptureSession, { episodes }: AlertStep): Promise<Alert> {
    const { clusterName } = this.#deps;
    const { settings, state } = session;
    const { target, kinds } = settings;
    const { namespace, name } = target.capture;
    const more = new Map<string, Pick<AlertItem, "fields" | "links">>();
    for (const episode of episodes.slice(0, listed)) {
      const { identity } = episode;
      const kind = kinds.find((each) => each.group === identity.group && each.kind === identity.kind);
      const facts = { cluster: clusterName, identity, resource: kind?.resource ?? "", branch: target.branch };
      const links = linksOf(notifier, { ...facts, path: state && fileOf(state, episode) });
      const isShown = state !== undefined && episodes.length === 1 && episode.closedAt === undefined;
      const fields = isShown ? await driftFields(target, state, episode) : [];
      more.set(episode.id, { fields, links });
    }
    const about = {
      cluster: clusterName,
      capture: `${namespace}/${name}`,
      branch: target.branch,
      remote: target.meta.remote,
    };
    return alertOf(about, episodes, ({ id }) => more.get(id) ?? { fields: [], links: [] });
  }

  async #writeStatus(key: string, slot: Slot, notifier: Notifier, failure: Failure | undefined): Promise<void> {
    const { clock, cluster, log } = this.#deps;
    const before = slot.conditions[0];
    const { conditions, status } = notifierStatus(
      { failure, suspended: notifier.spec.suspend === true, lastSentAt: slot.lastSentAt },
      slot.conditions,
      notifier.metadata.generation ?? 0,
      clock.now(),
    );
    slot.conditions = conditions;
    const message = conditions[0]?.message ?? "";
    if (failure?.class === "Stalled" && before?.message !== message)
      cluster.event({ about: slot.object, type: "Warning", reason: "Stalled", message: failure.message });
    const text = JSON.stringify(status);
    if (text === slot.applied) return;
    const { name, namespace } = notifier.metadata;
    try {
      await cluster.apply(
        { apiVersion, kind: "Notifier", metadata: { name, namespace }, status },
        { subresource: "status" },
      );
      slot.applied = text;
    } catch (error) {
      const { code, message: err } = asFailure(error);
      log.warn({ notifier: key, code, err }, "the status of a Notifier could not be written");
    }
  }
}
