/**
 * Watches Captures and GitRemotes, and keeps one session per Capture at work.
 *
 * Each Capture is reconciled alone (one at a time per key); a reconcile is the ordered list of steps in `#open`. What
 * only the operator can find out becomes a Failure with its reason, a condition and an Event; it is looked at again
 * when an object changes, and by itself every `recheckMs`.
 */
import { annotations } from "../api/annotations.ts";
import type { EventReason } from "../api/reasons.ts";
import type { Failure } from "../failures.ts";
import { asFailure, stalled } from "../failures.ts";
import { identityKey } from "../manifest/identity.ts";
import type {
  Attribution,
  Cancel,
  Clock,
  ClusterReader,
  ClusterWriter,
  Discovery,
  GaugeSeries,
  Log,
  Messengers,
  Meter,
  Repositories,
  SignedRequest,
  Subscription,
} from "../ports.ts";
import type { AdmissionFact, ClusterChange, JsonObject, Kind } from "../values.ts";
import { backoff, waitAfter } from "./backoff.ts";
import { captureGauges } from "./capture-gauges.ts";
import type { SessionDeps, SessionListener } from "./capture-session.ts";
import { CaptureSession } from "./capture-session.ts";
import type { ReadingDeps, ResolvedCapture } from "./capture-settings.ts";
import { capturePath, resolveCapture, userOf } from "./capture-settings.ts";
import type { Slot } from "./capture-slot.ts";
import { captureOf, createSlot, keepRequestOf, noteKeepRequest, recordEvent } from "./capture-slot.ts";
import { Circle } from "./circle.ts";
import { claimBase, claimsOf, mustBeFree } from "./claims.ts";
import { askContinuity, readClusterIdentity } from "./cluster-identity.ts";
import { ConsumerWatch } from "./consumer-watch.ts";
import type { DeliverReport } from "./deliver.ts";
import { deliveryEvents } from "./delivery-events.ts";
import { createKindSchemas, mergeSchemas } from "./kind-schemas.ts";
import { Notifiers } from "./notifiers.ts";
import type { NotWatched, WebhookFacts } from "./outcome.ts";
import { annotationOf, group, nameOfOwn, sameIntent } from "./own-object.ts";
import { createDefaultsProver } from "./prover.ts";
import { ofTheServer, Remotes } from "./remotes.ts";
import { createSerial } from "./serial.ts";
import { StatusWriter } from "./status-writer.ts";
import { kindOf, leftScope, mustRead, resolveKinds } from "./watched-kinds.ts";
import { webhookRegistration } from "./webhook-scope.ts";

export interface ControllerDeps {
  readonly cluster: ClusterReader & ClusterWriter;
  readonly repositories: Repositories;
  readonly messengers: Messengers;
  readonly attribution: Attribution;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly clusterName: string;
  /** The operator's own. */
  readonly namespace: string;
  /** In the namespace of each Capture that names none; undefined: the operator's own rights. */
  readonly defaultServiceAccount: string | undefined;
  readonly sourcePollMs: number;
  readonly recheckMs: number;
  /** Makes the admission webhook see these kinds in these namespaces; resolves once it is registered. */
  readonly register: (kinds: readonly Kind[], namespaces: readonly string[]) => Promise<void>;
  readonly webhook: () => WebhookFacts;
}

const retryBackoff = { firstMs: 1_000, maxMs: 30_000 };

