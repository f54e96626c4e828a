/** Objects of nearly every kind, put on an API server as users do, left to its controllers, and applied to another. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { clusterSamples } from "../fixtures/cluster-objects.ts";
import { collectionOf, type Sample, samples, sampleText, volumes, widgetDefinition } from "../fixtures/objects.ts";
import { rareClusterSamples, rareSamples } from "../fixtures/rare-objects.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { RawObject } from "./compare.ts";

export interface Subject {
  /** Of the collection. */
  readonly collection: string;
  readonly path: string;
  readonly body: string;
}

const shop = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team: "shop" } } };

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

/** 85 objects of 55 kinds, in the order in which one needs another. A quota comes last: no controller counts on the second server. */
export const subjects: readonly Subject[] = [
  subject("/api/v1/namespaces", shop),
  subject("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widgetDefinition),
  subject("/apis/rbac.authorization.k8s.io/v1/clusterroles", capturing),
  ...volumes.map((volume) => subject("/api/v1/persistentvolumes", volume)),
  ...[...clusterSamples, ...rareClusterSamples, ...samples, ...rareSamples].map(fromSample),
].toSorted((a, b) => Number(isQuota(a)) - Number(isQuota(b)));

/** Answers when controllers have done what they do. */
export async function createAll(server: ControlPlane, all: readonly Subject[]): Promise<void> {
  for (const { collection, body } of all) {
    await waitFor(collection, async () => {
      const answer = await server.request("admin", "POST", collection, body);
      assert.ok(answer.status !== 404, "not served yet");
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      return true;
    });
  }
  const debugging = { spec: { ephemeralContainers: [{ name: "debug", image: "busybox" }] } };
  const lone = "/api/v1/namespaces/shop/pods/lone";
  const { status, body } = await server.request("admin", "PATCH", `${lone}/ephemeralcontainers`, debugging);
  assert.equal(status, 200, JSON.stringify(body));
  await settled(server, all);
}

/** The object as the API server sends it, byte for byte. */
export async function readRaw(server: ControlPlane, path: string): Promise<string> {
  return (await server.kubectl(["get", "--raw", path])).stdout;
}

export async function versions(server: ControlPlane, all: readonly Subject[]): Promise<readonly string[]> {
  const answers = await Promise.all(all.map(({ path }) => server.request("admin", "GET", path)));
  return answers.map(({ body }) => body.metadata.resourceVersion as string);
}

/** Until the controllers have written nothing for two seconds. */
export async function settled(server: ControlPlane, all: readonly Subject[]): Promise<void> {
  let last = "";
  await waitFor(
    "controllers to come to rest",
    async () => {
      const now = (await versions(server, all)).join();
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
export async function apply(server: ControlPlane, manifests: readonly string[]): Promise<void> {
  const input = manifests.join("---\n");
  await server.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

/** Custom resources last, when their kinds are served. */
export async function applyToEmpty(server: ControlPlane, written: ReadonlyMap<string, string>): Promise<void> {
  const custom = (path: string): boolean => path.includes("/example.");
  const of = (wanted: boolean): readonly string[] =>
    [...written].filter(([path]) => custom(path) === wanted).map(([, text]) => text);
  await apply(server, of(false));
  await sleep(1_000);
  await waitFor("custom resources to be applied", async () => {
    await apply(server, of(true));
    return true;
  });
}
