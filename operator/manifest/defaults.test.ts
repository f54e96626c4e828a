import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../values.ts";
import { withoutDefaults } from "./defaults.ts";
import { type KindSchema, kindSchemaOf } from "./kind-schema.ts";
import { verbatim } from "./verbatim.ts";

const gadget = { group: "example.com", version: "v1", kind: "Gadget" };

function documentOf(spec: JsonObject, others: JsonObject = {}): JsonObject {
  const schema = {
    type: "object",
    properties: { apiVersion: { type: "string", default: "example.com/v1" }, metadata: { default: {} }, spec },
    "x-kubernetes-group-version-kind": [gadget],
  };
  return { openapi: "3.0.0", components: { schemas: { "com.example.v1.Gadget": schema, ...others } } };
}

function schemaOf(spec: JsonObject, others?: JsonObject): KindSchema {
  const schema = kindSchemaOf(documentOf(spec, others), gadget);
  assert.ok(schema);
  return schema;
}

function stripped(spec: JsonObject, schema: JsonObject, others?: JsonObject): Json | undefined {
  const content = { apiVersion: "example.com/v1", kind: "Gadget", metadata: {}, spec };
  const { spec: left, ...rest } = withoutDefaults(content, schemaOf(schema, others));
  assert.deepEqual(rest, { apiVersion: "example.com/v1", kind: "Gadget", metadata: {} });
  return left;
}

