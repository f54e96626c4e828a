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

function start(
  server: LeaseOptions["cluster"],
  clock: FakeClock,
  identity: string,
  more: Partial<LeaseOptions> = {},
): Replica {
  const lease = createLease({
    cluster: server,
    clock,
    uptime: () => clock.now(),
    log,
    namespace: "ns",
    name: "x",
    identity,
    address: `${identity}:1`,
    owner: async () => ({ kind: "ClusterRole", name: "x", uid: "1" }),
    ...more,
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

  it("is not waited for by one that is stopped while the API server does not answer", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    server.get = () => new Promise(() => {});
    const { lease } = start(server, clock, "b");
    const abort = new AbortController();
    const acquired = lease.acquire(abort.signal);
    await clock.advance(0);
    abort.abort(new Error("stopped"));
    await assert.rejects(acquired, /stopped/);
  });

  it("is neither taken early nor late because this machine's clock is set", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    start(server, createFakeClock(), "a");
    await clock.advance(0);
    let offset = 0;
    const b = start(server, clock, "b", { clock: { ...clock, now: () => clock.now() + offset } });
    await clock.advance(3_000);
    offset = 3_600_000;
    await clock.advance(6_000);
    assert.equal(b.held(), false);
    offset = -3_600_000;
    await clock.advance(8_000);
    assert.equal(b.held(), true);
    await b.lease.release();
  });

  it("is lost in time by one whose request is never answered", async () => {
    const [server, clock] = [createServer(), createFakeClock()];
    const a = start(server, clock, "a");
    await clock.advance(0);
    server.get = () => new Promise(() => {});
    await clock.advance(14_000);
    assert.equal(a.held(), false);
    assert.match(String(a.lease.lost.reason), /could not be renewed in time: it was not answered/);
  });

  it("that holds nonsense is taken over, and told in few words", async () => {
    const told: string[] = [];
    const tell = (data: object, message: string): void => void told.push(`${JSON.stringify(data)} ${message}`);
    const loud = { ...log, info: tell, warn: tell };
    const noise = "x".repeat(1_000_000);
    const specs: readonly JsonObject[] = [
      { holderIdentity: noise, leaseDurationSeconds: 2_147_483_647, leaseTransitions: 2_147_483_647 },
      { holderIdentity: "other", leaseDurationSeconds: -1, acquireTime: "2027-01-01T00:00:00.000000Z" },
      { holderIdentity: "other", leaseDurationSeconds: 0 },
      { holderIdentity: 5, leaseDurationSeconds: "x", leaseTransitions: [], acquireTime: {} },
      {},
    ];
    for (const spec of specs) {
      const [server, clock] = [createServer(), createFakeClock()];
      await server.create({ metadata: { annotations: { "clickscribe.dev/address": noise } }, spec });
      const a = start(server, clock, "a", { log: loud });
      await clock.advance(1_000);
      assert.ok((a.lease.writer()?.length ?? 0) < 300);
      await clock.advance(64_000);
      assert.equal(a.held(), true, JSON.stringify(spec).slice(0, 80));
      const { spec: now } = server.lease as { readonly spec: Readonly<Record<string, number | string>> };
      assert.ok(Number(now["leaseTransitions"]) <= 2_147_483_647 && Number(now["leaseTransitions"]) >= 0);
      assert.match(String(now["acquireTime"]), /^\d{4}-/);
      await a.lease.release();
    }
    assert.ok(told.every((line) => line.length < 500));
  });
});
