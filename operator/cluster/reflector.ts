/**
 * Keeps the objects of one kind in one scope in view: pages of a list, then a watch, for as long as somebody subscribes.
 *
 * Invariants.
 * - Per object, changes come in the API server's order.
 * - A list is told complete only when every page of one consistent read was told and the watch that follows it is open:
 *   "complete" means in step, and ends an episode of failure. What a broken list told is told again by the next.
 * - Whoever subscribes later makes the reflector list anew for all, so that nobody misses a change or sees an event
 *   before its list. Subscribers compare contents, so a repeated list costs nobody a change.
 * - Nothing is told after the run that read it was ended.
 * - In memory stands per object its UID and resourceVersion, nothing else.
 * - A subscriber's exception is logged and counted, and stops nobody.
 */
import { asFailure, Failure, retry } from "../failures.ts";
import type { Clock, Log, Meter, Scope, Subscription, WatchSubscriber } from "../ports.ts";
import type { ClusterChange, Identity, Json, JsonObject, Listing } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";
import { lines } from "./lines.ts";
import { listPages } from "./list-pages.ts";
import { resourcePath } from "./resource-path.ts";
import { byReason, isMap, type LeftOut, sentObject, textOf } from "./sent-object.ts";

export interface ReflectorDeps {
  readonly http: KubeHttp;
  readonly parseJson: (text: string) => Json;
  readonly identityKey: (identity: Identity) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** A watch on which nothing came for so long, not even a bookmark, is taken for dead. */
  readonly watchIdleMs: number;
}

export interface Reflector {
  subscribe(subscriber: WatchSubscriber): Subscription;
  readonly subscribers: number;
  /** Ends at once and tells nobody. */
  stop(): void;
}

const firstBackoffMs = 800;
const maxBackoffMs = 30_000;
/** Attempts that a server which does not answer may fail before subscribers are told, and before the list is read anew. */
const patience = 2;
/** Watches that end at once and bring nothing further, one after the other, before the list is read anew. */
const maxEmptyWatches = 5;
/** A watch that held for so long worked, though nothing came. */
const steadyMs = 10_000;

/** What a watch brought until it ended. */
interface Watched {
  /** The resourceVersion to go on from. */
  at: string;
  /** Events and bookmarks. */
  arrived: number;
  /** A line was no JSON: it was cut short, or is sent so each time. */
  isGarbled: boolean;
}

