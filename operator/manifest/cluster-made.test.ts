import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { JsonObject } from "../values.ts";
import { madeByCluster } from "./cluster-made.ts";

const object = (type: string, metadata: JsonObject, rest: JsonObject = {}): JsonObject => {
  const dot = type.indexOf(".");
  const group = type.slice(dot + 1);
  return { apiVersion: group === "" ? "v1" : `${group}/v1`, kind: type.slice(0, dot), metadata, ...rest };
};
const system = (name: string): JsonObject => ({ name, namespace: "kube-system" });
const automanaged = { "kube-aggregator.kubernetes.io/automanaged": "onstart" };
const flow = "FlowSchema.flowcontrol.apiserver.k8s.io";

const table: readonly (readonly [why: string, object: JsonObject, expected: string])[] = [
  ["a controller's account", object("ServiceAccount.", system("job-controller")), "GeneratedByCluster"],
  [
    "a controller's account with a pull secret",
    object("ServiceAccount.", system("job-controller"), { imagePullSecrets: [] }),
    "",
  ],
  ["an account of that name elsewhere", object("ServiceAccount.", { name: "job-controller", namespace: "shop" }), ""],
  ["an account that only sounds so", object("ServiceAccount.", system("shop-controller")), ""],
  [
    "what the API server publishes",
    object("ConfigMap.", system("extension-apiserver-authentication")),
    "GeneratedByCluster",
  ],
  ["a ConfigMap of that name elsewhere", object("ConfigMap.", { name: "extension-apiserver-authentication" }), ""],
  ["a ConfigMap beside it", object("ConfigMap.", system("coredns")), ""],
  ["the API server's range", object("ServiceCIDR.networking.k8s.io", { name: "kubernetes" }), "GeneratedByCluster"],
  ["another range", object("ServiceCIDR.networking.k8s.io", { name: "more" }), ""],
  [
    "a group that the server has",
    object("APIService.apiregistration.k8s.io", { name: "v1.", labels: automanaged }),
    "GeneratedByCluster",
  ],
  ["a group that somebody adds", object("APIService.apiregistration.k8s.io", { name: "v1.metrics.k8s.io" }), ""],
  ["a reserved class", object("PriorityClass.scheduling.k8s.io", { name: "system-node-critical" }), "SystemObject"],
  ["a class that only sounds so", object("PriorityClass.scheduling.k8s.io", { name: "systematic" }), ""],
  [
    "a flow that the server keeps",
    object(flow, { annotations: { "apf.kubernetes.io/autoupdate-spec": "true" } }),
    "SystemObject",
  ],
  [
    "a flow that somebody took over",
    object(flow, { annotations: { "apf.kubernetes.io/autoupdate-spec": "false" } }),
    "",
  ],
  [
    "a bundle of the control plane",
    object("ClusterTrustBundle.certificates.k8s.io", { name: "kubernetes.io:a:b" }),
    "GeneratedByCluster",
  ],
  ["somebody's bundle", object("ClusterTrustBundle.certificates.k8s.io", { name: "example.com:a:b" }), ""],
  ["a role that is written out for all", object("ClusterRole.rbac.authorization.k8s.io", { name: "systems" }), ""],
];

describe("what nobody wrote", () => {
  for (const [why, made, expected] of table) {
    it(`${why}: ${expected === "" ? "somebody may have" : expected}`, () => {
      assert.equal(madeByCluster(made) ?? "", expected);
    });
  }
});
