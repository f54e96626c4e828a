/** Edits among faults, drawn by a seed: what is in Git in the end is what is in the cluster, once, by who did it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import { createRandom } from "../harness/random.ts";
import { configMapText, createWorld, mainRef, type Operator, recordRef, type World } from "./world.ts";

const people = ["alice", "bob", "carol"];
const names = ["a", "b", "c"];
const pauses = [0, 0, 50, 100, 600, 3_100, 20_000];
const fileOf = (name: string): string => `apps/shop/configmap-${name}.yaml`;

interface Story {
  readonly world: World;
  readonly live: ReadonlyMap<string, string>;
  readonly operator: Operator;
}

/** `restarts`: whether the operator is killed and stopped as well. */
async function play(seed: number, restarts: boolean): Promise<Story> {
  const random = createRandom(seed);
  const world = createWorld({ files: { "README.md": "shop\n" }, atomic: random.below(2) === 0 });
  world.capture({ batching: { quietPeriod: random.pick(["0s", "3s"]) } });
  let operator = await world.start();
  const live = new Map<string, string>();
  for (let step = 0; step < 25; step++) {
    const [dice, name, person] = [random.below(100), random.pick(names), random.pick(people)];
    world.as(person);
    if (dice < 45) {
      // Now and then a value that was there before.
      const value = random.below(5) === 0 ? `${person}-again` : `${person}-${step}`;
      world.configMap(name, { value });
      live.set(name, value);
    } else if (dice < 58) {
      if (live.delete(name)) world.cluster.delete("ConfigMap", "shop", name);
    } else if (dice < 68) world.remote.loseAnswer(1 + random.below(2));
    else if (dice < 74) {
      const method = random.pick(["fetch", "push", "tree", "blobs", "history"] as const);
      world.remote.failNext(method, retry("RemoteUnreachable", "down"), 1 + random.below(3));
    } else if (dice < 80) world.remote.refuseRef(mainRef, "no");
    else if (dice < 88) world.remote.acceptAll();
    else if (dice < 91) world.remote.commitAsPerson({ files: { "README.md": `${step}\n` } });
    else if (dice < 94) world.remote.setAtomic(random.below(2) === 0);
    else if (restarts) {
      await (dice < 97 ? operator.kill() : operator.stop());
      operator = await world.start();
    }
    await world.clock.advance(random.pick(pauses));
  }
  world.remote.acceptAll();
  await world.clock.advance(900_000);
  return { world, live, operator };
}

function check({ world, live }: Story, mayBeUnknown: boolean): void {
  for (const name of names) {
    const value = live.get(name);
    const text = value === undefined ? undefined : configMapText(name, { value });
    assert.equal(world.remote.show(mainRef, fileOf(name)), text, name);
  }
  assert.equal(world.ready().status, "True", world.ready().message);
  const before = new Map<string, string | undefined>();
  const seen = new Set<string>();
  for (const { id, author } of world.remote.log(mainRef)) {
    if (!mayBeUnknown) assert.notEqual(author.name, "unknown");
    for (const name of names) {
      const text = world.remote.show(id, fileOf(name));
      if (text !== undefined && text !== before.get(name)) {
        const by = /value: (\w+)-/.exec(text)?.[1] ?? "";
        assert.ok(["unknown", "clickscribe", by].includes(author.name), `${author.name} signs what ${by} did`);
        assert.ok(!seen.has(name + text), `twice: ${text}`);
        if (!text.includes("-again")) seen.add(name + text);
      }
      before.set(name, text);
    }
  }
}

describe("edits among faults", () => {
  for (const restarts of [false, true]) {
    it(`arrive, once, by who made them${restarts ? ", the operator killed and stopped in between" : ""}`, async () => {
      for (let seed = 1; seed <= 60; seed++) {
        const story = await play(seed, restarts);
        try {
          check(story, restarts);
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
        await story.operator.kill();
      }
    });
  }
});

describe("a git server that is away for long", () => {
  for (const answer of ["none", "lost"]) {
    it(`costs no more than so many states: two people who took turns are told together (answer ${answer})`, async () => {
      const world = createWorld();
      world.as("carol");
      world.configMap("web", { value: "1" });
      world.capture();
      const operator = await world.start();
      world.configMap("web", { value: "2" });
      if (answer === "lost") {
        world.as("alice");
        world.configMap("a", { value: "first" });
        world.remote.loseAnswer();
        await world.clock.advance(100);
      }
      world.remote.down(retry("RemoteUnreachable", "down"));
      for (let i = 0; i < 12_000; i++) {
        world.as(i % 2 === 0 ? "alice" : "bob");
        world.configMap("a", { value: String(i) });
        if (i % 3_000 === 0) await world.clock.advance(40_000);
      }
      await world.clock.advance(40_000);
      const [, waiting = "0"] = /clickscribe_undelivered_changes\{[^}]*\} (\d+)/.exec(await operator.scrape()) ?? [];
      assert.ok(Number(waiting) <= 10_002, waiting);
      world.remote.down(undefined);
      await world.clock.advance(600_000);
      assert.equal(world.ready().status, "True", world.ready().message);
      assert.equal(world.remote.show(mainRef, fileOf("a")), configMapText("a", { value: "11999" }));
      const log = world.remote.log(mainRef);
      const several = log.filter(({ message }) => message.includes("\nAttribution: Several\n"));
      assert.equal(several.length, 1);
      const [{ author, message } = { author: undefined, message: "" }] = several;
      assert.equal(author?.name, "clickscribe");
      assert.match(message, /\nChanged-By: alice\nChanged-By: bob\n/);
      assert.ok(log.some(({ author: { name }, message: text }) => name === "carol" && text.startsWith("web: ")));
      await operator.stop();
    });
  }
});

describe("a server that moves one of two refs that it was to move all or none", () => {
  it("gets the other once it takes it, and the record says in between what is so", async () => {
    const world = createWorld();
    world.configMap("app", { a: "1" });
    world.capture();
    const operator = await world.start();
    world.remote.breakAtomic();
    world.remote.refuseRef(mainRef, "protected");
    world.configMap("app", { a: "2" });
    world.configMap("web", { a: "1" });
    await world.clock.advance(1_000);
    assert.equal(world.ready().reason, "SourceRefused");
    world.as("bob");
    world.configMap("app", { a: "3" });
    await world.clock.advance(1_000);
    const told = world.remote.show(recordRef, "base/shop/ConfigMap.core/7d/app.yaml");
    assert.equal(told, configMapText("app", { a: "1" }), "the branch carries no more");
    world.remote.acceptAll();
    await world.clock.advance(600_000);
    assert.equal(world.ready().status, "True", world.ready().message);
    assert.deepEqual(world.commits().slice(1), ["alice: change app, web", "bob: app: key a: 2 -> 3"]);
    assert.equal(world.remote.show(mainRef, "apps/shop/configmap-web.yaml"), configMapText("web", { a: "1" }));
    await operator.stop();
  });
});