export class Controller {
  readonly #deps: ControllerDeps;
  readonly #sessionDeps: SessionDeps;
  readonly #serial = createSerial();
  readonly #slots = new Map<string, Slot>();
  readonly #subscriptions: Subscription[] = [];
  readonly #unlisted = new Set<string>(["Capture", "GitRemote", "Notifier"]);
  #remotes: Remotes | undefined;
  #notifiers: Notifiers | undefined;
  readonly #reading: ReadingDeps;
  readonly #circle: Circle;
  readonly #statuses: StatusWriter;
  #namespaceKind: Kind | undefined;
  readonly #registerWebhook: () => Promise<void>;
  #cancelRecheck: Cancel | undefined;
  #closed = false;

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    const { cluster, attribution, clock, log, meter } = deps;
    this.#statuses = new StatusWriter(deps);
    this.#registerWebhook = webhookRegistration(deps.register, () =>
      [...this.#slots.values()].flatMap(({ session }) => session?.settings ?? []),
    );
    const schemas = createKindSchemas(cluster);
    const prover = createDefaultsProver({
      cluster,
      schemas,
      clock,
      log,
      onChange: (kind) => this.#readAnew(kind),
      onDenied: (kind, message) => this.#tellDefaultsKept(kind, message),
    });
    const sources = new ConsumerWatch({
      cluster,
      log,
      onChange: () => this.#reconcileAll(),
      onProgress: (key) => this.#circle.look(key),
    });
    this.#circle = new Circle({
      ...deps,
      watch: sources,
      slots: () => this.#slots.values(),
      onChange: (slot) => this.#statuses.soon(slot),
      event: (...event) => this.#eventOn(...event),
    });
    this.#reading = { prover, sources, schemaOf: mergeSchemas(schemas) };
    this.#sessionDeps = { cluster, attribution, clock, log, meter, serial: createSerial(), branchTips: new Map() };
  }

  /** Throws Failure KindNotServed when the CRDs are not installed, AccessDenied when they may not be read. */
  async start(): Promise<void> {
    const { cluster, repositories, clock, log } = this.#deps;
    const discovery = await cluster.discover();
    await this.#reading.sources.start(discovery);
    this.#namespaceKind = kindOf(discovery, "", "Namespace");
    const [secretKind, configMapKind] = [kindOf(discovery, "", "Secret"), kindOf(discovery, "", "ConfigMap")];
    this.#remotes = new Remotes({ cluster, repositories, clock, log, secretKind, configMapKind });
    this.#notifiers = new Notifiers({
      ...this.#deps,
      readSecret: (namespace, name) => this.#remotes?.readSecret(namespace, name) ?? Promise.resolve(undefined),
      captures: () => this.#slots.values(),
      actsFor: (slot) => userOf(captureOf(slot), this.#deps.defaultServiceAccount),
    });
    const remotes = kindOf(discovery, group, "GitRemote");
    const captures = kindOf(discovery, group, "Capture");
    const notifiers = kindOf(discovery, group, "Notifier");
    for (const kind of [remotes, captures, notifiers]) await mustRead(cluster, kind);
    this.#watch(remotes, (change) => this.#takeRemote(change));
    this.#watch(captures, (change) => this.#takeCapture(change));
    this.#watch(notifiers, (change) => this.#notifiers?.take(change));
    this.#recheckLater();
  }

  /** A request that the API server is about to carry out, and waits for the answer of: nothing here waits. */
  readonly reviewed = (fact: AdmissionFact): void => this.#circle.reviewed(fact);

  /** What Slack posts of a pressed button, to the Notifier of this name. */
  readonly takePress = async (notifier: string, request: SignedRequest): Promise<boolean> =>
    (await this.#notifiers?.takeRequest(notifier, request)) ?? false;

  /** Captures, GitRemotes and Notifiers were listed, and each Capture either works or says why not. */
  get ready(): boolean {
    return this.#unlisted.size === 0;
  }

  /** What the Captures' gauges show now. */
  gauges(): readonly GaugeSeries[] {
    return captureGauges([...this.#slots.values()], this.#deps.clock.now());
  }

  /** Stops watching; with `drain`, what is known is pushed first. */
  async close(drain: boolean): Promise<void> {
    this.#closed = true;
    this.#cancelRecheck?.();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#reading.prover.close();
    this.#reading.sources.close();
    this.#statuses.close();
    for (const slot of this.#slots.values()) {
      slot.cancelRetry?.();
      slot.cancelStatus?.();
    }
    await this.#notifiers?.close();
    await this.#remotes?.close();
    await this.#serial.idle();
    await Promise.all([...this.#slots.values()].map((slot) => this.#closeSession(slot, drain)));
    await this.#circle.close();
  }

  /** The webhook's probe told something new. */
  webhookChanged(): void {
    for (const slot of this.#slots.values()) this.#statuses.soon(slot);
  }

  #watch(kind: Kind, onChange: (change: ClusterChange) => void): void {
    const subscriber = {
      onChange,
      onListing: (): void => {
        this.#unlisted.delete(kind.kind);
        if (this.#unlisted.size === 0) this.#reconcileAll();
      },
      onFailure: ({ code, message: err }: Failure): void =>
        this.#deps.log.warn({ kind: kind.kind, code, err }, "Captures, GitRemotes or Notifiers cannot be watched"),
    };
    this.#subscriptions.push(this.#deps.cluster.watch({ kind, namespace: "" }, subscriber));
  }

  #takeRemote(change: ClusterChange): void {
    const key = this.#remotes?.take(change);
    if (key === undefined) return;
    for (const slot of this.#slots.values()) if (this.#remotes?.uses(captureOf(slot), key)) this.#reconcile(slot.key);
  }

  #takeCapture(change: ClusterChange): void {
    const key = identityKey(change.identity);
    const slot = this.#slots.get(key);
    if (change.type === "Delete") {
      if (slot !== undefined) this.#drop(slot);
    } else if (slot === undefined) {
      this.#slots.set(key, createSlot(key, change.object));
      this.#reconcile(key);
    } else {
      const same = sameIntent(slot.object, change.object);
      noteKeepRequest(slot, change.object, () => this.#deps.attribution.attribute(change, undefined));
      slot.object = change.object;
      if (same) return;
      slot.session?.deliverSoon();
      this.#reconcile(key);
    }
  }

  /** Its files and its record stay; a path that it held is free for others. */
  #drop(slot: Slot): void {
    slot.gone = true;
    slot.cancelRetry?.();
    slot.cancelStatus?.();
    this.#slots.delete(slot.key);
    void this.#serial.run(slot.key, async () => {
      await this.#closeSession(slot, true);
      this.#reconcileAll();
    });
  }

  #reconcileAll(): void {
    for (const key of this.#slots.keys()) this.#reconcile(key);
  }

  #recheckLater(): void {
    this.#cancelRecheck = this.#deps.clock.after(this.#deps.recheckMs, () => {
      if (this.#closed) return;
      this.#reconcileAll();
      this.#remotes?.checkAll();
      this.#recheckLater();
    });
  }

  #reconcile(key: string): void {
    if (this.#closed || this.#unlisted.size > 0) return;
    void this.#serial.run(key, async () => {
      const slot = this.#slots.get(key);
      if (slot === undefined || slot.gone || this.#closed) return;
      slot.cancelRetry?.();
      const request = annotationOf(slot.object, annotations.reconcileRequestedAt);
      const { generation = 0 } = captureOf(slot).metadata;
      try {
        await this.#open(slot);
        slot.failure = undefined;
        slot.attempts = 0;
      } catch (error) {
        const failure = asFailure(error);
        this.#deps.meter.count("clickscribe_capture_failures_total", { reason: failure.code });
        this.#fail(slot, failure);
        // What it acts on is gone or no longer allowed: it stops at once, and what it knows is left to the record.
        if (failure.class === "Stalled" && !ofTheServer.has(failure.code)) await this.#closeSession(slot, false);
      }
      slot.observedGeneration = generation;
      this.#notifiers?.look();
      this.#fulfil(slot, request);
      this.#statuses.soon(slot);
    });
  }

  /** A request is fulfilled once what was known when it was seen is delivered or could not be. */
  #fulfil(slot: Slot, request: string | undefined): void {
    if (request === undefined || request === slot.handledRequest) return;
    const done = (): void => {
      slot.handledRequest = request;
      this.#statuses.soon(slot);
    };
    if (slot.session === undefined) done();
    else slot.session.deliverSoon(done);
  }

  #fail(slot: Slot, failure: Failure): void {
    const repeated = slot.failure?.code === failure.code && slot.failure.message === failure.message;
    slot.failure = failure;
    if (!repeated) {
      const { code, message: err } = failure;
      this.#deps.log.warn({ capture: nameOfOwn(slot.object), code, err }, "a Capture does not work: it is tried again");
      if (failure.class === "Stalled") this.#eventOn(slot.object, "Warning", "Stalled", failure.message);
    }
    const { clock } = this.#deps;
    const wait = waitAfter(failure, backoff(slot.attempts++, retryBackoff, clock.random()), clock.random());
    slot.cancelRetry = clock.after(wait, () => this.#reconcile(slot.key));
  }

  /** Those that drop defaults and watch the kind; what they wrote without them may mean something else now. */
  #dropping(kind: Kind): readonly Slot[] {
    const isSame = (other: Kind): boolean => other.group === kind.group && other.kind === kind.kind;
    return [...this.#slots.values()].filter(
      ({ session }) => session?.settings.target.prover !== undefined && session.settings.kinds.some(isSame),
    );
  }

  #readAnew(kind: Kind): void {
    for (const slot of this.#dropping(kind)) {
      void this.#serial.run(slot.key, () => this.#closeSession(slot, true));
      this.#reconcile(slot.key);
    }
  }

  #tellDefaultsKept(kind: Kind, message: string): void {
    for (const slot of this.#dropping(kind)) this.#eventOn(slot.object, "Normal", "DefaultsKept", message);
  }

  #tellNotWatched(slot: Slot, notWatched: readonly NotWatched[]): void {
    const told = new Set(slot.notWatched.map(({ message }) => message));
    for (const { named: isNamed, message } of notWatched)
      if (isNamed && !told.has(message)) this.#eventOn(slot.object, "Warning", "Stalled", message);
  }

  /** The steps by which a Capture comes to work, in order; each may throw the Failure that the status then shows. */
  async #open(slot: Slot): Promise<void> {
    const { cluster, clusterName } = this.#deps;
    const remotes = this.#remotes;
    const capture = captureOf(slot);
    if (remotes === undefined) return;
    if (capture.spec.suspend === true) return this.#closeSession(slot, true);
    const { namespace } = capture.metadata;
    const path = capturePath(capture);
    const remote = remotes.of(capture);
    const user = userOf(capture, this.#deps.defaultServiceAccount);
    const opened = await remotes.open(remote, user);
    const identity = await readClusterIdentity(cluster, this.#mustKnowNamespaces(), clusterName, namespace);
    const { head } = await opened.repository.fetch([]);
    const discovery = await cluster.discover();
    // One that came later is found when a Capture is looked at anew.
    await this.#reading.sources.start(discovery);
    await this.#reading.sources.listed();
    const resolved = resolveCapture(capture, remote, opened, head, identity, this.#reading);
    const claim = { ...claimBase(capture), url: remote.spec.url, branch: resolved.target.branch, path };
    const others = [...this.#slots.values()].filter((other) => other !== slot);
    mustBeFree(claim, claimsOf(others, claim.branch, remotes));
    const { kinds, notWatched } = await resolveKinds(cluster, discovery, resolved.selection, namespace, user);
    this.#tellNotWatched(slot, notWatched);
    slot.notWatched = notWatched;

    if (slot.session !== undefined && slot.resolved?.fingerprint === resolved.fingerprint) {
      if (slot.access !== opened.access) slot.session.useRemote(opened);
      slot.access = opened.access;
      slot.session.useBatching(resolved);
      slot.session.watch(kinds);
      this.#circle.look();
      await this.#registerWebhook();
    } else {
      await this.#closeSession(slot, true);
      await this.#openSession(slot, resolved, kinds, discovery);
      slot.access = opened.access;
    }
  }

  async #openSession(
    slot: Slot,
    resolved: ResolvedCapture,
    kinds: readonly Kind[],
    discovery: Discovery,
  ): Promise<void> {
    const annotation = (name: string): string | undefined => annotationOf(slot.object, name);
    const { namespace } = resolved.target.capture;
    const { cluster, sourcePollMs } = this.#deps;
    const namespaces = this.#mustKnowNamespaces();
    const session = new CaptureSession(
      this.#sessionDeps,
      {
        ...resolved,
        kinds,
        sourcePollMs,
        confirmedDeletions: () => annotation(annotations.confirmDeletions),
        acceptedCluster: () => annotation(annotations.acceptCluster),
        keepRequest: () => keepRequestOf(slot),
        continuity: () => askContinuity(cluster, namespaces, resolved.target.meta, namespace),
        leftScope: (identity) => leftScope(identity, discovery, resolved.selection),
      },
      this.#listenerOf(slot),
    );
    slot.session = session;
    slot.resolved = resolved;
    try {
      // Registered before anything is listed, so that the first edits find the webhook there.
      await this.#registerWebhook();
      await session.open();
      const event = await recordEvent(slot);
      slot.alarm = event?.type === "Warning" && event.reason === "RecordRewritten" ? event.message : undefined;
      if (event !== undefined) this.#eventOn(slot.object, event.type, event.reason, event.message);
      await this.#circle.begin(slot, session, resolved);
    } catch (error) {
      slot.session = undefined;
      slot.resolved = undefined;
      throw error;
    }
  }

  async #closeSession(slot: Slot, drain: boolean): Promise<void> {
    const { session } = slot;
    slot.session = undefined;
    slot.resolved = undefined;
    slot.told.clear();
    await this.#circle.end(slot);
    try {
      await session?.close(drain && slot.failure === undefined);
    } catch (error) {
      const { code, message: err } = asFailure(error);
      this.#deps.log.warn({ capture: nameOfOwn(slot.object), code, err }, "what was waiting is left to the next start");
    }
  }

  #mustKnowNamespaces(): Kind {
    if (this.#namespaceKind === undefined) throw stalled("KindNotServed", "the API server does not serve Namespaces");
    return this.#namespaceKind;
  }

  #listenerOf(slot: Slot): SessionListener {
    return {
      changed: () => this.#statuses.soon(slot),
      delivered: (session, report) => this.#tellDelivered(slot, session, report),
      skipped: (change, reason, detail) => {
        const origin = reason === "ManagedElsewhere" ? this.#reading.sources.originOf(change.object) : "";
        const why = [detail, origin].filter((text) => text !== "").join(", ");
        const note = `not written to Git: ${reason}${why ? ` (${why})` : ""}`;
        this.#eventOn(change.object, "Normal", "Skipped", note);
        this.#statuses.soon(slot);
      },
      released: (change, why) =>
        this.#eventOn(change.object, "Normal", "Released", `left the capture's scope (${why}); its file stays`),
      takenBack: (session, taken) => this.#circle.takenBack(slot, session, taken),
      lost: (session, failure) => {
        if (slot.session !== session) return;
        void this.#circle.end(slot);
        slot.session = undefined;
        slot.resolved = undefined;
        void session.close(false);
        this.#fail(slot, failure);
        this.#statuses.soon(slot);
      },
    };
  }

  #tellDelivered(slot: Slot, session: CaptureSession, report: DeliverReport): void {
    slot.lastCommit = report.delivered.at(-1) ?? slot.lastCommit;
    if (report.recorded || report.delivered.length > 0) slot.lastPushAt = this.#deps.clock.now();
    this.#deps.meter.count("clickscribe_commits_total", { ref: "source" }, report.delivered.length);
    const commit = report.delivered.at(-1)?.id;
    if (commit !== undefined) {
      const { branch } = session.settings.target;
      const data = { capture: nameOfOwn(slot.object), branch, commit, commits: report.delivered.length };
      this.#deps.log.info(data, "delivered to the source branch");
    }
    const move = session.takeSourceMove();
    this.#circle.delivered(slot, session, report, move);
    for (const event of deliveryEvents(slot, session, report, move)) {
      this.#eventOn(event.about, event.type, event.reason, event.message);
    }
    this.#statuses.soon(slot);
    this.#notifiers?.look();
  }

  #eventOn(about: JsonObject, type: "Normal" | "Warning", reason: EventReason, message: string): void {
    this.#deps.meter.count("clickscribe_events_total", { reason });
    this.#deps.cluster.event({ about, type, reason, message });
  }
}
