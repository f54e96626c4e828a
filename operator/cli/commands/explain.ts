import { type ExplainConfig, explainLine, readExplainConfig } from "../../config/explain.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { renderExplanation } from "../explain/render.ts";
import { perform } from "../perform.ts";
import { renderJson } from "../render-json.ts";

export const explain: Command = {
  line: explainLine,
  group: "Look",
  summary: "says why an object is in Git, or why not, and where",
  details:
    "OBJECT is named as kubectl takes it: deployment/web, deploy web, ingresses.networking.k8s.io/web. Exit code 0: the branch of a Capture holds it as it is in the cluster; 1: it does not, or not so, or that is not known. It looks with your own rights; where you may not read the Secret of the GitRemote, the cluster's side is told alone.",
  examples: ["clickscribe explain deployment/web -n shop", "clickscribe explain ingress web -o json"],
  act: (context) => perform("explain", readExplainConfig(context), context, (config) => tell(context, config)),
};

async function tell({ connect, terminal, version, now }: Context, config: ExplainConfig): Promise<number> {
  const [{ explain: ask }, { createRepositories }] = await Promise.all([
    import("../explain/explain.ts"),
    import("../../git/index.ts"),
  ]);
  const repositories = createRepositories({ policy: config.urls, version });
  try {
    const said = await withCluster(connect, config.cluster, (cluster) =>
      ask(cluster, repositories, config.object, config.namespace, now()),
    );
    terminal.out(config.output === "json" ? renderJson(said) : renderExplanation(said, config));
    return said.inGit === true ? 0 : 1;
  } finally {
    await repositories.close();
  }
}
