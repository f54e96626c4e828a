import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorld, mainRef } from "./world.ts";

describe("a capture that has lost what it acts on", () => {
  it("stops when its GitRemote is gone, and goes on when it is back", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.cluster.delete("GitRemote", "shop", "platform");
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "RemoteNotFound");
    world.configMap("app", { a: "2" });
    await world.clock.advance(40_000);
    assert.equal(world.commits().length, 1);

    world.cluster.put({
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "GitRemote",
      metadata: { name: "platform", namespace: "shop" },
      spec: { url: "https://git.example.com/shop.git" },
    });
    await world.clock.advance(40_000);
    assert.equal(world.ready().status, "True");
    assert.match(world.remote.show(mainRef, "apps/shop/configmap-app.yaml") ?? "", /a: "2"/);
    await operator.stop();
  });

  it("reads no kind that whom it acts for may not read, and says which rule to add", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.cluster.deny("list", "configmaps");
    world.capture({ resources: { include: [{ groups: [""], kinds: ["ConfigMap"] }] } });
    const operator = await world.start();
    assert.deepEqual(world.commits(), []);
    assert.equal(world.ready().reason, "AccessDenied");
    assert.match(world.ready().message, /add the rule \{apiGroups: \[""\], resources: \["configmaps"\]/);
    await operator.stop();
  });

  it("leaves its files when it is stopped by spec.suspend, and writes one commit of nobody known afterwards", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.capture({ suspend: true });
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "Suspended");
    world.configMap("app", { a: "2" });
    world.configMap("web", { a: "1" });
    await world.clock.advance(60_000);
    assert.equal(world.commits().length, 1);
    world.capture({ suspend: false });
    await world.clock.advance(2_000);
    assert.deepEqual(world.commits().slice(1), ["unknown: change app, web"]);
    await operator.stop();
  });
});
