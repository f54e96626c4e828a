/** What is there, brought by the watch itself (KEP-3157), on a scripted server. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { answerStatus, type Script, watchLine } from "../../test/fakes/api-server.ts";
import {
  bookmark,
  closing,
  createReflectorWorld,
  endOfInitial,
  errorEvent,
  event,
  listing,
  object,
  type ReflectorWorld,
  subscriber,
  until,
  watching,
} from "../../test/fakes/reflector-world.ts";

describe("a watch that brings what is there", () => {
  let w: ReflectorWorld;
  beforeEach(async () => {
    w = await createReflectorWorld();
  });
  afterEach(() => w.close());

  const initial = event("ADDED", "a", 3) + event("ADDED", "b", 7) + endOfInitial(10);
  const pages = listing(10, object("a", 3), object("b", 7));
  const listed = ["Listed a@3", "Listed b@7", "Complete"];

  it("is one request, and goes on as the watch that follows", async () => {
    w.play([], [], [watching(initial + event("MODIFIED", "a", 11) + event("DELETED", "b", 12))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("events", () => seen.words.length === 5);
    assert.deepEqual(seen.words, [...listed, "Event a@11", "Gone b@12"]);
    assert.deepEqual(seen.changes.at(-2)?.previousResourceVersion, "3");
    assert.deepEqual(seen.listings[0]?.keys, new Set(["shop/a", "shop/b"]));
    assert.equal(seen.listings[0]?.resourceVersion, "10");
    const [request] = w.server.requests;
    assert.equal(w.server.requests.length, 1);
    assert.equal(request?.query.get("resourceVersionMatch"), "NotOlderThan");
    assert.equal(request?.query.get("allowWatchBookmarks"), "true");
    assert.equal(request?.query.has("resourceVersion"), false, "a consistent read");
  });

  it("tells what happens before its end as it happens, and is complete without what went", async () => {
    const text =
      event("ADDED", "a", 3) +
      event("ADDED", "b", 7) +
      event("DELETED", "a", 8) +
      event("MODIFIED", "b", 9) +
      endOfInitial(10);
    w.play([], [], [watching(text)]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the list", () => seen.listings.length === 1);
    assert.deepEqual(seen.words, ["Listed a@3", "Listed b@7", "Gone a@8", "Event b@9", "Complete"]);
    assert.deepEqual(seen.listings[0]?.keys, new Set(["shop/b"]));
  });

  it("goes on from its end after it was closed", async () => {
    w.play([], [watching(event("MODIFIED", "a", 12))], [closing(initial + bookmark(11))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event", () => seen.words.length === 4);
    assert.deepEqual([w.streams(), w.watches(), w.lists()], [1, ["11"], 0]);
    assert.deepEqual(seen.words, [...listed, "Event a@12"]);
  });

  it("comes again after the version expired", async () => {
    const again = event("ADDED", "a", 20) + endOfInitial(30);
    w.play([], [], [watching(initial + errorEvent(410, "too old resource version")), watching(again)]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the second list", () => seen.listings.length === 2);
    assert.deepEqual(seen.words, [...listed, "Listed a@20", "Complete"]);
    assert.equal(w.streams(), 2);
  });

  const incomplete: readonly (readonly [why: string, script: Script, words: readonly string[]])[] = [
    ["is closed", closing(event("ADDED", "a", 3)), ["Listed a@3"]],
    ["goes on with a bookmark of another kind", watching(event("ADDED", "a", 3) + bookmark(9)), ["Listed a@3"]],
    ["falls silent", watching(event("ADDED", "a", 3)), ["Listed a@3"]],
    ["is cut within a line", closing(`${event("ADDED", "a", 3)}{"type":"ADD`), ["Listed a@3"]],
    ["breaks with an error", watching(event("ADDED", "a", 3) + errorEvent(500, "etcd")), ["Listed a@3"]],
    ["says nothing at all", () => undefined, []],
    ["is answered by an error", (_, response) => answerStatus(response, 500, "not now"), []],
  ];
  for (const [why, script, words] of incomplete) {
    it(`is told complete by pages, where it ${why} before its end`, async () => {
      w.play([pages], [watching()], [script]);
      const seen = subscriber();
      w.subscribe(seen);
      await until("the list", () => seen.listings.length === 1);
      assert.deepEqual(seen.words, [...words, ...listed]);
      assert.equal(w.lists(), 1);
      await until("the watch", () => w.watches().length === 1);
      assert.deepEqual(w.watches(), ["10"]);
      assert.deepEqual(seen.failures, []);
    });
  }

  it("is not asked for again of a server that does not serve it", async () => {
    w.play([pages, listing(20, object("a", 15))], [watching(errorEvent(410, "expired")), watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the second list", () => seen.listings.length === 2);
    assert.deepEqual([w.streams(), w.lists()], [1, 2]);
  });

  it("is partial where something was left out, and tells nothing of it gone", async () => {
    const nameless = watchLine("ADDED", { metadata: { namespace: "shop", resourceVersion: "5" } });
    w.play([], [], [watching(event("ADDED", "a", 3) + nameless + endOfInitial(10))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the list", () => seen.listings.length === 1);
    assert.equal(seen.listings[0]?.isPartial, true);
    assert.equal(w.warned.length, 1);
  });
});
