import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Json, JsonObject } from "../values.ts";
import { madeByController, withoutControllersFields } from "./controllers.ts";

interface Entry {
  readonly manager: string;
  readonly subresource?: string;
  readonly fieldsV1: JsonObject;
}

function raw(object: JsonObject, entries: readonly Entry[], annotations: JsonObject = {}): JsonObject {
  const managedFields = entries.map(
    (entry): JsonObject => ({
      operation: "Update",
      apiVersion: "example.com/v1",
      time: "2026-01-01T00:00:00Z",
      fieldsType: "FieldsV1",
      ...entry,
    }),
  );
  const metadata = { name: "a", annotations, managedFields };
  return {
    apiVersion: "example.com/v1",
    kind: "Widget",
    ...object,
    metadata: { ...metadata, ...(object["metadata"] as JsonObject) },
  };
}
const without = (object: JsonObject, entries: readonly Entry[], annotations?: JsonObject): JsonObject =>
  withoutControllersFields(object, raw(object, entries, annotations));
const alice = (fieldsV1: JsonObject): Entry => ({ manager: "kubectl-create", fieldsV1 });
const own = (fieldsV1: JsonObject): readonly Entry[] => [
  { manager: "widget-operator", fieldsV1 },
  { manager: "widget-operator", subresource: "status", fieldsV1: { "f:status": { "f:ready": {} } } },
];

