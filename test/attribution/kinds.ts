/** The kinds that the tests of attribution watch, a custom resource among them. */
import type { Kind } from "../../operator/values.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";

function kind(group: string, version: string, name: string, resource: string, scales = false): Kind {
  return { group, version, kind: name, resource, namespaced: true, verbs: [], subresources: scales ? ["scale"] : [] };
}

export const namespace = "shop";
export const configMaps: Kind = kind("", "v1", "ConfigMap", "configmaps");
export const deployments: Kind = kind("apps", "v1", "Deployment", "deployments", true);
export const widgets: Kind = kind("shop.example", "v1", "Widget", "widgets", true);

export const kinds: readonly Kind[] = [
  configMaps,
  deployments,
  widgets,
  kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  kind("", "v1", "Service", "services"),
  kind("", "v1", "ServiceAccount", "serviceaccounts"),
  kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  kind("apps", "v1", "StatefulSet", "statefulsets", true),
  kind("apps", "v1", "DaemonSet", "daemonsets"),
  kind("batch", "v1", "CronJob", "cronjobs"),
  kind("batch", "v1", "Job", "jobs"),
  kind("networking.k8s.io", "v1", "Ingress", "ingresses"),
  kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
  kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  kind("rbac.authorization.k8s.io", "v1", "Role", "roles"),
];

/** The collection, or one object of it. */
export function pathOf({ group, version, resource }: Kind, name = ""): string {
  const base = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${base}/namespaces/${namespace}/${resource}${name === "" ? "" : `/${name}`}`;
}

/** Defines `widgets`, whose replicas stand in `.spec.size`; not served at once. */
export async function defineWidgets(controlPlane: ControlPlane): Promise<void> {
  const spec = { type: "object", properties: { size: { type: "integer" }, big: { type: "integer" } } };
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties: { spec, status: { type: "object" } } } },
    subresources: { status: {}, scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size" } },
  };
  await controlPlane.request("admin", "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
    metadata: { name: "widgets.shop.example" },
    spec: {
      group: "shop.example",
      scope: "Namespaced",
      names: { plural: "widgets", singular: "widget", kind: "Widget" },
      versions: [version],
    },
  });
}
