/** PURE: the operator's rights under names of one demo, so that an installed Clickscribe is not touched. */
import { type ChartObject, type ChartRule, isRights } from "../harness/chart.ts";

const clusterScoped: ReadonlySet<string> = new Set([
  "ClusterRole",
  "ClusterRoleBinding",
  "ValidatingWebhookConfiguration",
]);

/** `namespace` in place of the operator's own; what is the whole cluster's gets `-id` behind its name. */
export function operatorRules(objects: readonly ChartObject[], namespace: string, id: string): readonly ChartObject[] {
  return objects
    .filter(isRights)
    .filter((object) => !isForPeople(object))
    .map((object) => renamed(object, namespace, `-${id}`));
}

/** Aggregated to the cluster's own roles. */
function isForPeople({ metadata: { labels = {} } }: ChartObject): boolean {
  return Object.keys(labels).some((label) => label.startsWith("rbac.authorization.k8s.io/aggregate-to-"));
}

function renamed(object: ChartObject, namespace: string, suffix: string): ChartObject {
  const { kind, metadata, roleRef, subjects, rules } = object;
  const ownNames = (rule: ChartRule): ChartRule =>
    kind === "ClusterRole" && rule.resourceNames !== undefined
      ? { ...rule, resourceNames: rule.resourceNames.map((name) => `${name}${suffix}`) }
      : rule;
  return {
    ...object,
    metadata: clusterScoped.has(kind) ? { ...metadata, name: `${metadata.name}${suffix}` } : { ...metadata, namespace },
    ...(rules !== undefined && { rules: rules.map(ownNames) }),
    ...(roleRef?.kind === "ClusterRole" && { roleRef: { ...roleRef, name: `${roleRef.name}${suffix}` } }),
    ...(subjects !== undefined && { subjects: subjects.map((subject) => ({ ...subject, namespace })) }),
  };
}
