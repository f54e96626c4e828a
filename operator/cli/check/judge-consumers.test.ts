import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { application } from "../../../test/fixtures/gitops.ts";
import type { Capture } from "../../api/generated/capture.ts";
import { planOfApplication, progressOfApplication } from "../../consumers/consumer.ts";
import { type Consumer, findConsumers } from "../../consumers/find-consumers.ts";
import type { JsonObject } from "../../values.ts";
import { consumerItems } from "./judge-consumers.ts";

const url = "https://git.example.com/shop.git";
const capture: Capture = {
  apiVersion: "clickscribe.dev/v1alpha1",
  kind: "Capture",
  metadata: { name: "all", namespace: "shop", uid: "u" },
  spec: { remote: { name: "platform" }, path: "apps/shop" },
};
function consumers(spec: object, path = "apps/shop"): readonly Consumer[] {
  const made = application({ name: "shop", namespace: "argocd", url, path }) as JsonObject;
  const object: JsonObject = { ...made, spec: { ...(made["spec"] as object), ...spec } };
  const known = { plan: planOfApplication(object), progress: progressOfApplication(object) };
  const of = { Application: new Map([["argocd/shop", known]]), Kustomization: new Map(), HelmRelease: new Map() };
  return findConsumers(
    { of, repositories: new Map() },
    { url, branch: "main", defaultBranch: "main", path: "apps/shop" },
  );
}

describe("those who apply a Capture's path", () => {
  it("pass where they come round without a fight", () => {
    const automated = { syncPolicy: { automated: { prune: true, selfHeal: true } } };
    const [item, ...more] = consumerItems(capture, consumers(automated), new Map([["Application argocd/shop", true]]));
    assert.deepEqual(more, []);
    assert.deepEqual(
      [item?.group, item?.status, item?.message],
      [
        "Capture shop/all",
        "Passed",
        "Application argocd/shop applies apps/shop: it syncs by itself, heals itself and prunes",
      ],
    );
  });
  it("are warned of, with the field to change", () => {
    const flat = { source: { repoURL: url, targetRevision: "main", path: "apps" } };
    const [item] = consumerItems(capture, consumers(flat), new Map());
    assert.deepEqual([item?.name, item?.status], ["consumer-notrecursive", "Warning"]);
    assert.match(item?.message ?? "", /^Application argocd\/shop: it does not look into apps\/shop/);
    assert.equal(item?.remedy, "Set spec.source.directory.recurse of Application argocd/shop to true.");
  });
  it("are told where the operator may not ask them to look", () => {
    const items = consumerItems(capture, consumers({}), new Map([["Application argocd/shop", false]]));
    assert.equal(items.at(-1)?.remedy, "Set rbac.refresh.enabled of the chart.");
  });
});
