/**
 * From one API server into another: what is written of the objects of the one, applied to an empty one, gives the same
 * objects; applied where it came from, it changes nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { clean } from "../../operator/manifest/clean.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { JsonObject } from "../../operator/values.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { clusterSamples } from "../fixtures/cluster-objects.ts";
import { collectionOf, type Sample, samples, sampleText, volumes, widgetDefinition } from "../fixtures/objects.ts";
import { rareClusterSamples, rareSamples } from "../fixtures/rare-objects.ts";
import { waitFor } from "../harness/wait-for.ts";
import { differences, noise, type RawObject } from "../manifest/compare.ts";
import { startWorld, type World } from "./world.ts";

interface Subject {
  /** Of the collection. */
  readonly collection: string;
  readonly path: string;
  readonly body: string;
}

const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team: "shop" } } };

/** Of a Namespace, by default: what is secret, and what records what is. */
const notCaptured: readonly string[] = [
  "secrets",
  "replicasets",
  "controllerrevisions",
  "endpoints",
  "endpointslices",
  "csistoragecapacities",
];

/** Lets the operator read custom resources, as its documentation says. */
const capturing = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "capture-examples", labels: { "clickscribe.dev/aggregate-to-operator": "true" } },
  rules: [{ apiGroups: ["example.com", "example.net"], resources: ["*"], verbs: ["get", "list", "watch"] }],
};

function subject(collection: string, object: RawObject, body: string = JSON.stringify(object)): Subject {
  return { collection, path: `${collection}/${encodeURIComponent(object.metadata.name)}`, body };
}
/** `kubectl apply --server-side` sends JSON that the server reads as YAML 1.1: U+0085 arrives as a space from any file. */
const sendable = (text: string): string => text.replaceAll("\u0085", "NEL");
const fromSample = (sample: Sample): Subject =>
  subject(collectionOf(sample), sample.object, sendable(sampleText(sample)));
const isQuota = ({ path }: Subject): boolean => path.includes("/resourcequotas/");

/** In the order in which one needs another. A quota comes last: no controller counts on the second server. */
const subjects: readonly Subject[] = [
  subject("/api/v1/namespaces", shop),
  subject("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition),
  subject("/apis/rbac.authorization.k8s.io/v1/clusterroles", capturing),
  ...volumes.map((volume) => subject("/api/v1/persistentvolumes", volume)),
  ...[...clusterSamples, ...rareClusterSamples, ...samples, ...rareSamples].map(fromSample),
].toSorted((a, b) => Number(isQuota(a)) - Number(isQuota(b)));

let world: World;
let origin: ControlPlane;
let copy: ControlPlane;
/** What is written of each, by its path. */
const written = new Map<string, string>();

before(async () => {
  [world, copy] = await Promise.all([startWorld(), startControlPlane({ controllerManager: false })]);
  origin = world.plane;
  for (const { collection, body } of subjects) {
    await waitFor(collection, async () => {
      const answer = await origin.request("admin", "POST", collection, body);
      assert.ok(answer.status !== 404, "not served yet");
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return true;
    });
  }
  const debugging = { spec: { ephemeralContainers: [{ name: "debug", image: "busybox", volumeMounts: [] }] } };
  const lone = "/api/v1/namespaces/shop/pods/lone";
  const { status, body } = await origin.request("admin", "PATCH", `${lone}/ephemeralcontainers`, debugging);
  assert.equal(status, 200, JSON.stringify(body));
  await settled();
  for (const { path } of subjects) {
    written.set(path, serialize(clean(parseJson(await read(origin, path)) as JsonObject)));
  }
});

after(async () => {
  await Promise.all([world?.stop(), copy?.stop()]);
});

/** The object as the API server sends it, byte for byte. */
async function read(server: ControlPlane, path: string): Promise<string> {
  return (await server.kubectl(["get", "--raw", path])).stdout;
}

async function versions(): Promise<readonly string[]> {
  const bodies = await Promise.all(subjects.map(({ path }) => origin.request("admin", "GET", path)));
  return bodies.map(({ body }) => body.metadata.resourceVersion as string);
}

/** Until the controllers have written nothing for two seconds. */
async function settled(): Promise<void> {
  let last = "";
  await waitFor(
    "controllers to come to rest",
    async () => {
      const now = (await versions()).join();
      if (now === last) return true;
      last = now;
      return undefined;
    },
    { intervalMs: 2_000, timeoutMs: 60_000 },
  );
}

/**
 * Argo CD and Flux force too: who created an object owns its atomic lists (a Pod's tolerations, a StatefulSet's claim
 * templates) as they were, with what the server put into them.
 */
async function apply(server: ControlPlane, paths: readonly string[]): Promise<void> {
  const input = paths.map((path) => written.get(path)).join("---\n");
  await server.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

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
    const paths = subjects.map(({ path }) => path);
    const custom = (path: string): boolean => path.includes("/example.");
    await apply(
      copy,
      paths.filter((path) => !custom(path)),
    );
    await sleep(1_000);
    await waitFor("custom resources to be applied", async () => {
      await apply(copy, paths.filter(custom));
      return true;
    });
    const found: Record<string, readonly string[]> = {};
    for (const path of paths) {
      const different = differences(await read(origin, path), await read(copy, path));
      if (different.length > 0) found[path] = different;
    }
    assert.deepEqual(found, {});
  });

  it("changes nothing but the list of managers where it came from, and the second time not even that", async () => {
    const paths = subjects.map(({ path }) => path);
    const bare = async (path: string): Promise<unknown> => {
      const object: RawObject = JSON.parse(await read(origin, path));
      delete object.metadata.managedFields;
      delete object.metadata.resourceVersion;
      return object;
    };
    const before = new Map<string, unknown>();
    for (const path of paths) before.set(path, await bare(path));
    await apply(origin, paths);
    for (const path of paths) assert.deepEqual(await bare(path), before.get(path), path);

    await settled();
    const first = await versions();
    await apply(origin, paths);
    const second = await versions();
    assert.deepEqual(
      paths.filter((_, i) => first[i] !== second[i]),
      [],
    );
  });
});
