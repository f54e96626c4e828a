import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answerJson, watchLine } from "../../test/fakes/api-server.ts";
import {
  bookmark,
  closing,
  createReflectorWorld,
  errorEvent,
  event,
  kind,
  listing,
  listOf,
  object,
  openWatch,
  type ReflectorWorld,
  subscriber,
  until,
  watching,
} from "../../test/fakes/reflector-world.ts";
import type { Subscription } from "../ports.ts";

describe("reflector", () => {
  let w: ReflectorWorld;
  beforeEach(async () => {
    w = await createReflectorWorld();
  });
  afterEach(() => w.close());

  it("tells the pages of a list, that it is complete, then events with the version seen before", async () => {
    const text =
      event("MODIFIED", "a", 11) +
      bookmark(12) +
      event("MODIFIED", "a", 13) +
      event("DELETED", "a", 14) +
      event("ADDED", "a", 15, "uid-new") +
      event("MODIFIED", "b", 16);
    w.play(
      [
        (_, response) => answerJson(response, 200, listOf(10, [object("a", 3)], "more")),
        (_, response) => answerJson(response, 200, listOf(10, [object("b", 7)])),
      ],
      [watching(text)],
    );
    const seen = subscriber();
    w.subscribe(seen);
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
    const [, first, second, watch] = w.server.requests;
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
    w.play([listing(10)], [closing(event("ADDED", "a", 11) + bookmark(20)), watching(event("MODIFIED", "a", 21))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("events", () => seen.changes.length === 2);
    assert.deepEqual(w.watches(), ["10", "20"]);
    assert.equal(w.lists(), 1);
    assert.deepEqual(
      seen.changes.map((change) => change.previousResourceVersion),
      [undefined, "11"],
    );
  });

  it("reads lines whose characters are split between packets", async () => {
    const text = event("ADDED", "größe-日本-🦊", 11);
    w.play(
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
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event", () => seen.changes.length === 1);
    assert.equal(seen.changes[0]?.identity.name, "größe-日本-🦊");
  });

  it("does not take an object made anew while nobody watched for the one before it", async () => {
    w.play(
      [listing(10, object("a", 3), object("b", 4)), listing(20, object("a", 15, "uid-other"))],
      [watching(errorEvent(410, "old")), watching(event("ADDED", "b", 21))],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("all", () => seen.changes.length === 4);
    assert.deepEqual(
      seen.changes.map((change) => change.previousResourceVersion),
      [undefined, undefined, undefined, undefined],
    );
  });

  it("lists anew for all when another subscribes, who sees no event before its list", async () => {
    w.play(
      [listing(10, object("a", 9)), listing(20, object("a", 12), object("b", 15))],
      [watching(event("MODIFIED", "a", 11) + event("MODIFIED", "a", 12)), watching(event("MODIFIED", "b", 21))],
    );
    const late = subscriber();
    const first = subscriber(({ resourceVersion }) => {
      // In the middle of what the old run has read already.
      if (resourceVersion === "11") w.subscribe(late);
    });
    w.subscribe(first);
    await until("the event for both", () => first.words.includes("Event b@21") && late.words.includes("Event b@21"));
    assert.deepEqual(late.words, ["Listed a@12", "Listed b@15", "Complete", "Event b@21"]);
    assert.deepEqual(
      first.words.filter((word) => word !== "Event a@12"),
      ["Listed a@9", "Complete", "Event a@11", "Listed a@12", "Listed b@15", "Complete", "Event b@21"],
    );
    assert.equal(w.lists(), 2);
    await until("one watch only", () => w.server.open <= 2);
  });

  it("lists once for many who subscribe together", async () => {
    w.play([listing(10, object("a", 9))], [watching()]);
    const many = Array.from({ length: 5 }, () => subscriber());
    for (const one of many) w.subscribe(one);
    await until("all listed", () => many.every(({ listings }) => listings.length === 1));
    assert.equal(w.lists(), 1);
    assert.equal(w.reflector.subscribers, 5);
  });

  it("goes on when a subscriber throws, with a log line and a count", async () => {
    w.play([listing(10, object("a", 9))], [watching(event("MODIFIED", "a", 11) + event("MODIFIED", "a", 12))]);
    const angry = subscriber(() => {
      throw new Error("no");
    });
    const calm = subscriber();
    w.subscribe(angry);
    w.subscribe(calm);
    await until("both saw all", () => calm.changes.length === 3 && angry.changes.length === 3);
    assert.deepEqual(calm.words, angry.words);
    assert.deepEqual(
      w.logged,
      Array.from({ length: 3 }, () => "a subscriber of a watch failed"),
    );
    assert.equal(w.counted.filter((name) => name === "clickscribe_watch_subscriber_errors_total").length, 3);
  });

  it("tells nothing after the subscription was closed, and ends the watch with the last one", async () => {
    let ended = false;
    w.play(
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
    let subscription: Subscription | undefined;
    const seen = subscriber(() => subscription?.close());
    subscription = w.subscribe(seen);
    await until("the end of the watch", () => ended);
    assert.deepEqual(seen.words, ["Complete", "Event a@11"]);
    assert.equal(w.reflector.subscribers, 0);
    await sleep(100);
    assert.equal(w.lists() + w.watches().length, 2);
  });

  it("reads a burst of 2,000 events with little CPU", async () => {
    const filler = { data: { text: "x".repeat(1_500) } };
    const text = Array.from({ length: 2_000 }, (_, i) =>
      watchLine("MODIFIED", { ...object(`c-${i % 50}`, 100 + i), ...filler }),
    ).join("");
    w.play([listing(10)], [watching(text)]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    const before = process.cpuUsage();
    await until("all events", () => seen.changes.length === 2_000);
    const { user, system } = process.cpuUsage(before);
    assert.equal(seen.changes.at(-1)?.previousResourceVersion, "2049");
    assert.ok(user + system < 2_000_000, `${(user + system) / 1000} ms`);
  });
});
