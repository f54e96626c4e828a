import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createFakeClock, type FakeClock } from "../../test/fakes/clock.ts";
import { type Failure, retry, stalled, waiting } from "../failures.ts";
import { equalJson } from "../manifest/equal-json.ts";
import { metadataOf } from "../manifest/identity.ts";
import { verbatim } from "../manifest/verbatim.ts";
import type { Log } from "../ports.ts";
import type { Json, JsonObject, Kind } from "../values.ts";
import { createKindSchemas } from "./kind-schemas.ts";
import { createDefaultsProver, type DefaultsProver } from "./prover.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const gadgets: Kind = {
  group: "example.com",
  version: "v1",
  kind: "Gadget",
  resource: "gadgets",
  namespaced: true,
  verbs: ["list", "watch"],
  subresources: [],
};

type Spec = Readonly<Record<string, Json>>;

/** An API server of one kind: `store` gives the spec as it stores it, or throws. */
interface Server {
  readonly clock: FakeClock;
  readonly prover: DefaultsProver;
  readonly created: JsonObject[];
  readonly denied: string[];
  readonly changed: string[];
  most: number;
  allowed: boolean;
  /** How often the right was asked for. */
  asked: number;
  /** Thrown instead of an answer while set. */
  fault: Failure | undefined;
  store: (spec: Spec) => Spec;
  properties: JsonObject | undefined;
  version: string;
}

function serve(store: Server["store"], properties: JsonObject | undefined): Server {
  const clock = createFakeClock();
  const created: JsonObject[] = [];
  const [denied, changed]: [string[], string[]] = [[], []];
  let running = 0;
  const cluster = {
    openApi: () => {
      const { properties: published, version } = server;
      if (published === undefined) return Promise.resolve(undefined);
      const spec = { properties: published };
      const gadget = { "x-kubernetes-group-version-kind": [gadgets as unknown as JsonObject], properties: { spec } };
      return Promise.resolve({ version, read: () => Promise.resolve({ components: { schemas: { gadget } } }) });
    },
    allowed: () => {
      server.asked++;
      return Promise.resolve(server.allowed);
    },
    create: async (object: JsonObject, options?: { readonly dryRun?: boolean }) => {
      assert.equal(options?.dryRun, true);
      created.push(object);
      server.most = Math.max(server.most, ++running);
      await new Promise((resolve) => void setImmediate(resolve));
      running--;
      if (server.fault !== undefined) throw server.fault;
      return { ...object, spec: server.store((object["spec"] ?? {}) as Spec), status: { a: 1 } };
    },
  };
  const prover = createDefaultsProver({
    cluster,
    schemas: createKindSchemas(cluster),
    clock,
    log: silent,
    onDenied: (_, message) => denied.push(message),
    onChange: ({ kind }) => changed.push(kind),
  });
  const rest = { most: 0, asked: 0, allowed: true, fault: undefined, store, properties, version: "1" };
  const server: Server = { clock, prover, created, denied, changed, ...rest };
  return server;
}

const invalid = (): Failure => retry("InternalError", "it is invalid", { status: 422 });
const forbidden = (): Failure => stalled("AccessDenied", "exceeded quota", { status: 403 });
const unreachable = (): Failure => retry("ClusterUnreachable", "no answer");

/** What an `image` pulls depends on its tag, as in a Pod; `mode` and `strategy` are constants; an image is needed. */
function gadgetStore(spec: Spec): Spec {
  const { image } = spec;
  if (typeof image !== "string") throw invalid();
  const pull = image.endsWith(":latest") ? "Always" : "IfNotPresent";
  const strategy = (spec["strategy"] ?? {}) as JsonObject;
  return { mode: "Fast", replicas: 1, pull, ...spec, strategy: { type: "Rolling", surge: "25%", ...strategy } };
}

const gadgetProperties: JsonObject = {
  ...Object.fromEntries(["image", "mode", "pull", "note"].map((name) => [name, { type: "string" }])),
  replicas: { type: "integer", default: 1 },
  strategy: { type: "object", properties: { type: {}, surge: {} } },
  labels: { type: "object", additionalProperties: { type: "string" } },
};

function gadget(name: string, spec: Spec): JsonObject {
  return { apiVersion: "example.com/v1", kind: "Gadget", metadata: { name, namespace: "shop" }, spec };
}

async function formOf(server: Server, spec: Spec, name = "a"): Promise<Json | undefined> {
  const formed = await server.prover.form(gadgets, gadget(name, spec));
  assert.deepEqual({ ...formed, spec: {} }, gadget(name, {}));
  return formed["spec"] ?? {};
}

