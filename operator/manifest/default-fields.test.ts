import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../values.ts";
import { differenceOf, leavesOf, omit, valueAt } from "./default-fields.ts";
import { type KindSchema, kindSchemaOf } from "./kind-schema.ts";

function schemaOf(spec: JsonObject, kind = "Gadget"): KindSchema {
  const named = { group: "", version: "v1", kind };
  const root = { properties: { metadata: {}, spec }, "x-kubernetes-group-version-kind": [named] };
  const schema = kindSchemaOf({ components: { schemas: { root } } }, named);
  assert.ok(schema);
  return schema;
}

const ports = {
  items: { required: ["port"], properties: { port: {}, protocol: {}, note: {} } },
  "x-kubernetes-list-map-keys": ["protocol"],
};
const spec = {
  properties: {
    mode: {},
    modes: { items: {} },
    empty: { properties: {} },
    "a/b~c": {},
    untyped: {},
    ports,
    struct: { required: ["kind"], properties: { kind: {}, x: {}, inner: { properties: { y: {} } } } },
    labels: { additionalProperties: {} },
    byName: { additionalProperties: { properties: { z: {} } } },
  },
};
const content = {
  apiVersion: "v1",
  kind: "Gadget",
  metadata: { name: "a", namespace: "shop" },
  spec: {
    mode: null,
    modes: ["a", 1],
    empty: {},
    "a/b~c": 1,
    untyped: { u: 1 },
    ports: [{ port: 1, protocol: "TCP", note: "" }, 7],
    struct: { kind: "k", x: 1, inner: { y: 2 } },
    labels: { app: "web" },
    byName: { one: { z: 1, other: 2 } },
  },
};

describe("the leaves of an object", () => {
  it("are fields that the schema names, without names of items, what is required, and entries of maps", () => {
    assert.deepEqual(leavesOf(content, schemaOf(spec)), [
      { path: "/spec/mode", pattern: "/spec/mode" },
      { path: "/spec/modes", pattern: "/spec/modes" },
      { path: "/spec/empty", pattern: "/spec/empty" },
      { path: "/spec/a~1b~0c", pattern: "/spec/a~1b~0c" },
      { path: "/spec/ports/0/note", pattern: "/spec/ports/*/note" },
      { path: "/spec/struct/x", pattern: "/spec/struct/x" },
      { path: "/spec/struct/inner/y", pattern: "/spec/struct/inner/y" },
      { path: "/spec/byName/one/z", pattern: "/spec/byName/*/z" },
    ]);
  });

  it("are not the class that a claim or an Ingress got because it was the default one", () => {
    const classes = { properties: { storageClassName: {}, ingressClassName: {} } };
    const given = { storageClassName: "fast", ingressClassName: "nginx" };
    const leaves = (kind: string): readonly string[] =>
      leavesOf({ apiVersion: "v1", kind, spec: given }, schemaOf(classes, kind)).map(({ path }) => path);
    assert.deepEqual(leaves("PersistentVolumeClaim"), ["/spec/ingressClassName"]);
    assert.deepEqual(leaves("Ingress"), ["/spec/storageClassName"]);
    assert.deepEqual(leaves("constructor"), ["/spec/storageClassName", "/spec/ingressClassName"]);
  });
});

describe("an object without some of its leaves", () => {
  const without = (paths: readonly string[], structs: readonly string[] = []): JsonObject => {
    const schema = schemaOf(spec);
    return omit(content, { leaves: new Set(paths), structs: new Set(structs) }, schema)["spec"] as JsonObject;
  };

  it("loses a struct with its last field, unless it is to stay", () => {
    const inner = "/spec/struct/inner";
    assert.deepEqual(without([`${inner}/y`])["struct"], { kind: "k", x: 1 });
    assert.deepEqual(without([`${inner}/y`], [inner])["struct"], { kind: "k", x: 1, inner: {} });
  });

  it("keeps items, entries of maps and everything else", () => {
    const left = without(["/spec/ports/0/note", "/spec/byName/one/z", "/spec/a~1b~0c", "/spec/modes"]);
    const { modes: _, "a/b~c": __, ...others } = content.spec;
    assert.deepEqual(left, { ...others, ports: [{ port: 1, protocol: "TCP" }, 7], byName: { one: { other: 2 } } });
    assert.equal(omit(content, { leaves: new Set(), structs: new Set() }, schemaOf(spec)), content);
  });
});

describe("the difference of two objects", () => {
  it("names what is gone, what is changed, and where there is more", () => {
    const one = { a: 1, b: { c: [1, { d: 2 }], e: "x" }, "f/g": 1, list: [1] };
    const other = { b: { c: [1, { d: 3, more: 1 }], e: "x" }, list: [1, 2], "f/g": 1, extra: 1 };
    assert.deepEqual(differenceOf(one, other), {
      missing: ["/a"],
      changed: ["/b/c/1/d", "/list"],
      widened: ["/b/c/1", ""],
    });
  });

  it("is none of equal ones, and its paths lead to the values", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue()), (a, b) => {
        const [one, other] = [a as JsonObject, b as JsonObject];
        assert.deepEqual(differenceOf(one, one), { missing: [], changed: [], widened: [] });
        const { missing, changed } = differenceOf(one, other);
        for (const path of missing) {
          assert.notEqual(valueAt(one, path), undefined);
          assert.equal(valueAt(other, path), undefined);
        }
        for (const path of changed) assert.notDeepEqual(valueAt(one, path), valueAt(other, path));
      }),
    );
  });
});
