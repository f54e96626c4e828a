/** Buttons on alerts, on fakes: who may press them, what they do, and that every press stands in the record. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import type { JsonObject } from "../../operator/values.ts";
import { configMapText, createWorld, mainRef, recordRef, type World } from "./world.ts";

const minute = 60_000;
const file = "apps/shop/configmap-app.yaml";
const people = [{ slack: "U0SUE", user: "sue", groups: ["sre"] }];

/** The ConfigMap `app` edited by alice, and told. */
async function drifted(spec: JsonObject = {}): Promise<{ world: World; stop: () => Promise<void> }> {
  const world = createWorld({ files: { [file]: configMapText("app", { a: "1" }) } });
  world.configMap("app", { a: "1" });
  world.notifier({ buttons: { people } });
  world.capture({ delivery: { mode: "Detect" }, drift: { after: "1m" }, ...spec });
  const operator = await world.start();
  world.configMap("app", { a: "2" });
  await world.clock.advance(2 * minute);
  return { world, stop: () => operator.stop() };
}
const presses = (world: World): readonly JsonObject[] =>
  (JSON.parse(world.remote.show(recordRef, "meta/drift.json") ?? "{}") as { readonly presses?: readonly JsonObject[] })
    .presses ?? [];
const outcomes = (world: World): readonly string[] =>
  presses(world).map(({ action, user, outcome }) => `${action as string} ${user as string}: ${outcome as string}`);
const value = async (world: World): Promise<unknown> => {
  const kinds = (await world.cluster.discover()).kinds;
  const kind = kinds.find((each) => each.kind === "ConfigMap");
  assert.ok(kind);
  return ((await world.cluster.get(kind, "shop", "app"))?.["data"] as JsonObject | undefined)?.["a"];
};

describe("a pressed button", () => {
  it("is there for what can be done about the object, by who may", async () => {
    const { world, stop } = await drifted();
    assert.deepEqual(world.chat.said[0]?.alert.items[0]?.actions, ["Keep", "Undo"]);
    await stop();
    const bare = createWorld({ files: { [file]: configMapText("app", { a: "1" }) } });
    bare.cluster.deny("update", "configmaps");
    bare.configMap("app", { a: "1" });
    bare.notifier({ buttons: { people } });
    bare.capture({ delivery: { mode: "Detect" }, drift: { after: "1m" } });
    const operator = await bare.start();
    bare.configMap("app", { a: "2" });
    await bare.clock.advance(2 * minute);
    assert.deepEqual(bare.chat.said[0]?.alert.items[0]?.actions, ["Keep"], "the operator may not update");
    await operator.stop();
  });

  it("Keep: the change is committed as its author's, Kept-By whoever pressed, and the alert is over", async () => {
    const { world, stop } = await drifted();
    assert.equal(await world.chat.press("U0SUE", "Keep"), "ConfigMap shop/app: kept by sue: it is written to main");
    await world.clock.advance(minute);
    assert.deepEqual(world.commits(), ["alice: app: key a: 1 -> 2"]);
    assert.match(world.remote.log(mainRef).at(-1)?.message ?? "", /^Kept-By: sue$/m);
    assert.equal(world.chat.said.at(-1)?.alert.isResolved, true);
    assert.deepEqual(outcomes(world), ["Keep sue: kept by sue: it is written to main"]);
    await stop();
  });

  it("Undo that the API server refuses says so without its words, which hold the object's values", async () => {
    const { world, stop } = await drifted();
    world.cluster.replace = () =>
      Promise.reject(retry("InternalError", 'data.a: Invalid value: "hunter2-canary"', { status: 422 }));
    assert.equal(await world.chat.press("U0SUE", "Undo"), "ConfigMap shop/app: failed: the API server answers 422");
    await world.clock.advance(minute);
    assert.deepEqual(outcomes(world), ["Undo sue: failed: the API server answers 422"]);
    await stop();
  });

  it("Undo: the object is again as Git has it, nothing is committed, and the alert is over", async () => {
    const { world, stop } = await drifted();
    assert.match(await world.chat.press("U0SUE", "Undo"), /undone by sue/);
    await world.clock.advance(minute);
    assert.equal(await value(world), "1");
    assert.deepEqual(world.commits(), []);
    assert.equal(world.chat.said.at(-1)?.alert.isResolved, true);
    assert.deepEqual(outcomes(world), ["Undo sue: undone by sue: the cluster has again what main has"]);
    await stop();
  });

  it("of a stranger does nothing but stand in the record", async () => {
    const { world, stop } = await drifted();
    assert.match(await world.chat.press("U0EVE", "Undo"), /refused: U0EVE is none of spec\.buttons\.people/);
    assert.match(await world.chat.press("U0EVE", "Keep"), /refused/);
    await world.clock.advance(minute);
    assert.equal(await value(world), "2");
    assert.deepEqual(world.commits(), []);
    assert.deepEqual(
      presses(world).map(({ who, user }) => [who, user]),
      [
        ["U0EVE", ""],
        ["U0EVE", ""],
      ],
    );
    await stop();
  });

  it("of somebody whom the API server does not let is refused", async () => {
    const { world, stop } = await drifted();
    world.cluster.deny("patch", "captures");
    world.cluster.deny("update", "configmaps");
    assert.match(await world.chat.press("U0SUE", "Keep"), /refused: sue may not patch captures all in shop/);
    assert.match(await world.chat.press("U0SUE", "Undo"), /refused: sue may not update configmaps app in shop/);
    await world.clock.advance(minute);
    assert.deepEqual(world.commits(), []);
    await stop();
  });

  it("twice, late, or about something else by now, does nothing", async () => {
    const { world, stop } = await drifted();
    assert.match(await world.chat.press("U0SUE", "Keep", { live: "0".repeat(40) }), /not done: it changed since/);
    assert.match(await world.chat.press("U0SUE", "Keep", { id: "0".repeat(12) }), /This is over/);
    const [item] = world.chat.said[0]?.alert.items ?? [];
    await world.chat.press("U0SUE", "Keep");
    assert.match(await world.chat.press("U0SUE", "Keep"), /is being kept already|This is over/);
    await world.clock.advance(minute);
    assert.match(
      await world.chat.press("U0SUE", "Undo", { id: item?.id ?? "", live: item?.live ?? "" }),
      /This is over/,
    );
    assert.equal(world.commits().length, 1);
    await stop();
  });
});
