import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createFakeClock, type FakeClock } from "../../test/fakes/clock.ts";
import { retry } from "../failures.ts";
import type { EventDraft, Log } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import { eventObject } from "./event-object.ts";
import { createEventWriter, type EventWriter } from "./event-writer.ts";
import type { KubeHttp, KubeRequest } from "./kube-http.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const text = (value: Json | undefined): string => (typeof value === "string" ? value : "");
const about = (name: string, kind = "Deployment"): JsonObject => ({
  apiVersion: "apps/v1",
  kind,
  metadata: { name, namespace: "shop", uid: `uid-${kind}-${name}`, resourceVersion: "7" },
});
const draft = (name: string, message = "written", kind?: string): EventDraft => ({
  about: about(name, kind),
  type: "Normal",
  reason: "Committed",
  message,
});

interface World {
  readonly clock: FakeClock;
  readonly writer: EventWriter;
  readonly requests: KubeRequest[];
  readonly posts: () => readonly KubeRequest[];
  readonly patches: () => readonly object[];
  answer: (request: KubeRequest) => Promise<JsonObject>;
}

function world(): World {
  const clock = createFakeClock(Date.UTC(2026, 10, 23, 12));
  const requests: KubeRequest[] = [];
  const http: KubeHttp = {
    server: "https://k",
    json(request) {
      requests.push(request);
      return made.answer(request);
    },
    dated: () => assert.fail(),
    find: () => assert.fail(),
    stream: () => assert.fail(),
    close: () => Promise.resolve(),
  };
  const made: World = {
    clock,
    writer: createEventWriter({ http, clock, log: silent, instance: "pod-1" }),
    requests,
    posts: () => requests.filter(({ method }) => method === "POST"),
    patches: () =>
      requests.filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(body ?? "") as object),
    answer: () => Promise.resolve({}),
  };
  return made;
}

describe("eventObject", () => {
  it("has all that events.k8s.io/v1 asks for", () => {
    const { metadata, ...rest } = eventObject(draft("web"), Date.UTC(2026, 10, 23, 12, 0, 0, 5), "pod-1");
    assert.deepEqual(rest, {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      eventTime: "2026-11-23T12:00:00.005000Z",
      type: "Normal",
      reason: "Committed",
      action: "Committed",
      note: "written",
      reportingController: "clickscribe.dev/operator",
      reportingInstance: "pod-1",
      regarding: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        name: "web",
        namespace: "shop",
        uid: "uid-Deployment-web",
        resourceVersion: "7",
      },
    });
    assert.match(text((metadata as JsonObject)["name"]), /^web\.[0-9a-f]{16}$/);
    assert.equal((metadata as JsonObject)["namespace"], "shop");
  });
  it("puts what is about a cluster-scoped object into default", () => {
    const event = { ...draft("x"), about: { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } } };
    assert.equal((eventObject(event, 0, "i")["metadata"] as JsonObject)["namespace"], "default");
  });
  it("names two objects' events apart, though all but their kind is the same", () => {
    const name = (kind: string): unknown =>
      (eventObject(draft("web", "m", kind), 0, "i")["metadata"] as JsonObject)["name"];
    assert.notEqual(name("Deployment"), name("Service"));
  });
  it("makes a valid name, note and instance of anything", () => {
    const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
    const subdomain = new RegExp(`^${label}(\\.${label})*$`);
    const any = fc.string({ unit: "binary", maxLength: 700 });
    fc.assert(
      fc.property(any, any, any, (name, message, instance) => {
        const event = eventObject({ ...draft("x", message), about: { metadata: { name } } }, 0, instance);
        const made = text((event["metadata"] as JsonObject)["name"]);
        assert.match(made, subdomain);
        assert.ok(made.length <= 253);
        assert.ok(Buffer.byteLength(text(event["note"])) <= 1_024);
        assert.ok(Buffer.byteLength(text(event["reportingInstance"])) <= 128);
      }),
    );
  });
  it("cuts a note between characters", () => {
    for (let pad = 0; pad < 4; pad++) {
      const note = text(eventObject(draft("x", "a".repeat(pad) + "日".repeat(400)), 0, "i")["note"]);
      assert.match(note, /^a*日+\.\.\.$/);
      assert.ok(Buffer.byteLength(note) > 1_018);
    }
  });
});

