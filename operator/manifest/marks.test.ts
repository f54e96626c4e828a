import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { jsonObject } from "../../test/fixtures/json.ts";
import type { JsonObject } from "../values.ts";
import { markOf, withoutMarks } from "./marks.ts";

const object = (metadata: JsonObject): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "shop", ...metadata },
});
const tracked = (id: string): JsonObject => object({ annotations: { "argocd.argoproj.io/tracking-id": id } });
const labelled = (labels: JsonObject, manager = "kubectl"): JsonObject =>
  object({ labels, managedFields: [{ manager, operation: "Apply" }] });

describe("markOf", () => {
  const table: readonly (readonly [what: string, object: JsonObject, key: string | undefined])[] = [
    ["an Application", tracked("shop:apps/Deployment:shop/web"), "Application shop"],
    ["an Application of another namespace", tracked("team-a_shop:apps/Deployment:shop/web"), "Application team-a/shop"],
    ["a copy of another object's", tracked("shop:apps/Deployment:shop/api"), undefined],
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
  for (const [what, of, key] of table) it(`is of ${what}`, () => assert.equal(markOf(of)?.key, key));
  it("answers for anything", () => {
    fc.assert(fc.property(jsonObject, (metadata) => void markOf({ metadata })));
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
  it("is idempotent, over anything", () => {
    fc.assert(
      fc.property(jsonObject, (metadata) => {
        const once = withoutMarks({ metadata }, all);
        assert.equal(withoutMarks(once, all), once);
      }),
    );
  });
});