describe("withoutDefaults", () => {
  it("takes out what the schema's default is, and leaves what is something else", () => {
    const schema = { properties: { size: { default: 3 }, mode: { default: "Fast" }, deep: { default: { a: [1] } } } };
    assert.deepEqual(stripped({ size: 3, mode: "Slow", deep: { a: [1] } }, schema), { mode: "Slow" });
    assert.deepEqual(stripped({ size: "3", mode: null, deep: { a: [1, 2] } }, schema), {
      size: "3",
      mode: null,
      deep: { a: [1, 2] },
    });
  });

  it("compares numbers by what they amount to", () => {
    const schema = {
      properties: { ratio: { default: verbatim("1.0") }, big: { default: verbatim("9007199254740993") } },
    };
    assert.deepEqual(stripped({ ratio: 1, big: 9007199254740992 }, schema), { big: 9007199254740992 });
  });

  it("takes out a struct that the server would fill in to what it is, and no other", () => {
    const inner = { properties: { a: { default: 1 }, b: {} } };
    const withDefault = { properties: { inner: { ...inner, default: {} } } };
    assert.deepEqual(stripped({ inner: { a: 1 } }, withDefault), {});
    assert.deepEqual(stripped({ inner: { a: 1, b: 2 } }, withDefault), { inner: { b: 2 } });
    assert.deepEqual(stripped({ inner: { a: 2 } }, withDefault), { inner: { a: 2 } });
    assert.deepEqual(stripped({ inner: { a: 1 } }, { properties: { inner } }), { inner: {} });
    assert.deepEqual(stripped({ inner: {} }, withDefault), { inner: {} });
  });

  it("keeps a part that equals the default of the whole only when it has lost nothing", () => {
    const inner = { default: { a: 1 }, properties: { a: { default: 5 }, b: { default: 2 } } };
    const schema = { properties: { inner } };
    assert.deepEqual(stripped({ inner: { a: 1, b: 2 } }, schema), {});
    assert.deepEqual(stripped({ inner: { a: 5, b: 2 } }, schema), { inner: {} });
    assert.deepEqual(stripped({ inner: { a: 1, b: 3 } }, schema), { inner: { a: 1, b: 3 } });
  });

  it("keeps entries of maps, items of lists and what names an item", () => {
    const port = { properties: { port: { default: 80 }, protocol: { default: "TCP" }, tls: { default: false } } };
    const schema = {
      properties: {
        labels: { additionalProperties: { default: "", type: "string" } },
        ports: { items: { ...port, default: {} }, "x-kubernetes-list-map-keys": ["port", "protocol"] },
        byName: { additionalProperties: port },
      },
    };
    const given = { port: 80, protocol: "TCP", tls: false };
    assert.deepEqual(stripped({ labels: { a: "" }, ports: [given, {}], byName: { x: given } }, schema), {
      labels: { a: "" },
      ports: [{ port: 80, protocol: "TCP" }, {}],
      byName: { x: {} },
    });
  });

  it("keeps a zero value that is required, as Go publishes it of every such field", () => {
    const schema = {
      required: ["name", "mode"],
      properties: { name: { default: "" }, mode: { default: "Fast" }, note: { default: "" } },
    };
    assert.deepEqual(stripped({ name: "", mode: "Fast", note: "" }, schema), { name: "" });
  });

  it("takes out null only where null is the default", () => {
    const schema = { properties: { a: { nullable: true, default: null }, b: { nullable: true, default: "x" } } };
    assert.deepEqual(stripped({ a: null, b: null }, schema), { b: null });
  });

  it("follows references, with siblings and in circles", () => {
    const ref = (name: string): JsonObject => ({ allOf: [{ $ref: `#/components/schemas/${name}` }] });
    const others = {
      Node: { properties: { kind: { default: "Leaf" }, child: ref("Node"), peers: { items: ref("Node") } } },
      Loop: ref("Loop"),
    };
    const schema = { properties: { root: { default: {}, ...ref("Node") }, loop: ref("Loop") }, ...ref("Loop") };
    const leaf = { kind: "Leaf" };
    assert.deepEqual(
      stripped({ root: { ...leaf, child: { ...leaf, peers: [leaf, { kind: "Twig" }] } }, loop: {} }, schema, others),
      {
        root: { child: { peers: [{}, { kind: "Twig" }] } },
        loop: {},
      },
    );
    assert.deepEqual(stripped({ root: leaf }, schema, others), {});
  });

  it("reads names that are those of every object", () => {
    const schema = JSON.parse(
      '{"properties": {"__proto__": {"default": 1}, "b": {"properties": {"constructor": {"default": 2}}}}}',
    );
    const spec = JSON.parse('{"__proto__": 1, "b": {"constructor": 2, "toString": 3, "__proto__": {"x": 1}}}');
    assert.equal(JSON.stringify(stripped(spec, schema)), '{"b":{"toString":3,"__proto__":{"x":1}}}');
  });

  it("answers the input where nothing goes, and never changes it", () => {
    const content = { apiVersion: "v1", kind: "Gadget", metadata: {}, spec: { list: [{ a: 2 }] } };
    const schema = schemaOf({ properties: { list: { items: { properties: { a: { default: 1 } } } } } });
    assert.equal(withoutDefaults(content, schema), content);
    const other = { ...content, spec: { list: [{ a: 1 }] } };
    withoutDefaults(other, schema);
    assert.deepEqual(other.spec, { list: [{ a: 1 }] });
  });

  it("of any schema: the server makes the same object of it, and a second time nothing goes", () => {
    let dropped = 0;
    fc.assert(
      fc.property(structural, fc.jsonValue({ maxDepth: 4 }), valueOf, (schema, anything, value) => {
        for (const spec of [value(schema), anything as Json]) {
          const whole = { properties: { spec: schema } };
          const full = defaulted({ spec }, whole) as JsonObject;
          const less = withoutDefaults(full, schemaOf(schema));
          if (JSON.stringify(less) !== JSON.stringify(full)) dropped++;
          assert.deepEqual(sorted(defaulted(less, whole)), sorted(full));
          assert.equal(withoutDefaults(less, schemaOf(schema)), less);
        }
      }),
      { numRuns: 2_000 },
    );
    assert.ok(dropped > 300, `only ${dropped} objects had a default`);
  });
});

