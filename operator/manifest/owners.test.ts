import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../values.ts";
import { ownersOf } from "./owners.ts";

const entry = (manager: string, fieldsV1: JsonObject): JsonObject => ({
  manager,
  operation: "Update",
  apiVersion: "v1",
  time: "2026-01-01T00:00:00Z",
  fieldsType: "FieldsV1",
  fieldsV1,
});

describe("ownersOf", () => {
  const object: JsonObject = {
    apiVersion: "v1",
    metadata: {
      managedFields: [
        entry("alice", { "f:spec": { "f:items": { 'k:{"name":"a"}': { ".": {}, "f:image": {} } }, "f:atomic": {} } }),
        entry("bob", { "f:spec": { "f:items": { 'k:{"name":"b"}': { ".": {} } }, "f:set": { 'v:"x"': {} } } }),
      ],
    },
    spec: { items: [{ name: "a", image: "x" }, { name: "b" }], set: ["y", "x"], atomic: { deep: [1] }, defaulted: 1 },
  };
  const cases: readonly (readonly [path: string, owners: readonly string[]])[] = [
    ["spec/items/0/image", ["alice"]],
    ["spec/items/1", ["bob"]],
    ["spec/items", ["alice", "bob"]],
    ["spec/set/1", ["bob"]],
    ["spec/set/0", []],
    ["spec/atomic/deep/0", ["alice"]],
    ["spec/defaulted", []],
    ["spec/missing/x", []],
  ];
  for (const [path, owners] of cases)
    it(`names who owns ${path}`, () => {
      assert.deepEqual(
        ownersOf(object, path.split("/")).map(({ manager }) => manager),
        owners,
      );
    });
});
