/** What replaces what: an operator another, as in a rolling update; a Capture one of its name that was deleted. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createRandom } from "../harness/random.ts";
import { configMapText, createWorld, mainRef, recordRef } from "./world.ts";

const fileOf = (name: string): string => `apps/shop/configmap-${name}.yaml`;
const people = ["alice", "bob", "carol"];
const names = ["a", "b", "c"];

describe("an operator that is replaced while people work", () => {
  it("and both write for a while: every state is in Git, once, in order", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = createRandom(seed);
      const world = createWorld({ files: { "README.md": "shop\n" }, atomic: random.below(2) === 0 });
      world.capture();
      let operator = await world.start();
      const live = new Map<string, string>();
      const edit = async (count: number, from: string): Promise<void> => {
        for (let i = 0; i < count; i++) {
          const [person, name] = [random.pick(people), random.pick(names)];
          const value = `${person}-${from}-${i}`;
          world.as(person);
          world.configMap(name, { value });
          live.set(name, value);
          await world.clock.advance(random.pick([0, 50, 700]));
        }
      };
      for (let round = 0; round < 3; round++) {
        await edit(3, `${round}-before`);
        const next = world.start();
        await edit(4, `${round}-both`);
        const started = await next;
        await edit(2, `${round}-started`);
        await (random.below(2) === 0 ? operator.stop() : operator.kill());
        operator = started;
      }
      await world.clock.advance(120_000);
      for (const [name, value] of live) {
        assert.equal(world.remote.show(mainRef, fileOf(name)), configMapText(name, { value }), `seed ${seed}: ${name}`);
      }
      const seen = new Set<string>();
      const before = new Map<string, string | undefined>();
      for (const { id, author } of world.remote.log(mainRef)) {
        for (const name of names) {
          const text = world.remote.show(id, fileOf(name));
          if (text === undefined || text === before.get(name)) continue;
          before.set(name, text);
          assert.ok(!seen.has(name + text), `seed ${seed}: twice ${text}`);
          seen.add(name + text);
          const by = /value: (\w+)-/.exec(text)?.[1];
          assert.ok(author.name === by || author.name === "unknown", `seed ${seed}: ${author.name} signs ${by}'s`);
        }
      }
      await operator.kill();
    }
  });
});

describe("a Capture that is deleted", () => {
  it("leaves its files and its record, and one of the same name goes on from it", async () => {
    const world = createWorld();
    world.capture();
    const operator = await world.start();
    world.configMap("a", { value: "1" });
    world.configMap("b", { value: "1" });
    await world.clock.advance(1_000);
    const [onBranch, inRecord] = [world.commits(), world.commits(recordRef)];
    world.cluster.delete("Capture", "shop", "all");
    await world.clock.advance(60_000);
    assert.deepEqual([world.commits(), world.commits(recordRef)], [onBranch, inRecord]);
    assert.deepEqual(world.remote.files(mainRef), ["README.md", fileOf("a"), fileOf("b")]);

    world.configMap("a", { value: "2" });
    world.cluster.delete("ConfigMap", "shop", "b");
    await world.clock.advance(1_000);
    world.capture();
    await world.clock.advance(5_000);
    assert.equal(world.ready().status, "True");
    assert.equal(world.remote.show(mainRef, fileOf("a")), configMapText("a", { value: "2" }));
    assert.deepEqual(world.remote.files(mainRef), ["README.md", fileOf("a")]);
    assert.deepEqual(world.commits().slice(0, onBranch.length), onBranch);
    assert.ok(
      world
        .commits()
        .slice(onBranch.length)
        .every((subject) => subject.startsWith("unknown: ")),
    );
    await operator.stop();
  });
});