describe("kindSchemaOf", () => {
  it("finds a kind by its group and version, and nothing where it is not defined", () => {
    assert.equal(kindSchemaOf(documentOf({}), { ...gadget, version: "v2" }), undefined);
    assert.equal(kindSchemaOf({}, gadget), undefined);
    assert.equal(kindSchemaOf({ components: { schemas: { A: [], B: null } } }, gadget), undefined);
  });

  it("gives up on a schema that is too large a tree", () => {
    const others: Record<string, Json> = { L0: { properties: { x: { default: 1 } } } };
    for (let i = 1; i < 40; i++) {
      const ref = { $ref: `#/components/schemas/L${i - 1}` };
      others[`L${i}`] = {
        properties: { a: { allOf: [ref, { properties: {} }] }, b: { allOf: [ref, { properties: {} }] } },
      };
    }
    assert.equal(kindSchemaOf(documentOf({ $ref: "#/components/schemas/L39" }, others), gadget), undefined);
  });
});

// ---------------------------------------------------------------- an API server's defaulting, as apiextensions has it

/** Of a structural schema: pkg/apiserver/schema/defaulting/algorithm.go. */
function defaulted(value: Json, schema: JsonObject): Json {
  if (Array.isArray(value)) {
    const items = schema["items"] as JsonObject | undefined;
    return items === undefined ? value : value.map((item: Json) => defaulted(item, items));
  }
  if (value === null || typeof value !== "object") return value;
  const properties = (schema["properties"] ?? {}) as Readonly<Record<string, JsonObject>>;
  const values = schema["additionalProperties"] as JsonObject | undefined;
  const given: Record<string, Json> = { ...(value as JsonObject) };
  for (const [name, property] of Object.entries(properties)) {
    const preset = property["default"];
    if (preset === undefined) continue;
    if (!Object.hasOwn(given, name) || (given[name] === null && property["nullable"] !== true)) given[name] = preset;
  }
  for (const [name, child] of Object.entries(given)) {
    const below = Object.hasOwn(properties, name) ? properties[name] : values;
    if (below !== undefined) given[name] = defaulted(child, below);
  }
  return given;
}

function sorted(value: Json): Json {
  return JSON.parse(
    JSON.stringify(value, (_, child: unknown) =>
      child !== null && typeof child === "object" && !Array.isArray(child)
        ? Object.fromEntries(Object.entries(child).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : child,
    ),
  ) as Json;
}

const names = ["a", "b", "c"];
const scalar = fc.constantFrom<Json>(0, 1, "", "x", false, true);

const { structural } = fc.letrec<{ structural: JsonObject; struct: JsonObject; list: JsonObject; map: JsonObject }>(
  (tie) => ({
    structural: fc.oneof(
      { depthSize: "small" },
      fc.record({ default: scalar, nullable: fc.boolean() }, { requiredKeys: [] }),
      tie("struct"),
      tie("list"),
      tie("map"),
    ),
    struct: fc.record(
      {
        properties: fc.dictionary(fc.constantFrom(...names), tie("structural"), { noNullPrototype: true }),
        default: fc.dictionary(fc.constantFrom(...names), scalar, { noNullPrototype: true }),
        required: fc.subarray(names),
      },
      { requiredKeys: ["properties"] },
    ),
    list: fc.record(
      {
        items: tie("structural"),
        default: fc.array(scalar, { maxLength: 2 }),
        "x-kubernetes-list-map-keys": fc.subarray(names),
      },
      { requiredKeys: ["items"] },
    ),
    map: fc.record({ additionalProperties: tie("structural") }),
  }),
);

/** Makes values that fit a schema, often with its defaults. */
const valueOf: fc.Arbitrary<(schema: JsonObject) => Json> = fc.infiniteStream(fc.nat(99)).map((stream) => {
  const pick = (): number => stream.next().value as number;
  const make = (schema: JsonObject): Json => {
    const preset = schema["default"];
    if (preset !== undefined && pick() < 40) return preset;
    if (schema["items"] !== undefined)
      return Array.from({ length: pick() % 3 }, () => make(schema["items"] as JsonObject));
    if (schema["additionalProperties"] !== undefined) return { k: make(schema["additionalProperties"] as JsonObject) };
    const properties = schema["properties"] as Readonly<Record<string, JsonObject>> | undefined;
    if (properties === undefined) return [0, 1, "", "x", false, true][pick() % 6] as Json;
    const entries = Object.entries(properties).filter(() => pick() < 70);
    return Object.fromEntries(entries.map(([name, property]) => [name, make(property)]));
  };
  return make;
});
