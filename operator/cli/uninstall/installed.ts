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
  /** The Helm releases that the objects belong to, and that Helm may still know: what it knows is in their namespace. */
  readonly releases: readonly Release[];
  /** The value of app.kubernetes.io/instance that `objects` have; undefined: several, or none. */
  readonly instance: string | undefined;
  /** All values of that label, where cluster-scoped objects tell any of those alone: anybody can label what is theirs. */
  readonly instances: readonly string[];
}

export interface Release {
  readonly name: string;
  readonly namespace: string;
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
  ["admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"],
  ["admissionregistration.k8s.io", "ValidatingAdmissionPolicy"],
  ["", "ServiceAccount"],
];

export const nameLabel = "app.kubernetes.io/name=clickscribe";
export const instanceLabel = "app.kubernetes.io/instance";

/** `chosen`: an instance. Throws Failure: what cannot be listed cannot be removed either. */
export async function findInstalled(cluster: Cluster, chosen: string | undefined): Promise<Installed> {
  const { kinds } = await cluster.discover();
  const served = (inGroup: string, name: string): Kind | undefined =>
    kinds.find((kind) => kind.group === inGroup && kind.kind === name);
  const labelled = async (inGroup: string, name: string, selector: string): Promise<readonly Raw[]> => {
    const kind = served(inGroup, name);
    if (kind === undefined) return [];
    return (await cluster.labelled(kind, "", selector)).map((object) => raw(kind, object));
  };
  const lists = await Promise.all(chartKinds.map(([inGroup, name]) => labelled(inGroup, name, nameLabel)));
  const all = lists.flat();
  const instances = instancesOf(trusted(all));
  const instance = chosen ?? (instances.length === 1 ? instances[0] : undefined);
  const objects = all.filter((object) => instance === undefined || object.instance === instance);
  const leases = await leasesOf(cluster, served("coordination.k8s.io", "Lease"), objects);
  const loans = await Promise.all(
    ["RoleBinding", "Role"].map((name) => labelled("rbac.authorization.k8s.io", name, loanLabel)),
  );
  const crd = served("apiextensions.k8s.io", "CustomResourceDefinition");
  const crds: Found[] = [];
  for (const name of ["captures", "gitremotes", "notifiers"]) {
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
    releases: await livingReleases(cluster, served("", "Namespace"), trusted(objects)),
    instance,
    instances,
  };
}

/** Those that only an administrator makes, unless they are gone already. */
function trusted(objects: readonly Raw[]): readonly Raw[] {
  const clusterScoped = objects.filter(({ namespace }) => namespace === "");
  return clusterScoped.length > 0 ? clusterScoped : objects;
}

function instancesOf(objects: readonly Raw[]): readonly string[] {
  return [...new Set(objects.flatMap(({ instance }) => instance ?? []))].toSorted();
}

interface Raw extends Found {
  readonly release: Release | undefined;
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
  const release = nameAt(annotations, "meta.helm.sh/release-name");
  const where = nameAt(annotations, "meta.helm.sh/release-namespace");
  return {
    kind,
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    release: release === undefined || where === undefined ? undefined : { name: release, namespace: where },
    instance: labels[instanceLabel],
  };
}

/** What stands in a command line that people copy; undefined for what is no name. */
function nameAt(annotations: Readonly<Record<string, string>>, key: string): string | undefined {
  const { [key]: value = "" } = annotations;
  return /^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(value) ? value : undefined;
}

async function livingReleases(
  cluster: Cluster,
  namespaces: Kind | undefined,
  objects: readonly Raw[],
): Promise<readonly Release[]> {
  const releases = new Map(
    objects.flatMap(({ release }) => (release ? [[`${release.namespace}/${release.name}`, release] as const] : [])),
  );
  const living: Release[] = [];
  for (const release of releases.values()) {
    if (namespaces === undefined || (await cluster.get(namespaces, "", release.namespace))) living.push(release);
  }
  return living;
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
