/** `clickscribe check`: asks the API server and the git servers, and judges what they tell. Writes nothing unless told. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { conditionReasons } from "../../api/reasons.ts";
import type { Cluster } from "../../cluster/index.ts";
import type { CheckConfig } from "../../config.ts";
import { asFailure } from "../../failures.ts";
import { type ClosableRepositories, createRepositories } from "../../git/index.ts";
import type { Discovery } from "../../ports.ts";
import { ConsumerWatch } from "../../sync/consumer-watch.ts";
import { type Connect, log } from "../connect.ts";
import {
  ask,
  askOperator,
  clusterItems,
  deniedOf,
  findKind,
  installRightsItems,
  listAll,
  operatorUser,
} from "./gather-cluster.ts";
import { askGit, defaultPrefix } from "./gather-git.ts";
import { clusterGroup, item } from "./judge-cluster.ts";
import { consumerItems } from "./judge-consumers.ts";
import { gitItems } from "./judge-git.ts";
import { captureItems, remoteGroup, remoteItems } from "./judge-objects.ts";
import type { OperatorSettings } from "./judge-operator.ts";
import { type NeededRight, ruleOf } from "./judge-rights.ts";
import { type CheckItem, type CheckReport, reportOf } from "./report.ts";

export interface Specs {
  readonly captures: readonly Capture[];
  readonly remotes: readonly GitRemote[];
}

/** What is wrong is in the report; throws only what nobody expected. */
export async function check(
  connect: Connect,
  config: CheckConfig,
  files: Specs,
  version: string,
): Promise<CheckReport> {
  let cluster: Cluster;
  try {
    cluster = await connect(config.cluster);
  } catch (error) {
    const { code, message } = asFailure(error);
    return reportOf([item(clusterGroup, "api-server", "Failed", message, conditionReasons[code].remedy)]);
  }
  try {
    return reportOf(await everything(cluster, config, files, version));
  } finally {
    await cluster.close();
  }
}

async function everything(
  cluster: Cluster,
  config: CheckConfig,
  files: Specs,
  version: string,
): Promise<readonly CheckItem[]> {
  const discovery = await cluster.discover();
  const items = [...(await clusterItems(cluster, discovery, { before: config.pre }))];
  if (config.pre) {
    items.push(...(await installRightsItems(cluster, config.operatorNamespace)));
    return [...items, ...(await remotesItems(cluster, discovery, config, files, undefined, version))];
  }
  const stored = await storedSpecs(cluster, discovery, config.namespace);
  if (!stored.ok) {
    const remedy = config.namespace === undefined ? "Give a namespace that you may read: -n NAMESPACE." : "";
    items.push(item("Captures", "captures", "Warning", `not looked at: ${stored.why}`, remedy));
  }
  const { captures, remotes } = stored.ok ? stored.value : { captures: [], remotes: [] };
  const operator = await askOperator(cluster, discovery, config.operatorNamespace, captures);
  items.push(...operator.items);
  const all = { captures: merged(captures, files.captures), remotes: merged(remotes, files.remotes) };
  items.push(...(await remotesItems(cluster, discovery, config, all, operator.settings, version)));
  if (stored.ok && captures.length === 0) {
    const where = config.namespace ?? "any namespace";
    items.push(
      item(
        "Captures",
        "captures",
        "Warning",
        `there is no Capture in ${where}`,
        "Make one: clickscribe create capture",
      ),
    );
  }
  items.push(...captures.flatMap(captureItems));
  const user = operator.settings && operatorUser(operator.settings, config.operatorNamespace);
  items.push(...(await consumersItems(cluster, discovery, all, user)));
  return items;
}

