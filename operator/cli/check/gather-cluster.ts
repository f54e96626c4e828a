/** Asks the API server, with the rights of whoever runs the command; what may not be asked is told. */
import type { Capture } from "../../api/generated/capture.ts";
import { schemas } from "../../api/generated/schemas.ts";
import type { Cluster } from "../../cluster/index.ts";
import { Failure } from "../../failures.ts";
import type { Discovery } from "../../ports.ts";
import type { JsonObject, Kind } from "../../values.ts";
import {
  admissionItem,
  clockItem,
  clusterGroup,
  crdItem,
  discoveryItem,
  item,
  rightsItems,
  rightsToInstall,
  versionItem,
} from "./judge-cluster.ts";
import { type Asked, deploymentItems, type OperatorSettings, settingsOf, webhookItems } from "./judge-operator.ts";
import { leaseItems, type NeededRight, operatorRightsItems, rightsOfOperator } from "./judge-rights.ts";
import type { CheckItem } from "./report.ts";

export function findKind({ kinds }: Discovery, group: string, name: string): Kind | undefined {
  return kinds.find((kind) => kind.group === group && kind.kind === name);
}

/** The server itself: version, clock, discovery, admission, our CRDs. */
export async function clusterItems(
  cluster: Cluster,
  discovery: Discovery,
  options: { readonly before: boolean },
): Promise<readonly CheckItem[]> {
  const info = await cluster.info();
  const now = Date.now();
  const items = [
    versionItem(cluster.server, info),
    clockItem(clusterGroup, "api-server-clock", "the API server", info.date, now),
    discoveryItem(discovery.kinds.length, discovery.unavailable),
    admissionItem(findKind(discovery, "admissionregistration.k8s.io", "ValidatingWebhookConfiguration") !== undefined),
  ];
  const crds = findKind(discovery, "apiextensions.k8s.io", "CustomResourceDefinition");
  for (const kind of ["GitRemote", "Capture"]) {
    const own = schemas[kind] ?? {};
    const name = `${kind.toLowerCase()}s.clickscribe.dev`;
    const found = await ask(async () => crds && (await cluster.get(crds, "", name)));
    if (found.ok) items.push(crdItem(kind, found.value, own, options));
    else if (findKind(discovery, "clickscribe.dev", kind) !== undefined) {
      const message = `the CRD of ${kind} is there; whether it is this version's was not looked at: ${found.why}`;
      items.push(item(clusterGroup, `crd-${kind.toLowerCase()}`, "Passed", message));
    } else items.push(crdItem(kind, undefined, own, options));
  }
  return items;
}

export async function installRightsItems(cluster: Cluster, namespace: string): Promise<readonly CheckItem[]> {
  const may = async (verb: string, group: string, resource: string, within: string): Promise<boolean> =>
    cluster.allowed({ user: undefined, verb, group, resource, namespace: within, name: undefined });
  const allowed = await Promise.all(
    rightsToInstall.map(({ verb, group, resource, namespaced }) =>
      may(verb, group, resource, namespaced ? namespace : ""),
    ),
  );
  const mayGrant =
    (await may("escalate", "rbac.authorization.k8s.io", "clusterroles", "")) || (await may("list", "*", "*", ""));
  return rightsItems(
    rightsToInstall.filter((_, i) => !allowed[i]),
    namespace,
    mayGrant,
  );
}

export interface OperatorFound {
  readonly items: readonly CheckItem[];
  /** Of the first Deployment. */
  readonly settings: OperatorSettings | undefined;
}

export async function askOperator(
  cluster: Cluster,
  discovery: Discovery,
  namespace: string,
  captures: readonly Capture[],
): Promise<OperatorFound> {
  const deployments = await ask(async () => {
    const all = await listAll(cluster, findKind(discovery, "apps", "Deployment"), namespace);
    return all.filter((object) => labelsOf(object)["app.kubernetes.io/name"] === "clickscribe");
  });
  const [first] = deployments.ok ? deployments.value : [];
  const settings = first === undefined ? undefined : settingsOf(first);
  const configurations = await ask(async () => {
    const kind = findKind(discovery, "admissionregistration.k8s.io", "ValidatingWebhookConfiguration");
    const all = await listAll(cluster, kind, "");
    return all.filter((object) => isOurs(object, settings?.webhookConfiguration));
  });
  const reached = captures.some(({ status }) =>
    status?.conditions?.some((condition) => condition.type === "Attributing" && condition.status === "True"),
  );
  const items = [
    ...deploymentItems(deployments, namespace),
    ...webhookItems({ configurations, settings, reached, now: Date.now() }),
  ];
  if (settings === undefined) return { items, settings };
  const user = operatorUser(settings, namespace);
  const denied = await ask(() => deniedOf(cluster, user, rightsOfOperator(settings, namespace)));
  const { lease: name } = settings;
  const leases = findKind(discovery, "coordination.k8s.io", "Lease");
  const lease = await ask(async () => (name && leases ? cluster.get(leases, namespace, name) : undefined));
  const more = [...leaseItems(name, lease, Date.now()), ...operatorRightsItems(user, denied)];
  return { items: [...items, ...more], settings };
}

export function operatorUser({ serviceAccount }: OperatorSettings, namespace: string): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

export async function deniedOf(
  cluster: Cluster,
  user: string,
  rights: readonly NeededRight[],
): Promise<readonly NeededRight[]> {
  const allowed = await Promise.all(
    rights.map(({ verb, group, resource, namespace, name }) =>
      cluster.allowed({ user, verb, group, resource, namespace, name }),
    ),
  );
  return rights.filter((_, i) => !allowed[i]);
}

/** Objects of a kind; none where it is not served. Throws Failure. */
export async function listAll(
  cluster: Cluster,
  kind: Kind | undefined,
  namespace: string,
): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = [];
  if (kind === undefined) return found;
  for await (const { object } of cluster.list({ kind, namespace })) found.push(object);
  return found;
}

/** What may not be asked is told; whatever else goes wrong is thrown. */
export async function ask<T>(question: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { ok: true, value: await question() };
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== "AccessDenied") throw error;
    return { ok: false, why: String(error.data["said"] ?? error.message) };
  }
}

function isOurs(configuration: JsonObject, name: string | undefined): boolean {
  const { metadata, webhooks = [] } = configuration as {
    readonly metadata?: { readonly name?: string };
    readonly webhooks?: readonly { readonly name?: string }[];
  };
  return metadata?.name === name || webhooks.some((webhook) => webhook.name?.endsWith(".clickscribe.dev"));
}

function labelsOf(object: JsonObject): Readonly<Record<string, string>> {
  const { metadata } = object as { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } };
  return metadata?.labels ?? {};
}
