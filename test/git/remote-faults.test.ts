/**
 * The repositories of operator/git through a proxy with faults, before the real git http-backend. After each fault: the
 * change arrives once it is gone, in one commit, and what the fault took hold of is free again.
 */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Failure } from "../../operator/failures.ts";
import { type Fault, type Phase, phases } from "./fault-proxy.ts";
import { type FaultWorld, startFaultWorld } from "./fault-world.ts";

let world: FaultWorld;
let settled: () => Promise<void>;

beforeEach(async () => {
  world = await startFaultWorld();
  await world.arrives("first");
  settled = await world.noteResources();
});
afterEach(async () => {
  world.proxy.clear();
  try {
    await settled();
    assert.deepEqual(await world.remote.fsck(), []);
  } finally {
    await world[Symbol.asyncDispose]();
  }
});

/** What a fresh client meets at this phase, so that discovery takes part. */
async function meets(phase: Phase, fault: Fault, name: string): Promise<string> {
  world.repository = world.fresh();
  world.proxy.add(phase, fault, 2);
  const { code, class: kind } = await world.fails(name);
  world.proxy.clear();
  return `${kind} ${code}`;
}

describe("a connection that is reset", () => {
  for (const phase of phases) {
    it(`before anything is answered, at ${phase}`, async () => {
      assert.equal(await meets(phase, { type: "ResetAtHeaders" }, "a"), "Retry RemoteUnreachable");
      await world.arrives("a");
    });

    it(`after the server has answered, at ${phase}`, async () => {
      assert.equal(await meets(phase, { type: "LoseAnswer" }, "a"), "Retry RemoteUnreachable");
      await world.arrives("a");
    });
  }

  for (const phase of ["fetch", "push"] as const) {
    it(`in the middle of the request, at ${phase}`, async () => {
      for (const [i, bytes] of [0, 1, 4, 100, 300].entries()) {
        const fault = { type: "ResetInRequest", bytes } as const;
        assert.equal(await meets(phase, fault, `a${i}`), "Retry RemoteUnreachable");
        await world.arrives(`a${i}`);
      }
    });
  }
});

describe("an answer that is cut off", () => {
  const cut = async (phase: Phase, skip: number, points: number): Promise<void> => {
    world.repository = world.fresh();
    const before = world.proxy.answers[phase].length;
    await world.arrives("measured");
    const length = world.proxy.answers[phase][before + skip] ?? 0;
    assert.ok(length > 0);
    for (let i = 0; i < points; i++) {
      const bytes = Math.floor((i * length) / points);
      const name = `${phase}-${skip}-${bytes}`.toLowerCase();
      world.repository = world.fresh();
      const end = i % 2 === 0 ? "reset" : "close";
      world.proxy.add(phase, { type: "CutAnswer", bytes, end }, 1, skip);
      const done = world.proxy.done;
      // All that matters may have been said already.
      if (phase === "push") await world.deliver(name).catch((error: unknown) => assert.ok(error instanceof Failure));
      else await world.fails(name);
      assert.equal(world.proxy.done, done + 1);
      world.proxy.clear();
      await world.arrives(name);
    }
  };

  it("at many places of what the server can do for a fetch", () => cut("discover-fetch", 0, 6));
  it("at many places of the list of refs", () => cut("fetch", 0, 6));
  it("at many places of a pack", () => cut("fetch", 1, 12));
  it("at many places of what the server can do for a push", () => cut("discover-push", 0, 6));
  it("at many places of the report of a push", () => cut("push", 0, 12));
});

describe("a status", () => {
  const expected: Readonly<Record<number, string>> = {
    401: "Stalled AuthenticationFailed",
    403: "Stalled AuthenticationFailed",
    404: "Stalled RepositoryNotFound",
    409: "Retry RemoteUnreachable",
    413: "Stalled RemoteInvalid",
    429: "Retry RemoteUnreachable",
    500: "Retry RemoteUnreachable",
    502: "Retry RemoteUnreachable",
  };
  for (const [code, failure] of Object.entries(expected)) {
    it(`${code}, at each phase`, async () => {
      for (const phase of phases) {
        assert.equal(await meets(phase, { type: "Status", code: Number(code) }, phase), failure, phase);
        world.later(20_000);
        await world.arrives(phase);
      }
    });
  }
});
