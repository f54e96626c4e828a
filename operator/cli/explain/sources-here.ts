/** Who of Argo CD and Flux applies from where a Capture writes to, as far as the user of a command may look. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { Failure } from "../../failures.ts";
import { marksOf } from "../../manifest/marks.ts";
import type { ClusterReader } from "../../ports.ts";
import { ConsumerWatch } from "../../sync/consumer-watch.ts";
import type { JsonObject, RefName } from "../../values.ts";
import { log, mustServe } from "../connect.ts";

export interface SourcesSeen {
  /** As manifest/marks.ts keys them. */
  readonly here: ReadonlySet<string>;
  /** For people: from where the object is applied. */
  readonly origin: string;
}

/** Looked for only where the object carries a mark of one. `readHead`: what the repository's HEAD names, if it tells. */
export async function seeSources(
  cluster: ClusterReader,
  { metadata, spec, status }: Capture,
  object: JsonObject | undefined,
  readHead: () => Promise<RefName | undefined>,
): Promise<SourcesSeen> {
  if (object === undefined || marksOf(object).every(({ key }) => key === "")) return { here: new Set(), origin: "" };
  const discovery = await cluster.discover();
  const branch = spec.branch || status?.source?.branch;
  const remote = await findRemote(cluster, mustServe(discovery, "clickscribe.dev", "GitRemote"), metadata, spec);
  const sources = new ConsumerWatch({ cluster, log, onChange: () => undefined });
  try {
    await sources.start(discovery);
    await sources.listed();
    const origin = sources.originOf(object);
    if (branch === undefined || remote === undefined) return { here: new Set(), origin };
    const defaultBranch = spec.branch ? (await readHead())?.replace(/^refs\/heads\//, "") : branch;
    return { here: sources.here({ url: remote.spec.url, branch, defaultBranch, path: spec.path }), origin };
  } finally {
    sources.close();
  }
}

async function findRemote(
  cluster: ClusterReader,
  kind: Parameters<ClusterReader["get"]>[0],
  { namespace }: Capture["metadata"],
  { remote }: Capture["spec"],
): Promise<GitRemote | undefined> {
  try {
    return (await cluster.get(kind, namespace, remote.name)) as GitRemote | undefined;
  } catch (error) {
    if (error instanceof Failure && error.code === "AccessDenied") return undefined;
    throw error;
  }
}
