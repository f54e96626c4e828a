/** What Prometheus reads of Captures at work: the gauges are of now, and what is gone is not shown. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import { createWorld, mainRef, type Operator } from "./world.ts";

const of = 'capture_namespace="shop",capture="all"';

/** The series of one metric: the value by the labels after those of the Capture. */
async function shown(operator: Operator, metric: string): Promise<Readonly<Record<string, number>>> {
  const lines = (await operator.scrape()).split("\n").filter((line) => /^\w+/.exec(line)?.[0] === metric);
  return Object.fromEntries(
    lines.map((line) => {
      const [, labels = "", value = ""] = /^\w+(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
      return [labels.replace(of, "").replace(/^,/, ""), Number(value)];
    }),
  );
}

describe("gauges of Captures", () => {
  it("tell a Capture that is ready, its objects, what is skipped, and its last push", async () => {
    const world = createWorld();
    world.configMap("a", { value: "1" });
    world.configMap("b", { value: "1" }, { annotations: { "clickscribe.dev/ignore": "true" } });
    world.capture();
    const operator = await world.start();
    const pushedBy = world.clock.now();
    await world.clock.advance(5_000);
    assert.deepEqual(await shown(operator, "clickscribe_captures"), { 'ready="true"': 1, 'ready="false"': 0 });
    assert.deepEqual(await shown(operator, "clickscribe_capture_ready"), { 'reason="Succeeded"': 1 });
    const objects = await shown(operator, "clickscribe_capture_objects");
    assert.equal(objects['state="inSync"'], 1);
    assert.equal(objects['state="diverged"'], 0);
    const skipped = await shown(operator, "clickscribe_skipped_objects");
    assert.equal(skipped['reason="Ignored"'], 1);
    assert.equal(skipped['reason="SecretExcluded"'], 0);
    const { "": pushedAt = 0 } = await shown(operator, "clickscribe_last_push_timestamp_seconds");
    assert.ok(pushedAt > 0 && pushedAt <= pushedBy / 1000 + 5, String(pushedAt));
    assert.deepEqual(await shown(operator, "clickscribe_oldest_undelivered_seconds"), { "": 0 });
    assert.deepEqual(await shown(operator, "clickscribe_deletions_waiting"), { "": 0 });
  });

  it("tell how old the oldest change is that the server does not take, and count why", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.remote.failNext("push", retry("RemoteUnreachable", "down"), 1_000);
    world.configMap("a", { value: "1" });
    await world.clock.advance(120_000);
    world.configMap("b", { value: "1" });
    await world.clock.advance(60_000);
    assert.deepEqual(await shown(operator, "clickscribe_oldest_undelivered_seconds"), { "": 180 });
    assert.deepEqual(await shown(operator, "clickscribe_capture_ready"), { 'reason="RemoteUnreachable"': 0 });
    const failures = await shown(operator, "clickscribe_capture_failures_total");
    assert.ok((failures['reason="RemoteUnreachable"'] ?? 0) > 3);
    assert.equal(failures['reason="InternalError"'], 0);
  });

  it("tell what waits to be pushed, and count what its author overtook", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.remote.failNext("push", retry("RemoteUnreachable", "down"), 1_000);
    for (const value of ["1", "2", "3"]) world.configMap("a", { value });
    world.configMap("b", { value: "1" });
    assert.deepEqual(await shown(operator, "clickscribe_undelivered_changes"), { "": 2 });
    await world.clock.advance(60_000);
    assert.deepEqual(await shown(operator, "clickscribe_undelivered_changes"), { "": 2 });
    assert.deepEqual(await shown(operator, "clickscribe_coalesced_changes_total"), { 'kind="ConfigMap"': 2 });
    world.remote.acceptAll();
  });

  it("tell a refused branch by its age and its pushes", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.remote.refuseRef(mainRef, "protected");
    world.configMap("a", { value: "1" });
    await world.clock.advance(60_000);
    assert.deepEqual(await shown(operator, "clickscribe_oldest_undelivered_seconds"), { "": 60 });
    assert.deepEqual(await shown(operator, "clickscribe_capture_ready"), { 'reason="SourceRefused"': 0 });
    const { 'outcome="Refused"': refused = 0 } = await shown(operator, "clickscribe_pushes_total");
    assert.ok(refused >= 1, String(refused));
    world.remote.acceptAll();
    await world.clock.advance(600_000);
    assert.deepEqual(await shown(operator, "clickscribe_oldest_undelivered_seconds"), { "": 0 });
  });

  it("do not call a change late that waits for a person: a deletion to confirm, or a contradiction", async () => {
    const world = createWorld();
    world.capture({ prune: { confirmAbove: 0 } });
    world.configMap("a", { value: "1" });
    world.configMap("b", { value: "1" });
    const operator = await world.start();
    await world.clock.advance(5_000);
    world.cluster.delete("ConfigMap", "shop", "a");
    world.remote.commitAsPerson({ files: { "apps/shop/configmap-b.yaml": "kind: ConfigMap\n# by hand\n" } });
    world.configMap("b", { value: "2" });
    await world.clock.advance(120_000);
    assert.deepEqual(await shown(operator, "clickscribe_deletions_waiting"), { "": 1 });
    assert.equal((await shown(operator, "clickscribe_capture_objects"))['state="diverged"'], 1);
    assert.deepEqual(await shown(operator, "clickscribe_oldest_undelivered_seconds"), { "": 0 });
  });

  it("are gone with the Capture", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.cluster.delete("Capture", "shop", "all");
    await world.clock.advance(5_000);
    assert.deepEqual(await shown(operator, "clickscribe_captures"), { 'ready="true"': 0, 'ready="false"': 0 });
    assert.deepEqual(await shown(operator, "clickscribe_capture_ready"), {});
    assert.deepEqual(await shown(operator, "clickscribe_last_push_timestamp_seconds"), {});
  });
});