describe("an object without its defaults", () => {
  it("lacks what the server puts back, and keeps what is another value, needed, or nobody's default", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    assert.deepEqual(await formOf(server, gadgetStore({ image: "app:1", note: "x", labels: { a: "" } })), {
      image: "app:1",
      note: "x",
      labels: { a: "" },
    });
    const strategy = { surge: "50%" };
    assert.deepEqual(await formOf(server, gadgetStore({ image: "app:1", replicas: 3, strategy })), {
      image: "app:1",
      replicas: 3,
      strategy,
    });
  });

  it("keeps a value that is a default in another object, in whatever order the two are seen", async () => {
    const specs = [
      { image: "app:1", pull: "Always" },
      { image: "app:latest", pull: "Always" },
      { image: "app:2", pull: "IfNotPresent" },
    ].map((spec) => gadgetStore(spec));
    const forms = [specs, specs.toReversed()].map(async (order) => {
      const server = serve(gadgetStore, gadgetProperties);
      const found = new Map<Spec, Json | undefined>();
      for (const spec of order) found.set(spec, await formOf(server, spec));
      return specs.map((spec) => found.get(spec));
    });
    const expected = [{ image: "app:1", pull: "Always" }, { image: "app:latest" }, { image: "app:2" }];
    assert.deepEqual(await Promise.all(forms), [expected, expected]);
  });

  it("is compared with what the server makes of the whole, where it adds to that anyway", async () => {
    const store = (spec: Spec): Spec => ({ ...gadgetStore(spec), injected: true });
    const server = serve(store, gadgetProperties);
    assert.deepEqual(await formOf(server, gadgetStore({ image: "app:1" })), { image: "app:1" });
  });

  it("keeps the struct whose fields come back only while it is there", async () => {
    const store = (spec: Spec): Spec =>
      spec["strategy"] === undefined
        ? spec
        : { ...spec, strategy: { type: "Rolling", ...(spec["strategy"] as JsonObject) } };
    const server = serve(store, gadgetProperties);
    assert.deepEqual(await formOf(server, { image: "app:1", strategy: { type: "Rolling" } }), {
      image: "app:1",
      strategy: {},
    });
  });

  it("is what the schema gives where the server would not take the object anew", async () => {
    const server = serve(() => {
      throw invalid();
    }, gadgetProperties);
    assert.deepEqual(await formOf(server, { mode: "Fast", replicas: 1 }), { mode: "Fast" });
    const before = server.created.length;
    assert.deepEqual(await formOf(server, { mode: "Fast", replicas: 1 }), { mode: "Fast" });
    assert.equal(server.created.length, before);
    assert.equal(server.asked, 1);
  });

  it("teaches nothing where the server would not take it as it is", async () => {
    const server = serve((spec) => {
      if (JSON.stringify(spec["note"] ?? "").includes("taken")) throw invalid();
      return gadgetStore(spec);
    }, gadgetProperties);
    for (let i = 0; i < 5; i++) await formOf(server, { ...gadgetStore({ image: "app:1" }), note: `taken ${i}` });
    assert.ok(server.created.length <= 20, `${server.created.length} dry-runs`);
    assert.deepEqual(await formOf(server, gadgetStore({ image: "app:1" })), { image: "app:1" });
  });

  it("keeps a value that the server would not store, since it is there", async () => {
    const server = serve((spec) => ({ note: "n", ...spec, mode: "Fast", injected: true }), gadgetProperties);
    const spec = { image: "app:1", mode: "Slow", note: "n" };
    assert.deepEqual(await formOf(server, spec), { image: "app:1", mode: "Slow" });
  });

  it("keeps what the server needs in this object and fills in in others", async () => {
    const store = (spec: Spec): Spec => {
      if (spec["mode"] === "Indexed" && spec["replicas"] === undefined) throw invalid();
      return { mode: "Fast", replicas: 1, pull: "Always", note: "n", ...spec };
    };
    const server = serve(store, gadgetProperties);
    assert.deepEqual(await formOf(server, store({ image: "a" })), { image: "a" });
    const indexed = store({ image: "a", mode: "Indexed", replicas: 1 });
    assert.deepEqual(await formOf(server, indexed), { image: "a", mode: "Indexed", replicas: 1 });
  });

  it("keeps even the schema's default where the server does otherwise", async () => {
    const server = serve((spec) => ({ replicas: 2, ...spec }), gadgetProperties);
    assert.deepEqual(await formOf(server, { replicas: 1, image: "a" }), { replicas: 1, image: "a" });
  });

  it("is always made the same again, whatever the server does", async () => {
    let dropped = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(rule, { maxLength: 6 }),
        fc.array(fc.array(value), { minLength: 1, maxLength: 4 }),
        async (rules, all) => {
          const store = (spec: Spec): Spec => rules.reduce((stored, apply) => apply(stored), spec);
          const properties = Object.fromEntries(names.map((name) => [name, { type: "string" }]));
          const server = serve(store, properties);
          for (const values of all) {
            const given = Object.fromEntries(
              names.flatMap((name, i) => (values[i] === undefined ? [] : [[name, values[i]]])),
            );
            let spec: Spec;
            try {
              spec = store(given);
            } catch {
              continue;
            }
            const form = (await formOf(server, spec)) as Spec;
            if (Object.keys(form).length < Object.keys(spec).length) dropped++;
            const again = attempted(store, form);
            // Or as it is, where the server would not take it so.
            if (!equalJson(again, spec)) assert.deepEqual(again, attempted(store, spec));
          }
        },
      ),
      { numRuns: 500 },
    );
    assert.ok(dropped > 100, `only ${dropped} objects had a default`);
  });
});

