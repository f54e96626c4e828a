/** A branch that a person deletes or rewrites: nothing is forced, and what the Capture is there for goes on. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configMapText, createWorld, mainRef, recordRef, type World } from "./world.ts";

const devRef = "refs/heads/dev";
const file = (name: string): string => `apps/shop/configmap-${name}.yaml`;

function told(world: World, wanted: string): readonly string[] {
  return world.cluster.events
    .filter(({ reason, about }) => reason === wanted && about["kind"] === "Capture")
    .map(({ type, message }) => `${type}: ${message}`);
}

async function onDev(world: World): ReturnType<World["start"]> {
  world.configMap("a", { value: "1" });
  world.configMap("b", { value: "1" });
  world.capture({ branch: "dev" });
  const operator = await world.start();
  world.configMap("a", { value: "2" });
  await world.clock.advance(5_000);
  assert.deepEqual(world.remote.files(devRef), ["README.md", file("a"), file("b")]);
  return operator;
}

describe("a branch that a person deletes", () => {
  for (const when of ["at work", "at a start"]) {
    it(`is made again from the default branch with every object, and told once, ${when}`, async () => {
      const world = createWorld();
      const first = await onDev(world);
      const tip = world.remote.refs.get(devRef) ?? "";
      const record = world.remote.refs.get(recordRef) ?? "";
      if (when === "at a start") await first.stop();
      world.remote.deleteRef(devRef);
      world.remote.commitAsPerson({ files: { "README.md": "new\n" } });
      const operator = when === "at a start" ? await world.start() : first;
      await world.clock.advance(120_000);
      assert.deepEqual(world.remote.files(devRef), ["README.md", file("a"), file("b")]);
      assert.equal(world.remote.show(devRef, "README.md"), "new\n");
      assert.equal(world.remote.show(devRef, file("a")), configMapText("a", { value: "2" }));
      assert.equal(told(world, "SourceDeleted").length, 1, told(world, "SourceDeleted").join("\n"));
      assert.match(
        told(world, "SourceDeleted")[0] ?? "",
        new RegExp(`^Warning: dev is gone, it was at ${tip.slice(0, 7)}`),
      );
      assert.equal(world.ready().status, "True", world.ready().message);
      assert.ok(
        world.remote.log(recordRef).some(({ id }) => id === record),
        "the record goes on",
      );

      // And each change goes on by who makes it, with one commit each.
      const before = world.remote.log(devRef).length;
      world.configMap("b", { value: "2" });
      await world.clock.advance(5_000);
      const last = world.remote.log(devRef).at(-1);
      assert.deepEqual([world.remote.log(devRef).length, last?.author.name], [before + 1, "alice"]);
      await operator.stop();
    });
  }

  it("is not made again while the default branch says what the cluster says", async () => {
    const world = createWorld();
    const operator = await onDev(world);
    const files = Object.fromEntries(
      [file("a"), file("b")].map((path) => [path, world.remote.show(devRef, path) ?? ""]),
    );
    world.remote.commitAsPerson({ files });
    world.remote.deleteRef(devRef);
    await world.clock.advance(120_000);
    assert.equal(world.remote.refs.get(devRef), undefined);
    assert.equal(world.ready().status, "True", world.ready().message);
    const pushes = world.remote.pushes.length;
    await world.clock.advance(300_000);
    assert.equal(world.remote.pushes.length, pushes, "it comes to rest");
    world.configMap("b", { value: "2" });
    await world.clock.advance(5_000);
    assert.equal(world.remote.show(devRef, file("a")), configMapText("a", { value: "2" }));
    assert.equal(world.remote.log(devRef).at(-1)?.author.name, "alice");
    await operator.stop();
  });

  it("keeps the authors of what was not on it yet", async () => {
    const world = createWorld();
    const operator = await onDev(world);
    world.remote.refuseRef(devRef, "protected");
    world.as("bob");
    world.configMap("a", { value: "3" });
    await world.clock.advance(5_000);
    world.remote.deleteRef(devRef);
    world.remote.acceptAll();
    await world.clock.advance(600_000);
    assert.equal(world.remote.show(devRef, file("a")), configMapText("a", { value: "3" }));
    assert.equal(world.remote.show(devRef, file("b")), configMapText("b", { value: "1" }));
    const authors = world.remote.log(devRef).map(({ author }) => author.name);
    assert.ok(authors.includes("bob"), authors.join(", "));
    await operator.stop();
  });
});

describe("a branch that a person rewrites", () => {
  for (const when of ["at work", "at a start"]) {
    it(`is gone on from as it is, and told once, ${when}`, async () => {
      const world = createWorld();
      world.configMap("a", { value: "1" });
      world.configMap("b", { value: "1" });
      world.capture();
      const first = await world.start();
      const [base = "", captured = ""] = world.remote.log(mainRef).map(({ id }) => id);
      world.configMap("a", { value: "2" });
      await world.clock.advance(5_000);
      const lost = world.remote.refs.get(mainRef) ?? "";
      if (when === "at a start") await first.stop();
      assert.ok(base !== "" && captured !== lost);
      world.remote.forceRef(mainRef, captured);
      const theirs = world.remote.commitAsPerson({ files: { "README.md": "rewritten\n" } });
      const operator = when === "at a start" ? await world.start() : first;
      await world.clock.advance(120_000);
      assert.deepEqual(told(world, "SourceRewritten"), [
        `Warning: main was rewritten: ${lost.slice(0, 7)} is not in it any more. It is gone on from ${theirs.slice(0, 7)} as it is; nothing is forced back`,
      ]);
      assert.equal(world.remote.refs.get(mainRef), theirs, "nothing is pushed by itself");
      world.configMap("b", { value: "2" });
      await world.clock.advance(5_000);
      const log = world.remote.log(mainRef).map(({ id }) => id);
      assert.ok(log.includes(theirs) && !log.includes(lost));
      assert.equal(world.remote.show(mainRef, file("b")), configMapText("b", { value: "2" }));
      assert.equal(told(world, "SourceRewritten").length, 1);
      await operator.stop();
    });
  }

  it("is not told where people only commit", async () => {
    const world = createWorld();
    world.configMap("a", { value: "1" });
    world.capture();
    const operator = await world.start();
    for (let i = 0; i < 3; i++) {
      world.remote.commitAsPerson({ files: { "README.md": `${i}\n` } });
      await world.clock.advance(61_000);
    }
    assert.deepEqual([told(world, "SourceRewritten"), told(world, "SourceDeleted")], [[], []]);
    await operator.stop();
  });
});
