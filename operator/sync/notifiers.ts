/**
 * The Notifiers: each tells people of what drifts in the Captures that it selects.
 *
 * Nothing is told before the record holds it, and what a service took is noted in the record: so a restart in the middle of
 * an episode repeats nothing. A service that fails holds up nobody but itself.
 */
import type { Notifier } from "../api/generated/notifier.ts";
import { type AlertStep, alertOf, forgetNotifiers, listed, noteAlert, planAlerts } from "../drift/alerts.ts";
import { asFailure, type Failure, stalled } from "../failures.ts";
import type {
  AlertPress,
  Cancel,
  Clock,
  ClusterWriter,
  Log,
  Messenger,
  Messengers,
  Meter,
  SignedRequest,
} from "../ports.ts";
import type { Alert, AlertItem, ClusterChange, JsonObject } from "../values.ts";
import { backoff, waitAfter } from "./backoff.ts";
import type { CaptureSession } from "./capture-session.ts";
import { type Slot as CaptureSlot, captureOf } from "./capture-slot.ts";
import { isBookRecorded } from "./drift-facts.ts";
import { driftFields, fileOf } from "./drift-fields.ts";
import { alertSettings, linksOf, messengerAccess, selects } from "./notifier-access.ts";
import { notifierStatus, rfc3339, type StoredCondition } from "./outcome.ts";
import { apiVersion, nameOfOwn, sameIntent, storedConditions } from "./own-object.ts";
import { actionsOf, type PressDeps, takePress } from "./presses.ts";
import { createSerial } from "./serial.ts";
import { settleMs, type ToldTrouble, troubleAlert, troubleOf } from "./troubles.ts";

