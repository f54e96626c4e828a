/**
 * Events (events.k8s.io/v1), never in the way: nothing is thrown, nothing waits, and what the API server refuses is
 * left out. A bucket per object and one for all limit them. What is repeated becomes the series of one Event: its second
 * sight is written at once, later ones at most once in a while, and at the end.
 */
import type { Cancel, Clock, EventDraft, Log } from "../ports.ts";
import type { JsonObject } from "../values.ts";
import { eventObject, seriesPatch } from "./event-object.ts";
import type { KubeHttp } from "./kube-http.ts";
import { type Bucket, type BucketLimit, takeToken } from "./token-bucket.ts";

export interface EventWriterDeps {
  readonly http: KubeHttp;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the pod or process. */
  readonly instance: string;
}

export interface EventWriter {
  write(event: EventDraft): void;
  /** Sends what waits, for at most a few seconds; what comes later is left out. */
  drain(): Promise<void>;
}

const perObject: BucketLimit = { burst: 25, refillMs: 12_000 };
const overall: BucketLimit = { burst: 200, refillMs: 50 };
/** An Event that was not repeated for so long is written anew. */
const repeatMs = 600_000;
const seriesMs = 60_000;
const drainMs = 5_000;
const maxInFlight = 4;
const maxWaiting = 1_000;
const maxRemembered = 5_000;

/** An Event that was written, or is about to be. */
interface Told {
  readonly path: string;
  readonly name: string;
  state: "Waiting" | "There" | "Refused";
  count: number;
  last: number;
  /** The count that the API server knows, and since when. */
  sent: number;
  sentAt: number;
  patching: boolean;
}

export function createEventWriter({ http, clock, log, instance }: EventWriterDeps): EventWriter {
  const buckets = new Map<string, Bucket>();
  const all: Bucket = { tokens: overall.burst, at: clock.now() };
  const told = new Map<string, Told>();
  const waiting: (() => Promise<void>)[] = [];
  const sending = new Set<Promise<void>>();
  let cancelSweep: Cancel | undefined;
  let dropped = 0;
  let closed = false;

  function write(event: EventDraft): void {
    const now = clock.now();
    const about = aboutKey(event.about);
    const repeat = JSON.stringify([about, event.type, event.reason, event.message]);
    const known = told.get(repeat);
    if (known !== undefined && known.state !== "Refused" && now - known.last < repeatMs) {
      known.count++;
      known.last = now;
      writeSeries(known, now);
      return;
    }
    if (!admit(about, now)) return;
    const body = eventObject(event, now, instance);
    const { name, namespace } = body["metadata"] as { readonly name: string; readonly namespace: string };
    const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    const entry: Told = { path, name, state: "Waiting", count: 1, last: now, sent: 1, sentAt: 0, patching: false };
    remember(told, repeat, entry);
    enqueue(async () => {
      try {
        await http.json({ method: "POST", path, body: JSON.stringify(body) });
        entry.state = "There";
        writeSeries(entry, clock.now());
      } catch (error) {
        entry.state = "Refused";
        throw error;
      }
    });
  }

  /** The second sight at once; later ones when the last writing is old enough. */
  function writeSeries(entry: Told, now: number): void {
    if (entry.count === entry.sent || entry.state !== "There" || entry.patching) return;
    if (!closed && now - entry.sentAt < seriesMs) {
      cancelSweep ??= clock.after(seriesMs, sweep);
      return;
    }
    if (!closed && !takeToken(all, overall, now)) return;
    entry.patching = true;
    enqueue(async () => {
      const { count, last } = entry;
      const body: JsonObject = seriesPatch({ count, last });
      try {
        const contentType = "application/merge-patch+json";
        const path = `${entry.path}/${encodeURIComponent(entry.name)}`;
        await http.json({ method: "PATCH", path, contentType, body: JSON.stringify(body) });
        entry.sent = count;
        entry.sentAt = clock.now();
      } catch (error) {
        // Expired, perhaps: the next repeat is written as a new Event.
        entry.state = "Refused";
        throw error;
      } finally {
        entry.patching = false;
      }
      writeSeries(entry, clock.now());
    });
  }

  function sweep(): void {
    cancelSweep = undefined;
    for (const entry of told.values()) writeSeries(entry, clock.now());
  }

  function admit(about: string, now: number): boolean {
    const bucket = buckets.get(about) ?? { tokens: perObject.burst, at: now };
    const room = !closed && waiting.length < maxWaiting;
    if (!room || !takeToken(bucket, perObject, now) || !takeToken(all, overall, now)) {
      if (dropped++ % 100 === 0) log.debug({ dropped }, "events are left out: too many");
      return false;
    }
    remember(buckets, about, bucket);
    return true;
  }

  function enqueue(work: () => Promise<void>): void {
    waiting.push(work);
    pump();
  }

  async function allSent(): Promise<void> {
    while (sending.size > 0) await Promise.all(sending);
  }

  function pump(): void {
    while (sending.size < maxInFlight) {
      const work = waiting.shift();
      if (work === undefined) return;
      const done = work()
        .catch((error: unknown) => {
          log.debug({ err: error instanceof Error ? error.message : "" }, "an event could not be written");
        })
        .finally(() => {
          sending.delete(done);
          pump();
        });
      sending.add(done);
    }
  }

  return {
    write(event) {
      try {
        write(event);
      } catch (error) {
        log.error({ err: String(error) }, "an event could not be made");
      }
    },
    async drain() {
      closed = true;
      cancelSweep?.();
      cancelSweep = undefined;
      for (const entry of told.values()) writeSeries(entry, clock.now());
      let cancel: Cancel = () => undefined;
      const late = new Promise<void>((resolve) => {
        cancel = clock.after(drainMs, resolve);
      });
      await Promise.race([allSent(), late]);
      waiting.length = 0;
      cancel();
    },
  };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function aboutKey(about: JsonObject): string {
  const { uid, namespace, name } = (about["metadata"] ?? {}) as JsonObject;
  return JSON.stringify([about["apiVersion"], about["kind"], namespace, name, uid]);
}
