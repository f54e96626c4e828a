import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { json } from "../../test/fixtures/json.ts";
import type { Json } from "../values.ts";
import { lastFieldManager } from "./field-manager.ts";

const entry = (manager: string, time: string, subresource?: string): Json => ({
  manager,
  time,
  ...(subresource !== undefined && { subresource }),
});
const last = (...managedFields: readonly Json[]): string | undefined =>
  lastFieldManager({ metadata: { managedFields } });

describe("lastFieldManager", () => {
  it("is that of the newest entry, the later one of two at the same time", () => {
    assert.equal(last(entry("a", "2026-01-01T00:00:01Z"), entry("b", "2026-01-01T00:00:00Z")), "a");
    assert.equal(last(entry("a", "2026-01-01T00:00:00Z"), entry("b", "2026-01-01T00:00:00Z")), "b");
    assert.equal(last(entry("old", ""), entry("new", "2026-01-01T00:00:00Z")), "new");
  });

  it("counts scale, and no other subresource", () => {
    assert.equal(last(entry("a", "1"), entry("kubelet", "2", "status")), "a");
    assert.equal(last(entry("a", "1"), entry("hpa", "2", "scale")), "hpa");
    assert.equal(last(entry("kubelet", "2", "status")), undefined);
  });

  it("is undefined where nothing tells, whatever stands there", () => {
    assert.equal(lastFieldManager({}), undefined);
    assert.equal(last(), undefined);
    fc.assert(
      fc.property(json, (managedFields) => {
        assert.ok(["string", "undefined"].includes(typeof lastFieldManager({ metadata: { managedFields } })));
      }),
    );
  });
});
