import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeClock, type FakeClock } from "../../test/fakes/clock.ts";
import { retry } from "../failures.ts";
import type { JsonObject } from "../values.ts";
import { createLease, type Lease, type LeaseOptions } from "./lease.ts";

const quiet = (): void => undefined;
const log: LeaseOptions["log"] = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** One Lease in an API server that refuses a write over another version. */
function createServer(): LeaseOptions["cluster"] & { down: boolean; lease: JsonObject | undefined } {
  let version = 0;
  const conflict = (): never => {
    throw retry("InternalError", "conflict", { status: 409 });
  };
  const reach = (): void => {
    if (server.down) throw retry("ClusterUnreachable", "no answer");
  };
  const store = (object: JsonObject): JsonObject => {
    const metadata = { ...(object["metadata"] as JsonObject), resourceVersion: String(++version) };
    server.lease = { ...object, metadata };
    return server.lease;
  };
  const server = {
    down: false,
    lease: undefined as JsonObject | undefined,
    async get() {
      reach();
      return server.lease;
    },
    async create(object: JsonObject) {
      reach();
      return server.lease === undefined ? store(object) : conflict();
    },
    async apply(object: JsonObject) {
      reach();
      const { resourceVersion } = object["metadata"] as { readonly resourceVersion?: string };
      return resourceVersion === String(version) ? store(object) : conflict();
    },
  };
  return server;
}

interface Replica {
  readonly lease: Lease;
  readonly held: () => boolean;
  readonly stop: () => void;
}

function start(server: LeaseOptions["cluster"], clock: FakeClock, identity: string): Replica {
  const lease = createLease({
    cluster: server,
    clock,
    log,
    namespace: "ns",
    name: "x",
    identity,
    address: `${identity}:1`,
    owner: async () => ({ kind: "ClusterRole", name: "x", uid: "1" }),
  });
  const abort = new AbortController();
  let held = false;
  lease.acquire(abort.signal).then(() => (held = true), quiet);
  lease.lost.addEventListener("abort", () => (held = false));
  return { lease, held: () => held, stop: () => abort.abort(new Error("stopped")) };
}

describe("a Lease", () => {
  it("is held by one, and taken over at once when it is given up", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const [a, b] = [start(server, clock, "a"), start(server, clock, "b")];
    await clock.advance(60_000);
    assert.deepEqual([a.held(), b.held()], [true, false]);
    assert.deepEqual(b.lease.holder(), { identity: "a", address: "a:1" });
    await a.lease.release();
    await clock.advance(2_000);
    assert.equal(b.held(), true);
    const { spec } = server.lease as { readonly spec?: JsonObject };
    assert.equal(spec?.["leaseTransitions"], 1);
    await b.lease.release();
  });

  it("goes with its owner, at every write", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const a = start(server, clock, "a");
    const owners = (): unknown => (server.lease?.["metadata"] as JsonObject | undefined)?.["ownerReferences"];
    const expected = [{ kind: "ClusterRole", name: "x", uid: "1" }];
    await clock.advance(0);
    assert.deepEqual(owners(), expected);
    await clock.advance(10_000);
    assert.deepEqual(owners(), expected);
    await a.lease.release();
    assert.deepEqual(owners(), expected);
  });

  it("is taken over from one that died, but not before its time is over, whatever its clock said", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const a = start(server, createFakeClock(Date.UTC(2030, 0, 1)), "a");
    await clock.advance(0);
    assert.equal(a.held(), true);
    const b = start(server, clock, "b");
    await clock.advance(14_000);
    assert.equal(b.held(), false);
    await clock.advance(3_000);
    assert.equal(b.held(), true);
    await b.lease.release();
  });

  it("is had again at once by who follows in the same pod", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    start(server, clock, "a");
    await clock.advance(0);
    const again = start(server, createFakeClock(), "a");
    await clock.advance(0);
    assert.equal(again.held(), true);
  });

  it("is lost by one that was frozen and finds another in its place", async () => {
    const [server, frozen, clock] = [createServer(), createFakeClock(), createFakeClock()];
    const a = start(server, frozen, "a");
    await frozen.advance(0);
    const b = start(server, clock, "b");
    await clock.advance(20_000);
    assert.deepEqual([a.held(), b.held()], [true, true]);
    await frozen.advance(2_000);
    assert.equal(a.held(), false);
    assert.match(String(a.lease.lost.reason), /b holds the Lease ns\/x now/);
    await b.lease.release();
  });

  it("outlasts an API server that is away for a moment, and is lost when that takes too long", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const a = start(server, clock, "a");
    await clock.advance(0);
    server.down = true;
    await clock.advance(8_000);
    server.down = false;
    await clock.advance(4_000);
    assert.equal(a.held(), true);
    server.down = true;
    await clock.advance(14_000);
    assert.equal(a.held(), false);
    assert.match(String(a.lease.lost.reason), /could not be renewed in time/);
  });

  it("is not waited for by one that is stopped", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const a = start(server, clock, "a");
    const b = start(server, clock, "b");
    await clock.advance(0);
    b.stop();
    await a.lease.release();
    await clock.advance(60_000);
    assert.equal(b.held(), false);
  });
});
