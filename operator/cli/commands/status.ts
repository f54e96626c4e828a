import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import type { Cluster } from "../../cluster/index.ts";
import { readStatusConfig, type StatusConfig, statusLine } from "../../config/objects.ts";
import type { JsonObject } from "../../values.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { asCapture, asRemote, getOwn, listOwn, ownKind } from "../find-objects.ts";
import { perform } from "../perform.ts";
import { readyOf } from "../ready-of.ts";
import { renderJson } from "../render-json.ts";
import { renderStatus } from "../render-status.ts";

export const status: Command = {
  line: statusLine,
  group: "Look",
  summary: "tells how a Capture is doing: what is in Git, what is not, and why",
  details: "The exit code is 1 when one of them is not ready.",
  examples: ["clickscribe status shop", "clickscribe status -A -o json"],
  act: (context) => perform("status", readStatusConfig(context), context, (config) => tell(context, config)),
};

interface Told {
  readonly capture: Capture;
  readonly remote: GitRemote | undefined;
}

async function tell({ connect, terminal, now, program }: Context, config: StatusConfig): Promise<number> {
  return withCluster(connect, config.cluster, async (cluster) => {
    const namespace = config.allNamespaces ? "" : (config.namespace ?? cluster.namespace);
    const objects =
      config.name === undefined
        ? await listOwn(cluster, "Capture", namespace)
        : [await getOwn(cluster, "Capture", namespace, config.name)];
    const told: Told[] = [];
    for (const object of objects) told.push(await withRemote(cluster, asCapture(object)));
    if (config.output === "json") {
      terminal.out(renderJson(told.map(summary)));
    } else if (told.length === 0) {
      terminal.err(`no Captures${namespace === "" ? "" : ` in ${namespace}; -A looks in all namespaces`}\n`);
    } else {
      const view = { color: config.color, now: now(), program };
      terminal.out(told.map(({ capture, remote }) => renderStatus(capture, remote, view)).join("\n"));
    }
    return told.every(({ capture }) => isReady(capture)) ? 0 : 1;
  });
}

async function withRemote(cluster: Cluster, capture: Capture): Promise<Told> {
  const kind = await ownKind(cluster, "GitRemote");
  const remote = await cluster.get(kind, capture.metadata.namespace, capture.spec.remote.name);
  return { capture, remote: remote && asRemote(remote) };
}

function isReady(capture: Capture): boolean {
  return readyOf(capture).status === "True";
}

/** For programs: the status as the API server has it, beside what it is about. */
function summary({ capture, remote }: Told): JsonObject {
  const { namespace, name } = capture.metadata;
  const about = {
    namespace,
    name,
    ready: isReady(capture),
    suspended: capture.spec.suspend === true,
    path: capture.spec.path,
    remote: { name: capture.spec.remote.name, url: remote?.spec.url ?? null },
    status: capture.status ?? {},
  };
  return about as unknown as JsonObject;
}
