import type { Cluster } from "../cluster/index.ts";
import type { ClusterAccess } from "../config.ts";
import { stalled } from "../failures.ts";
import type { Clock, Discovery, Log, Meter } from "../ports.ts";
import type { Kind } from "../values.ts";

/** Opens the cluster for a command; whoever opened it closes it. Throws Failure. */
export type Connect = (access: ClusterAccess) => Promise<Cluster>;

/**
 * With the rights of the kubeconfig; what is written carries the field manager clickscribe-cli. `timeoutMs`: how long an
 * answer may take, since a person waits.
 */
export const connectWithin =
  (timeoutMs: number): Connect =>
  async (access) => {
    // Loaded when it is needed, so that --help and completion stay quick.
    const [{ connectCluster }, { parseJson }, { stringifyJson }] = await Promise.all([
      import("../cluster/index.ts"),
      import("../manifest/parse-json.ts"),
      import("../manifest/stringify-json.ts"),
    ]);
    const as = { fieldManager: "clickscribe-cli", who: "the user of this kubeconfig" };
    return connectCluster({ access, parseJson, stringifyJson, clock, log, meter, timeoutMs, ...as });
  };

export const connect: Connect = connectWithin(10_000);

const nothing = (): void => undefined;
const meter: Meter = { count: nothing, gauge: nothing, observe: nothing };
export const log: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
export const clock: Clock = {
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** Does something with a cluster and closes it, whatever comes. */
export async function withCluster<T>(
  connect: Connect,
  access: ClusterAccess,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await connect(access);
  try {
    return await work(cluster);
  } finally {
    await cluster.close();
  }
}

/** Throws Failure where the API server does not serve it. */
export function mustServe({ kinds }: Discovery, group: string, name: string): Kind {
  const kind = kinds.find((candidate) => candidate.group === group && candidate.kind === name);
  if (kind !== undefined) return kind;
  const why =
    group === "clickscribe.dev"
      ? `the API server does not serve ${name} (${group}): its CustomResourceDefinition is missing`
      : `the API server does not serve ${name}`;
  throw stalled("KindNotServed", why);
}