describe("dry-runs", () => {
  it("are one for all objects of one content, and at most four at once", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    await formOf(server, gadgetStore({ image: "app:0", note: "x" }));
    const before = server.created.length;
    const spec = gadgetStore({ image: "app:1", note: "x" });
    await Promise.all(Array.from({ length: 500 }, (_, i) => formOf(server, spec, `n-${i}`)));
    assert.ok(server.created.length - before <= 8 && before <= 12, `${before}, then ${server.created.length}`);
    assert.ok(!(server.prover.form(gadgets, gadget("z", spec)) instanceof Promise));
    const many = Array.from({ length: 100 }, (_, i) => formOf(server, gadgetStore({ image: `app:${i}`, note: "y" })));
    await Promise.all(many);
    assert.equal(server.most, 4);
  });

  it("are remembered for the newest 10,000 contents", async () => {
    const server = serve((spec) => spec, gadgetProperties);
    const at = (i: number): JsonObject | Promise<JsonObject> =>
      server.prover.form(gadgets, gadget("a", { image: `app:${i}` }));
    for (let i = 0; i < 10_000; i++) await at(i);
    assert.ok(!(at(0) instanceof Promise));
    await at(10_000);
    assert.ok(!(at(0) instanceof Promise));
    assert.ok(at(1) instanceof Promise);
  });

  it("are made under a name that nothing has", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    await formOf(server, gadgetStore({ image: "app:1" }));
    for (const object of server.created) {
      const { name, namespace } = metadataOf(object);
      assert.match(typeof name === "string" ? name : "", /^clickscribe-dry-run-[a-z0-9]{5}$/);
      assert.equal(namespace, "shop");
    }
  });

  it("are at most 128 to learn a kind", async () => {
    const fields = Array.from({ length: 3_000 }, (_, i) => `f${i}`);
    const store = (spec: Spec): Spec => {
      if (fields.some((name) => !Object.hasOwn(spec, name))) throw invalid();
      return spec;
    };
    const server = serve(store, Object.fromEntries(fields.map((name) => [name, {}])));
    const spec = Object.fromEntries(fields.map((name) => [name, 1]));
    assert.deepEqual(await formOf(server, spec), spec);
    assert.deepEqual(await formOf(server, { ...spec, more: 1 }), { ...spec, more: 1 });
    assert.ok(server.created.length <= 130, `${server.created.length}`);
  });

  it("are not made without the right, which is asked for again after ten minutes", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    server.allowed = false;
    const spec = gadgetStore({ image: "app:1" });
    const { replicas: _, ...published } = spec;
    assert.deepEqual(await formOf(server, spec), published);
    assert.ok(!(server.prover.form(gadgets, gadget("z", spec)) instanceof Promise));
    server.allowed = true;
    assert.deepEqual(await formOf(server, spec), published);
    assert.equal(server.created.length, 0);
    const rule = '{apiGroups: ["example.com"], resources: ["gadgets"], verbs: ["create"]}';
    assert.deepEqual(server.denied, [
      `defaults of gadgets in shop that only a dry-run proves are kept: add the rule ${rule} to a role of the operator`,
    ]);
    await server.clock.advance(10 * 60_000);
    assert.deepEqual(await formOf(server, spec), { image: "app:1" });
  });

  it("end when the right is taken away, and what they did not prove is not remembered", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    const spec = gadgetStore({ image: "app:1" });
    server.fault = forbidden();
    let asked = 0;
    Object.defineProperty(server, "allowed", { get: () => asked++ === 0 });
    const { replicas: _, ...published } = spec;
    assert.deepEqual(await formOf(server, spec), published);
    assert.equal(server.denied.length, 1);
    server.fault = undefined;
    Object.defineProperty(server, "allowed", { value: true });
    await server.clock.advance(10 * 60_000);
    assert.deepEqual(await formOf(server, spec), { image: "app:1" });
  });

  it("that a quota forbids are a refusal like any other", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    server.fault = forbidden();
    const spec = gadgetStore({ image: "app:1" });
    const { replicas: _, ...published } = spec;
    assert.deepEqual(await formOf(server, spec), published);
    assert.deepEqual(server.denied, []);
  });

  it("wait while the server is busy or away, and then give the one form", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    const formed: unknown[] = [];
    server.fault = waiting("ClusterUnreachable", "busy", server.clock.now() + 5_000, { status: 429 });
    void formOf(server, gadgetStore({ image: "app:1" })).then((form) => formed.push(form));
    await server.clock.advance(4_900);
    assert.deepEqual([server.created.length, formed], [1, []]);
    server.fault = unreachable();
    await server.clock.advance(20_000);
    assert.deepEqual(formed, []);
    server.fault = undefined;
    await server.clock.advance(30_000);
    assert.deepEqual(formed, [{ image: "app:1" }]);
  });

  it("that are never answered hold an object for minutes, not for ever, and are made again for the next", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    const spec = gadgetStore({ image: "app:1" });
    const formed: Json[] = [];
    server.fault = unreachable();
    void formOf(server, spec).then((form) => formed.push(form as Json));
    await server.clock.advance(10 * 60_000);
    const { replicas: _, ...published } = spec;
    assert.deepEqual(formed, [published]);
    server.fault = undefined;
    assert.deepEqual(await formOf(server, spec), { image: "app:1" });
  });

  it("are not made with numbers that they could not carry", async () => {
    const server = serve(gadgetStore, gadgetProperties);
    const note = verbatim("9007199254740993");
    assert.deepEqual(await formOf(server, { image: "a", replicas: 1, note }), { image: "a", note });
    assert.equal(server.created.length, 0);
  });
});

