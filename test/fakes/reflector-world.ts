/** A reflector on a scripted server, whose lists and watches a test plays by turns. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeHttp } from "../../operator/cluster/kube-http.ts";
import { createReflector, type Reflector } from "../../operator/cluster/reflector.ts";
import type { Failure } from "../../operator/failures.ts";
import type { Clock, Log, Meter, Subscription, WatchSubscriber } from "../../operator/ports.ts";
import type { ClusterChange, Json, Kind, Listing } from "../../operator/values.ts";
import {
  answerJson,
  type Script,
  type ScriptedRequest,
  type ScriptedServer,
  startScriptedServer,
  watchLine,
} from "./api-server.ts";

export const kind: Kind = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
  verbs: ["list", "watch"],
  subresources: [],
};
/** Backoff passes so many times faster than it says. */
const speed = 40;

export interface Seen extends WatchSubscriber {
  readonly changes: ClusterChange[];
  readonly listings: Listing[];
  readonly failures: Failure[];
  /** In order: `Listed a@1`, `Complete`, `Event a@2`, `Gone a@3`, `Failure CODE`. */
  readonly words: string[];
}

export function subscriber(onChange: (change: ClusterChange) => void = () => undefined): Seen {
  const seen: Seen = {
    changes: [],
    listings: [],
    failures: [],
    words: [],
    onChange(change) {
      seen.changes.push(change);
      const word = change.type === "Delete" ? "Gone" : change.evidence;
      seen.words.push(`${word} ${change.identity.name}@${change.resourceVersion}`);
      onChange(change);
    },
    onListing(listing) {
      seen.listings.push(listing);
      seen.words.push("Complete");
    },
    onFailure(failure) {
      seen.failures.push(failure);
      seen.words.push(`Failure ${failure.code}`);
    },
  };
  return seen;
}

export const object = (name: string, version: number, uid = `uid-${name}`): object => ({
  metadata: { name, namespace: "shop", uid, resourceVersion: String(version) },
});
export const listOf = (version: number, items: readonly object[], token = ""): object => ({
  kind: "ConfigMapList",
  apiVersion: "v1",
  metadata: { resourceVersion: String(version), ...(token && { continue: token }) },
  items,
});
export const event = (type: string, name: string, version: number, uid?: string): string =>
  watchLine(type, object(name, version, uid));
export const bookmark = (version: number): string =>
  watchLine("BOOKMARK", { metadata: { resourceVersion: String(version) } });
/** The bookmark after what was there when a watch with sendInitialEvents began. */
export const endOfInitial = (version: number): string =>
  watchLine("BOOKMARK", {
    metadata: { resourceVersion: String(version), annotations: { "k8s.io/initial-events-end": "true" } },
  });
export const errorEvent = (code: number, message: string): string =>
  watchLine("ERROR", { kind: "Status", code, message });

/** Begins a watch's answer, so that its client sees it open. */
export function openWatch(response: ServerResponse, text = ""): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  if (text !== "") response.write(text);
}

export const listing =
  (version: number, ...items: object[]): Script =>
  (_, response) =>
    answerJson(response, 200, listOf(version, items));
export const watching =
  (text = ""): Script =>
  (_, response) =>
    openWatch(response, text);
export const closing =
  (text = ""): Script =>
  (_, response) => {
    openWatch(response, text);
    response.end();
  };

export async function until(what: string, done: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (done()) return;
    await sleep(10);
  }
  assert.fail(`${what}: not within 5 s`);
}

export interface ReflectorWorld {
  readonly server: ScriptedServer;
  readonly reflector: Reflector;
  /** What the clock was asked to wait and not told to leave, in milliseconds. */
  readonly waits: readonly number[];
  readonly counted: readonly string[];
  /** Messages of level error. */
  readonly logged: readonly string[];
  /** The fields of each warning. */
  readonly warned: readonly object[];
  /**
   * Answers lists and watches by turns of a script each; the last of each stays. `streams`: the same for watches that are
   * to bring what is there; without, the server does not know of those.
   */
  play(lists: readonly Script[], watches: readonly Script[], streams?: readonly Script[]): void;
  subscribe(seen: WatchSubscriber): Subscription;
  /** The clock shows so many milliseconds more. */
  elapse(ms: number): void;
  /** How many pages were asked for. */
  lists(): number;
  /** From which resourceVersion each watch began. */
  watches(): readonly string[];
  /** How many watches were to bring what is there. */
  streams(): number;
  close(): Promise<void>;
}

export async function createReflectorWorld(watchIdleMs = 60_000): Promise<ReflectorWorld> {
  const server = await startScriptedServer(() => undefined);
  const asked: { readonly ms: number; state: "Waiting" | "Over" | "Cancelled" }[] = [];
  const counted: string[] = [];
  const logged: string[] = [];
  const warned: object[] = [];
  let ahead = 0;
  const clock: Clock = {
    now: () => Date.now() + ahead,
    random: () => 0.5,
    after(ms, work) {
      const wait: (typeof asked)[number] = { ms, state: "Waiting" };
      asked.push(wait);
      const timer = setTimeout(() => {
        wait.state = "Over";
        work();
      }, ms / speed);
      return () => {
        clearTimeout(timer);
        if (wait.state === "Waiting") wait.state = "Cancelled";
      };
    },
  };
  const log: Log = {
    debug() {},
    info() {},
    warn: (data) => void warned.push(data),
    error: (_, message) => void logged.push(message),
  };
  const meter: Meter = { count: (name) => void counted.push(name), gauge() {}, observe() {} };
  const parseJson = (text: string): Json => JSON.parse(text) as Json;
  const http = createKubeHttp({ connection: server.connection, parseJson, clock, timeoutMs: 5_000 });
  const identityKey = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
    `${namespace}/${name}`;
  const reflector = createReflector(
    { http, parseJson, identityKey, clock, log, meter, watchIdleMs },
    { kind, namespace: "shop" },
  );
  return {
    server,
    reflector,
    get waits() {
      return asked.filter(({ state }) => state !== "Cancelled").map(({ ms }) => ms);
    },
    counted,
    logged,
    warned,
    play(lists, watches, streams = [refuseStream]) {
      let list = 0;
      let watch = 0;
      let stream = 0;
      server.script = (request, response) => {
        if (isStream(request)) return streams[Math.min(stream++, streams.length - 1)]?.(request, response);
        const script = request.isWatch
          ? watches[Math.min(watch++, watches.length - 1)]
          : lists[Math.min(list++, lists.length - 1)];
        return script?.(request, response);
      };
    },
    elapse(ms) {
      ahead += ms;
    },
    subscribe: (seen) => reflector.subscribe(seen),
    lists: () => server.requests.filter(({ isWatch }) => !isWatch).length,
    watches: () =>
      server.requests
        .filter((request) => request.isWatch && !isStream(request))
        .map(({ query }) => query.get("resourceVersion") ?? ""),
    streams: () => server.requests.filter(isStream).length,
    async close() {
      reflector.stop();
      await http.close();
      await server.close();
    },
  };
}

function isStream({ query }: ScriptedRequest): boolean {
  return query.get("sendInitialEvents") === "true";
}

const refuseStream: Script = (_, response) =>
  answerJson(response, 422, { kind: "Status", code: 422, message: "sendInitialEvents: Forbidden" });
