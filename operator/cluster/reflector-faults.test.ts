import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answerJson, answerStatus, type Script } from "../../test/fakes/api-server.ts";
import {
  closing,
  createReflectorWorld,
  errorEvent,
  event,
  listing,
  listOf,
  object,
  openWatch,
  type ReflectorWorld,
  subscriber,
  until,
  watching,
} from "../../test/fakes/reflector-world.ts";

describe("reflector, when something fails", () => {
  let w: ReflectorWorld;
  beforeEach(async () => {
    w = await createReflectorWorld();
  });
  afterEach(() => w.close());

  it("lists afresh when the token of a page has expired, and tells only the fresh list complete", async () => {
    w.play(
      [
        (_, response) => answerJson(response, 200, listOf(10, [object("a", 3)], "old")),
        (_, response) => answerStatus(response, 410, "The provided continue parameter is too old"),
        listing(30, object("b", 29)),
      ],
      [watching()],
    );
    const seen = subscriber();
    w.subscribe(seen);
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
      w.play(
        [listing(10, object("a", 3), object("b", 4)), listing(40, object("a", 39))],
        [expire, watching(event("MODIFIED", "a", 41))],
      );
      const seen = subscriber();
      w.subscribe(seen);
      await until("an event", () => seen.words.includes("Event a@41"));
      assert.deepEqual(w.watches(), ["10", "40"]);
      assert.equal(seen.changes.find(({ resourceVersion }) => resourceVersion === "39")?.previousResourceVersion, "3");
      assert.deepEqual([...(seen.listings.at(-1)?.keys ?? [])], ["shop/a"]);
      assert.deepEqual(seen.failures, []);
      assert.ok(w.counted.includes("clickscribe_watch_restarts_total"));
    });
  }

  it("lists afresh after any other ERROR event", async () => {
    w.play([listing(10), listing(50, object("a", 49))], [watching(errorEvent(500, "etcd said no")), watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the second list", () => seen.listings.length === 2);
    assert.deepEqual(w.watches(), ["10", "50"]);
    assert.deepEqual(seen.failures, []);
  });

  it("tells whoever subscribes of errors that do not end", async () => {
    w.play([listing(10)], [watching(errorEvent(500, "etcd said no"))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a failure", () => seen.failures.length === 1);
    assert.match(seen.failures[0]?.message ?? "", /ended a watch: etcd said no/);
  });

  it("takes a watch on which nothing comes for dead and goes on from the last event", async () => {
    await w.close();
    w = await createReflectorWorld(300);
    w.play([listing(10)], [watching(event("ADDED", "a", 11)), watching(event("MODIFIED", "a", 12))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event after it", () => seen.words.includes("Event a@12"));
    assert.deepEqual(w.watches().slice(0, 2), ["10", "11"]);
    assert.equal(w.lists(), 1);
    assert.deepEqual(seen.failures, []);
  });

  it("goes on from the last whole event when a connection breaks within a line", async () => {
    w.play(
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
    const seen = subscriber();
    w.subscribe(seen);
    await until("both", () => seen.changes.length === 2);
    assert.deepEqual(seen.words, ["Complete", "Event a@11", "Event b@12"]);
    assert.deepEqual(w.watches(), ["10", "11"]);
  });

  it("does not spin when watches end at once: it waits longer and longer, and lists afresh", async () => {
    w.play([listing(10), listing(60)], [closing()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a fresh list", () => w.lists() === 2);
    assert.equal(w.watches().filter((from) => from === "10").length, 6);
    assert.deepEqual(w.waits.slice(0, 6), [800, 1_600, 3_200, 6_400, 12_800, 25_600]);
  });

  it("waits as long as a busy server asks for, and tells nobody of it", async () => {
    w.play(
      [(_, response) => answerStatus(response, 429, "too many requests", { "retry-after": "7" }), listing(10)],
      [watching()],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.ok((w.waits[0] ?? 0) > 6_000 && (w.waits[0] ?? 0) <= 7_000, String(w.waits));
    assert.deepEqual(seen.failures, []);
  });

  it("does not spin on a Retry-After of 0", async () => {
    w.play([(_, response) => answerStatus(response, 503, "starting", { "retry-after": "0" })], [watching()]);
    w.subscribe(subscriber());
    await until("some attempts", () => w.waits.length >= 4);
    for (const [i, wait] of w.waits.slice(0, 4).entries()) assert.ok(wait >= 800 * 2 ** i, String(w.waits));
  });

  it("tells once that it may not, naming the rule, and recovers by itself", async () => {
    const refuse: Script = (_, response) =>
      answerStatus(response, 403, 'configmaps is forbidden: User "x" cannot list resource "configmaps"');
    w.play([refuse, refuse, refuse, listing(10, object("a", 9)), refuse, listing(10)], [watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Failure AccessDenied", "Listed a@9", "Complete"]);
    assert.match(
      seen.failures[0]?.message ?? "",
      /configmaps is forbidden: .*: add the rule \{apiGroups: \[""\], resources: \["configmaps"\], verbs: \["get", "list", "watch"\]\} to a role/,
    );
  });

  it("does not call a list complete that it may not watch", async () => {
    const refuse: Script = (_, response) => answerStatus(response, 403, "cannot watch resource");
    w.play([listing(10, object("a", 9))], [refuse, refuse, watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a watch", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Listed a@9", "Failure AccessDenied", "Listed a@9", "Listed a@9", "Complete"]);
    assert.match(seen.failures[0]?.message ?? "", /cannot watch .*verbs: \["get", "list", "watch"\]/);
  });

  it("tells once that the server is away, by its URL, and lists afresh when it is back", async () => {
    w.play(
      [listing(10, object("a", 9)), listing(70, object("a", 69))],
      [watching(event("MODIFIED", "a", 11)), watching(event("MODIFIED", "a", 71))],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("an event", () => seen.words.includes("Event a@11"));
    await w.server.suspend();
    await until("a failure", () => seen.failures.length === 1);
    await sleep(300);
    await w.server.resume();
    await until("an event after it", () => seen.words.includes("Event a@71"));
    assert.deepEqual(seen.words.slice(2), [
      "Event a@11",
      "Failure ClusterUnreachable",
      "Listed a@69",
      "Complete",
      "Event a@71",
    ]);
    assert.ok(seen.failures[0]?.message.includes(w.server.url), seen.failures[0]?.message);
  });

  it("tells nobody of a connection that breaks and is there again at once", async () => {
    w.play(
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
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event after it", () => seen.changes.length === 2);
    assert.deepEqual(seen.failures, []);
    assert.equal(w.lists(), 1);
    assert.deepEqual(w.watches(), ["10", "11", "11"]);
  });

  it("forgets an outage: a later blip is told to nobody either", async () => {
    const away: Script = (_, response) => void response.destroy();
    w.play(
      [away, away, away, listing(10), listing(20)],
      [closing(event("ADDED", "a", 11)), away, watching(event("MODIFIED", "a", 12))],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("the last event", () => seen.words.includes("Event a@12"));
    assert.deepEqual(seen.words, ["Failure ClusterUnreachable", "Complete", "Event a@11", "Event a@12"]);
  });

  it("takes expiry after expiry for no failure as long as events come", async () => {
    const expiring: Script = (_, response) => openWatch(response, event("MODIFIED", "a", 11) + errorEvent(410, "old"));
    w.play([listing(10)], [expiring, expiring, expiring, expiring, expiring, watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("six lists", () => seen.listings.length === 6);
    assert.deepEqual(seen.failures, []);
    assert.deepEqual(w.waits, [100, 100, 100, 100, 100]);
  });

  it("leaves out what names no object, and does not take the list for one of all objects", async () => {
    const nameless = [null, "text", [1], { metadata: null }, { metadata: [] }, { metadata: { name: 7 } }, { spec: {} }];
    w.play(
      [(_, response) => answerJson(response, 200, listOf(10, [...nameless, object("a", 3)] as never))],
      [watching(`{"type":"MODIFIED","object":{"metadata":{}}}\n7\n${event("MODIFIED", "a", 11)}`)],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event", () => seen.words.includes("Event a@11"));
    assert.deepEqual(seen.words, ["Listed a@3", "Complete", "Event a@11"]);
    assert.equal(seen.listings[0]?.isPartial, true);
    assert.deepEqual(seen.failures, []);
  });

  for (const [what, line] of [
    ["no JSON", '{"type":"MODIFIED","object":{'],
    ["an empty line of garbage", "\u0000\u0001"],
    ["a value that is no event", "null"],
  ] as const)
    it(`is not stopped by a line that is ${what}`, async () => {
      const bad: Script = (_, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write(`${line}\n`);
      };
      w.play([listing(10, object("a", 3)), listing(20, object("a", 19))], [bad, watching(event("MODIFIED", "a", 21))]);
      const seen = subscriber();
      w.subscribe(seen);
      await until("the next event", () => seen.words.includes("Event a@21"));
      assert.ok(!seen.words.some((word) => word.startsWith("Gone")));
    });

  it("never takes an answer that is no list for an empty one", async () => {
    const html: Script = (_, response) => answerJson(response, 200, { hello: "from a captive portal" });
    const other: Script = (_, response) =>
      answerJson(response, 200, { kind: "ConfigMap", metadata: { resourceVersion: "12" } });
    const noItems: Script = (_, response) =>
      answerJson(response, 200, { kind: "ConfigMapList", metadata: { resourceVersion: "" }, items: [] });
    w.play(
      [listing(10, object("a", 9)), html, other, noItems, listing(20, object("a", 9))],
      [watching(errorEvent(410, "too old")), watching()],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("the good list", () => seen.listings.length === 2);
    assert.deepEqual(
      seen.listings.map(({ keys }) => keys.size),
      [1, 1],
    );
  });
});
