/**
 * Keeps the objects of one kind in one scope in view: pages of a list, then a watch, for as long as somebody subscribes.
 *
 * Invariants. Per object, changes come in the API server's order. A list is told complete only after its last page of
 * one consistent read; what a broken one told is told again by the next. Whoever subscribes later makes the reflector
 * list anew for all, so that nobody misses or doubles a change (subscribers compare contents). In memory stands per
 * object its UID and resourceVersion, nothing else. A subscriber's exception is logged and stops nobody.
 */
import { Failure, retry } from "../failures.ts";
import type { Clock, Log, Meter, Scope, Subscription, WatchSubscriber } from "../ports.ts";
import type { ClusterChange, Identity, Json, JsonObject, Listing } from "../values.ts";
import type { KubeHttp, RequestSubject } from "./kube-http.ts";
import { lines } from "./lines.ts";
import { resourcePath } from "./resource-path.ts";

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

const pageSize = 500;
const firstBackoffMs = 800;
const maxBackoffMs = 30_000;
/** Watches that end at once without an event, one after the other, before the list is read anew. */
const maxEmptyWatches = 5;

/** The resourceVersion is too old: list again. */
class Expired extends Error {}

export function createReflector(deps: ReflectorDeps, scope: Scope): Reflector {
  const { http, clock, log, meter } = deps;
  const { kind, namespace } = scope;
  const subscribers = new Set<WatchSubscriber>();
  const seen = new Map<string, { readonly uid: string; readonly resourceVersion: string }>();
  const about = (verb: string): RequestSubject => ({ verb, group: kind.group, resource: kind.resource, namespace });
  let stop: AbortController | undefined;
  let toldFailure: string | undefined;
  let restarting = false;

  function tell(call: (subscriber: WatchSubscriber) => void): void {
    for (const subscriber of subscribers) {
      try {
        call(subscriber);
      } catch (error) {
        log.error({ kind: kind.kind, err: String(error) }, "a subscriber failed");
      }
    }
  }

  function changeOf(object: JsonObject, type: "Upsert" | "Delete", evidence: "Event" | "Listed"): ClusterChange {
    const metadata = (object["metadata"] ?? {}) as JsonObject;
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

  /** Tells a whole list and answers the resourceVersion to watch from. */
  async function list(signal: AbortSignal): Promise<string> {
    const keys = new Set<string>();
    let resourceVersion = "";
    for await (const page of listPages(http, scope, signal)) {
      resourceVersion = page.resourceVersion;
      for (const object of page.objects) {
        const change = changeOf(object, "Upsert", "Listed");
        keys.add(deps.identityKey(change.identity));
        tell((subscriber) => subscriber.onChange(change));
      }
    }
    for (const key of seen.keys()) if (!keys.has(key)) seen.delete(key);
    const listing: Listing = { type: "Complete", kind, namespace, keys, resourceVersion };
    tell((subscriber) => subscriber.onListing(listing));
    return resourceVersion;
  }

  /** Tells events until the stream ends; answers where to go on, and whether anything came. */
  async function watch(from: string, signal: AbortSignal): Promise<{ readonly at: string; readonly events: number }> {
    let at = from;
    let events = 0;
    const idle = new AbortController();
    let cancelIdle = clock.after(deps.watchIdleMs, () => idle.abort());
    const seconds = 300 + Math.floor(clock.random() * 300);
    const query = `watch=1&allowWatchBookmarks=true&timeoutSeconds=${seconds}&resourceVersion=${encodeURIComponent(from)}`;
    const path = `${resourcePath(kind, namespace)}?${query}`;
    try {
      const both = AbortSignal.any([signal, idle.signal]);
      const body = await http.stream({ method: "GET", path, about: about("watch"), signal: both });
      for await (const line of lines(body)) {
        cancelIdle();
        cancelIdle = clock.after(deps.watchIdleMs, () => idle.abort());
        const event = deps.parseJson(line) as JsonObject;
        const object = (event["object"] ?? {}) as JsonObject;
        const type = event["type"];
        if (type === "ERROR") throw watchError(object);
        at = textOf(((object["metadata"] ?? {}) as JsonObject)["resourceVersion"]) || at;
        if (type === "BOOKMARK") continue;
        events++;
        const change = changeOf(object, type === "DELETED" ? "Delete" : "Upsert", "Event");
        tell((subscriber) => subscriber.onChange(change));
      }
    } catch (error) {
      if (signal.aborted || error instanceof Failure || error instanceof Expired) throw error;
      // A connection that broke or fell silent: the watch goes on from the last event.
      meter.count("clickscribe_watch_restarts_total", { reason: idle.signal.aborted ? "idle" : "broken" });
    } finally {
      cancelIdle();
    }
    return { at, events };
  }

  async function run(signal: AbortSignal): Promise<void> {
    let failures = 0;
    let at: string | undefined;
    let empty = 0;
    while (!signal.aborted) {
      try {
        if (at === undefined) at = await list(signal);
        toldFailure = undefined;
        const began = clock.now();
        const watched: { readonly at: string; readonly events: number } = await watch(at, signal);
        failures = 0;
        empty = watched.events === 0 && clock.now() - began < 1_000 ? empty + 1 : 0;
        at = empty > maxEmptyWatches ? undefined : watched.at;
        if (empty > 0) await pause(clock, backoffMs(empty, clock), signal);
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Expired || isGone(error)) {
          at = undefined;
          meter.count("clickscribe_watch_restarts_total", { reason: "expired" });
          await pause(clock, backoffMs(failures++, clock) / 8, signal);
          continue;
        }
        const failure = error instanceof Failure ? error : retry("ClusterUnreachable", String(error));
        meter.count("clickscribe_watch_failures_total");
        if (toldFailure !== failure.code) tell((subscriber) => subscriber.onFailure(failure));
        toldFailure = failure.code;
        // Whatever was missed while it could not be read is found by a list.
        if (failure.class === "Stalled") at = undefined;
        const wait = failure.until === undefined ? backoffMs(failures++, clock) : failure.until - clock.now();
        await pause(clock, Math.max(0, wait), signal);
      }
    }
  }

  function restart(): void {
    restarting = false;
    stop?.abort();
    if (subscribers.size === 0) {
      seen.clear();
      stop = undefined;
      return;
    }
    stop = new AbortController();
    void run(stop.signal);
  }

  return {
    get subscribers() {
      return subscribers.size;
    },
    subscribe(subscriber) {
      subscribers.add(subscriber);
      // In the next turn, so that many who subscribe together share one list.
      if (!restarting) queueMicrotask(restart);
      restarting = true;
      return {
        close() {
          if (!subscribers.delete(subscriber)) return;
          if (subscribers.size === 0) restart();
        },
      };
    },
    stop() {
      subscribers.clear();
      restart();
    },
  };
}

