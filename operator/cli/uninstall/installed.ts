/** What there is of Clickscribe in a cluster, found by its labels. */
import type { Cluster } from "../../cluster/index.ts";
import type { JsonObject, Kind } from "../../values.ts";
import { group, listOwn, type OwnKind } from "../find-objects.ts";
import { loanLabel } from "../make-remote.ts";

export interface Installed {
  /** In the order in which they are to be removed. */
  readonly objects: readonly Found[];
  /** What lends Secrets to the operator, made by `create remote`. */
  readonly loans: readonly Found[];
  readonly crds: readonly Found[];
  readonly captures: number;
  readonly remotes: number;
  /** `NAME -n NAMESPACE` of the Helm releases that the objects belong to. */
  readonly releases: readonly string[];
  /** The values of app.kubernetes.io/instance. */
  readonly instances: readonly string[];
}

export interface Found {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
}

/**
 * What the chart makes: first what the API server calls, so that no request waits for an operator that is gone, then
 * the operator, then what it needs.
 */
const chartKinds: readonly (readonly [group: string, kind: string])[] = [
  ["admissionregistration.k8s.io", "ValidatingWebhookConfiguration"],
  ["monitoring.coreos.com", "ServiceMonitor"],
  ["monitoring.coreos.com", "PrometheusRule"],
  ["apps", "Deployment"],
  ["policy", "PodDisruptionBudget"],
  ["networking.k8s.io", "NetworkPolicy"],
  ["", "Service"],
  ["cert-manager.io", "Certificate"],
  ["cert-manager.io", "Issuer"],
  ["", "ConfigMap"],
  ["", "Secret"],
  ["coordination.k8s.io", "Lease"],
  ["rbac.authorization.k8s.io", "RoleBinding"],
  ["rbac.authorization.k8s.io", "Role"],
  ["rbac.authorization.k8s.io", "ClusterRoleBinding"],
  ["rbac.authorization.k8s.io", "ClusterRole"],
  ["", "ServiceAccount"],
];

const nameLabel = "app.kubernetes.io/name=clickscribe";
const instanceLabel = "app.kubernetes.io/instance";

/** Throws Failure: what cannot be listed cannot be removed either. */
export async function findInstalled(cluster: Cluster, instance: string | undefined): Promise<Installed> {
  const { kinds } = await cluster.discover();
  const served = (inGroup: string, name: string): Kind | undefined =>
    kinds.find((kind) => kind.group === inGroup && kind.kind === name);
  const labelled = async (inGroup: string, name: string, selector: string): Promise<readonly Raw[]> => {
    const kind = served(inGroup, name);
    if (kind === undefined) return [];
    return (await cluster.labelled(kind, "", selector)).map((object) => raw(kind, object));
  };
  const selector = instance === undefined ? nameLabel : `${nameLabel},${instanceLabel}=${instance}`;
  const lists = await Promise.all(chartKinds.map(([inGroup, name]) => labelled(inGroup, name, selector)));
  const objects = lists.flat();
  const leases = await leasesOf(cluster, served("coordination.k8s.io", "Lease"), objects);
  const loans = await Promise.all(
    ["RoleBinding", "Role"].map((name) => labelled("rbac.authorization.k8s.io", name, loanLabel)),
  );
  const crd = served("apiextensions.k8s.io", "CustomResourceDefinition");
  const crds: Found[] = [];
  for (const name of ["captures", "gitremotes"]) {
    const found = crd && (await cluster.get(crd, "", `${name}.${group}`));
    if (crd !== undefined && found !== undefined) crds.push({ kind: crd, namespace: "", name: `${name}.${group}` });
  }
  const count = async (name: OwnKind): Promise<number> =>
    served(group, name) === undefined ? 0 : (await listOwn(cluster, name, "")).length;
  return {
    objects: [...objects, ...leases],
    loans: loans.flat(),
    crds,
    captures: await count("Capture"),
    remotes: await count("GitRemote"),
    releases: [...new Set(objects.flatMap(({ release }) => release ?? []))],
    instances: [...new Set(objects.flatMap(({ instance: of }) => of ?? []))].toSorted(),
  };
}

interface Raw extends Found {
  readonly release: string | undefined;
  readonly instance: string | undefined;
}

function raw(kind: Kind, object: JsonObject): Raw {
  const metadata = object["metadata"] as {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  const { annotations = {}, labels = {} } = metadata;
  const release = annotations["meta.helm.sh/release-name"];
  const where = annotations["meta.helm.sh/release-namespace"];
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    release: release === undefined ? undefined : `${release}${where === undefined ? "" : ` -n ${where}`}`,
    instance: labels[instanceLabel],
  };
}

/** The operator makes its Lease itself, called like its Deployment, and without labels. */
async function leasesOf(cluster: Cluster, lease: Kind | undefined, objects: readonly Raw[]): Promise<readonly Found[]> {
  if (lease === undefined) return [];
  const deployments = objects.filter(({ kind }) => kind.kind === "Deployment");
  const known = new Set(objects.filter(({ kind }) => kind.kind === "Lease").map(keyOf));
  const found: Found[] = [];
  for (const { namespace, name } of deployments) {
    const candidate = { kind: lease, namespace, name };
    if (known.has(keyOf(candidate)) || (await cluster.get(lease, namespace, name)) === undefined) continue;
    found.push(candidate);
  }
  return found;
}

export function keyOf({ kind, namespace, name }: Found): string {
  return `${kind.kind} ${namespace === "" ? "" : `${namespace}/`}${name}`;
}
