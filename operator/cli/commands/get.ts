import { type GetConfig, getLine, readGetConfig } from "../../config/objects.ts";
import type { JsonObject } from "../../values.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { getOwn, listOwn, type OwnKind } from "../find-objects.ts";
import { perform } from "../perform.ts";
import { renderGet } from "../render-get.ts";
import { renderObjects } from "../render-objects.ts";

export const get: Command = {
  line: getLine,
  group: "Look",
  summary: "lists Captures and GitRemotes, and whether they are ready",
  examples: ["clickscribe get", "clickscribe get captures -A", "clickscribe get remotes platform -o yaml"],
  act: (context) => perform("get", readGetConfig(context), context, (config) => show(context, config)),
};

async function show({ connect, terminal, now }: Context, config: GetConfig): Promise<void> {
  const { what, name, output } = config;
  const kinds: readonly OwnKind[] =
    what === "all" ? ["GitRemote", "Capture"] : [what === "captures" ? "Capture" : "GitRemote"];
  await withCluster(connect, config.cluster, async (cluster) => {
    const namespace = config.allNamespaces ? "" : (config.namespace ?? cluster.namespace);
    const lists: (readonly JsonObject[])[] = [];
    for (const kind of kinds) {
      lists.push(
        name === undefined ? await listOwn(cluster, kind, namespace) : [await getOwn(cluster, kind, namespace, name)],
      );
    }
    const found = lists.flat();
    if (output === "json" || output === "yaml") {
      terminal.out(renderObjects(found, output, name !== undefined));
    } else if (found.length === 0) {
      const where = namespace === "" ? "" : ` in ${namespace}; -A looks in all namespaces`;
      terminal.err(`no ${kinds.map((kind) => `${kind}s`).join(" and no ")}${where}\n`);
    } else {
      const view = { output, color: config.color, withNamespace: config.allNamespaces, now: now() };
      terminal.out(renderGet(found, view));
    }
  });
}
