import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { clean } from "../../operator/manifest/clean.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { JsonObject } from "../../operator/values.ts";
import { resolveBinaries } from "../control-plane/binaries.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { differences } from "../manifest/compare.ts";
import { applyToEmpty, createAll, readRaw, subjects } from "../manifest/subjects.ts";
import { resolvePart } from "./parts/parts.ts";

/** Served in this version first. */
const newKinds: readonly string[] = ["devicetaintrules", "clustertrustbundles"];

/** Defaults that came with this version. */
const newDefaults: Readonly<Record<string, readonly string[]>> = {
  "/apis/apps/v1/namespaces/shop/statefulsets/db": [
    "/spec/updateStrategy/rollingUpdate/maxUnavailable: undefined here, 1 there",
  ],
  "/apis/storage.k8s.io/v1/csidrivers/disk.example.com": [
    "/spec/preventPodSchedulingIfMissing: undefined here, false there",
  ],
};

describe("what is written of the objects of the previous minor version's API server", () => {
  let origin: ControlPlane;
  let copy: ControlPlane;

  before(async () => {
    const [binaries, kubeApiserver] = await Promise.all([resolveBinaries(), resolvePart("previous-kube-apiserver")]);
    [origin, copy] = await Promise.all([
      startControlPlane({ binaries: { ...binaries, kubeApiserver } }),
      startControlPlane({ binaries, controllerManager: false }),
    ]);
  });
  after(async () => {
    await Promise.all([origin?.stop(), copy?.stop()]);
  });

  it("gives the same objects on this version's, but for new defaults", async () => {
    const old = subjects.filter(({ path }) => !newKinds.some((plural) => path.includes(`/${plural}/`)));
    await createAll(origin, old);
    const written = new Map<string, string>();
    for (const { path } of old) {
      written.set(path, serialize(clean(parseJson(await readRaw(origin, path)) as JsonObject)));
    }
    await applyToEmpty(copy, written);
    const found: Record<string, readonly string[]> = {};
    for (const path of written.keys()) {
      const different = differences(await readRaw(origin, path), await readRaw(copy, path));
      if (different.length > 0) found[path] = different;
    }
    assert.deepEqual(found, newDefaults);
  });
});
