import { type DiffConfig, diffLine, readDiffConfig } from "../../config/explain.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { renderDifferences } from "../diff/render.ts";
import { asCapture, getOwn, listOwn } from "../find-objects.ts";
import { perform } from "../perform.ts";
import { renderJson } from "../render-json.ts";

export const diff: Command = {
  line: diffLine,
  group: "Look",
  summary: "shows how the cluster differs from Git, field by field and as a unified diff",
  details:
    "Exit code 0: every object of the Captures is in Git as it is in the cluster; 1: some are not, or that could not be told; 2: wrong usage. Each object has its state: ClusterAhead is to be written, GitAhead waits for Argo CD or Flux, Applying is being brought by them, Diverged waits for a person.",
  examples: ["clickscribe diff -n shop", "clickscribe diff shop -n shop -o json"],
  act: (context) => perform("diff", readDiffConfig(context), context, (config) => show(context, config)),
};

async function show({ connect, terminal, version, now }: Context, config: DiffConfig): Promise<number> {
  const [{ diffCaptures }, { createRepositories }] = await Promise.all([
    import("../diff/diff.ts"),
    import("../../git/index.ts"),
  ]);
  const repositories = createRepositories({ policy: config.urls, version });
  try {
    return await withCluster(connect, config.cluster, async (cluster) => {
      const namespace = config.namespace ?? cluster.namespace;
      const { capture: name } = config;
      const found =
        name === undefined
          ? await listOwn(cluster, "Capture", namespace)
          : [await getOwn(cluster, "Capture", namespace, name)];
      const told = await diffCaptures(cluster, repositories, found.map(asCapture), now());
      if (config.output === "json") terminal.out(renderJson(told));
      else if (told.length === 0) terminal.err(`no Captures in ${namespace}\n`);
      else terminal.out(renderDifferences(told, config));
      return told.every(({ differences }) => differences.length === 0) ? 0 : 1;
    });
  } finally {
    await repositories.close();
  }
}
