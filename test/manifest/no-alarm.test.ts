/** What holds no credential raises no alarm: the populated objects of `k8s.io/api`, and the definitions in this repository. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { parseAllDocuments } from "yaml";
import { findCredential } from "../../operator/manifest/find-credential.ts";
import type { JsonObject } from "../../operator/values.ts";
import { goModuleFolder } from "../control-plane/go-module.ts";
import { root } from "../harness/install.ts";

function alarms(objects: readonly JsonObject[]): readonly unknown[] {
  return objects.map((object) => findCredential(object, () => false)).filter((found) => found !== undefined);
}

it("in the objects of every built-in kind", async () => {
  const folder = join(await goModuleFolder("k8s.io/api"), "testdata", "HEAD");
  const files = readdirSync(folder).filter((file) => file.endsWith(".json"));
  const objects = files.map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as JsonObject);
  assert.ok(objects.length > 150);
  assert.deepEqual(alarms(objects), []);
});

it("in Clickscribe's own definitions", () => {
  const files = readdirSync(join(root, "crds")).filter((file) => file.endsWith(".yaml"));
  const objects = files
    .flatMap((file) => parseAllDocuments(readFileSync(join(root, "crds", file), "utf8")))
    .map((document) => document.toJS() as JsonObject);
  assert.ok(objects.length > 1);
  assert.deepEqual(alarms(objects), []);
});
