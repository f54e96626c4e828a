import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../values.ts";
import { undoOf } from "./undo.ts";

const base: JsonObject = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app" }, data: { a: "1", b: "1" } };
const raw = (data: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...base,
  metadata: { name: "app", uid: "u", resourceVersion: "7", ...more },
  data,
});
const input = { schema: undefined, before: { base, then: base }, now: base };

describe("undo", () => {
  it("takes back what was changed, added and removed, and leaves what the file does not speak of", () => {
    const live = { ...base, data: { a: "2", c: "3" } };
    const found = undoOf({ ...input, raw: raw({ a: "2", c: "3" }, { labels: { mine: "x" } }), live });
    assert.equal(found.action, "Replace");
    assert.deepEqual(found.action === "Replace" && found.object, raw({ a: "1", b: "1" }, { labels: { mine: "x" } }));
    assert.deepEqual(found.action === "Replace" && found.fields.map(({ path }) => path), [
      "data.a",
      "data.b",
      "data.c",
    ]);
  });

  it("goes to what the file says now, where that is another than it was", () => {
    const live = { ...base, data: { a: "2", b: "1" } };
    const now = { ...base, data: { a: "1", b: "9" } };
    const found = undoOf({ ...input, raw: raw({ a: "2", b: "1" }), live, now });
    assert.deepEqual(found.action === "Replace" && found.object["data"], { a: "1", b: "9" });
  });

  it("brings a file that was there before into the object, and leaves the rest", () => {
    const live = { ...base, data: { a: "2", extra: "x" } };
    const now = { ...base, data: { a: "1" } };
    const found = undoOf({ ...input, raw: raw({ a: "2", extra: "x" }), live, now, before: undefined });
    assert.deepEqual(found.action === "Replace" && found.object["data"], { a: "1", extra: "x" });
  });

  it("creates, deletes, or has nothing to do", () => {
    assert.deepEqual(undoOf({ ...input, raw: undefined, live: undefined }), { action: "Create", object: base });
    assert.equal(undoOf({ ...input, raw: raw({}), live: base, now: undefined }).action, "Delete");
    assert.equal(undoOf({ ...input, raw: raw({ a: "1", b: "1" }), live: base }).action, "Nothing");
    assert.equal(undoOf({ ...input, raw: undefined, live: undefined, now: undefined }).action, "Nothing");
  });
});
