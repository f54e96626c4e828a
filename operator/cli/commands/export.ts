import { type Destination, type ExportConfig, exportLine, readExportConfig } from "../../config/export.ts";
import type { RemoteAccess } from "../../ports.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { createProgress } from "../export/progress.ts";
import { renderExported } from "../export/render.ts";
import { perform } from "../perform.ts";
import { readCertificates, readPassword } from "../read-credentials.ts";
import { renderJson } from "../render-json.ts";

export const exportCommand: Command = {
  line: exportLine,
  group: "Set up",
  summary: "writes a namespace, or the whole cluster, to a folder or a repository once",
  details:
    "It writes what a Capture would write, where a Capture would write it: one that is made for the same path later adopts the files. Files of other objects, and files that say something else, are left as they are. Secrets are never written. Exit code 0: all is written; 1: something was refused, may not be read though --include names it, or --verify found a manifest that does not give its object again.",
  examples: [
    "clickscribe export ./shop -n shop",
    "clickscribe export ./cluster --all-namespaces --verify",
    "clickscribe export -n shop --username bot --password-stdin --path apps/shop \\\n    --repository https://git.example.com/acme/platform.git < token.txt",
  ],
  act: (context) => perform("export", readExportConfig(context), context, (config) => write(context, config)),
};

async function write(context: Context, config: ExportConfig): Promise<number> {
  const { connect, terminal, version, now } = context;
  const [{ exportObjects }, { createRepositories }] = await Promise.all([
    import("../export/export.ts"),
    import("../../git/index.ts"),
  ]);
  const access = accessOf(context, config.destination);
  const repositories = createRepositories({ policy: config.urls, version });
  const progress = createProgress(terminal, now, config.progress);
  try {
    const said = await withCluster(connect, config.cluster, (cluster) =>
      exportObjects(cluster, config, access && repositories.open(access), now, progress),
    );
    terminal.out(config.output === "json" ? renderJson(said) : renderExported(said, config));
    const isNamed = ({ group, kind }: { readonly group: string; readonly kind: string }): boolean =>
      config.include.some((pattern) => pattern.kind === kind && [group, "*"].includes(pattern.group));
    const isComplete = said.refused.length === 0 && !said.notRead.some(isNamed);
    return isComplete && (said.verified?.unequal.length ?? 0) === 0 ? 0 : 1;
  } finally {
    progress.clear();
    await repositories.close();
  }
}

function accessOf(context: Context, destination: Destination): RemoteAccess | undefined {
  if (destination.to === "Folder") return undefined;
  const { url, username, caFile } = destination;
  const ca = caFile === undefined ? undefined : readCertificates(context.readText, caFile);
  const credentials =
    username === undefined
      ? ({ type: "None" } as const)
      : ({ type: "Basic", username, password: readPassword(context.readText) } as const);
  return { url, credentials, ca, timeoutMs: 60_000 };
}
