/** What Argo CD and Flux apply from a Capture's own folder, and from elsewhere. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { stalled } from "../../operator/failures.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { fakeKinds } from "../fakes/cluster.ts";
import { application, trackedBy } from "../fixtures/gitops.ts";
import { createWorld, mainRef, type World } from "./world.ts";

const applications: Kind = {
  group: "argoproj.io",
  version: "v1alpha1",
  kind: "Application",
  resource: "applications",
  namespaced: true,
  verbs: ["get", "list", "watch"],
  subresources: [],
};

const here = "https://git.example.com/shop";
const elsewhere = "https://git.example.com/other.git";
const file = "apps/shop/configmap-web.yaml";

function worldOf(url: string): World {
  const world = createWorld(undefined, [...fakeKinds, applications]);
  apply(world, url);
  return world;
}
const apply = (world: World, url: string): void =>
  void world.cluster.put(application({ name: "web", namespace: "argocd", url, path: "apps" }) as JsonObject);
const edit = (world: World, x: string): void =>
  world.configMap("web", { x }, trackedBy("web", "shop", "web") as JsonObject);
const skipped = (world: World): unknown => world.status()["skipped"];

describe("what Argo CD applies", () => {
  it("is captured from the Capture's own folder, with every edit", async () => {
    const world = worldOf(here);
    edit(world, "1");
    world.capture();
    const operator = await world.start();
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "1"/);
    edit(world, "2");
    await world.clock.advance(2_000);
    assert.deepEqual(world.commits().slice(1), ["alice: web: key x: 1 -> 2"]);
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "2"/);
    await operator.stop();
  });

  it("is named where it comes from elsewhere, and captured as soon as it comes from here", async () => {
    const world = worldOf(elsewhere);
    world.capture();
    const operator = await world.start();
    edit(world, "1");
    await world.clock.advance(2_000);
    assert.deepEqual(world.commits(), []);
    assert.deepEqual(skipped(world), { ManagedElsewhere: 1 });
    const notes = world.cluster.events.map(({ message }) => message);
    const from = "Argo CD Application web, from git.example.com/other, branch main, path apps";
    assert.ok(notes.includes(`not written to Git: ManagedElsewhere (${from})`), notes.join("\n"));
    apply(world, here);
    await world.clock.advance(2_000);
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "1"/);
    assert.equal(skipped(world), undefined);
    await operator.stop();
  });

  it("keeps its file when it comes from elsewhere, and gets no more edits", async () => {
    const world = worldOf(here);
    edit(world, "1");
    world.capture();
    const operator = await world.start();
    apply(world, elsewhere);
    await world.clock.advance(2_000);
    edit(world, "2");
    await world.clock.advance(40_000);
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "1"/);
    assert.equal(world.commits().length, 1);
    assert.deepEqual(skipped(world), { ManagedElsewhere: 1 });
    await operator.stop();
  });

  it("keeps its file after a restart without the right to see Applications", async () => {
    const world = worldOf(here);
    edit(world, "1");
    world.capture();
    await (await world.start()).stop();
    world.cluster.deny("list", "applications");
    const operator = await world.start();
    await world.clock.advance(40_000);
    assert.equal(world.ready().status, "True");
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "1"/);
    assert.deepEqual(skipped(world), { ManagedElsewhere: 1 });
    await operator.stop();
  });

  it("stays captured while Applications cannot be watched", async () => {
    const world = worldOf(here);
    edit(world, "1");
    world.capture();
    const operator = await world.start();
    world.cluster.failWatches("Application", stalled("AccessDenied", "forbidden", {}));
    await world.clock.advance(40_000);
    edit(world, "2");
    await world.clock.advance(2_000);
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "2"/);
    await operator.stop();
  });

  it("is not taken from it by adopting Helm's, though it is what a chart gives", async () => {
    const world = worldOf(elsewhere);
    const labels = { "app.kubernetes.io/managed-by": "Helm" };
    world.configMap("web", { x: "1" }, { ...trackedBy("web", "shop", "web"), labels });
    world.configMap("api", { x: "1" }, { labels });
    world.capture({ managedBy: { helm: "Adopt" } });
    const operator = await world.start();
    assert.equal(world.remote.show(mainRef, file), undefined);
    assert.ok(!(world.remote.show(mainRef, "apps/shop/configmap-api.yaml") ?? "Helm").includes("Helm"));
    assert.deepEqual(skipped(world), { ManagedElsewhere: 1 });
    await operator.stop();
  });

  it("makes nobody read Git when many Applications change", async () => {
    const world = worldOf(here);
    world.capture();
    const operator = await world.start();
    const { fetch: before } = world.remote.calls;
    for (let i = 0; i < 200; i++) {
      const made = application({ name: `made-${i}`, namespace: "argocd", url: elsewhere, path: "apps" });
      world.cluster.put(made as JsonObject);
    }
    await world.clock.advance(1_000);
    const reads = world.remote.calls.fetch - before;
    assert.ok(reads > 0 && reads <= 3, `${reads} reads`);
    await operator.stop();
  });
});
