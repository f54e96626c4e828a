/** Notifiers, on fakes: who is told what, how often, and that neither storms, failures nor restarts tell anything twice. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry, stalled } from "../../operator/failures.ts";
import type { JsonObject } from "../../operator/values.ts";
import { configMapText, createWorld, type World } from "./world.ts";

const minute = 60_000;
const hour = 60 * minute;
const detect = { delivery: { mode: "Detect" }, drift: { after: "1m" } };

/** ConfigMaps `app-0`, ... in the cluster and in Git alike. */
async function inStep(
  n = 1,
  notifier: JsonObject = {},
): Promise<{ world: World; operator: Awaited<ReturnType<World["start"]>> }> {
  const names = Array.from({ length: n }, (_, i) => `app-${i}`);
  const files = names.map((name) => [`apps/shop/configmap-${name}.yaml`, configMapText(name, { a: "1" })]);
  const world = createWorld({ files: Object.fromEntries(files) });
  for (const name of names) world.configMap(name, { a: "1" });
  world.notifier(notifier);
  world.capture(detect);
  return { world, operator: await world.start() };
}
const edit = (world: World, n: number, value: string): void => {
  for (let i = 0; i < n; i++) world.configMap(`app-${i}`, { a: value });
};
const said = (world: World): readonly string[] =>
  world.chat.said.map(
    ({ step, handle, alert: { open, total, isResolved } }) =>
      `${step} ${handle} ${open}/${total}${isResolved ? " over" : ""}`,
  );
const readyOf = (world: World): { readonly status?: string; readonly reason?: string; readonly message?: string } => {
  const status = [...world.cluster.statuses].find(([key]) => key.includes("Notifier"))?.[1];
  return ((status?.["conditions"] ?? []) as readonly JsonObject[])[0] ?? {};
};

