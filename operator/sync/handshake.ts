/**
 * After a push: those who apply the branch are asked to look, and waited for without holding anything up, until the cluster
 * has what was committed.
 *
 * Everything is looked at anew whenever one of them has come further; nothing here need survive a restart but which commit
 * is waited for, which the status of the Capture tells.
 */
import { type Asked, type Consumer } from "../consumers/find-consumers.ts";
import type { CapturePlace } from "../consumers/source.ts";
import { asFailure } from "../failures.ts";
import type { Cancel, Clock, ClusterReader, ClusterWriter, Log, Meter } from "../ports.ts";
import type { CommitId } from "../values.ts";
import { backoff } from "./backoff.ts";
import type { ConsumerWatch } from "./consumer-watch.ts";
import type { MadeCommit } from "./make-commits.ts";

export interface HandshakeDeps {
  readonly cluster: Pick<ClusterReader, "allowed"> & Pick<ClusterWriter, "patch">;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly watch: Pick<ConsumerWatch, "consumersOf" | "kindOf">;
}

export interface HandshakeOptions {
  readonly place: CapturePlace;
  /** Of the source branch. */
  readonly isAncestor: (ancestor: CommitId, tip: CommitId) => Promise<boolean | undefined>;
  /** What was pushed last, as far as is known from before. */
  readonly wanted: CommitId | undefined;
  /** All who apply the branch by themselves have applied these, in order. */
  readonly onApplied: (commits: readonly MadeCommit[], by: readonly Consumer[]) => void;
  /** What `standings` tells is other now. */
  readonly onChange: () => void;
}

/** How far a consumer is. */
export interface Standing {
  readonly consumer: Consumer;
  /** It has applied the newest commit of the Capture, or a later one; undefined: not known. */
  readonly isThere: boolean | undefined;
  /** Since when it is waited for, in milliseconds since the epoch. */
  readonly waitsSince: number | undefined;
  /** It was asked to look, and not only waited for. */
  readonly isAsked: boolean;
}

/** Who has applied nothing for this long has something in its way. */
export const silentAfterMs = 120_000;
/** Pushes may follow one another faster than anybody can fetch. */
const askEveryMs = 1_000;
const askAgain = { firstMs: 10_000, maxMs: 300_000 };
/** What is waited for besides; more than that is told as one. */
const maxWaiting = 500;

interface Asking {
  at: number;
  attempts: number;
  cancel: Cancel | undefined;
}

export class Handshake {
  readonly #deps: HandshakeDeps;
  readonly #options: HandshakeOptions;
  #wanted: CommitId | undefined;
  /** Not applied by all yet, the oldest first. */
  #waiting: MadeCommit[] = [];
  /** Who has applied each of them, by commit. */
  readonly #doneBy = new Map<CommitId, Set<string>>();
  /** Commits of the branch in the order in which they came, for as long as nobody rewrites it. */
  readonly #order = new Map<CommitId, number>();
  /** Whether one commit holds another, by `HOLDER HELD`. */
  readonly #holds = new Map<string, boolean>();
  readonly #waitsSince = new Map<string, number>();
  readonly #asking = new Map<string, Asking>();
  /** Who was asked since something was pushed last. */
  readonly #asked = new Set<string>();
  #standings: readonly Standing[] = [];
  #looking: Promise<void> | undefined;
  #again = false;
  #cancelSilence: Cancel | undefined;
  #closed = false;

  constructor(deps: HandshakeDeps, options: HandshakeOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#wanted = options.wanted;
  }

  /** Who applies the branch, sorted. */
  get standings(): readonly Standing[] {
    return this.#standings;
  }

  get wanted(): CommitId | undefined {
    return this.#wanted;
  }

  /** Whether one of those who apply the branch is made up of it: `Application argocd/shop`, `GitRepository flux-system/shop`. */
  follows(key: string): boolean {
    return this.#standings.some(({ consumer }) => consumer.key === key || keyOf(consumer.ask) === key);
  }

