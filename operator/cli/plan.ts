/** `clickscribe plan`: the file's Capture against a running cluster and its repository, with nothing written. */
import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { Cluster } from "../cluster/index.ts";
import { connectCluster } from "../cluster/index.ts";
import type { PlanConfig } from "../config.ts";
import { Failure, stalled } from "../failures.ts";
import { createRepositories } from "../git/index.ts";
import { systemClock } from "../main.ts";
import { parseJson } from "../manifest/parse-json.ts";
import type { Discovery } from "../ports.ts";
import { resolveCapture, userOf } from "../sync/capture-settings.ts";
import { readClusterIdentity } from "../sync/cluster-identity.ts";
import { ConsumerWatch } from "../sync/consumer-watch.ts";
import { createKindSchemas, mergeSchemas } from "../sync/kind-schemas.ts";
import { planCapture } from "../sync/plan.ts";
import type { PlanResult } from "../sync/plan-result.ts";
import { createDefaultsProver } from "../sync/prover.ts";
import { resolveKinds } from "../sync/watched-kinds.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { JsonObject, Kind } from "../values.ts";
import { openForUser } from "./open-remote.ts";
import type { PlanInput } from "./read-specs.ts";

/** Throws Failure with a message for people. Reads with the rights of the kubeconfig, or of the ServiceAccount named. */
export async function plan(config: PlanConfig, { capture, remotes }: PlanInput, version: string): Promise<PlanResult> {
  const log = createLog({ level: "error", write: (text) => void process.stderr.write(text) });
  const meter = createMetrics();
  const clock = systemClock;
  const cluster = await connectCluster({ access: config.cluster, parseJson, clock, log, meter });
  const repositories = createRepositories({ policy: config.urls, version });
  const schemas = createKindSchemas(cluster);
  const prover = createDefaultsProver({ cluster, schemas, clock, log });
  const sources = new ConsumerWatch({ cluster, log, onChange: () => undefined });
  try {
    const discovery = await cluster.discover();
    const { namespace } = capture.metadata;
    await checkSpec(cluster, discovery, capture);
    const remote = await findRemote(cluster, discovery, capture, remotes);
    const opened = await openForUser(repositories, remote, { cluster, discovery, inFile: remotes });
    const namespaces = mustServe(discovery, "", "Namespace");
    const identity = await readClusterIdentity(cluster, namespaces, config.clusterName, namespace);
    const { head } = await opened.repository.fetch([]);
    await sources.start(discovery);
    await sources.listed();
    const reading = { prover, sources, schemaOf: mergeSchemas(schemas) };
    const resolved = resolveCapture(capture, remote, opened, head, identity, reading);
    const user = userOf(capture, config.defaultServiceAccount);
    const { kinds, notWatched } = await resolveKinds(cluster, discovery, resolved.selection, namespace, user);
    const target = { ...resolved.target, remote: remote.spec.url };
    return await planCapture(cluster, target, kinds, notWatched, { now: clock.now() });
  } finally {
    prover.close();
    sources.close();
    await Promise.all([cluster.close(), repositories.close()]);
  }
}

/** The API server judges the spec as it would on creation, where it knows the kind. */
async function checkSpec(cluster: Cluster, discovery: Discovery, capture: Capture): Promise<void> {
  if (find(discovery, "clickscribe.dev", "Capture") === undefined) return;
  const { name, namespace } = capture.metadata;
  const { apiVersion, kind, spec } = capture;
  try {
    const object = { apiVersion, kind, metadata: { name, namespace }, spec };
    await cluster.apply(JSON.parse(JSON.stringify(object)) as JsonObject, { dryRun: true });
  } catch (error) {
    // Whoever may only read still gets a plan.
    if (!(error instanceof Failure) || error.data["status"] !== 422) return;
    // The request is ours, what is wrong is the file's.
    throw stalled("Progressing", String(error.data["said"]), error.data, error);
  }
}

async function findRemote(
  cluster: Cluster,
  discovery: Discovery,
  { metadata: { namespace }, spec }: Capture,
  inFile: readonly GitRemote[],
): Promise<GitRemote> {
  const { name } = spec.remote;
  const own = inFile.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  if (own !== undefined) return own;
  const kind = find(discovery, "clickscribe.dev", "GitRemote");
  const found = kind && (await cluster.get(kind, namespace, name));
  if (found !== undefined) return found as unknown as GitRemote;
  throw stalled("RemoteNotFound", `spec.remote.name: there is no GitRemote ${name} in the file or in ${namespace}`);
}

function find(discovery: Discovery, group: string, name: string): Kind | undefined {
  return discovery.kinds.find((kind) => kind.group === group && kind.kind === name);
}

function mustServe(discovery: Discovery, group: string, name: string): Kind {
  const kind = find(discovery, group, name);
  if (kind === undefined) throw stalled("KindNotServed", `the API server does not serve ${name}`);
  return kind;
}