export interface NotifiersDeps {
  readonly cluster: PressDeps["cluster"] & Pick<ClusterWriter, "apply" | "event">;
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
  /** Whose rights a Capture acts with; undefined: the operator's own. */
  readonly actsFor: (capture: CaptureSlot) => string | undefined;
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
  /** Where what is pressed comes in, and by which access. */
  listening: { readonly access: string; close(): Promise<void> } | undefined;
  /** Why what is pressed does not come in. */
  deaf: Failure | undefined;
  /** Of Captures that do not work, by NAMESPACE/NAME. */
  readonly told: Map<string, ToldTrouble>;
  /** Since when others do not, in milliseconds since the epoch. */
  readonly settling: Map<string, number>;
  /** What was told of records, by NAMESPACE/NAME. */
  readonly alarms: Map<string, string>;
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
      void known?.listening?.close();
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
    const { lastSentAt, told = [] } = (change.object as unknown as Notifier).status ?? {};
    const fresh = { attempts: 0, retryAt: 0, checked: "", isQueued: false, cancel: undefined, deaf: undefined };
    known?.cancel?.();
    const listening = known?.listening;
    const troubles = {
      told: known?.told ?? new Map(told.map((each) => [each.capture, each])),
      settling: known?.settling ?? new Map<string, number>(),
      alarms: known?.alarms ?? new Map<string, string>(),
    };
    const sentAt = known?.lastSentAt ?? (lastSentAt === undefined ? undefined : Date.parse(lastSentAt));
    this.#slots.set(key, {
      object: change.object,
      conditions,
      applied: "",
      lastSentAt: sentAt,
      listening,
      ...fresh,
      ...troubles,
    });
    this.#soon(key);
  }

  /** Something drifted, or does no more, or is in the record by now. */
  look(): void {
    for (const key of this.#slots.keys()) this.#soon(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { cancel } of this.#slots.values()) cancel?.();
    for (const { listening } of this.#slots.values()) await listening?.close();
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
      const nextAt = notifier.spec.suspend === true ? await this.#quiet(slot) : await this.#tell(key, notifier, slot);
      slot.attempts = 0;
      failure = slot.deaf;
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
  async #tell(key: string, notifier: Notifier, slot: Slot): Promise<number | undefined> {
    const { clock, captures, namespace } = this.#deps;
    const messenger = await this.#open(key, notifier, slot);
    const settings = alertSettings(notifier);
    let nextAt: number | undefined;
    for (const capture of captures()) {
      const { session } = capture;
      const state = session?.state;
      if (!selects(notifier, captureOf(capture), namespace)) continue;
      const settled = await this.#tellTrouble(messenger, slot, capture);
      if (settled !== undefined) nextAt = Math.min(nextAt ?? settled, settled);
      if (session === undefined || state === undefined || !isBookRecorded(state)) continue;
      const plan = planAlerts(state.drift.book, settings, clock.now());
      for (const step of plan.steps) {
        if (this.#closed) return undefined;
        await this.#take(messenger, notifier, session, step);
        slot.lastSentAt = clock.now();
        await this.#pause();
      }
      if (plan.nextAt !== undefined) nextAt = Math.min(nextAt ?? plan.nextAt, plan.nextAt);
    }
    return nextAt;
  }

  /** Answers when it is to be looked at again. Throws Failure. */
  async #tellTrouble(messenger: Messenger, slot: Slot, capture: CaptureSlot): Promise<number | undefined> {
    const { clock, clusterName, meter } = this.#deps;
    const key = nameOfOwn(capture.object);
    const trouble = troubleOf(capture);
    const known = slot.told.get(key);
    const now = rfc3339(clock.now());
    if (trouble?.isOnce) {
      if (slot.alarms.get(key) === trouble.message) return undefined;
      const about = { reason: trouble.reason, since: now };
      await messenger.post(troubleAlert(capture, clusterName, trouble, about, now), `${key}-${now}`);
      slot.alarms.set(key, trouble.message);
    } else if (trouble === undefined) {
      slot.settling.delete(key);
      if (known === undefined) return undefined;
      await messenger.update(troubleAlert(capture, clusterName, undefined, known, now), known.since, known.handle);
      slot.told.delete(key);
    } else {
      if (known?.reason === trouble.reason) return undefined;
      const since = slot.settling.get(key) ?? clock.now();
      slot.settling.set(key, since);
      if (clock.now() < since + settleMs) return since + settleMs;
      const about = known ?? { reason: trouble.reason, since: rfc3339(since) };
      const alert = troubleAlert(capture, clusterName, trouble, { ...about, reason: trouble.reason }, now);
      const handle = known
        ? await messenger.update(alert, known.since, known.handle)
        : await messenger.post(alert, about.since);
      slot.told.set(key, { capture: key, reason: trouble.reason, handle, since: about.since });
    }
    slot.lastSentAt = clock.now();
    meter.count("clickscribe_alerts_total", { step: known ? "Update" : "Post" });
    await this.#pause();
    return undefined;
  }

  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => void this.#deps.clock.after(apartMs, resolve));
  }

  async #quiet(slot: Slot): Promise<undefined> {
    await slot.listening?.close();
    slot.listening = undefined;
    slot.deaf = undefined;
  }

  async #open(key: string, notifier: Notifier, slot: Slot): Promise<Messenger> {
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
    if (slot.listening?.access !== said) {
      await this.#quiet(slot);
      const listener = {
        onPress: (press: AlertPress): void => void this.#press(key, press),
        onState: (deaf: Failure | undefined): void => {
          const now = this.#slots.get(key);
          if (now !== undefined) now.deaf = deaf;
          this.#soon(key);
        },
      };
      slot.listening = { access: said, ...messengers.listen(access, listener) };
    }
    return messenger;
  }

  /** Whether a request is signed by the service of this Notifier (NAMESPACE/NAME); then its presses are seen to. */
  async takeRequest(key: string, request: SignedRequest): Promise<boolean> {
    const slot = this.#slots.get(key);
    if (slot === undefined || this.#closed) return false;
    const { readSecret, messengers, log } = this.#deps;
    const notifier = slot.object as unknown as Notifier;
    try {
      const secret = await readSecret(notifier.metadata.namespace, notifier.spec.secretRef.name);
      const presses = secret && messengers.readPresses(messengerAccess(notifier, secret), request);
      for (const press of presses ?? []) void this.#press(key, press);
      return presses !== undefined;
    } catch (error) {
      const { code, message: err } = asFailure(error);
      log.warn({ notifier: key, code, err }, "a pressed button could not be read");
      return false;
    }
  }

  async #press(key: string, press: AlertPress): Promise<void> {
    const { actsFor, captures, namespace, meter } = this.#deps;
    const slot = this.#slots.get(key);
    if (slot === undefined || this.#closed) return;
    const notifier = slot.object as unknown as Notifier;
    const pressable = [...captures()].flatMap((capture) => {
      const { session } = capture;
      const isMeant = session !== undefined && selects(notifier, captureOf(capture), namespace);
      return isMeant ? [{ session, actsFor: actsFor(capture) }] : [];
    });
    meter.count("clickscribe_alert_presses_total", { action: press.action });
    await press.reply(await takePress(this.#deps, notifier, pressable, press));
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
    const more = new Map<string, Pick<AlertItem, "fields" | "links" | "actions">>();
    for (const episode of episodes.slice(0, listed)) {
      const { identity } = episode;
      const kind = kinds.find((each) => each.group === identity.group && each.kind === identity.kind);
      const facts = { cluster: clusterName, identity, resource: kind?.resource ?? "", branch: target.branch };
      const links = linksOf(notifier, { ...facts, path: state && fileOf(state, episode) });
      const isShown = state !== undefined && episodes.length === 1 && episode.closedAt === undefined;
      const fields = isShown ? await driftFields(target, state, episode) : [];
      const actions = isShown ? await actionsOf(this.#deps, notifier, session, episode) : [];
      more.set(episode.id, { fields, links, actions });
    }
    const about = {
      cluster: clusterName,
      capture: `${namespace}/${name}`,
      branch: target.branch,
      remote: target.meta.remote,
    };
    return alertOf(about, episodes, ({ id }) => more.get(id) ?? { fields: [], links: [], actions: [] });
  }

  async #writeStatus(key: string, slot: Slot, notifier: Notifier, failure: Failure | undefined): Promise<void> {
    const { clock, cluster, log } = this.#deps;
    const before = slot.conditions[0];
    const { conditions, status } = notifierStatus(
      {
        failure,
        suspended: notifier.spec.suspend === true,
        lastSentAt: slot.lastSentAt,
        told: [...slot.told.values()],
      },
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
