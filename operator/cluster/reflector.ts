/**
 * Keeps the objects of one kind in one scope in view: what is there, then a watch, for as long as somebody subscribes.
 * A watch brings what is there itself (sendInitialEvents, KEP-3157); a server that does not know that, or does not come to
 * its end, is asked for the pages of a list.
 *
 * Invariants.
 * - Per object, changes come in the API server's order.
 * - A list is told complete only when all of one consistent read was told and the watch that follows it is open:
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
/** A watch that is to bring what is there, and brings nothing for so long, does not know that it is to. */
const initialIdleMs = 20_000;

/** What is there, as far as it was told. */
interface Told {
  readonly began: number;
  readonly keys: Set<string>;
  readonly leftOut: LeftOut[];
}

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
  /** The server refused to bring by a watch what is there. */
  let hasPagesOnly = false;

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

  function beginTelling(): Told {
    return { began: clock.now(), keys: new Set(), leftOut: [] };
  }

  function tellListed(told: Told, object: JsonObject): void {
    const change = changeOf(object, "Upsert", "Listed");
    told.keys.add(deps.identityKey(change.identity));
    tell((subscriber) => subscriber.onChange(change), change.identity);
  }

  function listingOf({ began, keys, leftOut }: Told, resourceVersion: string): Listing {
    meter.observe("clickscribe_list_seconds", { kind: kind.kind }, (clock.now() - began) / 1000);
    const complete: Listing = { type: "Complete", kind, namespace, keys, resourceVersion };
    if (leftOut.length > 0) {
      note(leftOut);
      return { ...complete, isPartial: true };
    }
    for (const key of seen.keys()) if (!keys.has(key)) seen.delete(key);
    return complete;
  }

  /** Tells a whole list, but not yet that it is complete. */
  async function list(signal: AbortSignal): Promise<Listing> {
    const told = beginTelling();
    let resourceVersion = "";
    for await (const page of listPages(http, scope, signal)) {
      signal.throwIfAborted();
      resourceVersion = page.resourceVersion;
      told.leftOut.push(...page.leftOut);
      for (const object of page.objects) tellListed(told, object);
    }
    return listingOf(told, resourceVersion);
  }

  /**
   * Tells events until the stream ends. Throws Failure, also for an ERROR in the stream. A line that is no JSON ends it,
   * unless `passOver`: then it is left out. `initial`: what is there comes first, and `onListed` is called after it; a
   * stream that falls silent before that, or goes on to something else, ends.
   */
  async function watch(
    watched: Watched,
    { passOver, initial }: { readonly passOver: boolean; readonly initial: Told | undefined },
    signal: AbortSignal,
    { onOpen, onListed }: { readonly onOpen: () => void; readonly onListed: (listing: Listing) => void },
  ): Promise<void> {
    const seconds = 300 + Math.floor(clock.random() * 300);
    const from =
      initial === undefined
        ? `resourceVersion=${encodeURIComponent(watched.at)}`
        : "sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const path = `${resourcePath(kind, namespace)}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&${from}`;
    const about = { verb: "watch", group: kind.group, resource: kind.resource, namespace };
    const silence = new AbortController();
    const either = AbortSignal.any([signal, silence.signal]);
    const listen = (): (() => void) =>
      initial === undefined ? () => undefined : clock.after(initialIdleMs, () => silence.abort());
    let stopListening = listen();
    let isListing = initial !== undefined;
    try {
      const body = await http.stream({ method: "GET", path, about, signal: either }, deps.watchIdleMs);
      signal.throwIfAborted();
      onOpen();
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
        const at = isMap(object["metadata"]) ? textOf(object["metadata"]["resourceVersion"]) : "";
        if (isListing && initial !== undefined) {
          stopListening();
          if (type === "BOOKMARK") {
            // One that is not the end of what is there: the server takes it for a watch like any other.
            if (!endsInitial(object)) return;
            isListing = false;
            onListed(listingOf(initial, at));
          } else {
            takeInitial(initial, type, object);
            stopListening = listen();
          }
          if (!isListing) watched.at = at;
          continue;
        }
        meter.count("clickscribe_watch_events_total", { kind: kind.kind, type });
        if (type !== "BOOKMARK") take(type, object);
        watched.at = at || watched.at;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof Failure && !silence.signal.aborted)) throw error;
      // The connection broke or fell silent, maybe within a line: the watch goes on from the last whole event.
      const { code } = error as { readonly code?: unknown };
      const idle = code === "UND_ERR_BODY_TIMEOUT" || silence.signal.aborted;
      meter.count("clickscribe_watch_restarts_total", { kind: kind.kind, reason: idle ? "idle" : "broken" });
    } finally {
      stopListening();
      silence.abort();
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

  /** What is there comes as ADDED; what happens before all of it has come, as it happens. */
  function takeInitial(initial: Told, type: string, object: JsonObject): void {
    const sent = sentObject(object, scope);
    if (!("object" in sent)) {
      initial.leftOut.push(sent);
      return;
    }
    if (type === "ADDED") return tellListed(initial, sent.object);
    const { identity } = take(type, object) ?? {};
    if (identity === undefined) return;
    if (type === "DELETED") initial.keys.delete(deps.identityKey(identity));
    else initial.keys.add(deps.identityKey(identity));
  }

  /** undefined: it was left out. */
  function take(type: string, object: JsonObject): ClusterChange | undefined {
    const sent = sentObject(object, scope);
    if (!("object" in sent)) {
      note([sent]);
      return undefined;
    }
    const change = changeOf(sent.object, type === "DELETED" ? "Delete" : "Upsert", "Event");
    tell((subscriber) => subscriber.onChange(change), change.identity);
    return change;
  }

  async function run(signal: AbortSignal): Promise<void> {
    /** The resourceVersion to watch from; undefined: list first. */
    let at: string | undefined;
    let failures = 0;
    let empty = 0;
    let told = false;
    let passOver = false;
    /** A watch did not come to the end of what is there. */
    let wantsPages = false;
    /** Something was left out since, or by, the last list. */
    let isPartial = false;
    while (!signal.aborted) {
      let listing: Listing | undefined;
      const watched: Watched = { at: at ?? "", arrived: 0, isGarbled: false };
      let openedAt: number | undefined;
      const initial = at === undefined && !hasPagesOnly && !wantsPages ? beginTelling() : undefined;
      const onListed = (complete: Listing): void => {
        at = complete.resourceVersion;
        told = false;
        isPartial = complete.isPartial === true;
        wantsPages = false;
        tell((subscriber) => subscriber.onListing(complete));
      };
      const onOpen = (): void => {
        openedAt = clock.now();
        if (listing !== undefined) onListed(listing);
      };
      const heldFor = (): number => (openedAt === undefined ? 0 : clock.now() - openedAt);
      try {
        if (at === undefined && initial === undefined) {
          listing = await list(signal);
          watched.at = listing.resourceVersion;
        }
        const from = watched.at;
        await watch(watched, { passOver, initial }, signal, { onOpen, onListed });
        if (initial !== undefined && at === undefined) {
          wantsPages = true;
          continue;
        }
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
        if (initial !== undefined && openedAt === undefined && refusesInitial(failure)) {
          hasPagesOnly = true;
          continue;
        }
        if (initial !== undefined && at === undefined) wantsPages = true;
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

/** The bookmark after the last object that was there when the watch began. */
function endsInitial({ metadata }: JsonObject): boolean {
  const annotations = isMap(metadata) ? metadata["annotations"] : undefined;
  return isMap(annotations) && annotations["k8s.io/initial-events-end"] === "true";
}

/** Invalid, or a bad request, to whoever does not serve it: its feature gate is off, or it is an aggregated API. */
function refusesInitial({ data }: Failure): boolean {
  return data["status"] === 400 || data["status"] === 422;
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