describe("withoutControllersFields", () => {
  it("takes out the number of replicas that an autoscaler set, though it was applied once", () => {
    const object = { spec: { replicas: 5, paused: true } };
    const scaled = {
      manager: "kube-controller-manager",
      subresource: "scale",
      fieldsV1: { "f:spec": { "f:replicas": {} } },
    };
    const applied = { "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"replicas":3}}' };
    const entries = [alice({ "f:spec": { "f:paused": {} } }), scaled];
    assert.deepEqual(without(object, entries, applied), { spec: { paused: true } });
    const shared = [alice({ "f:spec": { "f:paused": {}, "f:replicas": {} } }), scaled];
    assert.equal(without(object, shared), object, "the same number, set by both");
    const person = [alice({ "f:spec": { "f:paused": {} } }), { ...scaled, manager: "kubectl" }];
    assert.equal(without(object, person), object, "kubectl scale is a person's");
  });
  it("believes no component more than it is there for", () => {
    const object = { spec: { image: "evil", clientConfig: { url: "x", caBundle: "y" } } };
    const fields = { "f:spec": { "f:image": {}, "f:clientConfig": { ".": {}, "f:url": {}, "f:caBundle": {} } } };
    const somebody = alice({ "f:spec": { ".": {} } });
    for (const manager of ["kube-controller-manager", "kubelet"])
      assert.equal(without(object, [somebody, { manager, fieldsV1: fields }]), object);
    const authority = without(object, [somebody, { manager: "cainjector", fieldsV1: fields }]);
    assert.deepEqual(authority, { spec: { image: "evil", clientConfig: { url: "x" } } });
  });
  it("takes out what the writer of its status put into the spec, and nothing that was applied", () => {
    const object = { spec: { size: 1, endpoint: "x", tier: "a" } };
    const entries = [
      alice({ "f:spec": { ".": {}, "f:size": {} } }),
      ...own({ "f:spec": { "f:endpoint": {}, "f:tier": {} } }),
    ];
    assert.deepEqual(without(object, entries), { spec: { size: 1 } });
    const applied = { "kubectl.kubernetes.io/last-applied-configuration": '{"spec":{"size":1,"tier":"b"}}' };
    assert.deepEqual(without(object, entries, applied), { spec: { size: 1, tier: "a" } });
    const noStatus = [
      entries[0] as Entry,
      { manager: "widget-operator", fieldsV1: { "f:spec": { "f:endpoint": {} } } },
    ];
    assert.equal(without(object, noStatus), object, "who writes no status may be anybody");
  });
  it("takes out whole items that a controller added, and leaves its parts of others' items", () => {
    const object = {
      spec: {
        items: [
          { name: "mine", a: 1 },
          { name: "theirs", a: 2, defaulted: true },
        ],
        set: ["x", "y"],
      },
    };
    const mine = { "f:items": { 'k:{"name":"mine"}': { ".": {}, "f:name": {}, "f:a": {} } }, "f:set": { 'v:"x"': {} } };
    const theirs = {
      "f:items": { 'k:{"name":"theirs"}': { ".": {}, "f:name": {}, "f:a": {} } },
      "f:set": { 'v:"y"': {} },
    };
    const found = without(object, [alice({ "f:spec": mine }), ...own({ "f:spec": theirs })]);
    assert.deepEqual(found, { spec: { items: [{ name: "mine", a: 1 }], set: ["x"] } });
  });
  it("takes out injected authorities and annotations, and what is left empty", () => {
    const object = {
      metadata: { name: "a", annotations: { "x.com/a": "1" } },
      spec: { clientConfig: { caBundle: "x" } },
    };
    const injected = { manager: "cainjector", fieldsV1: { "f:spec": { "f:clientConfig": { "f:caBundle": {} } } } };
    const noted = own({ "f:metadata": { "f:annotations": { ".": {}, "f:x.com/a": {} } } });
    const found = without(object, [alice({ "f:spec": { ".": {} } }), injected, ...noted]);
    assert.deepEqual(found, { metadata: { name: "a" }, spec: {} }, "that there is a spec is alice's");
  });
  it("leaves all where it cannot be told, or where nobody else wrote", () => {
    const object = { spec: { a: 1 } };
    const fields = { "f:spec": { "f:a": {} } };
    assert.equal(withoutControllersFields(object, object), object);
    assert.equal(without(object, own(fields)), object);
    assert.equal(
      without(object, [alice({ "f:spec": {} }), ...own({ "f:spec": {} })]),
      object,
      "an atomic whole is alice's too",
    );
    const emptied = without({ spec: { a: 1, b: 2 } }, [
      alice({ "f:spec": {} }),
      { ...alice({ "f:spec": { "f:b": {} } }), manager: "kubectl-edit" },
      ...own(fields),
    ]);
    assert.deepEqual(emptied, { spec: { b: 2 } }, "that it is there is alice's, not what others put into it");
    assert.deepEqual(without(object, [alice({ "f:spec": {} }), ...own(fields)]), { spec: {} });
    const other = { ...raw(object, [alice({ "f:x": {} }), ...own(fields)]), apiVersion: "example.com/v2" };
    assert.equal(withoutControllersFields(object, other), object, "told in another version of the kind");
  });
  it("takes nothing that anybody else owns, and is idempotent", () => {
    const names = ["a", "b", "c"];
    const tree: fc.Arbitrary<JsonObject> = fc.letrec<{ node: JsonObject }>((tie) => ({
      node: fc.dictionary(fc.constantFrom(...names), fc.oneof({ maxDepth: 3 }, fc.constant(1), tie("node"))),
    })).node;
    const fieldsOf = (value: Json, chosen: () => boolean): JsonObject => {
      const fields: Record<string, Json> = {};
      if (typeof value === "object" && value !== null)
        for (const [key, child] of Object.entries(value)) if (chosen()) fields[`f:${key}`] = fieldsOf(child, chosen);
      if (Object.keys(fields).length > 0 && chosen()) fields["."] = {};
      return fields;
    };
    fc.assert(
      fc.property(tree, fc.infiniteStream(fc.boolean()), (spec, coins) => {
        const flip = (): boolean => coins.next().value as boolean;
        const object = { spec };
        const hers: JsonObject = { "f:spec": fieldsOf(spec, flip) };
        const whole = raw(object, [alice(hers), ...own({ "f:spec": fieldsOf(spec, flip) })]);
        const rest = withoutControllersFields(object, whole);
        assert.equal(withoutControllersFields(rest, whole), rest);
        const check = (before: Json, after: Json | undefined, path: readonly string[]): void => {
          if (after === undefined) {
            const named = path.reduce<Json | undefined>(
              (at, step) => (at as JsonObject | undefined)?.[`f:${step}`],
              hers,
            );
            assert.equal(named, undefined, path.join("."));
          } else if (typeof before === "object" && before !== null)
            for (const [key, child] of Object.entries(before))
              check(child, (after as Record<string, Json>)[key], [...path, key]);
        };
        check(object, rest, []);
      }),
    );
  });
});

describe("madeByController", () => {
  const fieldsV1 = { "f:spec": { "f:a": {} } };
  it("is who wrote all of it", () => {
    assert.equal(madeByController(raw({}, own(fieldsV1))), "widget-operator");
    assert.equal(madeByController(raw({}, [...own(fieldsV1), alice(fieldsV1)])), undefined);
    assert.equal(madeByController(raw({}, [{ manager: "widget-operator", fieldsV1 }])), undefined);
    assert.equal(madeByController({}), undefined);
    const script = own(fieldsV1).map((entry) => ({ ...entry, manager: "python-requests" }));
    assert.equal(madeByController(raw({}, script)), undefined, "a script that writes status too");
  });
});
