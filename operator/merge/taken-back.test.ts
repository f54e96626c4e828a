import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import { diffFields } from "./diff-fields.ts";
import { takenBack } from "./taken-back.ts";

const before = { spec: { replicas: 1, image: "a" } };
const clicked = { spec: { replicas: 3, image: "a" } };

describe("takenBack", () => {
  it("names the fields that have their former value again", () => {
    assert.deepEqual(takenBack(before, clicked, before), ["spec.replicas"]);
    assert.deepEqual(takenBack(before, clicked, { spec: { replicas: 1, image: "b" } }), ["spec.replicas"]);
    assert.deepEqual(takenBack(before, clicked, { spec: { replicas: 3, image: "b" } }), []);
    assert.deepEqual(takenBack(before, clicked, { spec: { replicas: 5, image: "a" } }), []);
  });
  it("knows a part of what was added", () => {
    const added = { spec: { ...before.spec, env: { a: "1", b: "2" } } };
    assert.deepEqual(takenBack(before, added, before), ["spec.env"]);
    assert.deepEqual(takenBack(before, added, { spec: { ...before.spec, env: { a: "1" } } }), []);
  });
  it("takes an object as a whole that was deleted and made again, or made and deleted again", () => {
    assert.deepEqual(takenBack(before, undefined, before), [""]);
    assert.deepEqual(takenBack(undefined, clicked, undefined), [""]);
    assert.deepEqual(takenBack(before, clicked, undefined), []);
    assert.deepEqual(takenBack(before, undefined, clicked), []);
  });
  it("finds nothing where the change stands, and all of it where nothing of it does", () => {
    fc.assert(
      fc.property(jsonObject, jsonObject, (a, b) => {
        assert.deepEqual(takenBack(a, b, b), []);
        const changed = diffFields(a, b).map(({ path }) => path);
        assert.deepEqual(takenBack(a, b, a), changed);
      }),
    );
  });
});
