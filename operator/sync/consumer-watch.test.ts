import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeCluster, type FakeCluster, fakeKinds } from "../../test/fakes/cluster.ts";
import { application, kustomization, labelledBy, trackedBy } from "../../test/fixtures/gitops.ts";
import type { CapturePlace } from "../consumers/source.ts";
import { stalled } from "../failures.ts";
import type { ClusterReader, Discovery } from "../ports.ts";
import type { JsonObject, Kind } from "../values.ts";
import { ConsumerWatch } from "./consumer-watch.ts";

const kindOf = (group: string, kind: string, resource: string): Kind => ({
  group,
  version: "v1",
  kind,
  resource,
  namespaced: true,
  verbs: ["list", "watch"],
  subresources: [],
});
const argo = kindOf("argoproj.io", "Application", "applications");
const flux = [
  kindOf("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
  kindOf("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories"),
];
const kinds = [...fakeKinds, argo, ...flux];
const discovery: Discovery = { kinds, unavailable: [] };
const url = "https://git.example.com/shop.git";
const place: CapturePlace = { url, branch: "main", defaultBranch: "main", path: "apps/shop" };
const app = (name: string, path: string, namespace = "argocd"): JsonObject =>
  application({ name, namespace, url, path }) as JsonObject;
const kust = (name: string, revision = "main"): readonly JsonObject[] =>
  kustomization({ name, namespace: "flux-system", url, path: "apps", revision }) as unknown as readonly JsonObject[];

interface Watching {
  readonly cluster: FakeCluster;
  readonly sources: ConsumerWatch;
  readonly here: () => readonly string[];
  readonly told: () => number;
}

function watching(replaced: Partial<ClusterReader> = {}): Watching {
  const cluster = createFakeCluster(() => 0, kinds);
  let told = 0;
  const quiet = (): void => undefined;
  const sources = new ConsumerWatch({
    cluster: { ...cluster, ...replaced },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    onChange: () => void told++,
  });
  return { cluster, sources, here: () => [...sources.here(place)].toSorted(), told: () => told };
}

async function started(...objects: readonly JsonObject[]): Promise<Watching> {
  const world = watching();
  for (const object of objects) world.cluster.put(object);
  await world.sources.start(discovery);
  await world.sources.listed();
  return world;
}

describe("who applies from here", () => {
  it("is told once all was listed, and after a change of it", async () => {
    const { cluster, here, told } = await started(app("shop", "apps"), app("other", "else"), ...kust("flux"));
    assert.deepEqual(here(), ["Application argocd/shop", "Application shop", "Kustomization flux-system/flux"]);
    const before = told();
    cluster.put(app("other", "apps/shop"));
    assert.equal(told(), before + 1);
    assert.ok(here().includes("Application argocd/other"));
    for (const object of kust("flux", "prod")) cluster.put(object);
    assert.equal(told(), before + 2);
    assert.ok(!here().some((key) => key.startsWith("Kustomization")));
    cluster.delete("Application", "argocd", "shop");
    assert.equal(told(), before + 3);
    assert.ok(!here().includes("Application argocd/shop"));
  });

  it("is every Application of a name, where the mark leaves its namespace out", async () => {
    const both = [app("shop", "apps"), app("shop", "else", "team-a")];
    for (const objects of [both, both.toReversed()])
      assert.deepEqual((await started(...objects)).here(), ["Application argocd/shop"]);
  });

  it("is nobody whose GitRepository is not there, until it is", async () => {
    const [repository = {}, own = {}] = kust("flux");
    const { cluster, here } = await started(own);
    assert.deepEqual(here(), []);
    cluster.put(repository);
    assert.deepEqual(here(), ["Kustomization flux-system/flux"]);
  });

  it("is not told of what says nothing of where it is from, and once of many changes until it is asked", async () => {
    const { cluster, here, told } = await started(app("shop", "apps"));
    here();
    const before = told();
    const { spec, ...rest } = app("shop", "apps");
    for (let i = 0; i < 50; i++) {
      const source = { ...(spec as { readonly source: JsonObject }).source, helm: { values: `tag: ${i}` } };
      cluster.put({ ...rest, spec: { source }, status: { reconciledAt: String(i) } });
    }
    assert.equal(told(), before);
    for (let i = 0; i < 50; i++) cluster.put(app(`made-${i}`, "apps"));
    assert.equal(told(), before + 1);
    assert.equal(here().length, 2 * 51);
    cluster.put(app("one-more", "apps"));
    assert.equal(told(), before + 2);
  });

  it("is told of what went while nobody watched", async () => {
    const { cluster, here, told } = await started(app("shop", "apps"));
    here();
    const before = told();
    cluster.vanish("Application", "argocd", "shop");
    cluster.relist();
    assert.equal(told(), before + 1);
    assert.deepEqual(here(), []);
  });
});

describe("from where an object is applied", () => {
  const configMap = (metadata: object): JsonObject => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "web", namespace: "shop", ...metadata },
  });
  const ofArgo = (name: string): JsonObject => configMap(trackedBy(name, "shop", "web"));
  const ofFlux = (name: string): JsonObject => configMap(labelledBy(name, "flux-system"));

  it("is told of an Application and a Kustomization", async () => {
    const { sources } = await started(app("shop", "apps"), ...kust("flux"));
    assert.equal(sources.originOf(ofArgo("shop")), "from git.example.com/shop, branch main, path apps");
    assert.equal(sources.originOf(ofArgo("argocd_shop")), "from git.example.com/shop, branch main, path apps");
    assert.equal(sources.originOf(ofFlux("flux")), "from git.example.com/shop, branch main, path apps");
    assert.equal(sources.originOf(configMap({})), "");
  });

  it("is told as unknown of those that are not there", async () => {
    const { sources } = await started(...kust("flux").slice(1));
    assert.equal(sources.originOf(ofArgo("shop")), "which the cluster does not hold");
    assert.equal(sources.originOf(ofFlux("other")), "which the cluster does not hold");
    assert.match(sources.originOf(ofFlux("flux")), /^from GitRepository flux-system\/flux, which/);
  });

  it("names the right that is missing", async () => {
    const { cluster, sources } = watching();
    cluster.deny("list", "applications");
    cluster.deny("watch", "gitrepositories");
    await sources.start(discovery);
    assert.match(sources.originOf(ofArgo("shop")), /allow list and watch of applications\.argoproj\.io$/);
    assert.match(sources.originOf(ofFlux("flux")), /allow list and watch of gitrepositories\.source\.toolkit/);
  });
});

