/** Events (events.k8s.io/v1): never in the way. A bucket per object and one for all; what is repeated is told once. */
import { createHash } from "node:crypto";
import type { Clock, EventDraft, Log } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import type { KubeHttp } from "./kube-http.ts";

export interface EventWriterDeps {
  readonly http: KubeHttp;
  readonly clock: Clock;
  readonly log: Log;
  /** Of the pod or process. */
  readonly instance: string;
}

export interface EventWriter {
  write(event: EventDraft): void;
  /** Resolves when what was accepted has been sent. */
  drain(): Promise<void>;
}

const controller = "clickscribe.dev/operator";
const maxNote = 1_024;
const perObject = { burst: 25, refillMs: 12_000 };
const overall = { burst: 200, refillMs: 50 };
const repeatMs = 600_000;
const maxInFlight = 4;
const maxRemembered = 5_000;

interface Bucket {
  tokens: number;
  at: number;
}

export function createEventWriter({ http, clock, log, instance }: EventWriterDeps): EventWriter {
  const buckets = new Map<string, Bucket>();
  const all: Bucket = { tokens: overall.burst, at: clock.now() };
  const told = new Map<string, number>();
  const queue: JsonObject[] = [];
  const sending = new Set<Promise<void>>();
  let dropped = 0;

  function admit(event: EventDraft, now: number): boolean {
    const about = aboutKey(event.about);
    const repeat = `${about} ${event.reason} ${event.message}`;
    const last = told.get(repeat);
    if (last !== undefined && now - last < repeatMs) return false;
    const bucket = buckets.get(about) ?? { tokens: perObject.burst, at: now };
    if (!take(bucket, perObject, now) || !take(all, overall, now)) {
      if (dropped++ % 100 === 0) log.debug({ dropped }, "events are left out: too many");
      return false;
    }
    remember(buckets, about, bucket);
    remember(told, repeat, now);
    return true;
  }

  function pump(): void {
    while (sending.size < maxInFlight) {
      const body = queue.shift();
      if (body === undefined) return;
      const sent = send(body).finally(() => {
        sending.delete(sent);
        pump();
      });
      sending.add(sent);
    }
  }

  async function send(body: JsonObject): Promise<void> {
    const { namespace } = body["metadata"] as { readonly namespace: string };
    try {
      const path = `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
      await http.json({ method: "POST", path, body: JSON.stringify(body) });
    } catch (error) {
      log.debug({ err: error instanceof Error ? error.message : "" }, "an event could not be written");
    }
  }

  return {
    write(event) {
      const now = clock.now();
      if (!admit(event, now)) return;
      queue.push(eventObject(event, now, instance));
      pump();
    },
    async drain() {
      while (sending.size > 0 || queue.length > 0) await Promise.all(sending);
    },
  };
}

/** The raw Event. Its name is the object's with the time in hexadecimal, as client-go names them. */
export function eventObject(event: EventDraft, now: number, instance: string): JsonObject {
  const metadata = (event.about["metadata"] ?? {}) as JsonObject;
  const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
  const namespace = text(metadata["namespace"]) || "default";
  const name =
    text(metadata["name"])
      .replaceAll(/[^a-z0-9.-]/g, "-")
      .replace(/^[^a-z0-9]+/, "") || "object";
  const unique = createHash("sha256").update(`${now} ${instance} ${event.reason} ${event.message}`).digest("hex");
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: `${name.slice(0, 230)}.${unique.slice(0, 16)}`, namespace },
    eventTime: new Date(now).toISOString().replace(/Z$/, "000Z"),
    type: event.type,
    reason: event.reason,
    action: event.reason,
    note: clipBytes(event.message, maxNote),
    reportingController: controller,
    reportingInstance: instance.slice(0, 128),
    regarding: {
      apiVersion: text(event.about["apiVersion"]),
      kind: text(event.about["kind"]),
      name: text(metadata["name"]),
      namespace: text(metadata["namespace"]),
      uid: text(metadata["uid"]),
    },
  };
}

function take(bucket: Bucket, limit: { readonly burst: number; readonly refillMs: number }, now: number): boolean {
  const refilled = Math.floor((now - bucket.at) / limit.refillMs);
  if (refilled > 0) {
    bucket.tokens = Math.min(limit.burst, bucket.tokens + refilled);
    bucket.at += refilled * limit.refillMs;
  }
  if (bucket.tokens <= 0) return false;
  bucket.tokens--;
  return true;
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
  return JSON.stringify([about["kind"], namespace, name, uid]);
}

function clipBytes(text: string, bytes: number): string {
  const buffer = Buffer.from(text, "utf8");
  if (buffer.length <= bytes) return text;
  return buffer
    .subarray(0, bytes - 4)
    .toString("utf8")
    .replace(/\ufffd$/, "")
    .concat("...");
}
