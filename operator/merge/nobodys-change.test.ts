import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { verbatim } from "../manifest/verbatim.ts";
import type { Json, JsonObject } from "../values.ts";
import { isNobodysChange } from "./nobodys-change.ts";

const container = (more: JsonObject = {}): JsonObject => ({ name: "app", image: "nginx", ...more });

function deployment(containers: readonly Json[], spec: JsonObject = {}, fieldsV1?: JsonObject): JsonObject {
  const apiVersion = "apps/v1";
  const managedFields = fieldsV1 && [
    { manager: "kubectl", operation: "Apply", apiVersion, fieldsType: "FieldsV1", fieldsV1 },
  ];
  return {
    apiVersion,
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop", ...(managedFields && { managedFields }) },
    spec: { replicas: 2, ...spec, template: { spec: { containers } } },
  };
}

function owning(item: JsonObject, spec: JsonObject = {}): JsonObject {
  const containers = { 'k:{"name":"app"}': { ".": {}, "f:name": {}, "f:image": {}, ...item } };
  return { "f:spec": { "f:replicas": {}, ...spec, "f:template": { "f:spec": { "f:containers": containers } } } };
}

const recorded = deployment([container()]);

describe("a difference is nobody's", () => {
  const cases: readonly (readonly [string, JsonObject, boolean])[] = [
    ["when there is none", deployment([container()], {}, owning({})), true],
    [
      "when a default came into an item of a list by keys",
      deployment([container({ tty: false })], {}, owning({})),
      true,
    ],
    [
      "not when a manager owns the field that came into the item",
      deployment([container({ tty: false })], {}, owning({ "f:tty": {} })),
      false,
    ],
    [
      "not when a manager owns the item as a whole",
      deployment(
        [container({ tty: false })],
        {},
        {
          "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": {} } } },
        },
      ),
      false,
    ],
    [
      "when a whole map that nobody owns came in",
      deployment([container()], { strategy: { type: "x" } }, owning({})),
      true,
    ],
    [
      "not when somebody owns a part of the map that came in",
      deployment([container()], { strategy: { type: "x" } }, owning({}, { "f:strategy": { "f:type": {} } })),
      false,
    ],
    ["not when a value is another", deployment([container({ image: "caddy" })], {}, owning({})), false],
    ["not when a field went", deployment([{ name: "app" }], {}, owning({})), false],
    ["not when an item came in", deployment([container(), { name: "b" }], {}, owning({})), false],
    ["not when a field came in and nothing is known of owners", deployment([container({ tty: false })]), false],
    ["when only what the rules take out is another", { ...deployment([container()]), status: { replicas: 2 } }, true],
  ];
  for (const [name, raw, expected] of cases) {
    it(name, () => assert.equal(isNobodysChange(recorded, raw), expected));
  }

  it("not when a manager's fields are named by another version of the kind", () => {
    const scaler = (spec: JsonObject, managedFields?: readonly Json[]): JsonObject => ({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web", namespace: "shop", ...(managedFields && { managedFields }) },
      spec: { maxReplicas: 3, ...spec },
    });
    const entry = (apiVersion: string, owned: JsonObject): JsonObject => ({
      manager: "kubectl",
      operation: "Update",
      apiVersion,
      fieldsType: "FieldsV1",
      fieldsV1: { "f:spec": { "f:maxReplicas": {}, ...owned } },
    });
    const metrics = { metrics: [{ type: "Resource", resource: { name: "cpu" } }] };
    const before = scaler({});
    // The person wrote targetCPUUtilizationPercentage of v1, which is read as metrics of v2.
    const older = entry("autoscaling/v1", { "f:targetCPUUtilizationPercentage": {} });
    assert.equal(isNobodysChange(before, scaler(metrics, [entry("autoscaling/v2", {}), older])), false);
    assert.equal(isNobodysChange(before, scaler(metrics, [entry("autoscaling/v2", {})])), true);
    const status = { ...older, subresource: "status", fieldsV1: { "f:status": { "f:conditions": {} } } };
    assert.equal(isNobodysChange(before, scaler(metrics, [entry("autoscaling/v2", {}), status])), true);
  });

  it("not when a manager's entry is of a form that is not known", () => {
    const now = deployment([container()], { paused: false }, owning({}));
    const [known] = (now["metadata"] as JsonObject)["managedFields"] as readonly JsonObject[];
    const withEntry = (entry: Json): JsonObject => ({
      ...now,
      metadata: { name: "web", namespace: "shop", managedFields: [known as JsonObject, entry] },
    });
    assert.equal(isNobodysChange(recorded, now), true);
    for (const entry of [
      { manager: "x", operation: "Update", fieldsType: "FieldsV2", fieldsV1: { "f:spec": {} } },
      { manager: "x", operation: "Update", fieldsType: "FieldsV1" },
      { manager: "x", fieldsType: "FieldsV1", fieldsV1: "f:spec" },
      "x",
      null,
    ]) {
      assert.equal(isNobodysChange(recorded, withEntry(entry)), false, JSON.stringify(entry));
    }
  });

  it("not when no manager's names lead to the item that a field came into", () => {
    const item = { 'k:{"id":1}': { ".": {}, "f:id": {}, "f:note": {} } };
    const widget = (id: Json, more: JsonObject = {}): JsonObject => ({
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata: {
        name: "w",
        namespace: "shop",
        managedFields: [
          { apiVersion: "example.com/v1", fieldsType: "FieldsV1", fieldsV1: { "f:spec": { "f:parts": item } } },
        ],
      },
      spec: { parts: [{ id, ...more }] },
    });
    // 1.0 in the object, 1 in the name of the item.
    assert.equal(isNobodysChange(widget(verbatim("1.0")), widget(verbatim("1.0"), { note: "mine" })), false);
  });

  it("when the record holds what the rules take out by now", () => {
    const older = { ...recorded, status: { replicas: 2 } };
    assert.equal(isNobodysChange(older, deployment([container()])), true);
  });

  it("not when an item's keys name another item", () => {
    const before = deployment([container(), { name: "b", image: "x" }]);
    const items = {
      'k:{"name":"app"}': { ".": {}, "f:name": {}, "f:image": {}, "f:tty": {} },
      'k:{"name":"b"}': { ".": {}, "f:name": {}, "f:image": {} },
    };
    const fields = { "f:spec": { "f:replicas": {}, "f:template": { "f:spec": { "f:containers": items } } } };
    const now = (first: JsonObject, second: JsonObject): JsonObject =>
      deployment([container(first), { name: "b", image: "x", ...second }], {}, fields);
    assert.equal(isNobodysChange(before, now({}, { tty: true })), true);
    assert.equal(isNobodysChange(before, now({ tty: true }, {})), false);
  });
});
