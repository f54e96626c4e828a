/** PURE: the ValidatingWebhookConfiguration that lets the API server tell who writes captured kinds. */
import type { JsonObject, Kind } from "../../operator/values.ts";
import { probeLabel } from "./parse-review.ts";

export interface RegistrationInput {
  /** Of the ValidatingWebhookConfiguration. */
  readonly name: string;
  /** Captured kinds, in the version that is watched. Those that must never be reviewed are left out. */
  readonly kinds: readonly Kind[];
  /** Those that captures name; empty is all. Cluster-scoped kinds are reviewed in either case. */
  readonly namespaces: readonly string[];
  readonly client: WebhookClient;
  /** As the API server knows the operator: what it writes itself needs no review. */
  readonly operatorUser: string;
  /** Where the probe creates its ConfigMap. */
  readonly probeNamespace: string;
  /** The ClusterRole with which it goes. */
  readonly owner?: OwningRole | undefined;
}

export interface OwningRole {
  readonly name: string;
  readonly uid: string;
}

/** How the API server finds the webhook. `path` starts with `/`; `caBundle` is PEM. */
export type WebhookClient =
  | { readonly url: string; readonly caBundle: string }
  | {
      readonly service: {
        readonly namespace: string;
        readonly name: string;
        readonly port: number;
        readonly path: string;
      };
      readonly caBundle: string;
    };

/**
 * Raw JSON with every default written out, in an order that depends on nothing but the input's contents: applied twice it
 * changes nothing.
 */
export function registration(input: RegistrationInput): JsonObject {
  const kinds = input.kinds.filter(isReviewed);
  const webhooks: JsonObject[] = [];
  if (kinds.length > 0) {
    webhooks.push(
      webhook(input, "changes.clickscribe.dev", {
        rules: rulesOf(kinds),
        namespaceSelector: selectNamespaces(input.namespaces),
        objectSelector: {},
        matchConditions: matchConditions(input.operatorUser),
      }),
    );
  }
  webhooks.push(
    webhook(input, "probe.clickscribe.dev", {
      rules: [rule("", "v1", ["configmaps"], ["CREATE"], "Namespaced")],
      namespaceSelector: selectNamespaces([input.probeNamespace]),
      objectSelector: { matchExpressions: [{ key: probeLabel, operator: "Exists" }] },
      matchConditions: [],
    }),
  );
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: input.name, ...(input.owner && { ownerReferences: [ownerReference(input.owner)] }) },
    webhooks,
  };
}

/** Neither a controller nor in the way of its deletion: that would take more rights. */
export function ownerReference({ name, uid }: OwningRole): JsonObject {
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name, uid };
}

interface Scope {
  readonly rules: readonly JsonObject[];
  readonly namespaceSelector: JsonObject;
  readonly objectSelector: JsonObject;
  readonly matchConditions: readonly JsonObject[];
}

function webhook(input: RegistrationInput, name: string, scope: Scope): JsonObject {
  const { matchConditions, ...rest } = scope;
  const { client } = input;
  const caBundle = Buffer.from(client.caBundle).toString("base64");
  return {
    name,
    admissionReviewVersions: ["v1"],
    clientConfig: "url" in client ? { url: client.url, caBundle } : { service: { ...client.service }, caBundle },
    ...rest,
    ...(matchConditions.length > 0 && { matchConditions }),
    failurePolicy: "Ignore",
    matchPolicy: "Equivalent",
    sideEffects: "None",
    timeoutSeconds: 2,
  };
}

/** Secrets must not travel; the others are written all the time, by machines, and never captured. */
const never: readonly { readonly group: string; readonly resource: RegExp }[] = [
  { group: "", resource: /^(?:secrets|events|endpoints|nodes|bindings|componentstatuses)$/ },
  { group: "events.k8s.io", resource: /./ },
  { group: "coordination.k8s.io", resource: /./ },
  { group: "discovery.k8s.io", resource: /./ },
  { group: "authentication.k8s.io", resource: /./ },
  { group: "authorization.k8s.io", resource: /./ },
  { group: "metrics.k8s.io", resource: /./ },
];

function isReviewed(kind: Kind): boolean {
  if (kind.resource.includes("*") || kind.group.includes("*") || kind.version.includes("*")) return false;
  return !never.some(({ group, resource }) => kind.group === group && resource.test(kind.resource));
}

/** One rule per group, version and scope; `scale` beside the resources that serve it. */
function rulesOf(kinds: readonly Kind[]): readonly JsonObject[] {
  const resources = new Map<string, { readonly kind: Kind; readonly names: Set<string> }>();
  for (const kind of kinds) {
    const key = `${kind.group}/${kind.version}/${kind.namespaced}`;
    const names = resources.get(key)?.names ?? new Set<string>();
    names.add(kind.resource);
    if (kind.subresources.includes("scale")) names.add(`${kind.resource}/scale`);
    resources.set(key, { kind, names });
  }
  return [...resources]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { kind, names }]) =>
      rule(
        kind.group,
        kind.version,
        [...names].toSorted(),
        ["CREATE", "DELETE", "UPDATE"],
        kind.namespaced ? "Namespaced" : "Cluster",
      ),
    );
}

function rule(
  group: string,
  version: string,
  resources: readonly string[],
  operations: readonly string[],
  scope: string,
): JsonObject {
  return { apiGroups: [group], apiVersions: [version], operations, resources, scope };
}

function selectNamespaces(namespaces: readonly string[]): JsonObject {
  if (namespaces.length === 0) return {};
  const values = [...new Set(namespaces)].toSorted();
  return { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In", values }] };
}

/**
 * Who writes without being asked about: nodes, the control plane's own components, and those of kube-system's
 * ServiceAccounts that are controllers. Not all of kube-system: people log in to dashboards with ServiceAccounts that
 * live there. The autoscaler is left in, since its scaling changes what a person wrote.
 */
function matchConditions(operatorUser: string): readonly JsonObject[] {
  const controllers =
    "^system:serviceaccount:kube-system:([a-z0-9-]+-controller|[a-z0-9-]+-(cleaner|binder|publisher|signer)|generic-garbage-collector|pod-garbage-collector)$";
  return [
    { name: "not-nodes", expression: '!request.userInfo.username.startsWith("system:node:")' },
    {
      name: "not-control-plane",
      expression:
        '!(request.userInfo.username in ["system:apiserver", "system:kube-controller-manager", "system:kube-scheduler"])',
    },
    { name: "not-controllers", expression: `!request.userInfo.username.matches(${cel(controllers)})` },
    { name: "not-clickscribe", expression: `request.userInfo.username != ${cel(operatorUser)}` },
  ];
}

/** A CEL string literal; JSON's escapes are among CEL's. */
function cel(text: string): string {
  return JSON.stringify(text).replaceAll("\u007f", "\\u007f");
}
