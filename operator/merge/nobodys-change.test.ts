import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Json, JsonObject } from "../values.ts";
import { isNobodysChange } from "./nobodys-change.ts";

const container = (more: JsonObject = {}): JsonObject => ({ name: "app", image: "nginx", ...more });

function deployment(containers: readonly Json[], spec: JsonObject = {}, fieldsV1?: JsonObject): JsonObject {
  const managedFields = fieldsV1 && [{ manager: "kubectl", operation: "Apply", fieldsType: "FieldsV1", fieldsV1 }];
  return {
    apiVersion: "apps/v1",
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

  it("when the record holds what the rules take out by now", () => {
    const older = { ...recorded, status: { replicas: 2 } };
    assert.equal(isNobodysChange(older, deployment([container()])), true);
  });

  it("not when an item's keys name another item", () => {
    const before = deployment([container(), { name: "b", image: "x" }]);
    const fields = owning({ "f:tty": {} });
    const now = (first: JsonObject, second: JsonObject): JsonObject =>
      deployment([container(first), { name: "b", image: "x", ...second }], {}, fields);
    assert.equal(isNobodysChange(before, now({}, { tty: true })), true);
    assert.equal(isNobodysChange(before, now({ tty: true }, {})), false);
  });
});
