/** What a GitRemote says of where the record stands, and of who and what commits show. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../../operator/values.ts";
import { configMapText, createWorld, mainRef, recordRef, type World } from "./world.ts";

const file = (name: string): string => `apps/shop/configmap-${name}.yaml`;

function people(world: World, data: Readonly<Record<string, string>>): void {
  world.cluster.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "people", namespace: "shop" }, data });
}

function remoteStatus(world: World, name = "platform"): { readonly conditions: readonly JsonObject[] } {
  const found = [...world.cluster.statuses].find(([key]) => key.includes("GitRemote") && key.includes(name))?.[1];
  return (found ?? { conditions: [] }) as never;
}

describe("a remote that may only be read", () => {
  for (const elsewhere of [false, true]) {
    it(`gets no push; what differs is told, the record ${elsewhere ? "goes elsewhere" : "stays in memory"}`, async () => {
      const world = createWorld({ files: { [file("a")]: configMapText("a", { value: "1" }) } });
      const audit = world.serve("https://audit.example.com/x.git");
      world.gitRemote({ url: "https://audit.example.com/x.git" }, "audit");
      world.gitRemote({ access: "ReadOnly", ...(elsewhere && { record: { remoteRef: { name: "audit" } } }) });
      world.configMap("a", { value: "1" });
      world.capture();
      const operator = await world.start();
      assert.equal(world.ready().status, "True", world.ready().message);
      assert.equal(world.ready().message, "1 object of the cluster compared with main, which is only read");
      world.configMap("a", { value: "2" });
      world.configMap("b", { value: "1" });
      await world.clock.advance(5_000);
      assert.equal(
        world.ready().message,
        "2 objects of the cluster compared with main, which is only read, 2 of them otherwise than on the branch",
      );
      const refused = world.cluster.events.filter(({ reason }) => reason === "Refused").map(({ message }) => message);
      assert.equal(refused.length, 2, refused.join("\n"));
      assert.match(refused[0] ?? "", /^recorded, but not on main: spec\.access of the GitRemote is ReadOnly/);
      assert.deepEqual(world.remote.pushes, []);
      const authors = new Set(audit.log(recordRef).map(({ author }) => author.name));
      assert.deepEqual([...authors], elsewhere ? ["clickscribe", "alice"] : []);

      // A person writes into Git what the cluster says.
      world.remote.commitAsPerson({ files: { [file("a")]: configMapText("a", { value: "2" }) } });
      await world.clock.advance(61_000);
      assert.match(world.ready().message, /, 1 of them otherwise than on the branch$/);
      await operator.stop();
      const before = audit.pushes.length;
      const next = await world.start();
      await world.clock.advance(61_000);
      assert.match(world.ready().message, /, 1 of them otherwise than on the branch$/);
      assert.equal(audit.pushes.length, before, "a restart writes nothing");
      assert.deepEqual(world.remote.pushes, []);
      await next.stop();
    });
  }
});

describe("a record in another repository", () => {
  it("remembers there what was written here, through restarts and refusals", async () => {
    const world = createWorld({ files: { [file("adopted")]: configMapText("adopted", { value: "1" }) } });
    const url = "https://audit.example.com/x.git";
    const audit = world.serve(url);
    world.gitRemote({ url }, "audit");
    world.gitRemote({ record: { remoteRef: { name: "audit" } } });
    world.configMap("adopted", { value: "1" });
    world.configMap("a", { value: "1" });
    world.capture();
    const first = await world.start();
    assert.equal(world.remote.refs.get(recordRef), undefined);
    world.configMap("a", { value: "2" });
    await world.clock.advance(5_000);
    assert.deepEqual(world.commits(), ["clickscribe: capture 1 object of shop", "alice: a: key value: 1 -> 2"]);
    assert.equal(audit.show(recordRef, "live/shop/ConfigMap.core/86/a.yaml"), configMapText("a", { value: "2" }));
    assert.ok(audit.files(recordRef).some((path) => path.startsWith("source/") && path.includes("configmap-adopted")));

    world.remote.refuseRef(mainRef, "protected");
    world.as("bob");
    world.configMap("a", { value: "3" });
    await world.clock.advance(5_000);
    assert.equal(world.ready().reason, "SourceRefused");
    assert.equal(audit.log(recordRef).at(-1)?.author.name, "bob");
    await first.stop();
    world.remote.acceptAll();
    const second = await world.start();
    await world.clock.advance(61_000);
    assert.deepEqual(world.commits().at(-1), "bob: a: key value: 2 -> 3");
    assert.equal(world.ready().status, "True", world.ready().message);
    const pushes = [audit.pushes.length, world.remote.pushes.length];
    await second.stop();
    const third = await world.start();
    await world.clock.advance(120_000);
    assert.deepEqual([audit.pushes.length, world.remote.pushes.length], pushes, "a restart writes nothing");
    await third.stop();
  });

  it("waits for the other repository, and names it, where it is not there", async () => {
    const world = createWorld();
    world.gitRemote({ record: { remoteRef: { name: "audit" } } });
    world.configMap("a", { value: "1" });
    world.capture();
    const operator = await world.start();
    assert.deepEqual([world.ready().reason, world.ready().message.split(".")[0]], ["RemoteNotFound", "spec"]);
    assert.match(world.ready().message, /^spec\.record\.remoteRef\.name: there is no GitRemote audit in shop/);
    const audit = world.serve("https://audit.example.com/x.git");
    world.gitRemote({ url: "https://audit.example.com/x.git" }, "audit");
    await world.clock.advance(2_000);
    assert.equal(world.ready().status, "True", world.ready().message);
    assert.equal(audit.log(recordRef).length, 1);
    await operator.stop();
  });
});

describe("the form of commits", () => {
  it("names people as the ConfigMap does, as soon as it says so, and gives subjects their frame", async () => {
    const world = createWorld();
    people(world, { alice: "Alice Doe <alice@example.com>" });
    world.gitRemote({
      commit: { authors: { configMapRef: { name: "people" } }, subjectTemplate: "OPS-7 {summary} ({namespace})" },
    });
    world.capture({ resources: { include: [{ groups: [""], kinds: ["ConfigMap"] }], names: ["a"] } });
    const operator = await world.start();
    world.configMap("a", { value: "1" });
    await world.clock.advance(5_000);
    const last = world.remote.log(mainRef).at(-1);
    assert.deepEqual([last?.author.name, last?.author.email], ["Alice Doe", "alice@example.com"]);
    assert.equal(last?.message.split("\n")[0], "OPS-7 create ConfigMap a (shop)");
    assert.match(last?.message ?? "", /^Changed-By: alice$/m);

    people(world, { alice: "Alice Roe <roe@example.com>", authors: "oidc:bob" });
    await world.clock.advance(31_000);
    world.configMap("a", { value: "2" });
    await world.clock.advance(5_000);
    assert.equal(world.remote.log(mainRef).at(-1)?.author.email, "roe@example.com");
    const known = remoteStatus(world).conditions.find(({ type }) => type === "AuthorsKnown");
    assert.deepEqual([known?.["status"], known?.["reason"]], ["False", "AuthorsInvalid"]);
    assert.match(JSON.stringify(known?.["message"]), /data\.authors, line 1, is not NAME <ADDRESS>/);
    assert.equal(world.cluster.events.filter(({ reason }) => reason === "AuthorsUnknown").length, 1);
    assert.equal(world.ready().status, "True", world.ready().message);
    await operator.stop();
  });
});