describe("createEventWriter", () => {
  it("makes a series of what is repeated: the second at once, later ones in a while, the last at the end", async () => {
    const { clock, writer, posts, patches } = world();
    writer.write(draft("web"));
    await clock.advance(1_000);
    writer.write(draft("web"));
    await clock.advance(1_000);
    assert.equal(posts().length, 1);
    assert.deepEqual(patches(), [{ series: { count: 2, lastObservedTime: "2026-11-23T12:00:01.000000Z" } }]);
    for (let i = 0; i < 10; i++) {
      writer.write(draft("web"));
      await clock.advance(1_000);
    }
    assert.equal(patches().length, 1);
    await clock.advance(60_000);
    assert.deepEqual(patches()[1], { series: { count: 12, lastObservedTime: "2026-11-23T12:00:11.000000Z" } });
    writer.write(draft("web"));
    await writer.drain();
    assert.equal(posts().length, 1);
    assert.deepEqual(patches()[2], { series: { count: 13, lastObservedTime: "2026-11-23T12:01:12.000000Z" } });
  });
  it("never patches an Event that is not written yet", async () => {
    const w = world();
    let finish: () => void = () => undefined;
    w.answer = () => new Promise((resolve) => (finish = (): void => resolve({})));
    w.writer.write(draft("web"));
    w.writer.write(draft("web"));
    w.writer.write(draft("web"));
    await w.clock.advance(10);
    assert.equal(w.requests.length, 1);
    finish();
    await w.clock.advance(10);
    assert.deepEqual(w.patches(), [{ series: { count: 3, lastObservedTime: "2026-11-23T12:00:00.000000Z" } }]);
  });
  it("writes anew what was not repeated for long, or whose Event is gone", async () => {
    const w = world();
    w.writer.write(draft("web"));
    await w.clock.advance(601_000);
    w.writer.write(draft("web"));
    await w.clock.advance(1_000);
    assert.equal(w.posts().length, 2);
    w.answer = ({ method }) =>
      method === "PATCH" ? Promise.reject(retry("InternalError", "404")) : Promise.resolve({});
    w.writer.write(draft("web"));
    await w.clock.advance(1_000);
    w.writer.write(draft("web"));
    await w.clock.advance(1_000);
    assert.equal(w.posts().length, 3);
  });
  it("limits an object that talks too much, and lets others speak", async () => {
    const { clock, writer, posts } = world();
    for (let i = 0; i < 100; i++) writer.write(draft("web", `message ${i}`));
    writer.write(draft("db"));
    await clock.advance(10);
    assert.equal(posts().length, 26);
    await clock.advance(12_000);
    writer.write(draft("web", "later"));
    writer.write(draft("web", "too soon"));
    await clock.advance(10);
    assert.equal(posts().length, 27);
  });
  it("limits all together", async () => {
    const { clock, writer, posts } = world();
    for (let i = 0; i < 1_000; i++) writer.write(draft(`web-${i}`));
    await clock.advance(0);
    assert.equal(posts().length, 200);
  });
  it("never throws and never waits, and sends a few at a time", async () => {
    const w = world();
    let inFlight = 0;
    let most = 0;
    w.answer = async () => {
      most = Math.max(most, ++inFlight);
      await new Promise<void>((resolve) => setImmediate(resolve));
      inFlight--;
      throw retry("ClusterUnreachable", "away");
    };
    for (let i = 0; i < 50; i++) w.writer.write(draft(`web-${i}`));
    w.writer.write({ ...draft("x"), about: { metadata: null } });
    await w.clock.advance(100);
    assert.equal(w.posts().length, 51);
    assert.equal(most, 4);
  });
  it("drains what waits, but not for ever", async () => {
    const w = world();
    for (let i = 0; i < 20; i++) w.writer.write(draft(`web-${i}`));
    await w.writer.drain();
    assert.equal(w.posts().length, 20);

    const stuck = world();
    stuck.answer = () => new Promise(() => undefined);
    for (let i = 0; i < 20; i++) stuck.writer.write(draft(`web-${i}`));
    const drained = Promise.race([stuck.writer.drain(), stuck.clock.advance(4_000).then(() => "still waiting")]);
    assert.equal(await drained, "still waiting");
    await Promise.all([stuck.writer.drain(), stuck.clock.advance(6_000)]);
    assert.equal(stuck.requests.length, 4);
  });
});
