/**
 * What no real API server sends, but an aggregated API, a conversion webhook or a proxy may: put between a real API server
 * and the operator. Each is told, the others go on, and nothing goes from Git because of it.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { startTamperingProxy, type TamperingProxy } from "../fakes/tampering-proxy.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const deep = `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`;
const edit =
  (change: (event: Raw) => void) =>
  (line: string): string => {
    const event = JSON.parse(line);
    change(event);
    return JSON.stringify(event);
  };

/** How the line of an object comes to be wrong, by its name, and what the log says of it: nothing, where it is kept. */
const wrongs: Readonly<Record<string, readonly [tamper: (line: string) => string, why?: string]>> = {
  "no-json": [(line) => line.replace('"data"', "data"), "it is no JSON"],
  "cut-short": [(line) => line.slice(0, -30), "it is no JSON"],
  "no-name": [edit(({ object }) => delete object.metadata.name), "it has no name"],
  "no-kind": [edit(({ object }) => [delete object.kind, delete object.apiVersion])],
  "other-kind": [edit(({ object }) => Object.assign(object, { kind: "Secret" })), "it is of another kind"],
  "other-namespace": [
    edit(({ object }) => Object.assign(object.metadata, { namespace: "kube-system" })),
    "it is of another namespace",
  ],
  "metadata-null": [edit(({ object }) => Object.assign(object, { metadata: null })), "it has no name"],
  "metadata-list": [edit(({ object }) => Object.assign(object, { metadata: [object.metadata] })), "it has no name"],
  climbing: [edit(({ object }) => Object.assign(object.metadata, { name: "../../climbed" })), "its name is none"],
  "line-end": [edit(({ object }) => Object.assign(object.metadata, { name: "line\nend" }))],
  nul: [edit(({ object }) => Object.assign(object.metadata, { name: "nul\0" }))],
  large: [edit(({ object }) => Object.assign(object.data, { large: "x".repeat(1_500_000) }))],
  "nested-1000": [(line) => line.replace('"wrong"', "[".repeat(1_000) + "]".repeat(1_000))],
  "nested-100000": [(line) => line.replace('"wrong"', deep)],
  "nested-annotation": [(line) => line.replace('"metadata":{', `"metadata":{"annotations":${deep},`)],
  "nested-managers": [(line) => line.replace(/"fieldsV1":\{/, `"fieldsV1":{"f:deep":${deep},`)],
  "nested-owner": [(line) => line.replace('"metadata":{', `"metadata":{"ownerReferences":${deep},`)],
  twice: [(line) => line.replace('"data":{', '"data":{"x":"first"},"data":{')],
  infinite: [(line) => line.replace('"wrong"', "1e999")],
  prototype: [(line) => line.replace('"data":{', '"__proto__":{"kind":"Secret","metadata":{"name":"x"}},"data":{')],
  "odd-metadata": [
    edit(({ object }) =>
      Object.assign(object.metadata, {
        labels: [1],
        annotations: "text",
        ownerReferences: { controller: true },
        managedFields: [null, 7, { fieldsV1: [], manager: {} }],
        finalizers: null,
        uid: 7,
      }),
    ),
  ],
};

const traceLike = /\n|\bat \S+ \(|\.ts:\d+/;

describe("what an API server should not send", () => {
  let world: World;
  let proxy: TamperingProxy;
  let place: Place;
  let kept: readonly string[];
  const files = (): Promise<readonly string[]> => place.repository.files("main", "apps");
  const said = (): readonly Raw[] => world.operator.logs.filter(({ level }) => level === "warn" || level === "error");

  before(async () => {
    world = await startWorld({ operator: false });
    proxy = await startTamperingProxy(world.plane, world.kubeconfig);
    await world.startOperator([`--kubeconfig=${proxy.kubeconfig}`]);
    const objects = Array.from({ length: 5 }, (_, i) => configMap(`kept-${i}`, { x: "1" }));
    place = await world.place("tampered", { objects });
    kept = await files();
    assert.equal(kept.length, 5);
  });
  afterEach(() => {
    proxy.tampering = {};
  });
  after(async () => {
    await world?.stop();
    await proxy?.close();
  });

  /** A ConfigMap through what is in the way, and one of another kind. */
  async function goesOn(name: string): Promise<void> {
    await place.create("alice", configMap(name, { x: "1" }));
    await waitFor(name, async () => ((await files()).includes(`apps/configmap-${name}.yaml`) ? true : undefined), {
      timeoutMs: 30_000,
      seen: () => said().slice(-5),
    });
  }

  for (const [name, [tamper, why]] of Object.entries(wrongs))
    it(`goes on behind an object that is wrong: ${name}`, async () => {
      const began = world.operator.logs.length;
      proxy.tampering = {
        line: (line, resource) =>
          resource === "configmaps" && line.includes(`"name":"wrong-${name}"`) ? tamper(line) : line,
      };
      await place.create("bob", configMap(`wrong-${name}`, { x: "wrong" }));
      await goesOn(`after-${name}`);
      const lines = world.operator.logs.slice(began).filter(({ level }) => level === "warn" || level === "error");
      assert.deepEqual(
        lines.map((line) => [line.msg, line["why"], line["kind"]]),
        why === undefined ? [] : [["what the API server sent is left out", why, "ConfigMap"]],
        JSON.stringify(lines).slice(0, 1_000),
      );
      const now = await files();
      assert.ok(
        kept.every((file) => now.includes(file)),
        now.join(),
      );
    });

  it("counts what is too deep", async () => {
    await waitFor("its count", async () => ((await place.capture()).status.skipped.TooLarge === 4 ? true : undefined), {
      seen: async () => (await place.capture()).status.skipped,
    });
  });

  it("has named what it left out, and printed no trace", () => {
    const names = said().flatMap((line) => line["names"] as readonly string[]);
    for (const name of ["wrong-no-json", "wrong-cut-short", "wrong-other-kind", "../../climbed"])
      assert.ok(names.includes(name), `${name}: ${names.join()}`);
    assert.deepEqual(world.operator.output, []);
    for (const line of said()) assert.doesNotMatch(JSON.stringify(line), traceLike);
  });

  const named = (list: Raw, name: string): Raw => list.items.find(({ metadata }: Raw) => metadata.name === name);
  /** How a list comes to be wrong, so that it is none. */
  const noLists: Readonly<Record<string, (body: string) => string>> = {
    "cut short": (body) => body.slice(0, -100),
    "no JSON within an object": (body) => body.replace('"name":"kept-0"', '"name":kept-0'),
    "without items": edit((list) => delete list.items),
    "something else": () => '{"kind":"Status","status":"Success"}',
  };
  /** How an object of a list comes to be none of the kind. */
  const noObjects: Readonly<Record<string, (body: string) => string>> = {
    "without a name": edit((list) => delete named(list, "kept-0").metadata.name),
    "without metadata": edit((list) => Object.assign(named(list, "kept-0"), { metadata: null })),
    "of another kind": edit((list) => Object.assign(named(list, "kept-0"), { kind: "Pod" })),
    "of all sorts": edit((list) => list.items.splice(0, 1, null, 1, [], "text")),
  };
  const inLists = (tamper: (body: string) => string): TamperingProxy["tampering"] => ({
    page: (body, resource) => (resource === "configmaps" ? tamper(body) : body),
  });
  const expired = JSON.stringify({ type: "ERROR", object: { kind: "Status", code: 410, message: "too old" } });
  const untold = "a kind cannot be listed or watched: it is tried again";

  async function nothingGone(was: readonly string[]): Promise<void> {
    const now = await files();
    assert.deepEqual(
      was.filter((file) => !now.includes(file)),
      [],
    );
  }

  for (const [i, [what, tamper]] of Object.entries(noLists).entries())
    it(`removes nothing because of a list that is none, and other kinds go on: ${what}`, async () => {
      await goesOn(`calm-${i}`);
      const [was, began] = [await files(), world.operator.logs.length];
      proxy.tampering = {
        ...inLists(tamper),
        line: (line, resource) => (resource === "configmaps" && line.includes(`"late-${i}"`) ? expired : line),
      };
      await place.create("bob", configMap(`late-${i}`, { x: "1" }));
      const line = await waitFor("a line", async () =>
        world.operator.logs.slice(began).find(({ msg }) => msg === untold),
      );
      assert.deepEqual([line["kind"], line["code"]], ["ConfigMap", "ClusterUnreachable"]);
      assert.match(String(line["err"]), /configmaps/);
      assert.doesNotMatch(String(line["err"]), traceLike);
      const service = { apiVersion: "v1", kind: "Service", metadata: { name: `svc-${i}` } };
      await place.create("alice", { ...service, spec: { ports: [{ port: 80 }] } });
      await waitFor("another kind", async () =>
        (await files()).includes(`apps/service-svc-${i}.yaml`) ? true : undefined,
      );
      await nothingGone(was);
      proxy.tampering = {};
      // The reflector tries again after at most 30 s.
      await waitFor(
        "the list",
        async () => ((await files()).includes(`apps/configmap-late-${i}.yaml`) ? true : undefined),
        { timeoutMs: 90_000 },
      );
      await nothingGone(was.filter((file) => !/configmap-(?:line|nul)%/.test(file)));
    });

  for (const [i, [what, tamper]] of Object.entries(noObjects).entries())
    it(`removes nothing because of an object in the first list that is none: ${what}`, async () => {
      await world.kill();
      const was = await files();
      proxy.tampering = inLists(tamper);
      await world.startOperator([`--kubeconfig=${proxy.kubeconfig}`]);
      await goesOn(`beside-${i}`);
      await nothingGone(was);
      assert.ok(said().some(({ msg }) => msg === "what the API server sent is left out"));
    });

  /** The same, where a watch brings what is there. */
  const noInitialObjects: Readonly<Record<string, (line: string) => string>> = {
    "without a name": edit(({ object }) => delete object.metadata.name),
    "without metadata": edit(({ object }) => Object.assign(object, { metadata: null })),
    "of another kind": edit(({ object }) => Object.assign(object, { kind: "Pod" })),
    "that is no JSON": (line) => line.replace('"name":"kept-0"', '"name":kept-0'),
  };
  for (const [i, [what, tamper]] of Object.entries(noInitialObjects).entries())
    it(`removes nothing because of an object that a watch brings first and that is none: ${what}`, async () => {
      await world.kill();
      const was = await files();
      proxy.tampering = {
        line: (line, resource) => (resource === "configmaps" && line.includes('"name":"kept-0"') ? tamper(line) : line),
      };
      await world.startOperator([`--kubeconfig=${proxy.kubeconfig}`]);
      await goesOn(`brought-${i}`);
      await nothingGone(was);
    });

  it("removes nothing where the first list is none, and goes on once it is one", async () => {
    await world.kill();
    await place.send("admin", "DELETE", pathOf(place.namespace, "ConfigMap", "kept-4"));
    const was = await files();
    proxy.tampering = inLists((body) => body.slice(0, -100));
    await world.startOperator([`--kubeconfig=${proxy.kubeconfig}`]);
    await waitFor("a line", async () => world.operator.logs.find(({ msg }) => msg === untold));
    await nothingGone(was);
    proxy.tampering = {};
    await waitFor("what is gone to go", async () =>
      (await files()).includes("apps/configmap-kept-4.yaml") ? undefined : true,
    );
    await nothingGone(was.filter((file) => file !== "apps/configmap-kept-4.yaml"));
  });
});
