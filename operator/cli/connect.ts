import type { Cluster } from "../cluster/index.ts";
import type { ClusterAccess } from "../config.ts";
import { stalled } from "../failures.ts";
import type { Discovery } from "../ports.ts";
import type { Kind } from "../values.ts";

/** Opens the cluster for a command; whoever opened it closes it. Throws Failure. */
export type Connect = (access: ClusterAccess) => Promise<Cluster>;

/** With the rights of the kubeconfig; what is written carries the field manager clickscribe-cli. Throws Failure. */
export const connect: Connect = async (access) => {
  const [{ connectCluster }, { parseJson }, { systemClock }, { createLog }, { createMetrics }] = await Promise.all([
    import("../cluster/index.ts"),
    import("../manifest/parse-json.ts"),
    import("../main.ts"),
    import("../telemetry/log.ts"),
    import("../telemetry/metrics.ts"),
  ]);
  const log = createLog({ level: "error", write: (text) => void process.stderr.write(text) });
  const meter = createMetrics();
  const as = { fieldManager: "clickscribe-cli", who: "the user of this kubeconfig" };
  return connectCluster({ access, parseJson, clock: systemClock, log, meter, ...as });
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
