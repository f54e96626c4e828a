import { type LogConfig, logLine, readLogConfig } from "../../config/explain.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { renderLog } from "../log/render.ts";
import { complain, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";
import { renderJson } from "../render-json.ts";

export const log: Command = {
  line: logLine,
  group: "Look",
  summary: "says who changed what in the cluster, and when, newest first",
  details:
    "It is read from the record in the repository, with what the Secret of the GitRemote holds as far as you may read it. What is on the record is not always on the branch: clickscribe explain OBJECT tells. OBJECT is named as kubectl takes it, and may be one that is deleted. -o json prints {entries: [{time, author, attribution, tool, capture, object, what, commit}], gaps}; gaps says what could not be read.",
  examples: [
    "clickscribe log -n shop --since 24h",
    "clickscribe log deployment/web -n shop",
    "clickscribe log -A --author alice -o json",
  ],
  act: (context) => perform("log", readLogConfig(context), context, (config) => tell(context, config)),
};

async function tell({ connect, terminal, version, now }: Context, config: LogConfig): Promise<void> {
  const [{ readLog }, { createRepositories }] = await Promise.all([
    import("../log/log.ts"),
    import("../../git/index.ts"),
  ]);
  const repositories = createRepositories({ policy: config.urls, version });
  try {
    const said = await withCluster(connect, config.cluster, (cluster) => readLog(cluster, repositories, config, now()));
    if (config.output === "json") {
      terminal.out(renderJson(said));
      return;
    }
    const withCapture = new Set(said.entries.map(({ capture }) => capture)).size > 1;
    terminal.out(renderLog(said.entries, { color: config.color, withCapture }));
    for (const gap of said.gaps) complain(terminal, printableLine(gap));
    if (said.entries.length === 0) terminal.err("no change was found\n");
  } finally {
    await repositories.close();
  }
}
