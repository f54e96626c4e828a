import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  answerJson,
  answerStatus,
  type Script,
  type ScriptedServer,
  startScriptedServer,
  watchLine,
} from "../../test/fakes/api-server.ts";
import type { Failure } from "../failures.ts";
import type { Clock, Log, Meter, Subscription, WatchSubscriber } from "../ports.ts";
import type { ClusterChange, Json, Kind, Listing } from "../values.ts";
import { createKubeHttp, type KubeHttp } from "./kube-http.ts";
import { createReflector, type Reflector } from "./reflector.ts";

const kind: Kind = {
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

interface Seen extends WatchSubscriber {
  readonly changes: ClusterChange[];
  readonly listings: Listing[];
  readonly failures: Failure[];
  /** In order: `Listed a@1`, `Complete`, `Event a@2`, `Gone a@3`, `Failure CODE`. */
  readonly words: string[];
}

function subscriber(onChange: (change: ClusterChange) => void = () => undefined): Seen {
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

const object = (name: string, version: number, uid = `uid-${name}`): object => ({
  metadata: { name, namespace: "shop", uid, resourceVersion: String(version) },
});
const listOf = (version: number, items: readonly object[], token = ""): object => ({
  kind: "ConfigMapList",
  apiVersion: "v1",
  metadata: { resourceVersion: String(version), ...(token && { continue: token }) },
  items,
});
const event = (type: string, name: string, version: number, uid?: string): string =>
  watchLine(type, object(name, version, uid));
const bookmark = (version: number): string => watchLine("BOOKMARK", { metadata: { resourceVersion: String(version) } });
const errorEvent = (code: number, message: string): string => watchLine("ERROR", { kind: "Status", code, message });

/** Begins a watch's answer, so that its client sees it open. */
function openWatch(response: ServerResponse, text = ""): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  if (text !== "") response.write(text);
}

describe("reflector", () => {
  let server: ScriptedServer;
  let http: KubeHttp;
  let reflector: Reflector;
  let subscriptions: Subscription[];
  let waits: number[];
  let counted: string[];
  let logged: string[];

  /** Answers lists and watches by turns of a script each; the last of each stays. */
  function play(lists: readonly Script[], watches: readonly Script[]): void {
    let list = 0;
    let watch = 0;
    server.script = (request, response) => {
      const script = request.isWatch
        ? watches[Math.min(watch++, watches.length - 1)]
        : lists[Math.min(list++, lists.length - 1)];
      return script?.(request, response);
    };
  }
  const listing =
    (version: number, ...items: object[]): Script =>
    (_, response) =>
      answerJson(response, 200, listOf(version, items));
  const watching =
    (text = ""): Script =>
    (_, response) =>
      openWatch(response, text);
  const closing =
    (text = ""): Script =>
    (_, response) => {
      openWatch(response, text);
      response.end();
    };

  function start(options: { readonly watchIdleMs?: number } = {}): void {
    const clock: Clock = {
      now: () => Date.now(),
      random: () => 0.5,
      after(ms, work) {
        waits.push(ms);
        const timer = setTimeout(work, ms / speed);
        return () => clearTimeout(timer);
      },
    };
    const log: Log = { debug() {}, info() {}, warn() {}, error: (_, message) => void logged.push(message) };
    const meter: Meter = { count: (name) => void counted.push(name), gauge() {}, observe() {} };
    const parseJson = (text: string): Json => JSON.parse(text) as Json;
    http = createKubeHttp({ connection: server.connection, parseJson, clock, timeoutMs: 5_000 });
    const identityKey = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
      `${namespace}/${name}`;
    const watchIdleMs = options.watchIdleMs ?? 60_000;
    reflector = createReflector(
      { http, parseJson, identityKey, clock, log, meter, watchIdleMs },
      { kind, namespace: "shop" },
    );
  }
  function subscribe(seen: WatchSubscriber): Subscription {
    const subscription = reflector.subscribe(seen);
    subscriptions.push(subscription);
    return subscription;
  }
  async function until(what: string, done: () => boolean): Promise<void> {
    for (let i = 0; i < 500; i++) {
      if (done()) return;
      await sleep(10);
    }
    assert.fail(`${what}: not within 5 s`);
  }
  const lists = (): number => server.requests.filter(({ isWatch }) => !isWatch).length;
  const watches = (): readonly string[] =>
    server.requests.filter(({ isWatch }) => isWatch).map(({ query }) => query.get("resourceVersion") ?? "");

  beforeEach(async () => {
    server = await startScriptedServer(() => undefined);
    subscriptions = [];
    waits = [];
    counted = [];
    logged = [];
  });
  afterEach(async () => {
    reflector.stop();
    await http.close();
    await server.close();
  });

  it("tells the pages of a list, that it is complete, then events with the version seen before", async () => {
    const text =
      event("MODIFIED", "a", 11) +
      bookmark(12) +
      event("MODIFIED", "a", 13) +
      event("DELETED", "a", 14) +
      event("ADDED", "a", 15, "uid-new") +
      event("MODIFIED", "b", 16);
    play(
      [
        (_, response) => answerJson(response, 200, listOf(10, [object("a", 3)], "more")),
        (_, response) => answerJson(response, 200, listOf(10, [object("b", 7)])),
      ],
      [watching(text)],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("events", () => seen.changes.length === 7);
    assert.deepEqual(
      seen.words,
      "Listed a@3|Listed b@7|Complete|Event a@11|Event a@13|Gone a@14|Event a@15|Event b@16".split("|"),
    );
    assert.deepEqual(
      seen.changes.map((change) => change.previousResourceVersion),
      [undefined, undefined, "3", "11", "13", undefined, "7"],
    );
    assert.deepEqual(seen.listings, [
      { type: "Complete", kind, namespace: "shop", keys: new Set(["shop/a", "shop/b"]), resourceVersion: "10" },
    ]);
    const [first, second, watch] = server.requests;
    assert.equal(first?.path, "/api/v1/namespaces/shop/configmaps");
    assert.equal(first.query.get("limit"), "500");
    assert.equal(second?.query.get("continue"), "more");
    assert.equal(watch?.query.get("resourceVersion"), "10");
    assert.equal(watch.query.get("allowWatchBookmarks"), "true");
    assert.equal(watch.query.get("timeoutSeconds"), "450");
    assert.deepEqual(seen.changes[0]?.object["kind"], "ConfigMap");
    assert.deepEqual(seen.changes[0]?.object["apiVersion"], "v1");
  });

  it("goes on from the last bookmark when the server closes a watch, without a new list", async () => {
    play([listing(10)], [closing(event("ADDED", "a", 11) + bookmark(20)), watching(event("MODIFIED", "a", 21))]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("events", () => seen.changes.length === 2);
    assert.deepEqual(watches(), ["10", "20"]);
    assert.equal(lists(), 1);
    assert.deepEqual(
      seen.changes.map((change) => change.previousResourceVersion),
      [undefined, "11"],
    );
  });

  it("lists afresh when the token of a page has expired, and tells only the fresh list complete", async () => {
    play(
      [
        (_, response) => answerJson(response, 200, listOf(10, [object("a", 3)], "old")),
        (_, response) => answerStatus(response, 410, "The provided continue parameter is too old"),
        listing(30, object("b", 29)),
      ],
      [watching()],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Listed a@3", "Listed b@29", "Complete"]);
    assert.deepEqual([...(seen.listings[0]?.keys ?? [])], ["shop/b"]);
    assert.deepEqual(seen.failures, []);
  });

  for (const [how, expire] of [
    ["as an ERROR event", (_, response) => openWatch(response, errorEvent(410, "too old resource version"))],
    ["as a status", (_, response) => answerStatus(response, 410, "Expired: too old resource version")],
  ] satisfies [string, Script][]) {
    it(`lists afresh when the watch answers 410 ${how}`, async () => {
      play(
        [listing(10, object("a", 3), object("b", 4)), listing(40, object("a", 39))],
        [expire, watching(event("MODIFIED", "a", 41))],
      );
      start();
      const seen = subscriber();
      subscribe(seen);
      await until("an event", () => seen.words.includes("Event a@41"));
      assert.deepEqual(watches(), ["10", "40"]);
      assert.equal(seen.changes.find(({ resourceVersion }) => resourceVersion === "39")?.previousResourceVersion, "3");
      assert.deepEqual([...(seen.listings.at(-1)?.keys ?? [])], ["shop/a"]);
      assert.deepEqual(seen.failures, []);
      assert.ok(counted.includes("clickscribe_watch_restarts_total"));
    });
  }

  it("lists afresh after any other ERROR event", async () => {
    play([listing(10), listing(50, object("a", 49))], [watching(errorEvent(500, "etcd said no")), watching()]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("the second list", () => seen.listings.length === 2);
    assert.deepEqual(watches(), ["10", "50"]);
    assert.deepEqual(seen.failures, []);
  });

  it("tells whoever subscribes of errors that do not end", async () => {
    play([listing(10)], [watching(errorEvent(500, "etcd said no"))]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a failure", () => seen.failures.length === 1);
    assert.match(seen.failures[0]?.message ?? "", /ended a watch: etcd said no/);
  });

  it("takes a watch on which nothing comes for dead and goes on from the last event", async () => {
    play([listing(10)], [watching(event("ADDED", "a", 11)), watching(event("MODIFIED", "a", 12))]);
    start({ watchIdleMs: 300 });
    const seen = subscriber();
    subscribe(seen);
    await until("the event after it", () => seen.words.includes("Event a@12"));
    assert.deepEqual(watches().slice(0, 2), ["10", "11"]);
    assert.equal(lists(), 1);
    assert.deepEqual(seen.failures, []);
  });

  it("reads lines whose characters are split between packets", async () => {
    const text = event("ADDED", "größe-日本-🦊", 11);
    play(
      [listing(10)],
      [
        async (_, response) => {
          openWatch(response);
          for (const byte of Buffer.from(text)) {
            response.write(Buffer.of(byte));
            await sleep(1);
          }
        },
      ],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("the event", () => seen.changes.length === 1);
    assert.equal(seen.changes[0]?.identity.name, "größe-日本-🦊");
  });

  it("goes on from the last whole event when a connection breaks within a line", async () => {
    play(
      [listing(10)],
      [
        async (_, response) => {
          openWatch(response, event("ADDED", "a", 11) + event("ADDED", "b", 12).slice(0, 30));
          await sleep(50);
          response.destroy();
        },
        watching(event("ADDED", "b", 12)),
      ],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("both", () => seen.changes.length === 2);
    assert.deepEqual(seen.words, ["Complete", "Event a@11", "Event b@12"]);
    assert.deepEqual(watches(), ["10", "11"]);
  });

  it("does not spin when watches end at once: it waits longer and longer, and lists afresh", async () => {
    play([listing(10), listing(60)], [closing()]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a fresh list", () => lists() === 2);
    assert.equal(watches().filter((from) => from === "10").length, 6);
    assert.deepEqual(waits.slice(0, 6), [800, 1_600, 3_200, 6_400, 12_800, 25_600]);
  });

  it("waits as long as a busy server asks for, and tells nobody of it", async () => {
    play(
      [(_, response) => answerStatus(response, 429, "too many requests", { "retry-after": "7" }), listing(10)],
      [watching()],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.ok((waits[0] ?? 0) > 6_000 && (waits[0] ?? 0) <= 7_000, String(waits));
    assert.deepEqual(seen.failures, []);
  });

  it("does not spin on a Retry-After of 0", async () => {
    play([(_, response) => answerStatus(response, 503, "starting", { "retry-after": "0" })], [watching()]);
    start();
    subscribe(subscriber());
    await until("some attempts", () => waits.length >= 4);
    for (const [i, wait] of waits.slice(0, 4).entries()) assert.ok(wait >= 800 * 2 ** i, String(waits));
  });

  it("tells once that it may not, naming the rule, and recovers by itself", async () => {
    const refuse: Script = (_, response) =>
      answerStatus(response, 403, 'configmaps is forbidden: User "x" cannot list resource "configmaps"');
    play([refuse, refuse, refuse, listing(10, object("a", 9)), refuse, listing(10)], [watching()]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Failure AccessDenied", "Listed a@9", "Complete"]);
    assert.match(
      seen.failures[0]?.message ?? "",
      /configmaps is forbidden: .*: add the rule \{apiGroups: \[""\], resources: \["configmaps"\], verbs: \["list"\]\} to a role/,
    );
  });

  it("does not call a list complete that it may not watch", async () => {
    const refuse: Script = (_, response) => answerStatus(response, 403, "cannot watch resource");
    play([listing(10, object("a", 9))], [refuse, refuse, watching()]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a watch", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Listed a@9", "Failure AccessDenied", "Listed a@9", "Listed a@9", "Complete"]);
    assert.match(seen.failures[0]?.message ?? "", /verbs: \["watch"\]/);
  });

  it("tells once that the server is away, by its URL, and lists afresh when it is back", async () => {
    play(
      [listing(10, object("a", 9)), listing(70, object("a", 69))],
      [watching(event("MODIFIED", "a", 11)), watching(event("MODIFIED", "a", 71))],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("an event", () => seen.words.includes("Event a@11"));
    await server.suspend();
    await until("a failure", () => seen.failures.length === 1);
    await sleep(300);
    await server.resume();
    await until("an event after it", () => seen.words.includes("Event a@71"));
    assert.deepEqual(seen.words.slice(2), [
      "Event a@11",
      "Failure ClusterUnreachable",
      "Listed a@69",
      "Complete",
      "Event a@71",
    ]);
    assert.ok(seen.failures[0]?.message.includes(server.url), seen.failures[0]?.message);
  });

  it("tells nobody of a connection that breaks and is there again at once", async () => {
    play(
      [listing(10)],
      [
        (_, response) => {
          openWatch(response, event("ADDED", "a", 11));
          setTimeout(() => response.destroy(), 30);
        },
        (_, response) => response.destroy(),
        watching(event("MODIFIED", "a", 12)),
      ],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("the event after it", () => seen.changes.length === 2);
    assert.deepEqual(seen.failures, []);
    assert.equal(lists(), 1);
    assert.deepEqual(watches(), ["10", "11", "11"]);
  });

  it("forgets an outage: a later blip is told to nobody either", async () => {
    const away: Script = (_, response) => void response.destroy();
    play(
      [away, away, away, listing(10), listing(20)],
      [closing(event("ADDED", "a", 11)), away, watching(event("MODIFIED", "a", 12))],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("the last event", () => seen.words.includes("Event a@12"));
    assert.deepEqual(seen.words, ["Failure ClusterUnreachable", "Complete", "Event a@11", "Event a@12"]);
  });

  it("takes expiry after expiry for no failure as long as events come", async () => {
    const expiring: Script = (_, response) => openWatch(response, event("MODIFIED", "a", 11) + errorEvent(410, "old"));
    play([listing(10)], [expiring, expiring, expiring, expiring, expiring, watching()]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("six lists", () => seen.listings.length === 6);
    assert.deepEqual(seen.failures, []);
    assert.deepEqual(waits, [100, 100, 100, 100, 100]);
  });

  it("does not take an object made anew while nobody watched for the one before it", async () => {
    play(
      [listing(10, object("a", 3), object("b", 4)), listing(20, object("a", 15, "uid-other"))],
      [watching(errorEvent(410, "old")), watching(event("ADDED", "b", 21))],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("all", () => seen.changes.length === 4);
    assert.deepEqual(
      seen.changes.map((change) => change.previousResourceVersion),
      [undefined, undefined, undefined, undefined],
    );
  });

  it("never takes an answer that is no list for an empty one", async () => {
    const html: Script = (_, response) => answerJson(response, 200, { hello: "from a captive portal" });
    const other: Script = (_, response) =>
      answerJson(response, 200, { kind: "ConfigMap", metadata: { resourceVersion: "12" } });
    const noItems: Script = (_, response) =>
      answerJson(response, 200, { kind: "ConfigMapList", metadata: { resourceVersion: "" }, items: [] });
    play(
      [listing(10, object("a", 9)), html, other, noItems, listing(20, object("a", 9))],
      [watching(errorEvent(410, "too old")), watching()],
    );
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("the good list", () => seen.listings.length === 2);
    assert.deepEqual(
      seen.listings.map(({ keys }) => keys.size),
      [1, 1],
    );
  });

  it("lists anew for all when another subscribes, who sees no event before its list", async () => {
    play(
      [listing(10, object("a", 9)), listing(20, object("a", 12), object("b", 15))],
      [watching(event("MODIFIED", "a", 11) + event("MODIFIED", "a", 12)), watching(event("MODIFIED", "b", 21))],
    );
    start();
    const late = subscriber();
    const first = subscriber(({ resourceVersion }) => {
      // In the middle of what the old run has read already.
      if (resourceVersion === "11") subscribe(late);
    });
    subscribe(first);
    await until("the event for both", () => first.words.includes("Event b@21") && late.words.includes("Event b@21"));
    assert.deepEqual(late.words, ["Listed a@12", "Listed b@15", "Complete", "Event b@21"]);
    assert.deepEqual(
      first.words.filter((word) => word !== "Event a@12"),
      ["Listed a@9", "Complete", "Event a@11", "Listed a@12", "Listed b@15", "Complete", "Event b@21"],
    );
    assert.equal(lists(), 2);
    await until("one watch only", () => server.open <= 2);
  });

  it("lists once for many who subscribe together", async () => {
    play([listing(10, object("a", 9))], [watching()]);
    start();
    const many = Array.from({ length: 5 }, () => subscriber());
    for (const one of many) subscribe(one);
    await until("all listed", () => many.every(({ listings }) => listings.length === 1));
    assert.equal(lists(), 1);
    assert.equal(reflector.subscribers, 5);
  });

  it("goes on when a subscriber throws, with a log line and a count", async () => {
    play([listing(10, object("a", 9))], [watching(event("MODIFIED", "a", 11) + event("MODIFIED", "a", 12))]);
    start();
    const angry = subscriber(() => {
      throw new Error("no");
    });
    const calm = subscriber();
    subscribe(angry);
    subscribe(calm);
    await until("both saw all", () => calm.changes.length === 3 && angry.changes.length === 3);
    assert.deepEqual(calm.words, angry.words);
    assert.deepEqual(
      logged,
      Array.from({ length: 3 }, () => "a subscriber of a watch failed"),
    );
    assert.equal(counted.filter((name) => name === "clickscribe_watch_subscriber_errors_total").length, 3);
  });

  it("tells nothing after the subscription was closed, and ends the watch with the last one", async () => {
    let ended = false;
    play(
      [listing(10)],
      [
        (_, response) => {
          response.on("close", () => {
            ended = true;
          });
          openWatch(response, event("ADDED", "a", 11) + event("ADDED", "b", 12));
        },
      ],
    );
    start();
    const seen = subscriber(() => subscriptions[0]?.close());
    subscribe(seen);
    await until("the end of the watch", () => ended);
    assert.deepEqual(seen.words, ["Complete", "Event a@11"]);
    assert.equal(reflector.subscribers, 0);
    await sleep(100);
    assert.equal(server.requests.length, 2);
  });

  it("reads a burst of 2,000 events with little CPU", async () => {
    const filler = { data: { text: "x".repeat(1_500) } };
    const text = Array.from({ length: 2_000 }, (_, i) =>
      watchLine("MODIFIED", { ...object(`c-${i % 50}`, 100 + i), ...filler }),
    ).join("");
    play([listing(10)], [watching(text)]);
    start();
    const seen = subscriber();
    subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    const before = process.cpuUsage();
    await until("all events", () => seen.changes.length === 2_000);
    const { user, system } = process.cpuUsage(before);
    assert.equal(seen.changes.at(-1)?.previousResourceVersion, "2049");
    assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`);
  });
});
