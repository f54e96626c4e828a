import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { json, jsonObject } from "../../test/fixtures/json.ts";
import { type KindSchema, kindSchemaOf } from "../manifest/kind-schema.ts";
import type { Json, JsonObject, OnConflict } from "../values.ts";
import { equalJson } from "./contains.ts";
import { type MergedFields, mergeFields, type Sides } from "./merge-fields.ts";

/** A kind with each way of merging, as an API server publishes it. */
const schemaIn = (group: string): KindSchema => {
  const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
  const text = { type: "string" };
  const port = { properties: { port: { type: "integer" }, protocol: { ...text, default: "TCP" }, nodePort: text } };
  const item = { properties: { name: text, image: text, args: { items: text }, policy: text } };
  const spec = {
    properties: {
      replicas: { type: "integer" },
      containers: {
        items: item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
      },
      env: { items: item, "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge" },
      ports: { items: port, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"] },
      tags: { items: text, "x-kubernetes-list-type": "set" },
      rules: { items: { properties: { host: text, path: text, kind: text } }, "x-kubernetes-list-type": "atomic" },
      selector: { additionalProperties: text, "x-kubernetes-map-type": "atomic" },
      labels: { additionalProperties: text },
      limits: { additionalProperties: { $ref: `#/components/schemas/${quantity}` } },
      divisor: text,
      size: { allOf: [{ $ref: `#/components/schemas/${quantity}` }], default: "1" },
      strategy: { properties: { type: text, surge: text } },
    },
  };
  const named = { group, version: "v1", kind: "Widget" };
  // A CRD's schema has no types of their own.
  const root = {
    properties: { spec: group === "apps" ? { $ref: "#/components/schemas/Spec" } : spec },
    "x-kubernetes-group-version-kind": [named],
  };
  const schemas = { Widget: root, Spec: spec, [quantity]: { oneOf: [text, { type: "number" }] } };
  const found = kindSchemaOf({ components: { schemas } }, named);
  assert.ok(found);
  return found;
};
const schema = schemaIn("example.com");
/** The same kind as one of Kubernetes' own. */
const typed = schemaIn("apps");

interface Case {
  readonly base: JsonObject;
  readonly live: JsonObject;
  /** Default: base. */
  readonly then?: JsonObject;
  /** Default: then. */
  readonly now?: JsonObject;
  readonly applied?: JsonObject;
  readonly owners?: Sides["owners"];
  readonly onConflict?: OnConflict;
  readonly schema?: KindSchema | undefined;
}

const spec = (object: JsonObject | undefined): JsonObject => ({ kind: "Widget", spec: object ?? {} });
const specOf = (object: JsonObject): Json => object["spec"] ?? null;

function merge(given: Case): MergedFields {
  const { base, live, then = base, now = then, applied, owners, onConflict = "Hold" } = given;
  const sides = {
    base: spec(base),
    live: spec(live),
    ...(applied && { applied: spec(applied) }),
    ...(owners && { owners }),
  };
  const rules = { schema: "schema" in given ? given.schema : schema, onConflict };
  const merged = mergeFields({ ...sides, then: spec(then), now: spec(now) }, rules);
  const again = mergeFields({ ...sides, base: merged.base, then: merged.then, now: merged.content }, rules);
  assert.ok(!again.delivers, `again: ${JSON.stringify([merged, again])}`);
  assert.deepEqual(
    [again.content, again.base, again.then, again.gitAhead, again.applying],
    [merged.content, merged.base, merged.then, merged.gitAhead, merged.applying],
  );
  if (onConflict === "Hold") assert.deepEqual(again.conflicts, merged.conflicts);
  return merged;
}

/** What the file says then, and in words what stays open. */
function said(given: Case): readonly [Json, string] {
  const merged = merge(given);
  const words = [
    ...merged.conflicts.map(({ path }) => `conflict ${path}`),
    ...(merged.gitAhead ? ["ahead"] : []),
    ...(merged.applying ? ["applying"] : []),
  ];
  return [specOf(merged.content), words.join(", ")];
}

const rows: readonly (readonly [what: string, given: Case, expected: JsonObject, open?: string])[] = [
  ["a changed value", { base: { replicas: 1 }, live: { replicas: 2 } }, { replicas: 2 }],
  [
    "a changed value that the file leaves out",
    { base: { replicas: 1 }, live: { replicas: 2 }, then: {} },
    { replicas: 2 },
  ],
  ["a value that went", { base: { replicas: 1 }, live: {} }, {}],
  [
    "a default that went, which the file leaves out",
    { base: { replicas: 1, a: 1 }, live: { a: 1 }, then: { a: 1 } },
    { a: 1 },
  ],
  [
    "other fields on each side",
    { base: { replicas: 1, a: 1 }, live: { replicas: 2, a: 1 }, now: { replicas: 1, a: 5 } },
    { replicas: 2, a: 5 },
    "ahead",
  ],
  ["the same on each side", { base: { replicas: 1 }, live: { replicas: 2 }, now: { replicas: 2 } }, { replicas: 2 }],
  [
    "one field on each side otherwise",
    { base: { replicas: 1, b: 1 }, live: { replicas: 2, b: 2 }, now: { replicas: 3, b: 1 } },
    { replicas: 3, b: 2 },
    "conflict spec.replicas",
  ],
  [
    "the cluster wins it",
    { base: { replicas: 1 }, live: { replicas: 2 }, now: { replicas: 3 }, onConflict: "ClusterWins" },
    { replicas: 2 },
    "conflict spec.replicas",
  ],
  [
    "Git wins it",
    { base: { replicas: 1 }, live: { replicas: 2 }, now: { replicas: 3 }, onConflict: "GitWins" },
    { replicas: 3 },
    "conflict spec.replicas, ahead",
  ],
  ["a deletion against an edit", { base: { a: 1 }, live: {}, now: { a: 2 } }, { a: 2 }, "conflict spec.a"],
  ["an edit against a deletion", { base: { a: 1 }, live: { a: 2 }, now: {} }, {}, "conflict spec.a"],
  ["a deletion in Git", { base: { a: 1, b: 1 }, live: { a: 1, b: 1 }, now: { b: 1 } }, { b: 1 }, "ahead"],
  [
    "a deletion in Git of what nobody owns",
    { base: { a: 1, b: 1 }, live: { a: 1, b: 1 }, now: { b: 1 }, owners: [{ "f:spec": { "f:b": {} } }] },
    { b: 1 },
  ],
  [
    "one quantity in two spellings",
    {
      base: { limits: { cpu: "1" } },
      live: { limits: { cpu: "1", memory: "1Gi" } },
      then: { limits: { cpu: "1000m" } },
    },
    { limits: { cpu: "1000m", memory: "1Gi" } },
  ],
  [
    "a quantity that Git changed, and the cluster to another spelling of the same",
    { base: { limits: { cpu: "1" } }, live: { limits: { cpu: "2" } }, now: { limits: { cpu: "2000m" } } },
    { limits: { cpu: "2000m" } },
  ],
  [
    "a field that is a quantity in another spelling",
    { base: { size: "1", a: 1 }, live: { size: "1", a: 2 }, then: { size: "1000m", a: 1 }, now: { size: 1, a: 1 } },
    { size: 1, a: 2 },
  ],
  ["text that would be one quantity", { base: { divisor: "1.0" }, live: { divisor: "1" } }, { divisor: "1" }],
  [
    "text that would be one quantity, in a kind of which nothing is known",
    { schema: undefined, base: { default: { version: "1.10" } }, live: { default: { version: "1.1" } } },
    { default: { version: "1.1" } },
  ],
  [
    "an empty value of a map, which Git added",
    { schema: typed, base: { labels: { a: "1" } }, live: { labels: { a: "1" } }, now: { labels: { a: "1", b: "" } } },
    { labels: { a: "1", b: "" } },
    "ahead",
  ],
  [
    "a value of a map that Git empties and the cluster deletes",
    { schema: typed, base: { labels: { a: "1" } }, live: { labels: {} }, now: { labels: { a: "" } } },
    { labels: { a: "" } },
    "conflict spec.labels.a",
  ],
  [
    "a map with an empty value, which Git added",
    { schema: typed, base: {}, live: {}, now: { labels: { a: "" } } },
    { labels: { a: "" } },
    "ahead",
  ],
  [
    "an empty field of a server's type, which it does not store",
    { schema: typed, base: { replicas: 3 }, live: {}, now: { replicas: 0, tags: [], strategy: {} } },
    { replicas: 0, tags: [], strategy: {} },
  ],
  [
    "an empty field of another kind",
    { base: { replicas: 3 }, live: {}, now: { replicas: 0 } },
    { replicas: 0 },
    "conflict spec.replicas",
  ],
  [
    "an empty field in a kind of which nothing is known",
    { schema: undefined, base: { a: "1" }, live: {}, now: { a: "" } },
    { a: "" },
    "conflict spec.a",
  ],
  ["a field that is null, and so is none", { base: { a: 1 }, live: {}, now: { a: null } }, { a: null }],
  ["an empty map that came", { base: {}, live: { strategy: {} } }, { strategy: {} }],
  ["a map that went", { base: { strategy: { type: "A" } }, live: {} }, {}],
  ["a map that is empty now", { base: { strategy: { type: "A" } }, live: { strategy: {} } }, { strategy: {} }],
  [
    "a map of which the file says nothing",
    { base: { strategy: { type: "A", surge: "1" } }, live: { strategy: { type: "A", surge: "2" } }, then: {} },
    { strategy: { surge: "2" } },
  ],
  [
    "an atomic map on both sides",
    { base: { selector: { a: "1" } }, live: { selector: { a: "2" } }, now: { selector: { a: "1", b: "1" } } },
    { selector: { a: "1", b: "1" } },
    "conflict spec.selector",
  ],
  [
    "items by their keys, each on one side",
    {
      base: {
        containers: [
          { name: "a", image: "1" },
          { name: "b", image: "1" },
        ],
      },
      live: {
        containers: [
          { name: "a", image: "2" },
          { name: "b", image: "1" },
        ],
      },
      now: {
        containers: [
          { name: "a", image: "1" },
          { name: "b", image: "3" },
          { name: "c", image: "1" },
        ],
      },
    },
    {
      containers: [
        { name: "a", image: "2" },
        { name: "b", image: "3" },
        { name: "c", image: "1" },
      ],
    },
    "ahead",
  ],
  [
    "an item that came and one that went",
    {
      base: { containers: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      live: { containers: [{ name: "z" }, { name: "a" }, { name: "x" }, { name: "c" }] },
    },
    { containers: [{ name: "z" }, { name: "a" }, { name: "x" }, { name: "c" }] },
  ],
  [
    "an item that the cluster deleted and Git edited",
    { base: { env: [{ name: "a", image: "1" }] }, live: { env: [] }, now: { env: [{ name: "a", image: "2" }] } },
    { env: [{ name: "a", image: "2" }] },
    "conflict spec.env[a]",
  ],
  [
    "items that were moved",
    {
      base: { env: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      live: { env: [{ name: "c" }, { name: "a" }, { name: "b" }] },
    },
    { env: [{ name: "c" }, { name: "a" }, { name: "b" }] },
  ],
  [
    "items that were moved on both sides",
    {
      base: { env: [{ name: "a" }, { name: "b" }, { name: "c" }] },
      live: { env: [{ name: "c" }, { name: "a", image: "2" }, { name: "b" }] },
      now: { env: [{ name: "b" }, { name: "a" }, { name: "c" }] },
    },
    { env: [{ name: "b" }, { name: "a", image: "2" }, { name: "c" }] },
  ],
  [
    "keys of which the file leaves out the default",
    {
      base: {
        ports: [
          { port: 53, protocol: "TCP" },
          { port: 53, protocol: "UDP" },
        ],
      },
      live: {
        ports: [
          { port: 53, protocol: "TCP", nodePort: "1" },
          { port: 53, protocol: "UDP" },
        ],
      },
      then: { ports: [{ port: 53, protocol: "UDP" }, { port: 53 }] },
    },
    {
      ports: [
        { port: 53, protocol: "UDP" },
        { port: 53, nodePort: "1" },
      ],
    },
  ],
  [
    "two items of one name: the list is one value",
    {
      base: {
        env: [
          { name: "a", image: "1" },
          { name: "a", image: "2" },
        ],
      },
      live: {
        env: [
          { name: "a", image: "1" },
          { name: "a", image: "3" },
        ],
      },
      now: {
        env: [
          { name: "a", image: "4" },
          { name: "a", image: "2" },
        ],
      },
    },
    {
      env: [
        { name: "a", image: "4" },
        { name: "a", image: "2" },
      ],
    },
    "conflict spec.env",
  ],
  [
    "a set",
    { base: { tags: ["a", "b"] }, live: { tags: ["a", "c"] }, now: { tags: ["d", "b", "a"] } },
    { tags: ["d", "a", "c"] },
    "ahead",
  ],
  [
    "an atomic list",
    { base: { rules: [{ host: "a" }] }, live: { rules: [{ host: "b" }] } },
    { rules: [{ host: "b" }] },
  ],
  [
    "an atomic list on both sides",
    {
      base: { rules: [{ host: "a" }] },
      live: { rules: [{ host: "b" }] },
      now: { rules: [{ host: "a" }, { host: "c" }] },
    },
    { rules: [{ host: "a" }, { host: "c" }] },
    "conflict spec.rules",
  ],
  [
    "an atomic list of which the file leaves out defaults",
    {
      base: {
        rules: [
          { host: "a", kind: "Exact" },
          { host: "b", kind: "Exact" },
        ],
      },
      live: {
        rules: [
          { host: "x", kind: "Prefix" },
          { host: "a", kind: "Exact" },
          { host: "b", kind: "Exact", path: "/" },
        ],
      },
      then: { rules: [{ host: "a" }, { host: "b" }] },
    },
    { rules: [{ host: "x", kind: "Prefix" }, { host: "a" }, { host: "b", path: "/" }] },
  ],
  [
    "a list of which the file says nothing is written whole",
    { base: { rules: [{ host: "a" }] }, live: { rules: [{ host: "a" }, { host: "b" }] }, then: {} },
    { rules: [{ host: "a" }, { host: "b" }] },
  ],
  [
    "defaults inside of what Git added",
    {
      base: { containers: [] },
      live: { containers: [{ name: "a", image: "1", policy: "Always" }] },
      then: { containers: [] },
      now: { containers: [{ name: "a", image: "1" }] },
    },
    { containers: [{ name: "a", image: "1" }] },
  ],
  [
    "what somebody changed inside of what Git added",
    {
      base: {},
      live: { containers: [{ name: "a", image: "1", policy: "Always" }] },
      then: {},
      now: { containers: [{ name: "a", image: "1" }] },
      owners: [{ "f:spec": { "f:containers": { 'k:{"name":"a"}': { "f:policy": {} } } } }],
    },
    { containers: [{ name: "a", image: "1", policy: "Always" }] },
  ],
  [
    "defaults in an atomic list that Git added",
    { base: {}, live: { rules: [{ host: "a", kind: "Exact" }] }, then: {}, now: { rules: [{ host: "a" }] } },
    { rules: [{ host: "a" }] },
  ],
  ["what a consumer applied of old", { base: { a: 2 }, live: { a: 1 }, applied: { a: 1 } }, { a: 2 }, "applying"],
  [
    "a click after a consumer's change",
    { base: { a: 2, b: 1 }, live: { a: 1, b: 5 }, applied: { a: 1, b: 1 } },
    { a: 2, b: 5 },
    "applying",
  ],
  [
    "a consumer that brings what Git says, with defaults",
    {
      base: { a: 1 },
      live: { a: 2, strategy: { type: "A", surge: "1" } },
      now: { a: 2, strategy: { type: "A" } },
      applied: { a: 2, strategy: { type: "A", surge: "1" } },
    },
    { a: 2, strategy: { type: "A" } },
  ],
  [
    "a consumer that brings what nobody owns",
    { base: {}, live: { a: 1 }, applied: { a: 1 }, owners: [{ "f:spec": { "f:b": {} } }] },
    {},
  ],
  [
    "a variable that has been filled in",
    { base: {}, live: { a: "x-3-y" }, then: {}, now: { a: "x-${N}-y" } },
    { a: "x-${N}-y" },
  ],
  [
    "a variable that a consumer filled in anew",
    { base: { a: 3 }, live: { a: 4 }, then: { a: "${N}" }, applied: { a: 4 } },
    { a: "${N}" },
  ],
  [
    "a variable that somebody clicked over",
    { base: { a: 3 }, live: { a: 4 }, then: { a: "${N:=3}" } },
    { a: "${N:=3}" },
    "conflict spec.a",
  ],
  [
    "a text with variables that nobody fills in",
    { base: { a: "A=${X}\nB=${Y}\n" }, live: { a: "A=${X}\nC=1\nB=${Y}\n" } },
    { a: "A=${X}\nC=1\nB=${Y}\n" },
  ],
  [
    "a text with variables that nobody fills in, which both sides changed",
    { base: { a: "${X}" }, live: { a: "1 ${X} b" }, now: { a: "${X} b" } },
    { a: "${X} b" },
    "conflict spec.a",
  ],
  [
    "variables that Git alone changed, and nobody fills in",
    { base: { a: "${X}" }, live: { a: "${X}" }, now: { a: "${Y}" } },
    { a: "${Y}" },
    "ahead",
  ],
  [
    "variables that a consumer fills in from now on",
    { base: { a: "${X}" }, live: { a: "1" }, applied: { a: "1" } },
    { a: "${X}" },
  ],
  ["a text that no variable explains", { base: { a: "x-1" }, live: { a: "y-1" }, then: { a: "x-${N}" } }, { a: "y-1" }],
  [
    "a kind of which nothing is known: items by name",
    {
      schema: undefined,
      base: {
        list: [
          { name: "a", v: 1 },
          { name: "b", v: 1 },
        ],
      },
      live: {
        list: [
          { name: "a", v: 2 },
          { name: "b", v: 1 },
        ],
      },
      now: {
        list: [
          { name: "b", v: 3 },
          { name: "a", v: 1 },
        ],
      },
    },
    {
      list: [
        { name: "b", v: 3 },
        { name: "a", v: 2 },
      ],
    },
    "ahead",
  ],
  [
    "hostile names of fields",
    {
      base: {},
      live: JSON.parse('{"__proto__":{"a":1},"constructor":"x"}') as JsonObject,
    },
    JSON.parse('{"__proto__":{"a":1},"constructor":"x"}') as JsonObject,
  ],
];

describe("mergeFields", () => {
  for (const [what, given, expected, open = ""] of rows) {
    it(what, () => {
      const found = said(given);
      assert.deepEqual(found, [expected, open]);
      assert.equal(JSON.stringify(found[0]), JSON.stringify(expected));
    });
  }

  it("tells what each side says of a conflict", () => {
    const { conflicts } = merge({ base: { a: 1 }, live: { a: 2 }, now: { a: 3 } });
    assert.deepEqual(conflicts, [{ path: "spec.a", base: 1, live: 2, source: 3 }]);
  });

  describe("Git won, and goes on", () => {
    /** A conflict that Git won, and what is found when Git says `later`. */
    const afterwards = (first: Case, later: JsonObject, live = first.live): readonly [Json, string] => {
      const { base, then } = merge({ ...first, onConflict: "GitWins" });
      const sides = { base: specOf(base) as JsonObject, then: specOf(then) as JsonObject };
      return said({ ...sides, live, now: later, onConflict: "GitWins" });
    };
    const first: Case = { base: { a: 1 }, live: { a: 2 }, now: { a: 3 } };
    it("to what it was: that is not in the cluster", () =>
      assert.deepEqual(afterwards(first, { a: 1 }), [{ a: 1 }, "ahead"]));
    it("to what the cluster has", () => assert.deepEqual(afterwards(first, { a: 2 }), [{ a: 2 }, ""]));
    it("while the cluster changes again", () =>
      assert.deepEqual(afterwards(first, { a: 3 }, { a: 4 }), [{ a: 3 }, "conflict spec.a, ahead"]));
    it("and takes out what it kept", () => assert.deepEqual(afterwards(first, {}), [{}, "ahead"]));
    it("with the value of a variable", () => {
      const over: Case = { base: { a: 3 }, live: { a: 4 }, then: { a: "${N}" } };
      assert.deepEqual(afterwards(over, { a: "${N}" }), [{ a: "${N}" }, ""]);
      assert.deepEqual(said({ ...over, onConflict: "GitWins" }), [{ a: "${N}" }, "conflict spec.a"]);
    });

    const rule = (host: string, path: string): JsonObject => ({ host, path });
    const lists: Case = {
      base: { rules: [rule("a", "1"), rule("b", "2")] },
      live: { rules: [rule("b", "2"), rule("a", "1")] },
      now: { rules: [rule("a", "1"), rule("b", "9")] },
    };
    it("to a list in another order than the cluster's: items are never mixed", () => {
      const live = { rules: [rule("b", "3"), rule("a", "1")] };
      assert.deepEqual(afterwards(lists, lists.base, live), [lists.base, "conflict spec.rules, ahead"]);
      assert.deepEqual(afterwards(lists, lists.live, live), [live, ""]);
    });
  });

  it("writes a whole list as the cluster has it where the file had another", () => {
    const [a, b] = [
      { host: "a", path: "1" },
      { host: "b", path: "2" },
    ];
    const live = { rules: [{ host: "b", path: "3" }, a] };
    assert.deepEqual(said({ base: { rules: [b, a] }, then: { rules: [a, b] }, live }), [live, ""]);
  });

  it("takes no longer than the objects are large", () => {
    const many = (n: number, value: string): JsonObject => ({
      labels: Object.fromEntries(Array.from({ length: n }, (_, i) => [`k${i}`, value])),
      env: Array.from({ length: n }, (_, i) => ({ name: `n${i}`, image: value })),
      rules: Array.from({ length: n }, (_, i) => ({ host: `${value}${i}` })),
    });
    const timed = (n: number): number => {
      const started = performance.now();
      mergeFields(
        { base: spec(many(n, "a")), live: spec(many(n, "b")), then: spec(many(n, "a")), now: spec(many(n, "a")) },
        { schema, onConflict: "Hold" },
      );
      return performance.now() - started;
    };
    timed(2_000);
    const small = Math.max(timed(2_000), 2);
    assert.ok(timed(40_000) < small * 20 * 12, "it grows faster than the objects");
  });
});

describe("mergeFields, for any objects", () => {
  const kinds = fc.constantFrom(schema, typed, undefined);
  const rules = fc.record({ schema: kinds, onConflict: fc.constantFrom<OnConflict>("Hold", "ClusterWins", "GitWins") });
  /** Objects that share fields, so that both sides meet. */
  const value = fc.constantFrom<Json>(1, 2, "1", "2", "", null, "${A}", {}, []);
  const named = fc.uniqueArray(
    fc.record({ name: fc.constantFrom("a", "b", "c"), image: value }, { requiredKeys: ["name"] }),
    { selector: ({ name }) => name, maxLength: 3 },
  );
  const widget: fc.Arbitrary<JsonObject> = fc
    .record(
      {
        replicas: value,
        containers: named,
        env: named,
        tags: fc.uniqueArray(fc.constantFrom("a", "b", "c")),
        rules: fc.array(fc.record({ host: value, path: value }, { requiredKeys: [] }), { maxLength: 3 }),
        selector: fc.dictionary(fc.constantFrom("a", "b"), value),
        labels: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), value),
        strategy: fc.oneof(fc.record({ type: value, surge: value }, { requiredKeys: [] }), value),
        other: json,
      },
      { requiredKeys: [] },
    )
    .map((object) => ({ kind: "Widget", spec: object as JsonObject }));
  const any = fc.oneof({ weight: 4, arbitrary: widget }, jsonObject);
  const runs = { numRuns: 400 };

  it("merge(base, x, base) is x", () => {
    fc.assert(
      fc.property(any, any, rules, (base, live, how) => {
        const merged = mergeFields({ base, live, then: base, now: base }, how);
        assert.deepEqual(merged.conflicts, []);
        assert.ok(equalJson(merged.content, live));
        assert.ok(equalJson(merged.base, live) && equalJson(merged.then, live) && !merged.gitAhead);
      }),
      runs,
    );
  });

  it("merge(base, x, x) is x", () => {
    fc.assert(
      fc.property(any, any, rules, (base, both, how) => {
        const merged = mergeFields({ base, live: both, then: base, now: both }, how);
        assert.ok(equalJson(merged.content, both) && equalJson(merged.base, both) && equalJson(merged.then, both));
        assert.deepEqual([merged.conflicts, merged.delivers, merged.gitAhead], [[], false, false]);
      }),
      runs,
    );
  });

  it("nothing in the cluster changed: nothing is delivered", () => {
    fc.assert(
      fc.property(any, any, any, rules, (base, then, now, how) => {
        const merged = mergeFields({ base, live: base, then, now }, how);
        assert.deepEqual([merged.delivers, merged.conflicts], [false, []]);
        assert.ok(equalJson(merged.content, now));
      }),
      runs,
    );
  });

  it("what a consumer applied is never written back", () => {
    fc.assert(
      fc.property(any, any, any, any, rules, (base, live, then, now, how) => {
        const merged = mergeFields({ base, live, applied: live, then, now }, how);
        assert.deepEqual([merged.delivers, merged.conflicts], [false, []]);
      }),
      runs,
    );
  });

  it("to merge again changes nothing, and finds the same", () => {
    fc.assert(
      fc.property(
        any,
        any,
        any,
        any,
        fc.option(any, { nil: undefined }),
        rules,
        (base, live, then, now, applied, how) => {
          const fixed = { live, ...(applied && { applied }) };
          const first = mergeFields({ ...fixed, base, then, now }, how);
          const again = mergeFields({ ...fixed, base: first.base, then: first.then, now: first.content }, how);
          assert.equal(again.delivers, false);
          assert.deepEqual([again.gitAhead, again.applying], [first.gitAhead, first.applying]);
          if (how.onConflict === "Hold") assert.deepEqual(again.conflicts, first.conflicts);
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("edits of different fields come to the same, whichever was first", () => {
    const fields = fc.uniqueArray(fc.constantFrom("replicas", "containers", "env", "tags", "labels", "strategy"), {
      minLength: 2,
    });
    fc.assert(
      fc.property(widget, widget, widget, fields, (base, a, b, [one = "", ...others]) => {
        const taking = (from: JsonObject, names: readonly string[]): JsonObject => {
          const before = Object.entries(specOf(base) as JsonObject).filter(([name]) => !names.includes(name));
          const taken = Object.entries(specOf(from) as JsonObject).filter(([name]) => names.includes(name));
          return { kind: "Widget", spec: Object.fromEntries([...before, ...taken]) };
        };
        const [left, right] = [taking(a, [one]), taking(b, others)];
        const merged = (live: JsonObject, now: JsonObject): MergedFields =>
          mergeFields({ base, live, then: base, now }, { schema, onConflict: "Hold" });
        const [x, y] = [merged(left, right), merged(right, left)];
        fc.pre(x.conflicts.length + y.conflicts.length === 0);
        assert.ok(equalJson(x.content, y.content), JSON.stringify([x.content, y.content]));
      }),
      runs,
    );
  });
});