describe("the schema of a kind", () => {
  it("is waited for some seconds, and nothing goes without it until it comes", async () => {
    const server = serve(gadgetStore, undefined);
    const formed: unknown[] = [];
    const spec = gadgetStore({ image: "app:1" });
    void formOf(server, spec).then((form) => formed.push(form));
    await server.clock.advance(2_000);
    assert.deepEqual(formed, []);
    await server.clock.advance(60_000);
    assert.deepEqual(formed, [spec]);
    assert.ok(!(server.prover.form(gadgets, gadget("z", spec)) instanceof Promise));
    server.properties = gadgetProperties;
    await server.clock.advance(30_000);
    assert.deepEqual(server.changed, ["Gadget"]);
    assert.deepEqual(await formOf(server, spec), { image: "app:1" });
  });

  it("counts for no longer than it is published", async () => {
    const server = serve((spec) => ({ replicas: 1, ...spec }), gadgetProperties);
    assert.deepEqual(await formOf(server, { replicas: 1 }), {});
    server.store = (spec) => ({ replicas: 2, ...spec });
    server.properties = { ...gadgetProperties, replicas: { default: 2 } };
    server.version = "2";
    await server.clock.advance(30_000);
    assert.deepEqual(server.changed, ["Gadget"]);
    assert.deepEqual(await formOf(server, { replicas: 1 }), { replicas: 1 });
    assert.deepEqual(await formOf(server, { replicas: 2 }), {});
    server.prover.close();
    server.version = "3";
    await server.clock.advance(300_000);
    assert.equal(server.changed.length, 1);
  });
});

function attempted(store: Server["store"], spec: Spec): Spec | "refused" {
  try {
    return store(spec);
  } catch {
    return "refused";
  }
}

const names = ["a", "b", "c", "d"];
const value = fc.constantFrom<Json | undefined>(undefined, "x", "y");
const name = fc.constantFrom(...names);

/** Defaults that may depend on another field, fields that need another, and servers that overwrite. */
const rule: fc.Arbitrary<(spec: Spec) => Spec> = fc.oneof(
  fc.tuple(name, value).map(
    ([to, given]) =>
      (spec: Spec): Spec => ({ ...(given !== undefined && { [to]: given }), ...spec }),
  ),
  fc.tuple(name, value, name, value).map(
    ([of, is, to, given]) =>
      (spec: Spec): Spec =>
        spec[of] === is && given !== undefined ? { [to]: given, ...spec } : spec,
  ),
  fc.tuple(name, value, name).map(([of, is, needed]) => (spec: Spec): Spec => {
    if (spec[of] === is && !Object.hasOwn(spec, needed)) throw invalid();
    return spec;
  }),
);