describe("the watches", () => {
  it("are none where nothing is served, and come with what is installed later", async () => {
    const { cluster, sources, here } = watching();
    cluster.put(app("shop", "apps"));
    await sources.start({ kinds: fakeKinds, unavailable: [] });
    await sources.listed();
    assert.deepEqual(here(), []);
    await sources.start(discovery);
    await sources.listed();
    assert.equal(here().length, 2);
  });

  it("are one per kind, however often they are started", async () => {
    let watches = 0;
    const inner = createFakeCluster(() => 0, kinds);
    const { sources } = watching({
      watch: (scope, subscriber) => {
        watches += 1;
        return inner.watch(scope, subscriber);
      },
    });
    await Promise.all([sources.start(discovery), sources.start(discovery)]);
    await sources.start(discovery);
    assert.equal(watches, 3);
  });

  it("wait for the right to list and watch", async () => {
    const { cluster, sources, here } = watching();
    cluster.put(app("shop", "apps"));
    cluster.deny("watch", "applications");
    await sources.start(discovery);
    await sources.listed();
    assert.deepEqual(here(), []);
  });

  it("are started again after the API server could not be asked", async () => {
    const inner = createFakeCluster(() => 0, kinds);
    let asked = 0;
    const { cluster, sources, here } = watching({
      allowed: (question) => {
        asked += 1;
        return asked === 1 ? Promise.reject(new Error("unreachable")) : inner.allowed(question);
      },
    });
    cluster.put(app("shop", "apps"));
    await assert.rejects(sources.start(discovery), /unreachable/);
    await sources.start(discovery);
    await sources.listed();
    assert.equal(here().length, 2);
  });

  it("hold nobody up who cannot be listed", async () => {
    const { sources, here } = watching({
      watch: (_, subscriber) => {
        queueMicrotask(() => subscriber.onFailure(stalled("AccessDenied", "forbidden", {})));
        return { close: () => undefined };
      },
    });
    await sources.start(discovery);
    await sources.listed();
    assert.deepEqual(here(), []);
  });

  it("end with it, and let go who waits", async () => {
    const { cluster, sources, told } = watching({ watch: () => ({ close: () => undefined }) });
    await sources.start(discovery);
    const waiting = sources.listed();
    sources.close();
    await waiting;
    cluster.put(app("shop", "apps"));
    assert.equal(told(), 0);
  });
});