export function createReflector(deps: ReflectorDeps, scope: Scope): Reflector {
  const { http, clock, log, meter } = deps;
  const { kind, namespace } = scope;
  /** Those who wait for their first list; they join at the next run. */
  const joining = new Set<WatchSubscriber>();
  const joined = new Set<WatchSubscriber>();
  const seen = new Map<string, { readonly uid: string; readonly resourceVersion: string }>();
  let current: AbortController | undefined;
  let restarting = false;

  function tell(call: (subscriber: WatchSubscriber) => void, about?: Identity): void {
    for (const subscriber of joined) {
      try {
        call(subscriber);
      } catch (error) {
        const data = { kind: kind.kind, namespace, name: about?.name, err: String(error) };
        log.error(data, "a subscriber of a watch failed");
        meter.count("clickscribe_watch_subscriber_errors_total");
      }
    }
  }

  function changeOf(object: JsonObject, type: "Upsert" | "Delete", evidence: "Event" | "Listed"): ClusterChange {
    const metadata = object["metadata"] as JsonObject;
    const identity = {
      group: kind.group,
      kind: kind.kind,
      namespace: textOf(metadata["namespace"]),
      name: textOf(metadata["name"]),
    };
    const key = deps.identityKey(identity);
    const uid = textOf(metadata["uid"]);
    const resourceVersion = textOf(metadata["resourceVersion"]);
    const before = seen.get(key);
    if (type === "Delete") seen.delete(key);
    else seen.set(key, { uid, resourceVersion });
    return {
      type,
      identity,
      kind,
      uid,
      resourceVersion,
      previousResourceVersion: before?.uid === uid ? before.resourceVersion : undefined,
      evidence,
      object,
      seenAt: clock.now(),
    };
  }

  function note(leftOut: readonly LeftOut[]): void {
    for (const { why, objects, names } of byReason(leftOut))
      log.warn({ kind: kind.kind, namespace, why, objects, names }, "what the API server sent is left out");
  }

  /** Tells a whole list, but not yet that it is complete. */
  async function list(signal: AbortSignal): Promise<Listing> {
    const began = clock.now();
    const keys = new Set<string>();
    const leftOut: LeftOut[] = [];
    let resourceVersion = "";
    for await (const page of listPages(http, scope, signal)) {
      signal.throwIfAborted();
      resourceVersion = page.resourceVersion;
      leftOut.push(...page.leftOut);
      for (const object of page.objects) {
        const change = changeOf(object, "Upsert", "Listed");
        keys.add(deps.identityKey(change.identity));
        tell((subscriber) => subscriber.onChange(change), change.identity);
      }
    }
    meter.observe("clickscribe_list_seconds", { kind: kind.kind }, (clock.now() - began) / 1000);
    const complete: Listing = { type: "Complete", kind, namespace, keys, resourceVersion };
    if (leftOut.length > 0) {
      note(leftOut);
      return { ...complete, isPartial: true };
    }
    for (const key of seen.keys()) if (!keys.has(key)) seen.delete(key);
    return complete;
  }

  /**
   * Tells events until the stream ends. Throws Failure, also for an ERROR in the stream. A line that is no JSON ends it,
   * unless `passOver`: then it is left out.
   */
  async function watch(watched: Watched, passOver: boolean, signal: AbortSignal, onOpen: () => void): Promise<void> {
    const seconds = 300 + Math.floor(clock.random() * 300);
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${encodeURIComponent(watched.at)}`;
    const path = `${resourcePath(kind, namespace)}?${query}`;
    const about = { verb: "watch", group: kind.group, resource: kind.resource, namespace };
    const body = await http.stream({ method: "GET", path, about, signal }, deps.watchIdleMs);
    signal.throwIfAborted();
    onOpen();
    try {
      for await (const line of lines(body)) {
        signal.throwIfAborted();
        const event = eventOf(line);
        if (event === undefined) {
          watched.isGarbled = true;
          if (!passOver) break;
          note([{ why: "it is no JSON", name: /"name":"([^"\\]+)"/.exec(line)?.[1] ?? "" }]);
          continue;
        }
        const object = isMap(event["object"]) ? event["object"] : {};
        const type = textOf(event["type"]);
        if (type === "ERROR") throw watchFailure(object);
        watched.arrived++;
        meter.count("clickscribe_watch_events_total", { kind: kind.kind, type });
        if (type !== "BOOKMARK") take(event);
        watched.at = (isMap(object["metadata"]) && textOf(object["metadata"]["resourceVersion"])) || watched.at;
      }
    } catch (error) {
      if (signal.aborted || error instanceof Failure) throw error;
      // The connection broke or fell silent, maybe within a line: the watch goes on from the last whole event.
      const { code } = error as { readonly code?: unknown };
      const idle = code === "UND_ERR_BODY_TIMEOUT";
      meter.count("clickscribe_watch_restarts_total", { kind: kind.kind, reason: idle ? "idle" : "broken" });
    }
  }

  /** undefined: it is no JSON. */
  function eventOf(line: string): JsonObject | undefined {
    try {
      const event = deps.parseJson(line);
      return isMap(event) ? event : undefined;
    } catch {
      return undefined;
    }
  }

  function take({ type, object }: JsonObject): void {
    const sent = sentObject(object, scope);
    if (!("object" in sent)) return note([sent]);
    const change = changeOf(sent.object, type === "DELETED" ? "Delete" : "Upsert", "Event");
    tell((subscriber) => subscriber.onChange(change), change.identity);
  }

  async function run(signal: AbortSignal): Promise<void> {
    /** The resourceVersion to watch from; undefined: list first. */
    let at: string | undefined;
    let failures = 0;
    let empty = 0;
    let told = false;
    let passOver = false;
    /** Something was left out since, or by, the last list. */
    let isPartial = false;
    while (!signal.aborted) {
      let listing: Listing | undefined;
      const watched: Watched = { at: at ?? "", arrived: 0, isGarbled: false };
      let openedAt: number | undefined;
      const opened = (): void => {
        openedAt = clock.now();
        if (listing === undefined) return;
        const complete = listing;
        at = complete.resourceVersion;
        told = false;
        tell((subscriber) => subscriber.onListing(complete));
      };
      const heldFor = (): number => (openedAt === undefined ? 0 : clock.now() - openedAt);
      try {
        if (at === undefined) {
          listing = await list(signal);
          isPartial = listing.isPartial === true;
          watched.at = listing.resourceVersion;
        }
        const from = watched.at;
        await watch(watched, passOver, signal, opened);
        // What was left out is looked for by a list.
        if (passOver && watched.isGarbled) isPartial = true;
        at = isPartial && heldFor() >= steadyMs ? undefined : watched.at;
        const isStuck = watched.at === from;
        // Once may be an accident on the way: the same place is read again first.
        passOver = watched.isGarbled && isStuck;
        failures = 0;
        empty = isStuck && heldFor() < steadyMs ? empty + 1 : 0;
        if (empty > maxEmptyWatches) at = undefined;
        if (empty > 0) await pause(clock, backoffMs(empty - 1, clock), signal);
      } catch (error) {
        if (signal.aborted) return;
        const failure = asFailure(error, "ClusterUnreachable");
        if (watched.arrived > 0 || heldFor() >= steadyMs) failures = 0;
        failures++;
        const expired = failure.data["status"] === 410;
        if (expired) meter.count("clickscribe_watch_restarts_total", { kind: kind.kind, reason: "expired" });
        else meter.count("clickscribe_watch_failures_total");
        if (!told && (failure.class === "Stalled" || failures > patience)) {
          told = true;
          const data = { kind: kind.kind, namespace, code: failure.code, err: failure.message };
          log.warn(data, "a kind cannot be listed or watched: it is tried again");
          tell((subscriber) => subscriber.onFailure(failure));
        }
        // What was missed meanwhile is found by a list, which also tells subscribers that the episode is over.
        if (told || expired || openedAt !== undefined) at = undefined;
        const wait = backoffMs(failures - 1, clock) / (expired && failures === 1 ? 8 : 1);
        await pause(clock, Math.max(wait, (failure.until ?? 0) - clock.now()), signal);
      }
    }
  }

  function restart(): void {
    restarting = false;
    current?.abort();
    current = undefined;
    for (const subscriber of joining) joined.add(subscriber);
    joining.clear();
    if (joined.size === 0) {
      seen.clear();
      return;
    }
    current = new AbortController();
    void run(current.signal);
  }

  return {
    get subscribers() {
      return joining.size + joined.size;
    },
    subscribe(subscriber) {
      joining.add(subscriber);
      // In the next turn, so that many who subscribe together share one list.
      if (!restarting) queueMicrotask(restart);
      restarting = true;
      return {
        close() {
          const found = joining.delete(subscriber) || joined.delete(subscriber);
          if (found && joining.size + joined.size === 0) restart();
        },
      };
    },
    stop() {
      joining.clear();
      joined.clear();
      restart();
    },
  };
}

/** An ERROR event carries a Status (meta/v1). */
function watchFailure(status: JsonObject): Failure {
  const code = typeof status["code"] === "number" ? status["code"] : 0;
  const message = textOf(status["message"]) || "no reason given";
  return retry("ClusterUnreachable", `the API server ended a watch: ${message}`, { status: code });
}

function backoffMs(attempt: number, clock: Clock): number {
  return Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(attempt, 10) * (0.75 + clock.random() / 2));
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}
