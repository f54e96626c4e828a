import type { PolicyRule } from "../control-plane/users.ts";

/** A kind of the demo's own, as a team might have one. */
const group = "demo.example.com";

export const widgetRule: PolicyRule = { apiGroups: [group], resources: ["widgets"], verbs: ["*"] };

export const widgetDefinition: object = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: { type: "object", properties: { color: { type: "string" }, size: { type: "integer" } } },
            },
          },
        },
      },
    ],
  },
};

/** What admits the kind to the operator: a ClusterRole with the label that is aggregated. */
export const widgetReader: object = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name: "clickscribe-capture-widgets", labels: { "clickscribe.dev/aggregate-to-operator": "true" } },
  rules: [{ apiGroups: [group], resources: ["widgets"], verbs: ["get", "list", "watch"] }],
};