/** Of what may not be read, nothing is told: the operator's own rights are looked at elsewhere. */
async function consumersItems(
  cluster: Cluster,
  discovery: Discovery,
  { captures, remotes }: Specs,
  operator: string | undefined,
): Promise<readonly CheckItem[]> {
  const watch = new ConsumerWatch({ cluster, log, onChange: () => undefined });
  try {
    await watch.start(discovery);
    await watch.listed();
    const items: CheckItem[] = [];
    for (const capture of captures) {
      const { metadata, spec, status } = capture;
      const remote = remotes.find(
        (each) => each.metadata.namespace === metadata.namespace && each.metadata.name === spec.remote.name,
      );
      const branch = spec.branch || status?.source?.branch;
      if (remote === undefined || !branch) continue;
      const head = remote.status?.head?.replace(/^refs\/heads\//, "");
      const place = { url: remote.spec.url, branch, defaultBranch: head, path: spec.path };
      const consumers = watch.consumersOf(place);
      const mayAsk = new Map<string, boolean>();
      for (const { key, ask: asked } of operator === undefined ? [] : consumers) {
        const kind = watch.kindOf(asked.kind);
        if (kind === undefined) continue;
        const { group, resource } = kind;
        const question = { verb: "patch", group, resource, namespace: asked.namespace, name: asked.name };
        const allowed = await ask(() => cluster.allowed({ user: operator, ...question }));
        if (allowed.ok) mayAsk.set(key, allowed.value);
      }
      items.push(...consumerItems(capture, consumers, mayAsk));
    }
    return items;
  } finally {
    watch.close();
  }
}

async function storedSpecs(
  cluster: Cluster,
  discovery: Discovery,
  namespace: string = "",
): ReturnType<typeof ask<Specs>> {
  return ask(async () => {
    const [captures, remotes] = await Promise.all(
      ["Capture", "GitRemote"].map((kind) => listAll(cluster, findKind(discovery, "clickscribe.dev", kind), namespace)),
    );
    return { captures: captures as unknown as readonly Capture[], remotes: remotes as unknown as readonly GitRemote[] };
  });
}

/** Those of the files stand for those of the same name in the cluster. */
function merged<T extends Capture | GitRemote>(stored: readonly T[], files: readonly T[]): readonly T[] {
  const nameOf = ({ metadata }: T): string => `${metadata.namespace}/${metadata.name}`;
  const given = new Set(files.map(nameOf));
  return [...stored.filter((object) => !given.has(nameOf(object))), ...files];
}

async function remotesItems(
  cluster: Cluster,
  discovery: Discovery,
  config: CheckConfig,
  { captures, remotes }: Specs,
  settings: OperatorSettings | undefined,
  version: string,
): Promise<readonly CheckItem[]> {
  const { urls } = config;
  const policy = {
    ...urls,
    allowPlainHttp: urls.allowPlainHttp || (settings?.allowsPlainHttp ?? false),
    allowLocalAddresses: urls.allowLocalAddresses || (settings?.allowsLocalAddresses ?? false),
  };
  const repositories = createRepositories({ policy, version });
  try {
    const each = remotes.map(async (remote) => {
      const { namespace, name } = remote.metadata;
      const own = captures.filter(
        ({ metadata, spec }) => metadata.namespace === namespace && spec.remote.name === name,
      );
      return [
        ...(remote.status === undefined && config.pre ? [] : statusItems(remote)),
        ...(await secretItems(cluster, config, settings, remote, own)),
        ...(await gitItemsOf(cluster, discovery, repositories, config.write, remote, own)),
      ];
    });
    return (await Promise.all(each)).flat();
  } finally {
    await repositories.close();
  }
}

/** One of a file has no uid: no operator has seen it. */
function statusItems(remote: GitRemote): readonly CheckItem[] {
  return remote.metadata.uid === "" ? [] : remoteItems(remote);
}

/** The operator, and whom the Captures act for, must be able to read what the GitRemote names, each by its name. */
async function secretItems(
  cluster: Cluster,
  { operatorNamespace }: CheckConfig,
  settings: OperatorSettings | undefined,
  { metadata: { namespace, name }, spec }: GitRemote,
  captures: readonly Capture[],
): Promise<readonly CheckItem[]> {
  const { authors, signing } = spec.commit ?? {};
  const named = [
    ...[spec.secretRef, spec.proxy?.secretRef, signing?.secretRef].map(
      (ref) => ["secrets", "Secret", ref?.name] as const,
    ),
    ["configmaps", "ConfigMap", authors?.configMapRef?.name] as const,
  ];
  if (settings === undefined) return [];
  const group = remoteGroup({ metadata: { namespace, name } } as GitRemote);
  const accounts = captures
    .map((capture) => capture.spec.serviceAccountName || settings.defaultServiceAccount)
    .filter((account) => account !== undefined)
    .map((account) => `system:serviceaccount:${namespace}:${account}`);
  const users = [...new Set([operatorUser(settings, operatorNamespace), ...accounts])];
  const items: CheckItem[] = [];
  for (const [resource, kind, object] of named) {
    if (object === undefined) continue;
    const right: NeededRight = { verb: "get", group: "", resource, namespace, name: object, purpose: "" };
    const denied = await ask(async () => {
      const lacking = await Promise.all(users.map(async (user) => (await deniedOf(cluster, user, [right])).length > 0));
      return users.filter((_, i) => lacking[i]);
    });
    if (!denied.ok) {
      items.push(item(group, "secret-rights", "Warning", `who may read the ${kind} was not asked: ${denied.why}`));
    } else if (denied.value.length === 0) {
      items.push(item(group, "secret-rights", "Passed", `the operator may read the ${kind} ${object}`));
    } else {
      const remedy = `Add the rule ${ruleOf(right)} to a Role of it in ${namespace}.`;
      const words = `may not read the ${kind} ${object} in ${namespace}`;
      for (const user of denied.value) items.push(item(group, "secret-rights", "Failed", `${user} ${words}`, remedy));
    }
  }
  return items;
}

async function gitItemsOf(
  cluster: Cluster,
  discovery: Discovery,
  repositories: ClosableRepositories,
  write: boolean,
  remote: GitRemote,
  captures: readonly Capture[],
): Promise<readonly CheckItem[]> {
  const { spec } = remote;
  const asked = {
    group: remoteGroup(remote),
    url: spec.url,
    isAnonymous: spec.secretRef === undefined,
    recordPrefix: spec.record?.prefix ?? defaultPrefix,
  };
  return gitItems(asked, await askGit(cluster, discovery, repositories, { remote, captures, write }));
}
