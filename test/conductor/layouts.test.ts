import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createWorld, mainRef } from "./world.ts";

describe("a layout", () => {
  for (const [mode, file] of [
    ["Flat", "apps/shop/configmap-app.yaml"],
    ["ByNamespace", "apps/shop/shop/configmap-app.yaml"],
    ["ByKind", "apps/shop/configmap/app.yaml"],
  ] as const) {
    it(`${mode} places a new object at ${file}, and finds it there again`, async () => {
      const world = createWorld();
      world.configMap("app", { a: "1" });
      world.capture({ layout: { mode } });
      const operator = await world.start();
      assert.deepEqual(world.remote.files(mainRef), ["README.md", file]);
      world.configMap("app", { a: "2" });
      await world.clock.advance(1_000);
      world.cluster.delete("ConfigMap", "shop", "app");
      await world.clock.advance(1_000);
      assert.deepEqual(world.remote.files(mainRef), ["README.md"]);
      assert.equal(world.commits().length, 3);
      await operator.stop();
    });
  }

  it("places new objects only: what stands in Git stays where it is", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.capture({ layout: { mode: "ByKind" } });
    await world.clock.advance(2_000);
    world.configMap("app", { a: "2" });
    world.configMap("web", { a: "1" });
    await world.clock.advance(2_000);
    const files = ["README.md", "apps/shop/configmap-app.yaml", "apps/shop/configmap/web.yaml"];
    assert.deepEqual([...world.remote.files(mainRef)].toSorted(), files.toSorted());
    await operator.stop();
  });
});
