import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { JsonObject } from "../values.ts";
import {
  fetchedBy,
  planOfApplication,
  planOfHelmRelease,
  planOfKustomization,
  planOfRepository,
  progressOfApplication,
  progressOfFlux,
} from "./consumer.ts";

const [one, two] = ["1".repeat(40), "2".repeat(40)];
const source = { repoURL: "https://h/r", path: "apps" };

describe("an Application's plan", () => {
  const plan = (spec: JsonObject, more: JsonObject = {}): ReturnType<typeof planOfApplication> =>
    planOfApplication({ spec, ...more });

  it("heals itself and prunes only where it syncs by itself", () => {
    const automated = { prune: true, selfHeal: true };
    const of = (syncPolicy: JsonObject): readonly boolean[] => {
      const { isAutomatic, selfHeal, prune } = plan({ syncPolicy });
      return [isAutomatic, selfHeal, prune];
    };
    assert.deepEqual(of({ automated }), [true, true, true]);
    assert.deepEqual(of({ automated: {} }), [true, false, false]);
    assert.deepEqual(of({ automated: { ...automated, enabled: false } }), [false, false, false]);
    assert.deepEqual(of({}), [false, false, false]);
  });
  it("looks into folders where it is told to, or where a tool does", () => {
    assert.equal(plan({ source }).isRecursive, false);
    assert.equal(plan({ source: { ...source, directory: { recurse: true } } }).isRecursive, true);
    assert.equal(plan({ source: { ...source, kustomize: {} } }).isRecursive, true);
    assert.equal(plan({ source }, { status: { sourceType: "Kustomize" } }).isRecursive, true, "as it found");
    assert.equal(
      plan({ source: { ...source, kustomize: {} } }, { status: { sourceType: "Directory" } }).isRecursive,
      false,
    );
  });
  it("names what changes, replaces or leaves out files", () => {
    const kustomize = { version: "v5", images: ["a=b"], namePrefix: "", commonLabels: { a: "b" } };
    const { renders, filters, replaces } = plan({
      source: { ...source, kustomize, directory: { exclude: "*.json" } },
      syncPolicy: { syncOptions: ["Replace=true"] },
    });
    assert.deepEqual(renders, ["spec.source.kustomize.images", "spec.source.kustomize.commonLabels"]);
    assert.deepEqual(filters, ["spec.source.directory.exclude"]);
    assert.equal(replaces, "spec.syncPolicy.syncOptions");
  });
  it("is of this cluster by its usual names, and suspended by Argo CD's annotation", () => {
    const of = (destination: JsonObject): boolean => plan({ destination }).isOfOtherCluster;
    assert.equal(of({ server: "https://kubernetes.default.svc" }), false);
    assert.equal(of({ name: "in-cluster" }), false);
    assert.equal(of({ server: "https://elsewhere" }), true);
    const suspended = (value: string): boolean =>
      plan({}, { metadata: { annotations: { "argocd.argoproj.io/skip-reconcile": value } } }).isSuspended;
    assert.deepEqual([suspended("true"), suspended("false")], [true, false]);
  });
  it("tells the ApplicationSet that made it", () => {
    const ownerReferences = [{ kind: "ApplicationSet", name: "all" }];
    assert.equal(plan({}, { metadata: { ownerReferences } }).madeBy, "all");
  });
});

describe("how far an Application is", () => {
  it("is what it compared and found the same, else what it synced last", () => {
    const operationState = { phase: "Succeeded", syncResult: { revision: one } };
    const of = (status: JsonObject): unknown => progressOfApplication({ status }).applied[0];
    assert.equal(of({ sync: { status: "Synced", revision: two }, operationState }), two);
    assert.equal(of({ sync: { status: "OutOfSync", revision: two }, operationState }), one);
    const failed = { sync: { status: "OutOfSync", revision: two }, operationState: { phase: "Failed" } };
    assert.equal(of({ ...failed, history: [{ revision: one }] }), one);
    assert.equal(of({}), undefined);
  });
  it("is of each of its sources", () => {
    const status = { sync: { status: "Synced", revisions: ["1.2.3", two] } };
    assert.deepEqual(progressOfApplication({ status }).applied, [undefined, two]);
  });
  it("says why it stopped, in its own words", () => {
    const conditions = [
      { type: "SharedResourceWarning", message: "no" },
      { type: "SyncError", message: "quota" },
    ];
    assert.equal(progressOfApplication({ status: { conditions } }).failure, "quota");
    const failed = { phase: "Failed", message: "denied" };
    assert.equal(progressOfApplication({ status: { operationState: failed } }).failure, "denied");
    assert.equal(progressOfApplication({ status: { operationState: { phase: "Running" } } }).failure, "");
  });
});

describe("Flux", () => {
  it("applies by its interval what a GitRepository has fetched", () => {
    const spec = { interval: "1m30s", prune: true, path: "./apps/", sourceRef: { kind: "GitRepository", name: "r" } };
    const plan = planOfKustomization({ metadata: { namespace: "flux-system" }, spec });
    assert.deepEqual(
      [plan.repository, plan.path, plan.intervalMs, plan.prune, plan.isAutomatic, plan.selfHeal],
      ["flux-system/r", "apps", 90_000, true, true, false],
    );
    assert.deepEqual(planOfKustomization({ spec: { patches: [{}], images: [] } }).renders, ["spec.patches"]);
    assert.equal(planOfKustomization({ spec: { suspend: true } }).isSuspended, true);
    assert.equal(planOfRepository({ spec: { suspend: true } }).isSuspended, true);
  });
  it("reads a chart for a HelmRelease", () => {
    const chart = { spec: { chart: "./apps", sourceRef: { kind: "GitRepository", name: "r", namespace: "n" } } };
    const plan = planOfHelmRelease({ spec: { chart, driftDetection: { mode: "enabled" } } });
    assert.deepEqual([plan.repository, plan.path, plan.selfHeal, plan.renders], ["n/r", "apps", true, ["spec.chart"]]);
  });
  it("tells revisions in all its spellings", () => {
    for (const revision of [`main@sha1:${one}`, `main/${one}`, one]) {
      assert.deepEqual(progressOfFlux({ status: { lastAppliedRevision: revision } }).applied, [one]);
      assert.equal(fetchedBy({ status: { artifact: { revision } } }), one);
    }
    assert.deepEqual(progressOfFlux({ status: { lastAppliedRevision: "1.2.3" } }).applied, [undefined]);
  });
  it("says why it stopped, in its own words", () => {
    const conditions = [{ type: "Ready", status: "False", message: "dry-run failed" }];
    const { health, failure } = progressOfFlux({ status: { conditions } });
    assert.deepEqual([health, failure], ["Degraded", "dry-run failed"]);
  });
});

it("anything can be read", () => {
  const readers = [
    planOfApplication,
    planOfKustomization,
    planOfHelmRelease,
    planOfRepository,
    progressOfApplication,
    progressOfFlux,
    fetchedBy,
  ];
  fc.assert(
    fc.property(jsonObject, jsonObject, (spec, status) => {
      for (const read of readers) read({ metadata: spec, spec, status });
    }),
  );
});
