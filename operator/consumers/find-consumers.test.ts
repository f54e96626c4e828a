import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { application, kustomization } from "../../test/fixtures/gitops.ts";
import type { JsonObject } from "../values.ts";
import {
  planOfApplication,
  planOfKustomization,
  planOfRepository,
  progressOfApplication,
  progressOfFlux,
} from "./consumer.ts";
import { type Consumer, findConsumers, type KnownConsumer, type KnownConsumers, keysHere } from "./find-consumers.ts";
import type { CapturePlace } from "./source.ts";
import { warningsOf } from "./warnings.ts";

const url = "https://git.example.com/shop.git";
const place: CapturePlace = { url, branch: "main", defaultBranch: "main", path: "apps/shop" };
const consumed = { namespace: "shop", path: "apps/shop", hasFolders: false };

function known(applications: readonly JsonObject[], flux: readonly (readonly JsonObject[])[] = []): KnownConsumers {
  const nameOf = ({ metadata }: JsonObject): string => {
    const { namespace, name } = metadata as { readonly namespace: string; readonly name: string };
    return `${namespace}/${name}`;
  };
  const read = (object: JsonObject): KnownConsumer => ({
    plan: planOfApplication(object),
    progress: progressOfApplication(object),
  });
  const Kustomization = new Map<string, KnownConsumer>();
  const repositories = new Map<
    string,
    KnownConsumers["repositories"] extends ReadonlyMap<string, infer R> ? R : never
  >();
  for (const [repository = {}, object = {}] of flux) {
    repositories.set(nameOf(repository), { plan: planOfRepository(repository), fetched: undefined });
    Kustomization.set(nameOf(object), { plan: planOfKustomization(object), progress: progressOfFlux(object) });
  }
  const Application = new Map(applications.map((object) => [nameOf(object), read(object)]));
  return { of: { Application, Kustomization, HelmRelease: new Map() }, repositories };
}
const app = (name: string, spec: object = {}, path = "apps/shop", where = url): JsonObject => {
  const made = application({ name, namespace: "argocd", url: where, path }) as JsonObject;
  return { ...made, spec: { ...(made["spec"] as object), ...spec } };
};
const flux = (spec: object = {}, repository: object = {}): readonly JsonObject[] => {
  const made = kustomization({
    name: "shop",
    namespace: "flux-system",
    url,
    path: "apps",
  }) as readonly object[] as JsonObject[];
  return made.map((object, i) => ({
    ...object,
    spec: { ...(object["spec"] as object), ...(i === 0 ? repository : spec) },
  }));
};
const keys = (all: readonly Consumer[]): readonly string[] => all.map(({ key }) => key);

describe("who applies from a place", () => {
  it("is whoever reads its repository, in whatever spelling, its branch, and its folder or one above", () => {
    const all = known(
      [
        app("here", {}, "apps/shop", "git@git.example.com:shop.git"),
        app("above", {}, "apps"),
        app("below", {}, "apps/shop/x"),
        app("else", {}, "x"),
      ],
      [flux()],
    );
    assert.deepEqual(keys(findConsumers(all, place)), [
      "Application argocd/above",
      "Application argocd/here",
      "Kustomization flux-system/shop",
    ]);
  });
  it("is nobody who applies to another cluster, though what carries its mark here is its own", () => {
    const all = known([app("far", { destination: { server: "https://10.0.0.9:6443" } })]);
    assert.deepEqual(keys(findConsumers(all, place)), []);
    assert.ok(keysHere(all, place).has("Application argocd/far"));
  });
  it("is suspended with its GitRepository, and looks as often as that", () => {
    const [found] = findConsumers(known([], [flux({ interval: "10m" }, { suspend: true, interval: "1m" })]), place);
    assert.deepEqual([found?.isSuspended, found?.intervalMs], [true, 60_000]);
    assert.deepEqual(found?.ask, { kind: "GitRepository", namespace: "flux-system", name: "shop" });
  });
});

describe("whose objects are of this place", () => {
  const source = { repoURL: url, targetRevision: "main", path: "apps" };
  it("is not who reads a folder above without looking into it", () => {
    const all = known([app("flat", { source })]);
    assert.deepEqual(keys(findConsumers(all, place)), ["Application argocd/flat"]);
    assert.deepEqual([...keysHere(all, place)], []);
  });
  it("is not who applies from elsewhere, too", () => {
    const sources = [
      { repoURL: url, targetRevision: "main", path: "apps/shop" },
      { repoURL: "https://h/other", path: "" },
    ];
    assert.deepEqual([...keysHere(known([app("both", { sources })]), place)], []);
  });
});

describe("what is warned of", () => {
  const warned = (all: KnownConsumers, more: Partial<typeof consumed> = {}): Readonly<Record<string, string>> => {
    const found = findConsumers(all, place);
    return Object.fromEntries(
      found.flatMap((consumer) =>
        warningsOf(consumer, { ...consumed, ...more }, found).map(({ reason, message }) => [reason, message]),
      ),
    );
  };
  const source = { repoURL: url, targetRevision: "main", path: "apps" };
  const table: readonly (readonly [what: string, all: KnownConsumers, reason: string, words: string])[] = [
    [
      "folders that Argo CD does not look into",
      known([app("a", { source })]),
      "NotRecursive",
      "set spec.source.directory.recurse of Application argocd/a to true",
    ],
    [
      "another namespace",
      known([], [flux({ targetNamespace: "other" })]),
      "OtherNamespace",
      "set spec.targetNamespace of Kustomization flux-system/shop to shop",
    ],
    [
      "another default namespace",
      known([app("a", { destination: { namespace: "other" } })]),
      "OtherNamespace",
      "set spec.destination.namespace of Application argocd/a to shop",
    ],
    [
      "patches",
      known([], [flux({ patches: [{ patch: "x" }] })]),
      "ChangesFiles",
      "remove spec.patches of Kustomization flux-system/shop",
    ],
    [
      "files left out",
      known([app("a", { source: { ...source, directory: { recurse: true, include: "*.json" } } })]),
      "LeavesOutFiles",
      "remove spec.source.directory.include",
    ],
    [
      "replacing",
      known([app("a", { syncPolicy: { syncOptions: ["Replace=true"] } })]),
      "Replaces",
      "take that out of spec.syncPolicy.syncOptions of Application argocd/a",
    ],
    ["two of one path", known([app("a"), app("b")]), "SeveralConsumers", "Application argocd/a applies the same path"],
  ];
  for (const [what, all, reason, words] of table)
    it(`is ${what}`, () => assert.ok(warned(all)[reason]?.includes(words), JSON.stringify(warned(all))));
  it("is nothing where all is well", () => {
    assert.deepEqual(warned(known([app("a", { destination: { namespace: "shop" } })])), {});
    assert.deepEqual(warned(known([], [flux()])), {});
  });
  it("is of folders that the Capture writes itself", () => {
    const flat = known([app("a", { source: { ...source, path: "apps/shop" } })]);
    assert.deepEqual(warned(flat), {});
    assert.ok(warned(flat, { hasFolders: true })["NotRecursive"]);
  });
});