/** The pages of one consistent list. A continue token that expired throws Expired. */
export async function* listPages(
  http: KubeHttp,
  { kind, namespace }: Scope,
  signal?: AbortSignal,
): AsyncGenerator<{ readonly objects: readonly JsonObject[]; readonly resourceVersion: string }> {
  const about = { verb: "list", group: kind.group, resource: kind.resource, namespace };
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  let token = "";
  do {
    const query = `limit=${pageSize}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
    const path = `${resourcePath(kind, namespace)}?${query}`;
    const page = await http.json({ method: "GET", path, about, ...(signal && { signal }) });
    const metadata = (page["metadata"] ?? {}) as JsonObject;
    const items = Array.isArray(page["items"]) ? (page["items"] as readonly JsonObject[]) : [];
    // Items of a list leave out what the list says of them all.
    const objects = items.map((item) => ({ apiVersion, kind: kind.kind, ...item }));
    yield { objects, resourceVersion: textOf(metadata["resourceVersion"]) };
    token = textOf(metadata["continue"]);
  } while (token !== "");
}

function watchError(status: JsonObject): Error {
  if (status["code"] === 410) return new Expired();
  return retry("ClusterUnreachable", `the API server ended a watch: ${textOf(status["message"])}`);
}

function isGone(error: unknown): boolean {
  return error instanceof Failure && error.data["status"] === 410;
}

function backoffMs(attempt: number, clock: Clock): number {
  return Math.min(maxBackoffMs, firstBackoffMs * 2 ** Math.min(attempt, 10)) * (0.75 + clock.random() / 2);
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

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
