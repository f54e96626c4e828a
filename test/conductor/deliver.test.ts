import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import { configMapText, createWorld, mainRef, recordRef } from "./world.ts";

describe("a capture", () => {
  it("writes what is there as one commit of the operator, then each change by who made it", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.configMap("web", { a: "1" });
    world.capture();
    const operator = await world.start();
    assert.deepEqual(world.commits(), ["clickscribe: capture 2 objects of shop"]);
    assert.equal(world.remote.show(mainRef, "apps/shop/configmap-app.yaml"), configMapText("app", { a: "1" }));
    assert.equal(world.ready().status, "True");

    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    world.as("bob");
    world.cluster.delete("ConfigMap", "shop", "web");
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2", "bob: delete ConfigMap web"]);
    assert.deepEqual(world.remote.files(mainRef), ["README.md", "apps/shop/configmap-app.yaml"]);
    assert.deepEqual(world.commits(recordRef), world.commits());
    await operator.stop();
  });

  it("writes nothing on a restart that finds everything as it was", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    await (await world.start()).stop();
    const pushes = world.remote.pushes.length;
    const operator = await world.start();
    await world.clock.advance(120_000);
    assert.equal(world.remote.pushes.length, pushes);
    await operator.stop();
  });

  it("finds after a restart what changed and vanished meanwhile, by nobody known", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.configMap("web", { a: "1" });
    world.capture();
    await (await world.start()).stop();
    world.configMap("app", { a: "2" });
    world.cluster.vanish("ConfigMap", "shop", "web");
    const operator = await world.start();
    assert.deepEqual(world.commits().slice(1), ["unknown: change app, web"]);
    assert.deepEqual(world.remote.files(mainRef), ["README.md", "apps/shop/configmap-app.yaml"]);
    await operator.stop();
  });

  it("comes to rest when an object came and went within one window", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    const pushes = world.remote.pushes.length;
    world.configMap("web", { a: "1" });
    world.cluster.delete("ConfigMap", "shop", "web");
    world.configMap("app", { a: "2" });
    world.configMap("app", { a: "1" });
    await world.clock.advance(10_000);
    assert.equal(world.remote.pushes.length, pushes);
    assert.equal(world.ready().status, "True");
    world.configMap("app", { a: "3" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 3"]);
    await operator.stop();
  });

  it("keeps the authors of a window apart, and the order of one object's states", async () => {
    const world = createWorld();
    world.capture({ batching: { quietPeriod: "3s" } });
    const operator = await world.start();
    await world.clock.advance(5_000);
    world.configMap("app", { a: "1" });
    world.as("bob");
    world.configMap("app", { a: "2" });
    world.configMap("web", { a: "1" });
    world.as("alice");
    world.configMap("db", { a: "1" });
    await world.clock.advance(5_000);
    assert.deepEqual(world.commits(), ["alice: create 2 objects (ConfigMap)", "bob: change app, web"]);
    await operator.stop();
  });

  it("writes no commit for a change that means nothing", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.configMap("app", { a: "1" }, { annotations: { "deployment.kubernetes.io/revision": "7" } });
    await world.clock.advance(5_000);
    assert.equal(world.commits().length, 1);
    await operator.stop();
  });
});

describe("a source branch that refuses", () => {
  // Gitea and others decline a push as a whole where one of its refs is protected.
  for (const hook of ["update", "pre-receive"] as const) {
    it(`gets each change by its author once its ${hook} hook accepts, even after a crash; the record has them at once`, async () => {
      const world = createWorld();
      world.configMap("app", { a: "1" });
      world.capture();
      let operator = await world.start();
      world.remote.refuseRef(mainRef, "protected branch hook declined", hook);
      world.configMap("app", { a: "2" });
      await world.clock.advance(1_000);
      world.as("bob");
      world.configMap("web", { b: "1" });
      await world.clock.advance(1_000);
      assert.equal(world.commits().length, 1);
      assert.deepEqual(world.commits(recordRef).slice(1), ["alice: app: key a: 1 -> 2", "bob: create ConfigMap web"]);
      assert.equal(world.ready().reason, "SourceRefused");
      assert.match(world.ready().message, /protected branch hook declined/);
      assert.ok(world.cluster.events.some(({ reason }) => reason === "Refused"));

      await operator.kill();
      operator = await world.start();
      world.remote.acceptAll();
      await world.clock.advance(120_000);
      assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2", "bob: create ConfigMap web"]);
      assert.equal(world.ready().status, "True");
      await operator.stop();
    });
  }

  it("is told apart from a record that a hook declines with whatever comes with it", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.refuseRef("refs/clickscribe/*", "no such refs here", "pre-receive");
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "RecordRefused");
    assert.match(world.ready().message, /no such refs here/);
    await operator.stop();
  });

  it("is tried at growing intervals: at most 8 pushes reach it in the first minute", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.refuseRef(mainRef, "no");
    const before = world.remote.pushes.length;
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    world.as("bob");
    world.configMap("app", { a: "3" });
    await world.clock.advance(59_000);
    const made = world.remote.pushes.length - before;
    assert.ok(made <= 8, `${made} pushes`);
    assert.ok(made >= 4, `${made} pushes: it is not tried again`);
    await operator.stop();
  });
});

