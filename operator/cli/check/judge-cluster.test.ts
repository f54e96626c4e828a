import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { schemas } from "../../api/generated/schemas.ts";
import type { JsonObject } from "../../values.ts";
import { clockItem, crdItem, discoveryItem, rightsItems, rightsToInstall, versionItem } from "./judge-cluster.ts";

const version = (text: string): string => versionItem("https://k", { version: text, date: undefined }).status;

describe("what the API server told", () => {
  it("must be a version with what is needed", () => {
    assert.deepEqual(["v1.29.9", "v1.30.0", "v1.37.2+k3s1", "v1.3.0", "v2.0.0", "main"].map(version), [
      "Failed",
      "Passed",
      "Passed",
      "Failed",
      "Passed",
      "Warning",
    ]);
  });

  it("may be off by the second that a Date has not, and is told from half a minute on", () => {
    const at = (ms: number | undefined): string => clockItem("x", "clock", "it", ms, 1_000_000).status;
    assert.deepEqual([1_000_000, 998_500, 975_000, 1_031_000, 960_000, undefined].map(at), [
      "Passed",
      "Passed",
      "Passed",
      "Warning",
      "Warning",
      "Passed",
    ]);
    assert.match(clockItem("x", "clock", "it", 1_031_000, 1_000_000).message, /31 s ahead of/);
    assert.match(clockItem("x", "clock", "it", 969_000, 1_000_000).message, /31 s behind/);
  });

  it("is warned of where aggregated APIs are down", () => {
    assert.equal(discoveryItem(50, []).status, "Passed");
    const down = discoveryItem(50, ["metrics.k8s.io"]);
    assert.equal(down.status, "Warning");
    assert.match(down.message, /metrics\.k8s\.io/);
  });

  it("names each right that is missing", () => {
    assert.deepEqual(
      rightsItems([], "x", true).map(({ status }) => status),
      ["Passed", "Passed"],
    );
    const denied = rightsToInstall.filter(({ resource }) => /^(?:customresource|deploy)/.test(resource));
    const items = rightsItems(denied, "clickscribe-system", false);
    assert.deepEqual(
      items.map(({ status, message }) => [status, message.split(":")[0]]),
      [
        ["Failed", "may not create customresourcedefinitions.apiextensions.k8s.io"],
        ["Failed", "may not create deployments.apps in clickscribe-system"],
        ["Failed", "may neither read every kind nor escalate clusterroles"],
      ],
    );
  });

  describe("of the CRDs", () => {
    const own = schemas["Capture"] ?? assert.fail();
    const crd = (openAPIV3Schema: object, served = true): JsonObject =>
      ({ spec: { versions: [{ name: "v1alpha1", served, schema: { openAPIV3Schema } }] } }) as unknown as JsonObject;
    const spec = (change: (properties: Record<string, object>) => void): JsonObject => {
      const copy = structuredClone(own) as { properties: { spec: { properties: Record<string, object> } } };
      change(copy.properties.spec.properties);
      return crd(copy);
    };

    it("is well where the fields are the same", () => {
      assert.equal(crdItem("Capture", crd(own), own, { before: false }).status, "Passed");
    });
    it("tells which fields an older or a newer one has not or has", () => {
      const older = spec((properties) => delete properties["batching"]);
      const found = crdItem("Capture", older, own, { before: false });
      assert.equal(found.status, "Failed");
      assert.match(found.message, /lacks spec\.batching/);
      const newer = crdItem(
        "Capture",
        spec((properties) => (properties["mood"] = {})),
        own,
        { before: false },
      );
      assert.equal(newer.status, "Warning");
      assert.match(newer.message, /has spec\.mood/);
      assert.equal(crdItem("Capture", crd(own, false), own, { before: false }).status, "Failed");
    });
    it("needs none before the installation, and one after", () => {
      assert.equal(crdItem("Capture", undefined, own, { before: true }).status, "Passed");
      assert.equal(crdItem("Capture", undefined, own, { before: false }).status, "Failed");
    });
  });
});