  /** The branch was seen at this commit, which holds those before. */
  saw(tip: CommitId | undefined): void {
    if (tip === undefined || this.#order.has(tip)) return;
    this.#order.set(tip, this.#order.size);
    if (this.#order.size > 10_000) this.#order.clear();
  }

  /** Somebody rewrote the branch: what was pushed need never be applied. */
  forget(): void {
    this.#wanted = undefined;
    this.#waiting = [];
    this.#doneBy.clear();
    this.#order.clear();
    this.#holds.clear();
    this.look();
  }

  /** These stand on the branch now, in order. */
  pushed(commits: readonly MadeCommit[]): void {
    const newest = commits.at(-1);
    if (newest === undefined) return;
    for (const { id } of commits) this.saw(id);
    this.#wanted = newest.id;
    this.#waitsSince.clear();
    this.#asked.clear();
    this.#waiting.push(...commits);
    for (const { id } of this.#waiting.splice(0, Math.max(0, this.#waiting.length - maxWaiting)))
      this.#doneBy.delete(id);
    for (const asking of this.#asking.values()) asking.attempts = 0;
    this.look();
  }

  /** Looks anew, soon; what happens meanwhile is looked at after it. */
  look(): void {
    if (this.#closed) return;
    if (this.#looking !== undefined) {
      this.#again = true;
      return;
    }
    this.#looking = this.#lookUntilQuiet().finally(() => (this.#looking = undefined));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelSilence?.();
    for (const { cancel } of this.#asking.values()) cancel?.();
    await this.#looking;
  }

  async #lookUntilQuiet(): Promise<void> {
    do {
      this.#again = false;
      try {
        await this.#lookOnce();
      } catch (error) {
        const { code, message: err } = asFailure(error);
        this.#deps.log.debug({ code, err }, "whether a commit was applied could not be told");
      }
    } while (this.#again && !this.#closed);
  }

  async #lookOnce(): Promise<void> {
    const { clock, watch } = this.#deps;
    const consumers = watch.consumersOf(this.#options.place);
    const standings: Standing[] = [];
    for (const consumer of consumers) standings.push(await this.#standingOf(consumer));
    if (this.#closed) return;
    await this.#noteApplied(awaited(consumers));
    const isOther = JSON.stringify(standings) !== JSON.stringify(this.#standings);
    this.#standings = standings;
    if (standings.length === 0) this.#waiting = [];
    for (const { consumer, isThere } of standings) if (isThere === false && canLook(consumer)) this.#askSoon(consumer);
    this.#cancelSilence?.();
    const silences = standings.flatMap(({ waitsSince }) =>
      waitsSince === undefined ? [] : [waitsSince + silentAfterMs],
    );
    const next = silences.filter((at) => at > clock.now());
    if (next.length > 0) {
      this.#cancelSilence = clock.after(Math.min(...next) - clock.now(), () => this.#options.onChange());
    }
    if (isOther) this.#options.onChange();
  }

  async #standingOf(consumer: Consumer): Promise<Standing> {
    const wanted = this.#wanted;
    const isThere = consumer.reads ? wanted === undefined || (await this.#isHeld(wanted, consumer.applied)) : undefined;
    if (isThere === false) {
      const since = this.#waitsSince.get(consumer.key) ?? this.#deps.clock.now();
      this.#waitsSince.set(consumer.key, since);
    } else {
      this.#waitsSince.delete(consumer.key);
    }
    return {
      consumer,
      isThere,
      waitsSince: this.#waitsSince.get(consumer.key),
      isAsked: this.#asked.has(keyOf(consumer.ask)),
    };
  }

  /** Tells of what all have applied by now. */
  async #noteApplied(awaited: readonly Consumer[]): Promise<void> {
    if (awaited.length === 0 || this.#waiting.length === 0) return;
    const now = this.#deps.clock.now();
    const waiting = [...this.#waiting];
    for (const { key, tool, applied } of awaited) {
      const count = await this.#countHeld(waiting, applied);
      for (const { id, at, author } of waiting.slice(0, count)) {
        const done = this.#doneBy.get(id) ?? new Set();
        this.#doneBy.set(id, done);
        if (done.has(key)) continue;
        done.add(key);
        if (author.rung !== "Operator")
          this.#deps.meter.observe("clickscribe_circle_seconds", { consumer: tool }, Math.max(0, now - at) / 1000);
      }
    }
    const isDone = ({ id }: MadeCommit): boolean => awaited.every(({ key }) => this.#doneBy.get(id)?.has(key) === true);
    const done = this.#waiting.filter(isDone);
    if (done.length === 0) return;
    this.#waiting = this.#waiting.filter((commit) => !isDone(commit));
    for (const { id } of done) this.#doneBy.delete(id);
    this.#options.onApplied(done, awaited);
  }

  /** How many of the commits, which follow one another, are held by one. */
  async #countHeld(commits: readonly MadeCommit[], holder: CommitId | undefined): Promise<number> {
    for (let count = commits.length; count > 0; count--) {
      const last = commits[count - 1];
      if (last !== undefined && (await this.#isHeld(last.id, holder)) === true) return count;
    }
    return 0;
  }

  async #isHeld(commit: CommitId, holder: CommitId | undefined): Promise<boolean | undefined> {
    if (holder === undefined) return false;
    if (holder === commit) return true;
    const [at, to] = [this.#order.get(commit), this.#order.get(holder)];
    if (at !== undefined && to !== undefined) return at <= to;
    const key = `${holder} ${commit}`;
    const known = this.#holds.get(key);
    if (known !== undefined) return known;
    const held = await this.#options.isAncestor(commit, holder);
    if (this.#holds.size > 1_000) this.#holds.clear();
    if (held !== undefined) this.#holds.set(key, held);
    return held;
  }

  /** At once, unless it was asked just now; and again where that brought nothing. */
  #askSoon(consumer: Consumer): void {
    const { clock } = this.#deps;
    const key = keyOf(consumer.ask);
    const asking = this.#asking.get(key) ?? { at: -Infinity, attempts: 0, cancel: undefined };
    this.#asking.set(key, asking);
    const again = asking.attempts === 0 ? askEveryMs : backoff(asking.attempts - 1, askAgain, clock.random());
    const at = Math.max(clock.now(), asking.at + again);
    asking.cancel?.();
    asking.cancel = clock.after(at - clock.now(), () => {
      asking.cancel = undefined;
      void this.#ask(consumer, asking);
    });
  }

  async #ask(consumer: Consumer, asking: Asking): Promise<void> {
    const { clock, meter, log } = this.#deps;
    // What Flux has fetched already, it need not fetch again.
    const isFetched = consumer.fetched !== undefined && consumer.fetched === this.#wanted;
    const about = isFetched
      ? { kind: consumer.kind, namespace: consumer.namespace, name: consumer.name }
      : consumer.ask;
    asking.at = clock.now();
    asking.attempts++;
    let outcome: string;
    try {
      outcome = await this.#annotate(about);
    } catch (error) {
      const { code, message: err } = asFailure(error);
      outcome = "Failed";
      log.warn({ consumer: consumer.key, code, err }, "a consumer could not be asked to look: it looks by itself");
    }
    meter.count("clickscribe_consumer_requests_total", { consumer: consumer.tool, outcome });
    if (this.#closed) return;
    if (outcome === "Sent") this.#asked.add(keyOf(consumer.ask));
    this.look();
  }

  async #annotate({
    kind: name,
    namespace,
    name: object,
  }: Pick<Asked, "namespace" | "name"> & { readonly kind: string }): Promise<string> {
    const { cluster, clock, watch } = this.#deps;
    const kind = watch.kindOf(name);
    if (kind === undefined) return "Denied";
    const { group, resource } = kind;
    if (!(await cluster.allowed({ user: undefined, verb: "patch", group, resource, namespace, name: object })))
      return "Denied";
    const annotations =
      name === "Application"
        ? { "argocd.argoproj.io/refresh": "normal" }
        : { "reconcile.fluxcd.io/requestedAt": new Date(clock.now()).toISOString() };
    await cluster.patch(kind, namespace, object, { metadata: { annotations } });
    return "Sent";
  }
}

/** Also where somebody has to say that it sync: what was clicked is in the cluster, and it sees that it is on the branch. */
function canLook({ reads, isSuspended }: Consumer): boolean {
  return reads && !isSuspended;
}

/** Those that come round by themselves, or else those that somebody has to tell to. */
function awaited(consumers: readonly Consumer[]): readonly Consumer[] {
  const all = consumers.filter(canLook);
  const automatic = all.filter(({ plan }) => plan.isAutomatic);
  return automatic.length > 0 ? automatic : all;
}

function keyOf({ kind, namespace, name }: Asked): string {
  return `${kind} ${namespace}/${name}`;
}