describe("a Notifier", () => {
  it("tells of an episode once: who, what and how, then of its change, then of its end", async () => {
    const { world, operator } = await inStep();
    edit(world, 1, "2");
    await world.clock.advance(50_000);
    assert.deepEqual(said(world), []);
    await world.clock.advance(30_000);
    assert.deepEqual(said(world), ["Post m1 1/1"]);
    const [item] = world.chat.said[0]?.alert.items ?? [];
    assert.deepEqual(
      [item?.object, item?.sort, item?.severity, item?.by, item?.tool, item?.fields],
      ["ConfigMap shop/app-0", "ChangedInCluster", "Warning", "alice", "kubectl", ["key a: 1 -> 2"]],
    );
    world.as("bob");
    edit(world, 1, "3");
    await world.clock.advance(5 * minute);
    assert.deepEqual(said(world).slice(1), ["Update m1 1/1"]);
    assert.equal(world.chat.said[1]?.alert.items[0]?.by, "bob");
    edit(world, 1, "1");
    await world.clock.advance(minute);
    assert.deepEqual(said(world).slice(2), ["Update m1 0/1 over"]);
    await world.clock.advance(48 * hour);
    assert.equal(said(world).length, 3);
    edit(world, 1, "2");
    await world.clock.advance(2 * minute);
    assert.deepEqual(said(world).slice(3), ["Post m2 1/1"]);
    await operator.stop();
  });

  it("makes one message of a storm, which says how many are left, and is closed when all are", async () => {
    const { world, operator } = await inStep(300);
    edit(world, 300, "2");
    await world.clock.advance(10 * minute);
    assert.deepEqual(said(world), ["Post m1 300/300"]);
    assert.equal(world.chat.said[0]?.alert.items.length, 20);
    edit(world, 200, "1");
    await world.clock.advance(10 * minute);
    assert.deepEqual(said(world).slice(1), ["Update m1 100/300"]);
    edit(world, 300, "1");
    await world.clock.advance(10 * minute);
    assert.deepEqual(said(world).slice(2), ["Update m1 0/300 over"]);
    await operator.stop();
  });

  it("lets those that drift one after the other share a message after the first few", async () => {
    const { world, operator } = await inStep(30);
    for (let i = 0; i < 30; i++) {
      world.configMap(`app-${i}`, { a: "2" });
      await world.clock.advance(90_000);
    }
    await world.clock.advance(5 * minute);
    const posts = said(world).filter((text) => text.startsWith("Post"));
    assert.deepEqual(posts, ["Post m1 1/1", "Post m2 1/1", "Post m3 1/1", "Post m4 1/1", "Post m5 1/1"]);
    assert.equal(said(world).at(-1), "Update m5 26/26");
    await operator.stop();
  });

  it("says again what still drifts, after repeatAfter and no sooner; a day has one reminder", async () => {
    const { world, operator } = await inStep(1, { repeatAfter: "12h" });
    edit(world, 1, "2");
    await world.clock.advance(24 * hour + 10 * minute);
    assert.deepEqual(said(world), ["Post m1 1/1", "Repeat m1 1/1", "Repeat m1 1/1"]);
    await operator.stop();
    const never = await inStep(1, { repeatAfter: "0s" });
    edit(never.world, 1, "2");
    await never.world.clock.advance(100 * hour);
    assert.deepEqual(said(never.world), ["Post m1 1/1"]);
    await never.operator.stop();
  });

  it("goes on after a restart, also one in the middle of an episode, and tells nothing twice", async () => {
    const { world, operator: first } = await inStep();
    edit(world, 1, "2");
    await world.clock.advance(3 * minute);
    await first.kill();
    let operator = await world.start();
    await world.clock.advance(hour);
    assert.deepEqual(said(world), ["Post m1 1/1"]);
    await operator.kill();
    edit(world, 1, "1");
    operator = await world.start();
    await world.clock.advance(minute);
    assert.deepEqual(said(world).slice(1), ["Update m1 0/1 over"]);
    await operator.stop();
  });

  it("selects Captures by name, label, namespace and severity, and may be suspended", async () => {
    for (const spec of [
      { captures: { names: ["other"] } },
      { captures: { matchLabels: { team: "shop" } } },
      { minSeverity: "Error" },
      { suspend: true },
    ]) {
      const { world, operator } = await inStep(1, spec);
      edit(world, 1, "2");
      await world.clock.advance(10 * minute);
      assert.deepEqual(said(world), [], JSON.stringify(spec));
      await operator.stop();
    }
  });

  it("that fails holds up no commit, says why on its condition, and tells later", async () => {
    const { world, operator } = await inStep();
    const refusal = stalled("AlertRefused", "Slack answers channel_not_found in C1: invite the app");
    world.chat.failNext(refusal, retry("AlertUnreachable", "Slack answers ratelimited", { retryAfterSeconds: 120 }));
    edit(world, 1, "2");
    await world.clock.advance(66_000);
    assert.deepEqual([readyOf(world).status, readyOf(world).reason], ["False", "AlertRefused"]);
    assert.match(readyOf(world).message ?? "", /channel_not_found/);
    assert.equal(world.ready().status, "True");
    assert.equal(world.cluster.events.filter(({ reason }) => reason === "Stalled").length, 1);
    await world.clock.advance(10_000);
    assert.equal(readyOf(world).reason, "AlertUnreachable");
    await world.clock.advance(100_000);
    assert.deepEqual(said(world), []);
    await world.clock.advance(60_000);
    assert.deepEqual(said(world), ["Post m1 1/1"]);
    assert.equal(readyOf(world).status, "True");
    await operator.stop();
  });

  it("names what its Secret lacks", async () => {
    const { world, operator } = await inStep(1, { secretRef: { name: "none" } });
    await world.clock.advance(1_000);
    assert.match(readyOf(world).message ?? "", /^spec\.secretRef\.name: there is no Secret none in shop/);
    world.notifier({ channel: undefined as unknown as string });
    await world.clock.advance(10_000);
    assert.match(readyOf(world).message ?? "", /spec\.channel: name the channel/);
    await operator.stop();
  });

  it("that is deleted is forgotten, and its messages with it", async () => {
    const { world, operator } = await inStep();
    edit(world, 1, "2");
    await world.clock.advance(5 * minute);
    world.cluster.delete("Notifier", "shop", "drift");
    await world.clock.advance(minute);
    const text = world.remote.show("refs/clickscribe/dev/c/shop/all", "meta/drift.json") ?? "";
    assert.doesNotMatch(text, /"sent"/);
    await operator.stop();
  });

  it("tells of a Capture that does not work, once, also after a restart, and when it works again", async () => {
    const { world, operator: first } = await inStep();
    world.capture({ ...detect, path: "../elsewhere" });
    await world.clock.advance(50_000);
    assert.deepEqual(said(world), []);
    await world.clock.advance(2 * minute);
    const [message] = world.chat.said;
    assert.deepEqual([message?.step, message?.alert.subject], ["Post", "Capture"]);
    const [item] = message?.alert.items ?? [];
    assert.deepEqual([item?.object, item?.sort], ["Capture shop/all", "PathInvalid"]);
    assert.match(item?.means ?? "", /leaves its folder/);
    await first.kill();
    // As the API server keeps it.
    const status = [...world.cluster.statuses].find(([key]) => key.includes("Notifier"))?.[1] ?? {};
    world.notifier({}, "drift", status);
    const operator = await world.start();
    await world.clock.advance(24 * hour);
    assert.equal(said(world).length, 1);
    world.capture(detect);
    await world.clock.advance(2 * minute);
    assert.deepEqual(said(world).slice(1), ["Update m1 0/1 over"]);
    await operator.stop();
  });

  it("tells at once that deletions wait, as one message", async () => {
    const names = Array.from({ length: 20 }, (_, i) => `app-${i}`);
    const world = createWorld();
    for (const name of names) world.configMap(name, { a: "1" });
    world.notifier();
    world.capture();
    const operator = await world.start();
    for (const name of names) world.cluster.delete("ConfigMap", "shop", name);
    await world.clock.advance(30_000);
    assert.deepEqual(said(world), ["Post m1 20/20"]);
    assert.equal(world.chat.said[0]?.alert.items[0]?.sort, "DeletionWaiting");
    await operator.stop();
  });
});