describe("a push", () => {
  it("that loses a race is built again on what a person pushed, which stays", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.beforeNextPush(
      () => void world.remote.commitAsPerson({ files: { "docs/a.md": "x\n" }, message: "docs" }),
    );
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().slice(1), ["Paula Person: docs", "alice: app: key a: 1 -> 2"]);
    assert.equal(world.remote.show(mainRef, "docs/a.md"), "x\n");
    await operator.stop();
  });

  it("whose answer is lost is neither lost nor made twice", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.loseAnswer();
    world.configMap("app", { a: "2" });
    await world.clock.advance(10_000);
    world.as("bob");
    world.configMap("app", { a: "3" });
    await world.clock.advance(10_000);
    assert.deepEqual(world.commits().slice(1), ["alice: app: key a: 1 -> 2", "bob: app: key a: 2 -> 3"]);
    assert.deepEqual(world.commits(recordRef).slice(1), world.commits().slice(1));
    await operator.stop();
  });

  it("waits for a server that is down, and keeps the authors", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.remote.down(retry("RemoteUnreachable", "down"));
    for (let i = 0; i < 25; i++) {
      world.as(i % 2 === 0 ? "alice" : "bob");
      world.configMap(`app-${i}`, { a: "1" });
      await world.clock.advance(1_000);
    }
    assert.equal(world.ready().reason, "RemoteUnreachable");
    world.remote.down(undefined);
    await world.clock.advance(60_000);
    assert.equal(world.remote.files(mainRef).length, 26);
    assert.deepEqual(
      world.commits().map((commit) => commit.split(":")[0]),
      ["alice", "bob"],
    );
    assert.equal(world.ready().status, "True");
    await operator.stop();
  });

  it("goes to a server without atomic as record, then source; `base` follows", async () => {
    const world = createWorld({ files: { "README.md": "x\n" }, atomic: false });
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.configMap("app", { a: "2" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits(), ["clickscribe: capture 1 object of shop", "alice: app: key a: 1 -> 2"]);
    for (const push of world.remote.pushes) assert.equal(push.updates.length, 1);
    assert.equal(world.ready().status, "True");
    await operator.kill();
    const pushes = world.commits().length;
    const next = await world.start();
    await world.clock.advance(70_000);
    assert.equal(world.commits().length, pushes);
    assert.equal(
      world.remote.show(recordRef, "base/shop/ConfigMap.core/7d/app.yaml"),
      configMapText("app", { a: "2" }),
    );
    await next.stop();
  });
});

describe("the record", () => {
  it("says nothing of what came and went within a window, and dates an adoption by the day it was seen", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture({ batching: { quietPeriod: "3s" } });
    const operator = await world.start();
    await world.clock.advance(5_000);
    world.configMap("brief", { a: "1" });
    world.cluster.delete("ConfigMap", "shop", "brief");
    world.configMap("app", { a: "2" });
    await world.clock.advance(5_000);
    assert.deepEqual(world.commits(recordRef).slice(1), ["alice: app: key a: 1 -> 2"]);

    const text = `# restyled\n${configMapText("app", { a: "2" })}`;
    world.remote.commitAsPerson({ files: { "apps/shop/configmap-app.yaml": text }, message: "style" });
    await world.clock.advance(61_000);
    const adoption = world.remote.log(recordRef).at(-1);
    assert.match(adoption?.message ?? "", /adopted/);
    assert.ok((adoption?.author.at ?? 0) > Date.UTC(2026, 0, 1) / 1000);
    await operator.stop();
  });
});

describe("spec.batching", () => {
  it("changes without the session beginning anew: who edited meanwhile is still known", async () => {
    const world = createWorld();
    world.capture({ batching: { quietPeriod: "3s" } });
    const operator = await world.start();
    await world.clock.advance(5_000);
    world.configMap("app", { a: "1" });
    world.capture({ batching: { quietPeriod: "0s" } });
    world.as("bob");
    world.configMap("web", { a: "1" });
    await world.clock.advance(1_000);
    assert.deepEqual(world.commits().toSorted(), ["alice: create ConfigMap app", "bob: create ConfigMap web"]);
    await operator.stop();
  });
});
