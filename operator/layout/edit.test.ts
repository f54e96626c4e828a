import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toManifest } from "../manifest/to-manifest.ts";
import { edit } from "./edit.ts";

const home = { path: "apps/shop/configmap-app.yaml" };
const manifest = toManifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "app", namespace: "shop" } });

describe("edit", () => {
  for (const occupied of ["No", "Own"] as const) {
    it(`writes the whole file where it is ${occupied}`, () => {
      assert.deepEqual(edit({ home, manifest, occupied }), {
        verdict: "Edited",
        changes: [{ path: home.path, content: manifest.text }],
        source: [{ path: home.path, blob: manifest.blob }],
      });
    });
  }

  it("removes the file of an object that is gone", () => {
    assert.deepEqual(edit({ home, manifest: undefined, occupied: "Own" }), {
      verdict: "Edited",
      changes: [{ path: home.path, content: null }],
      source: [],
    });
  });

  for (const gone of [false, true]) {
    it(`never touches what others wrote${gone ? ", when the object is gone" : ""}`, () => {
      const of = (occupied: "Foreign" | "Shared") => edit({ home, manifest: gone ? undefined : manifest, occupied });
      const foreign = of("Foreign");
      const shared = of("Shared");
      assert.ok(foreign.verdict === "Refused" && shared.verdict === "Refused");
      assert.equal(foreign.reason, "PathOccupied");
      assert.equal(shared.reason, "UnsupportedLayout");
      assert.match(foreign.detail, /configmap-app\.yaml/);
    });
  }
});
