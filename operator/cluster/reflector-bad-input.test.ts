import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, it } from "node:test";
import { answerJson, type Script, watchLine } from "../../test/fakes/api-server.ts";
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

const metadata = { namespace: "shop", uid: "u", resourceVersion: "12" };
/** What is no ConfigMap of the namespace shop, however it calls itself. */
const foreign: readonly (readonly [what: string, sent: unknown, why: string, names: readonly string[]])[] = [
  ["null", null, "it has no name", []],
  ["a text", "text", "it has no name", []],
  ["a list", [1], "it has no name", []],
  ["metadata that is null", { metadata: null }, "it has no name", []],
  ["metadata that is a list", { metadata: [] }, "it has no name", []],
  ["a name that is a number", { metadata: { ...metadata, name: 7 } }, "it has no name", []],
  ["no metadata", { spec: {} }, "it has no name", []],
  ["a name that climbs", { metadata: { ...metadata, name: "../x" } }, "its name is none", ["../x"]],
  ["a name of dots", { metadata: { ...metadata, name: ".." } }, "its name is none", [".."]],
  [
    "a Secret",
    { apiVersion: "v1", kind: "Secret", metadata: { ...metadata, name: "s" } },
    "it is of another kind",
    ["s"],
  ],
  ["another group", { apiVersion: "x/v1", metadata: { ...metadata, name: "g" } }, "it is of another kind", ["g"]],
  ["a number for apiVersion", { apiVersion: 1, metadata: { ...metadata, name: "n" } }, "it is of another kind", ["n"]],
  ["a stranger", { metadata: { ...metadata, namespace: "b", name: "o" } }, "it is of another namespace", ["o"]],
];

