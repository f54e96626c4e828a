/**
 * What is committed can be applied again, on a real API server, kind by kind: to the cluster it came from it changes
 * nothing, and to one without the object it gives the same object.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { filter } from "../../operator/manifest/filter.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { parseManifests } from "../../operator/manifest/parse-manifests.ts";
import { plainPolicy } from "../../operator/manifest/policy.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import { stringifyJson } from "../../operator/manifest/stringify-json.ts";
import { toManifest } from "../../operator/manifest/to-manifest.ts";
import { equalJson } from "../../operator/merge/contains.ts";
import type { JsonObject } from "../../operator/values.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { clusterSamples } from "../fixtures/cluster-objects.ts";
import { nastyStrings } from "../fixtures/json.ts";
import { collectionOf, type Sample, samples, sampleText, volumes, widgetDefinition } from "../fixtures/objects.ts";

let cluster: ControlPlane;

before(async () => {
  cluster = await startControlPlane();
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
  await create("/api/v1/namespaces", namespace);
  await create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition);
  for (const volume of volumes) await create("/api/v1/persistentvolumes", volume);
  await until(async () => (await cluster.request("admin", "GET", "/apis/example.com/v1/widgets")).status === 200);
});

after(() => cluster.stop());

async function create(collection: string, object: unknown): Promise<void> {
  const { status, body } = await cluster.request("admin", "POST", collection, object);
  assert.equal(status, 201, JSON.stringify(body));
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  assert.fail("it did not come to pass in 10 s");
}

/** The object as the API server sends it, byte for byte. */
async function read(path: string): Promise<JsonObject> {
  return parseJson((await cluster.kubectl(["get", "--raw", path])).stdout) as JsonObject;
}

function pathOf(sample: Sample): string {
  const { name } = sample.object["metadata"] as { readonly name: string };
  return `${collectionOf(sample)}/${encodeURIComponent(name)}`;
}

async function remove(path: string): Promise<void> {
  await cluster.request("admin", "PATCH", path, { metadata: { finalizers: null } });
  await cluster.request("admin", "DELETE", `${path}?propagationPolicy=Background&gracePeriodSeconds=0`);
  await until(async () => {
    // The protection controller puts its finalizer back in a race with the deletion.
    const { status } = await cluster.request("admin", "PATCH", path, { metadata: { finalizers: null } });
    return status === 404;
  });
}

describe("a manifest applied again", () => {
  for (const sample of [...samples, ...clusterSamples]) {
    it(`${sample.name}: changes nothing where it came from, and gives the same object where it is gone`, async () => {
      const path = pathOf(sample);
      await create(collectionOf(sample), sampleText(sample));
      if (sample.name === "pvc-bound" || sample.name === "pvc-static")
        await until(async () => (await cluster.request("admin", "GET", path)).body.status.phase === "Bound");
      await holds(path);
    });
  }

  it("keeps every string that some version of YAML reads as something else, as kubectl reads it", async () => {
    const strings = nastyStrings.filter((text) => text.isWellFormed());
    const data = Object.fromEntries(strings.map((text, i) => [`k${i}`, text]));
    const metadata = { name: "nasty", namespace: "shop", annotations: data };
    await create("/api/v1/namespaces/shop/configmaps", { apiVersion: "v1", kind: "ConfigMap", metadata, data });
    await holds("/api/v1/namespaces/shop/configmaps/nasty");
  });

  it("keeps every such string as a key of a custom resource", async () => {
    const keys = nastyStrings.filter((text) => text.isWellFormed());
    const spec = { keys: Object.fromEntries(keys.map((text) => [text, [text, { [text]: text }]])) };
    const metadata = { name: "nasty", namespace: "shop" };
    await create("/apis/example.com/v1/namespaces/shop/widgets", {
      apiVersion: "example.com/v1",
      kind: "Widget",
      metadata,
      spec,
    });
    await holds("/apis/example.com/v1/namespaces/shop/widgets/nasty");
  });
});

describe("an object that no reader of manifests would take", () => {
  it("is skipped for it, and those beside it are read", async () => {
    const deep = `${'{"a":'.repeat(9000)}1.0${"}".repeat(9000)}`;
    const widget = (name: string, spec: string): string =>
      `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"${name}","namespace":"shop"},"spec":${spec}}`;
    const collection = "/apis/example.com/v1/namespaces/shop/widgets";
    await create(collection, widget("beside", '{"big":9007199254740993}'));
    assert.equal((await cluster.request("admin", "POST", collection, widget("deep", deep))).status, 201);
    const kind = { group: "example.com", version: "v1", kind: "Widget", resource: "widgets", namespaced: true };
    const watched = { ...kind, verbs: ["list", "watch"], subresources: [] };
    const read = new Map<string, string>();
    const list = parseJson((await cluster.kubectl(["get", "--raw", collection])).stdout) as JsonObject;
    for (const item of list["items"] as readonly JsonObject[]) {
      const { name } = item["metadata"] as { readonly name: string };
      const filtered = filter(item, watched, plainPolicy());
      read.set(name, filtered.verdict === "Kept" ? toManifest(item).text : filtered.reason);
    }
    assert.equal(read.get("deep"), "TooLarge");
    assert.match(read.get("beside") ?? "", /big: 9007199254740993\n/);
  });
});

async function holds(path: string): Promise<void> {
  const manifest = toManifest(await read(path));
  const parsed = parseManifests(manifest.text);
  assert.ok(parsed.readable, "our own reader refuses it");
  assert.ok(equalJson(parsed.documents[0]?.content ?? null, manifest.content), "our own reader reads it back");

  const { status, body } = await cluster.request(
    "admin",
    "PATCH",
    `${path}?fieldManager=somebody-else&force=true&dryRun=All&fieldValidation=Strict`,
    manifest.text,
    { contentType: "application/apply-patch+yaml" },
  );
  assert.equal(status, 200, JSON.stringify(body));
  // The answer was read by JSON.parse, which has its own idea of numbers past 2^53.
  assert.equal(toManifest(body as JsonObject).text, serialize(inDoubles(manifest.content)), "applied by somebody else");

  await remove(path);
  await cluster.kubectl(["create", "-f", "-"], { input: manifest.text });
  assert.equal(toManifest(await read(path)).text, manifest.text, "created anew");
}

function inDoubles(content: JsonObject): JsonObject {
  return JSON.parse(stringifyJson(content)) as JsonObject;
}
