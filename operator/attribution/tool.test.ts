import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { AdmissionFact, JsonObject } from "../values.ts";
import { toolOf } from "./tool.ts";

const entry = (manager: string, time: string, ...fields: string[]): JsonObject => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time: `2026-01-01T00:00:${time}Z`,
  fieldsV1: Object.fromEntries(fields.map((field) => [`f:${field}`, {}])),
});
const status = (manager: string, time: string): JsonObject => ({ ...entry(manager, time), subresource: "status" });
const object = (...managedFields: readonly JsonObject[]): JsonObject => ({ metadata: { name: "web", managedFields } });

function tool(
  before: JsonObject | undefined,
  after: JsonObject,
  over: Partial<AdmissionFact> = {},
): string | undefined {
  const fact: AdmissionFact = {
    uid: "u1",
    identity: { group: "", kind: "ConfigMap", namespace: "shop", name: "web" },
    reviewedKind: "ConfigMap",
    operation: before === undefined ? "CREATE" : "UPDATE",
    oldResourceVersion: undefined,
    object: after,
    oldObject: before,
    user: "alice",
    groups: [],
    at: 0,
    size: 1,
    ...over,
  };
  return toolOf(fact, after);
}

describe("tool", () => {
  it("of a create is its only manager", () => {
    assert.equal(tool(undefined, object(entry("kubectl-create", "01", "a"))), "kubectl-create");
  });
  it("of an update is the manager whose entry is new or newer", () => {
    const before = object(entry("a", "01", "x"), entry("b", "02", "y"));
    assert.equal(tool(before, object(entry("a", "03", "x"), entry("b", "02", "y"))), "a");
    assert.equal(tool(before, object(entry("a", "01", "x"), entry("b", "02", "y"), entry("c", "03", "z"))), "c");
  });
  it("is not who lost a field to it", () => {
    const before = object(entry("a", "01", "x"), entry("b", "02", "y", "z"));
    assert.equal(tool(before, object(entry("a", "03", "x", "z"), entry("b", "02", "y"))), "a");
  });
  it("is found within one second, where only one entry changed", () => {
    const before = object(entry("a", "01", "x"), entry("b", "01", "y"));
    assert.equal(tool(before, object(entry("a", "01", "x", "z"), entry("b", "01", "y"))), "a");
  });
  it("is not guessed within one second, where two entries changed", () => {
    const before = object(entry("a", "01", "x"), entry("b", "01", "y", "z"));
    assert.equal(tool(before, object(entry("a", "01", "x", "z"), entry("b", "01", "y"))), undefined);
  });
  it("is never who wrote the status", () => {
    const before = object(entry("a", "01", "x"), status("controller", "01"));
    assert.equal(tool(before, object(entry("a", "02", "x"), status("controller", "02"))), "a");
  });
  it("is nothing where the API server knows no name, nor for a delete", () => {
    assert.equal(tool(undefined, object(entry("unknown", "01", "a"))), undefined);
    assert.equal(tool(undefined, object()), undefined);
    assert.equal(tool(object(), object(entry("a", "01")), { operation: "DELETE" }), undefined);
  });
});
