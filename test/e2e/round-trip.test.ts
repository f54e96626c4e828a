/**
 * From one API server into another: what is written of the objects of the one, applied to an empty one, gives the same
 * objects; applied where it came from, it changes nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { createObjectReader } from "../../operator/manifest/object-reader.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { plainPolicy } from "../../operator/manifest/policy.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { JsonObject } from "../../operator/values.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { differences, noise, type RawObject } from "../manifest/compare.ts";
import { apply, applyToEmpty, createAll, readRaw, settled, subjects, versions } from "../manifest/subjects.ts";
import { startWorld, type World } from "./world.ts";

/** Of a Namespace, by default: what is secret, and what records what is. */
const notCaptured: readonly string[] = [
  "secrets",
  "replicasets",
  "controllerrevisions",
  "endpoints",
  "endpointslices",
  "csistoragecapacities",
];

const reader = createObjectReader(plainPolicy());

let world: World;
let origin: ControlPlane;
let copy: ControlPlane;
/** What is written of each, by its path. */
const written = new Map<string, string>();

before(async () => {
  [world, copy] = await Promise.all([startWorld(), startControlPlane({ controllerManager: false })]);
  origin = world.plane;
  await createAll(origin, subjects);
  for (const { path } of subjects) {
    written.set(path, serialize(reader.content(parseJson(await readRaw(origin, path)) as JsonObject)));
  }
});

after(async () => {
  await Promise.all([world?.stop(), copy?.stop()]);
});

describe("what is written of an API server's objects", () => {
  it("is of 60 objects and 40 kinds", () => {
    const kinds = new Set(subjects.map(({ body }) => (JSON.parse(body) as { readonly kind: string }).kind));
    assert.ok(subjects.length >= 60 && kinds.size >= 40, `${subjects.length} objects of ${kinds.size} kinds`);
  });

  it("holds nothing that is a server's", () => {
    const found: Record<string, readonly string[]> = {};
    for (const [path, manifest] of written) {
      const paths = noise(parse(manifest));
      if (paths.length > 0) found[path] = paths;
    }
    assert.deepEqual(found, {});
  });

  it("is what the operator commits of the kinds that it captures", async () => {
    const { repository } = await world.place("shop");
    const committed = new Set<string>();
    const files = (await repository.files("main")).filter((file) => file.startsWith("apps/"));
    for (const file of files) committed.add((await repository.show("main", file)) ?? "");
    const captured = [...written].filter(
      ([path]) => path.includes("/shop/") && !notCaptured.some((plural) => path.includes(`/${plural}/`)),
    );
    assert.deepEqual(
      captured.filter(([, text]) => !committed.has(text)).map(([path]) => path),
      [],
    );
    assert.equal(files.length, captured.length, files.join("\n"));
  });

  it("gives the same objects on an empty one", async () => {
    await applyToEmpty(copy, written);
    const found: Record<string, readonly string[]> = {};
    for (const path of written.keys()) {
      const different = differences(await readRaw(origin, path), await readRaw(copy, path));
      if (different.length > 0) found[path] = different;
    }
    assert.deepEqual(found, {});
  });

  it("changes nothing but the list of managers where it came from, and the second time not even that", async () => {
    const paths = subjects.map(({ path }) => path);
    const bare = async (path: string): Promise<unknown> => {
      const object: RawObject = JSON.parse(await readRaw(origin, path));
      delete object.metadata.managedFields;
      delete object.metadata.resourceVersion;
      return object;
    };
    const before = new Map<string, unknown>();
    for (const path of paths) before.set(path, await bare(path));
    await apply(origin, [...written.values()]);
    for (const path of paths) assert.deepEqual(await bare(path), before.get(path), path);

    await settled(origin, subjects);
    const first = await versions(origin, subjects);
    await apply(origin, [...written.values()]);
    const second = await versions(origin, subjects);
    assert.deepEqual(
      paths.filter((_, i) => first[i] !== second[i]),
      [],
    );
  });
});
