import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../values.ts";
import { isStoredAs } from "./contains.ts";
import { objectKind } from "./field-kind.ts";

/** Where no schema is known. */
const isStored = (written: JsonObject, stored: JsonObject): boolean =>
  isStoredAs(written, stored, objectKind(undefined, written));

describe("the kind of a field, by its name", () => {
  const pod = (resources: JsonObject): JsonObject => ({ apiVersion: "v1", kind: "Pod", spec: { a: [{ resources }] } });
  const configMap = (data: JsonObject): JsonObject => ({ apiVersion: "v1", kind: "ConfigMap", data });
  const widget = (spec: JsonObject): JsonObject => ({ apiVersion: "example.com/v1", kind: "Widget", spec });

  it("is a quantity in built-in kinds", () => {
    assert.ok(isStored(pod({ limits: { cpu: "1000m" } }), pod({ limits: { cpu: "1" } })));
    assert.ok(isStored(pod({ emptyDir: { sizeLimit: "1024Mi" } }), pod({ emptyDir: { sizeLimit: "1Gi" } })));
    assert.ok(!isStored(pod({ labels: { sizeLimit: "1.0" } }), pod({ labels: { sizeLimit: "1" } })));
  });

  it("is text in maps of people's own keys", () =>
    assert.ok(!isStored(configMap({ divisor: "1.0" }), configMap({ divisor: "1" }))));

  it("is text in other kinds, and in objects that name none", () => {
    assert.ok(!isStored(widget({ limits: { cpu: "1000m" } }), widget({ limits: { cpu: "1" } })));
    assert.ok(!isStored({ limits: { cpu: "1000m" } }, { limits: { cpu: "1" } }));
  });

  it("need not be stored where it says nothing, but for maps of people's own keys", () => {
    assert.ok(isStored(pod({ paused: false, limits: {} }), pod({})));
    assert.ok(!isStored(configMap({ a: "" }), configMap({})));
    assert.ok(!isStored(pod({ labels: { a: "" } }), pod({})));
    assert.ok(!isStored(widget({ size: 0 }), widget({})) && isStored(widget({ size: null }), widget({})));
  });
});
