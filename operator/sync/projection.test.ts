import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Known, Projection } from "./projection.ts";

const known: Known = {
  identity: { group: "", kind: "ConfigMap", namespace: "shop", name: "a" },
  blob: "b".repeat(40),
  apiVersion: "v1",
  uid: "u",
};

describe("a skipped object", () => {
  it("is told to a person once, until it is gone", () => {
    const projection = new Projection();
    assert.equal(projection.skip("a", "HelmManaged", false).tell, false);
    assert.equal(projection.skip("a", "HelmManaged", true).tell, true);
    assert.equal(projection.skip("a", "HelmManaged", true).tell, false);
    assert.deepEqual(projection.skipped(), { HelmManaged: 1 });
    projection.forget("a");
    assert.deepEqual(projection.skipped(), {});
    assert.equal(projection.skip("a", "HelmManaged", true).tell, true);
  });
  it("is known no more, and what it was is answered once", () => {
    const projection = new Projection();
    projection.keep("a", known);
    assert.equal(projection.skip("a", "Ignored", true).known, known);
    assert.equal(projection.get("a"), undefined);
    assert.equal(projection.skip("a", "Ignored", true).known, undefined);
  });
});
