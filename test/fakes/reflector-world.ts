/** A reflector on a scripted server, whose lists and watches a test plays by turns. */
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { createKubeHttp } from "../../operator/cluster/kube-http.ts";
import { createReflector, type Reflector } from "../../operator/cluster/reflector.ts";
import type { Failure } from "../../operator/failures.ts";
import type { Clock, Log, Meter, Subscription, WatchSubscriber } from "../../operator/ports.ts";
import type { ClusterChange, Json, Kind, Listing } from "../../operator/values.ts";
import { answerJson, type Script, type ScriptedServer, startScriptedServer, watchLine } from "./api-server.ts";

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
  /** What the clock was asked to wait, in milliseconds. */
  readonly waits: readonly number[];
  readonly counted: readonly string[];
  /** Messages of level error. */
  readonly logged: readonly string[];
  /** The fields of each warning. */
  readonly warned: readonly object[];
  /** Answers lists and watches by turns of a script each; the last of each stays. */
  play(lists: readonly Script[], watches: readonly Script[]): void;
  subscribe(seen: WatchSubscriber): Subscription;
  /** The clock shows so many milliseconds more. */
  elapse(ms: number): void;
  /** How many pages were asked for. */
  lists(): number;
  /** From which resourceVersion each watch began. */
  watches(): readonly string[];
  close(): Promise<void>;
}

export async function createReflectorWorld(watchIdleMs = 60_000): Promise<ReflectorWorld> {
  const server = await startScriptedServer(() => undefined);
  const waits: number[] = [];
  const counted: string[] = [];
  const logged: string[] = [];
  const warned: object[] = [];
  let ahead = 0;
  const clock: Clock = {
    now: () => Date.now() + ahead,
    random: () => 0.5,
    after(ms, work) {
      waits.push(ms);
      const timer = setTimeout(work, ms / speed);
      return () => clearTimeout(timer);
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
    waits,
    counted,
    logged,
    warned,
    play(lists, watches) {
      let list = 0;
      let watch = 0;
      server.script = (request, response) => {
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
      server.requests.filter(({ isWatch }) => isWatch).map(({ query }) => query.get("resourceVersion") ?? ""),
    async close() {
      reflector.stop();
      await http.close();
      await server.close();
    },
  };
}
