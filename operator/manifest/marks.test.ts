import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { JsonObject } from "../values.ts";
import { marksOf, withoutMarks } from "./marks.ts";

const object = (metadata: JsonObject): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", ...metadata },
});
const tracked = (id: string): JsonObject => object({ annotations: { "argocd.argoproj.io/tracking-id": id } });
const clusterScoped: JsonObject = {
  name: "web",
  annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web" },
};
const labelled = (labels: JsonObject, manager = "kubectl"): JsonObject =>
  object({ labels, managedFields: [{ manager, operation: "Apply" }] });

describe("marksOf", () => {
  const table: readonly (readonly [what: string, object: JsonObject, key: string | undefined])[] = [
    ["an Application", tracked("shop:apps/Deployment:shop/web"), "Application shop"],
    ["an Application of another namespace", tracked("team-a_shop:apps/Deployment:shop/web"), "Application team-a/shop"],
    ["a copy of another object's", tracked("shop:apps/Deployment:shop/api"), undefined],
    [
      "a copy with its original's labels",
      object({
        labels: { "argocd.argoproj.io/instance": "shop" },
        annotations: { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api" },
      }),
      undefined,
    ],
    ["a copy of another namespace's", tracked("shop:apps/Deployment:prod/web"), undefined],
    [
      "an Application, without a namespace of its own",
      { apiVersion: "apps/v1", kind: "Deployment", metadata: clusterScoped },
      "Application shop",
    ],
    ["Argo CD's own label", labelled({ "argocd.argoproj.io/instance": "team-a_shop" }), "Application team-a/shop"],
    ["another kind's", tracked("shop:/ConfigMap:shop/web"), undefined],
    ["no tracking id", tracked("shop"), undefined],
    [
      "a label that Argo CD wrote",
      labelled({ "app.kubernetes.io/instance": "shop" }, "argocd-controller"),
      "Application shop",
    ],
    ["a label of anybody", labelled({ "app.kubernetes.io/instance": "shop" }), undefined],
    [
      "a Kustomization",
      labelled({ "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" }),
      "Kustomization flux-system/apps",
    ],
    ["a HelmRelease", labelled({ "helm.toolkit.fluxcd.io/name": "a", "helm.toolkit.fluxcd.io/namespace": "b" }), ""],
    ["a Helm release", object({ annotations: { "meta.helm.sh/release-name": "shop" } }), ""],
    ["a chart's label alone", labelled({ "helm.sh/chart": "shop-1" }), undefined],
    ["OLM", labelled({ "operators.coreos.com/x.y": "" }), ""],
    ["nobody", object({}), undefined],
  ];
  for (const [what, of, key] of table)
    it(`is of ${what}`, () =>
      assert.deepEqual(
        marksOf(of).map((mark) => mark.key),
        key === undefined ? [] : [key],
      ));
  const by = (of: JsonObject): readonly string[] => marksOf(of).map((mark) => mark.by);
  const managedByHelm = { "app.kubernetes.io/managed-by": "Helm" };
  it("is of Argo CD alone where that applies what a chart gives", () => {
    const annotations = { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/web" };
    assert.deepEqual(by(object({ labels: managedByHelm, annotations })), ["ArgoCD"]);
    const copied = { "argocd.argoproj.io/tracking-id": "shop:apps/Deployment:shop/api" };
    assert.deepEqual(by(object({ labels: managedByHelm, annotations: copied })), ["Helm"]);
  });
  it("is of Flux and of Helm where Flux installs a release", () => {
    const labels = { ...managedByHelm, "helm.toolkit.fluxcd.io/name": "a", "helm.toolkit.fluxcd.io/namespace": "b" };
    const annotations = { "meta.helm.sh/release-name": "a" };
    assert.deepEqual(by(object({ labels, annotations })), ["Flux", "Helm"]);
  });
  it("answers for anything", () => {
    fc.assert(fc.property(jsonObject, (metadata) => void marksOf({ metadata })));
  });
});

describe("withoutMarks", () => {
  const all = { gitops: "Adopt", helm: "Adopt", olm: "Adopt", operators: "Adopt" } as const;
  const marked = object({
    labels: { "app.kubernetes.io/managed-by": "Helm", "helm.sh/chart": "a", "olm.owner": "b", app: "web" },
    annotations: { "meta.helm.sh/release-name": "shop" },
  });
  it("takes out the marks of those that are adopted", () => {
    assert.deepEqual(withoutMarks(marked, all), object({ labels: { app: "web" } }));
    const { labels } = withoutMarks(marked, { ...all, helm: "Skip" })["metadata"] as { readonly labels: JsonObject };
    assert.deepEqual(Object.keys(labels), ["app.kubernetes.io/managed-by", "helm.sh/chart", "app"]);
    const others = labelled({ "app.kubernetes.io/managed-by": "kustomize" });
    assert.equal(withoutMarks(others, all), others);
  });
  it("takes out Argo CD's own label where what it applies is adopted", () => {
    const labels = { "argocd.argoproj.io/instance": "shop", "app.kubernetes.io/instance": "shop" };
    const adopted = object({ labels: { "app.kubernetes.io/instance": "shop" } });
    assert.deepEqual(withoutMarks(object({ labels }), all), adopted);
    assert.deepEqual(withoutMarks(object({ labels }), { ...all, gitops: "Skip" }), object({ labels }));
  });
  it("is idempotent, over anything", () => {
    fc.assert(
      fc.property(jsonObject, (metadata) => {
        const once = withoutMarks({ metadata }, all);
        assert.equal(withoutMarks(once, all), once);
      }),
    );
  });
});
