/** A person asks for a Capture to be looked at now: the annotation clickscribe.dev/reconcile-requested-at. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import { createWorld, type World } from "./world.ts";

const slow = { batching: { quietPeriod: "1h", maxWait: "1h" } };

function ask(world: World, at: string, spec: { readonly [field: string]: string | boolean | object } = {}): void {
  world.capture({ ...slow, ...spec }, { "clickscribe.dev/reconcile-requested-at": at });
}

describe("a request to reconcile", () => {
  it("delivers at once what waits for its window, and says so when that is done", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture(slow);
    const operator = await world.start();
    assert.equal(world.status()["lastHandledReconcileAt"], undefined);
    world.configMap("app", { a: "2" });
    await world.clock.advance(10_000);
    assert.equal(world.commits().length, 1);
    const held = world.remote.holdNextPush();
    ask(world, "one");
    await world.clock.advance(1_000);
    assert.equal(world.status()["lastHandledReconcileAt"], undefined);
    held.release();
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2"]);
    assert.equal(world.status()["lastHandledReconcileAt"], "one");
    await operator.stop();
  });

  it("is fulfilled, with the reason, when what it asks for cannot be done", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture(slow);
    const operator = await world.start();
    world.remote.down(retry("RemoteUnreachable", "nobody there"));
    ask(world, "two");
    await world.clock.advance(5_000);
    assert.equal(world.status()["lastHandledReconcileAt"], "two");
    assert.equal(world.ready().reason, "RemoteUnreachable");
    await operator.stop();
  });

  it("is fulfilled by a Capture that is suspended, and kept over a restart", async () => {
    const world = createWorld();
    world.capture({ suspend: true });
    let operator = await world.start();
    ask(world, "three", { suspend: true });
    await world.clock.advance(1_000);
    assert.deepEqual([world.status()["lastHandledReconcileAt"], world.ready().reason], ["three", "Suspended"]);
    await operator.stop();
    operator = await world.start();
    assert.equal(world.status()["lastHandledReconcileAt"], "three");
    await operator.stop();
  });
});
