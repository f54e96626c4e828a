/** A server that moves one ref at a time: the branch has a change, and the record's `base` could not follow any more. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configMapText, createWorld, mainRef, recordRef, type World } from "./world.ts";

const file = "apps/shop/configmap-app.yaml";

function create(): World {
  const world = createWorld({ files: { "README.md": "shop\n" }, atomic: false });
  world.configMap("app", { a: "1" });
  world.configMap("other", { a: "1" });
  world.capture();
  return world;
}

describe("a change that only the branch says is delivered", () => {
  it("is no change of a person's, when the object moved on while no operator ran", async () => {
    const world = create();
    let operator = await world.start();
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    await operator.kill();
    world.configMap("app", { a: "3" });
    operator = await world.start();
    assert.equal(world.remote.show(mainRef, file), configMapText("app", { a: "3" }));
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2", "unknown: app: key a: 2 -> 3"]);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("is not done again when the object was deleted, or made anew, meanwhile", async () => {
    const world = create();
    let operator = await world.start();
    world.cluster.delete("ConfigMap", "shop", "app");
    await world.clock.advance(1_000);
    assert.equal(world.remote.show(mainRef, file), undefined);
    await operator.kill();
    world.configMap("app", { a: "9" });
    operator = await world.start();
    assert.equal(world.remote.show(mainRef, file), configMapText("app", { a: "9" }));
    assert.deepEqual(world.commits().slice(1), ["alice: delete ConfigMap app", "unknown: create ConfigMap app"]);
    await operator.kill();
    world.cluster.vanish("ConfigMap", "shop", "app");
    operator = await world.start();
    assert.equal(world.remote.show(mainRef, file), undefined);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("is found out when the answer to its push was lost and the object changes again", async () => {
    const world = create();
    const operator = await world.start();
    world.configMap("app", { a: "2" });
    // The record's push is answered, the branch's is not.
    world.remote.beforeNextPush(() => world.remote.beforeNextPush(() => world.remote.loseAnswer()));
    await world.clock.advance(100);
    assert.equal(world.remote.show(mainRef, file), configMapText("app", { a: "2" }));
    world.as("bob");
    world.configMap("app", { a: "3" });
    await world.clock.advance(40_000);
    assert.equal(world.remote.show(mainRef, file), configMapText("app", { a: "3" }));
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2", "bob: app: key a: 2 -> 3"]);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("stays known while the branch is refused and others are recorded", async () => {
    const world = create();
    let operator = await world.start();
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    await operator.kill();
    world.configMap("app", { a: "3" });
    world.remote.refuseRef(mainRef, "no");
    operator = await world.start();
    world.configMap("other", { a: "2" });
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "SourceRefused");
    world.remote.acceptAll();
    await world.clock.advance(60_000);
    assert.equal(world.remote.show(mainRef, file), configMapText("app", { a: "3" }));
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });
});

describe("what changes while the answer to a push is lost", () => {
  for (const atomic of [true, false]) {
    it(`is no part of that push (${atomic ? "with" : "without"} atomic)`, async () => {
      const world = createWorld({ files: { "README.md": "shop\n" }, atomic });
      world.configMap("app", { a: "1" });
      world.capture();
      const operator = await world.start();
      for (let round = 2; round < 5; round++) {
        world.remote.loseAnswer(round % 2 === 0 ? 1 : 2);
        world.as("bob");
        world.configMap("app", { a: String(round) });
        await world.clock.advance(100);
        world.as("eve");
        world.configMap("app", { a: `${round}0` });
        await world.clock.advance(5_000);
      }
      await world.clock.advance(60_000);
      assert.deepEqual(world.commits().slice(1), [
        "bob: app: key a: 1 -> 2",
        "eve: app: key a: 2 -> 20",
        "bob: app: key a: 20 -> 3",
        "eve: app: key a: 3 -> 30",
        "bob: app: key a: 30 -> 4",
        "eve: app: key a: 4 -> 40",
      ]);
      assert.equal(world.ready().status, "True");
      await operator.stop();
    });
  }

  it("is told no longer as refused, when the push that came through was one of a refused branch", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.refuseRef(mainRef, "no");
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "SourceRefused");
    world.remote.acceptAll();
    world.remote.loseAnswer();
    await world.clock.advance(60_000);
    assert.equal(world.commits().length, 2);
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("stays released, when that push carried its last change", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.loseAnswer(1);
    world.configMap("app", { a: "2" });
    await world.clock.advance(100);
    world.configMap("app", { a: "2" }, { annotations: { "clickscribe.dev/ignore": "true" } });
    await world.clock.advance(60_000);
    assert.deepEqual(
      world.remote.files(recordRef).filter((path) => path.endsWith("app.yaml")),
      [],
    );
    await operator.stop();
  });
});