describe("reflector, when what is sent is wrong", () => {
  let w: ReflectorWorld;
  beforeEach(async () => {
    w = await createReflectorWorld();
  });
  afterEach(() => w.close());

  for (const [what, sent, why, names] of foreign)
    it(`leaves out ${what} and says so, and takes no list that holds one for complete`, async () => {
      w.play(
        [listing(10, sent as object, object("a", 3))],
        [watching(watchLine("MODIFIED", sent as object) + event("MODIFIED", "a", 13))],
      );
      const seen = subscriber();
      w.subscribe(seen);
      await until("the event", () => seen.words.includes("Event a@13"));
      assert.deepEqual(seen.words, ["Listed a@3", "Complete", "Event a@13"]);
      assert.equal(seen.listings[0]?.isPartial, true);
      const line = { kind: "ConfigMap", namespace: "shop", why, objects: 1, names };
      assert.deepEqual(w.warned, [line, line]);
      assert.deepEqual([w.logged, seen.failures], [[], []]);
    });

  it("tells many in one line", async () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ kind: "Pod", metadata: { name: `p${i}` } }));
    w.play([listing(10, ...many, {}, {})], [watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    assert.deepEqual(w.warned, [
      {
        kind: "ConfigMap",
        namespace: "shop",
        why: "it is of another kind",
        objects: 300,
        names: ["p0", "p1", "p2", "p3", "p4"],
      },
      { kind: "ConfigMap", namespace: "shop", why: "it has no name", objects: 2, names: [] },
    ]);
  });

  it("gives objects the apiVersion and kind that were asked for where they have none, in lists and events", async () => {
    w.play([listing(10, object("a", 3))], [watching(event("ADDED", "b", 11))]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event", () => seen.changes.length === 2);
    for (const change of seen.changes)
      assert.deepEqual([change.object["apiVersion"], change.object["kind"]], ["v1", "ConfigMap"]);
  });

  it("passes over a line that is no JSON each time, goes on behind it, and reads all anew when the watch ends", async () => {
    const bad = `${JSON.stringify({ type: "MODIFIED", object: object("broken", 11) }).slice(0, -3)}\n`;
    let end: ServerResponse | undefined;
    w.play(
      [listing(10, object("a", 3)), listing(30, object("a", 29))],
      [
        watching(bad + event("MODIFIED", "a", 12)),
        (_, response) => {
          openWatch(response, bad + event("MODIFIED", "a", 12));
          end = response;
        },
        watching(),
      ],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event behind it", () => seen.words.includes("Event a@12"));
    assert.deepEqual(w.watches(), ["10", "10"]);
    assert.deepEqual(w.warned, [
      { kind: "ConfigMap", namespace: "shop", why: "it is no JSON", objects: 1, names: ["broken"] },
    ]);
    w.elapse(300_000);
    end?.end();
    await until("a fresh list", () => seen.listings.length === 2);
    assert.deepEqual(seen.failures, []);
    assert.deepEqual(w.watches(), ["10", "10", "30"]);
  });

  it("lists anew, when the watch ends, what was left out of a list", async () => {
    let end: ServerResponse | undefined;
    const held: Script = (_, response) => {
      openWatch(response);
      end = response;
    };
    w.play([listing(10, {}, object("a", 3)), listing(30, object("a", 3))], [held, watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a list", () => seen.listings.length === 1);
    w.elapse(300_000);
    end?.end();
    await until("a fresh list", () => seen.listings.length === 2);
    assert.deepEqual(
      seen.listings.map(({ isPartial }) => isPartial),
      [true, undefined],
    );
  });

  it("loses nothing to a line that is cut short once, and says nothing", async () => {
    const whole = event("MODIFIED", "a", 12);
    w.play([listing(10, object("a", 3))], [closing(whole.slice(0, 40)), watching(whole)]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("the event", () => seen.words.includes("Event a@12"));
    assert.deepEqual([w.watches(), w.warned, w.lists()], [["10", "10"], [], 1]);
  });

  it("does not spin when events bring no resourceVersion and the stream ends", async () => {
    const still = watchLine("MODIFIED", { metadata: { name: "a", namespace: "shop" } });
    w.play([listing(10)], [closing(still)]);
    w.subscribe(subscriber());
    await until("some watches", () => w.watches().length >= 4);
    assert.deepEqual(w.waits.slice(0, 3), [800, 1_600, 3_200]);
  });

  const whole = JSON.stringify(listOf(20, [object("b", 19)]));
  const answering =
    (text: string): Script =>
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(text);
    };
  const { items: _items, ...itemless } = JSON.parse(whole) as { readonly items: unknown };
  for (const [what, script] of [
    ["cut short within an object", answering(whole.slice(0, -20))],
    ["not JSON within an object", answering(whole.replace('"uid-b"', "uid-b"))],
    [
      "broken off",
      (_, response) => {
        response.writeHead(200, { "content-length": String(whole.length) });
        response.write(whole.slice(0, -20), () => response.destroy());
      },
    ],
    ["without items", answering(JSON.stringify(itemless))],
    ["with items that are no list", answering(JSON.stringify({ ...itemless, items: {} }))],
    ["null", answering("null")],
    ["a list of objects", answering("[]")],
    ["empty", answering("")],
  ] satisfies [string, Script][])
    it(`takes no page that is ${what} for a list, tells it, and recovers`, async () => {
      w.play(
        [listing(10, object("a", 9)), script, script, script, listing(30, object("a", 9))],
        [watching(errorEvent(410, "too old")), watching()],
      );
      const seen = subscriber();
      w.subscribe(seen);
      await until("the good list", () => seen.listings.length === 2);
      assert.deepEqual(seen.words, ["Listed a@9", "Complete", "Failure ClusterUnreachable", "Listed a@9", "Complete"]);
      const message = seen.failures[0]?.message ?? "";
      assert.ok(message.includes(w.server.url), message);
      assert.ok(!/\n|at .*:\d+/.test(message), message);
      assert.deepEqual(
        seen.listings.map(({ keys }) => [...keys]),
        [["shop/a"], ["shop/a"]],
      );
    });

  it("does not turn in circles where a page names itself as the next", async () => {
    const page: Script = (_, response) => answerJson(response, 200, listOf(10, [object("a", 3)], "again"));
    w.play([page], [watching()]);
    const seen = subscriber();
    w.subscribe(seen);
    await until("a failure", () => seen.failures.length === 1);
    assert.equal(seen.listings.length, 0);
    assert.ok(w.lists() <= 8, String(w.lists()));
  });

  it("takes objects of any depth, of 1.5 MiB, with keys twice, and with __proto__ for a key", async () => {
    const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
    const meta = (name: string): string =>
      `"metadata":{"name":"${name}","namespace":"shop","uid":"u","resourceVersion":"11"}`;
    const lines = [
      `{${meta("deep")},"spec":${deep}}`,
      `{${meta("large")},"spec":"${"x".repeat(1_500_000)}"}`,
      `{"metadata":{"name":"first"},${meta("twice")},"spec":1,"spec":2}`,
      `{"__proto__":{${meta("never")}},${meta("proto")},"constructor":1}`,
    ];
    w.play(
      [answering(`{"kind":"ConfigMapList","metadata":{"resourceVersion":"10"},"items":[${lines.join()}]}`)],
      [watching(lines.map((line) => `{"type":"MODIFIED","object":${line}}\n`).join(""))],
    );
    const seen = subscriber();
    w.subscribe(seen);
    await until("all events", () => seen.changes.length === 8);
    const names = ["deep", "large", "twice", "proto"];
    assert.deepEqual(
      seen.changes.map(({ identity }) => identity.name),
      [...names, ...names],
    );
    assert.deepEqual([w.warned, w.logged, seen.failures], [[], [], []]);
    assert.equal(seen.listings[0]?.isPartial, undefined);
    assert.equal(seen.changes[2]?.object["spec"], 2);
    assert.ok(Object.hasOwn(seen.changes[3]?.object ?? {}, "__proto__"));
  });
});
