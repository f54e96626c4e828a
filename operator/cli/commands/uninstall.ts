import { readUninstallConfig, type UninstallConfig, uninstallLine } from "../../config/uninstall.ts";
import type { Command, Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { Complaint, complainOf, perform } from "../perform.ts";
import { printableLine } from "../printable.ts";
import { type Found, findInstalled, type Installed, keyOf } from "../uninstall/installed.ts";
import { removeAll } from "../uninstall/remove.ts";

export const uninstall: Command = {
  line: uninstallLine,
  group: "Set up",
  summary: "removes Clickscribe from the cluster, but for what is kept on purpose",
  details:
    "For what was made with kubectl apply; what Helm made is for helm uninstall. Files and record in Git stay, and Secrets of yours do.",
  examples: ["clickscribe uninstall --dry-run", "clickscribe uninstall --yes --crds"],
  act: (context) => perform("uninstall", readUninstallConfig(context), context, (config) => remove(context, config)),
};

async function remove(context: Context, config: UninstallConfig): Promise<number> {
  const { connect, terminal, ask, program } = context;
  return withCluster(connect, config.cluster, async (cluster) => {
    const installed = await findInstalled(cluster, config.instance);
    refuse(installed, config, program);
    const going = [...installed.objects, ...(config.crds ? [...installed.loans, ...installed.crds] : [])];
    terminal.out(outlook(installed, going, config, printableLine(cluster.server)));
    if (going.length === 0 || config.dryRun) return 0;
    if (!config.yes) {
      const answer = await ask("Remove them? [y/N] ");
      if (answer === undefined) return complainOf(terminal, ["nobody can be asked here: give --yes, or --dry-run"]);
      if (!/^y(es)?$/i.test(answer.trim())) {
        terminal.out("Nothing was removed.\n");
        return 1;
      }
    }
    const left = await removeAll(cluster, going, { ...config, instance: installed.instance }, context);
    for (const { found, why } of left)
      terminal.err(`${program}: ${line(found)} is still there: ${printableLine(why)}\n`);
    if (left.length === 0) terminal.out("Removed.\n");
    return left.length === 0 ? 0 : 1;
  });
}

/** Throws Complaint where it is not for this command to remove. */
function refuse({ releases, instance, instances }: Installed, config: UninstallConfig, program: string): void {
  const [release] = releases;
  if (release !== undefined) {
    const then = config.crds ? `, then ${program} uninstall --crds` : "";
    const { name, namespace } = release;
    throw new Complaint(`this was installed by Helm: helm uninstall ${name} -n ${namespace} removes it${then}`);
  }
  if (instances.length > 1 && instance === undefined) {
    throw new Complaint(`there are several installations: choose one with --instance ${instances.join(" or ")}`);
  }
  const others = instances.filter((other) => other !== instance);
  if (config.crds && others.length > 0) {
    throw new Complaint(
      `the installation ${others.join(" and ")} needs the CustomResourceDefinitions: remove it first, or run this without --crds`,
    );
  }
}

function outlook(
  { crds, loans, captures, remotes }: Installed,
  going: readonly Found[],
  config: UninstallConfig,
  server: string,
): string {
  const sections: string[] = [];
  if (going.length === 0) sections.push(`Nothing of Clickscribe is left to remove from ${server}.`);
  else
    sections.push(
      [`These ${config.dryRun ? "would go" : "go"} from ${server}:`, ...going.map((found) => `  ${line(found)}`)].join(
        "\n",
      ),
    );
  const own = `${counted(captures, "Capture")} and ${counted(remotes, "GitRemote")}`;
  if (crds.length > 0) {
    sections.push(
      config.crds
        ? `With the CustomResourceDefinitions go ${own}; files and record in Git stay.`
        : `These stay, with ${own}; --crds removes them too:\n${[...crds, ...loans].map((found) => `  ${line(found)}`).join("\n")}`,
    );
  }
  return `${sections.join("\n\n")}\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function line(found: Found): string {
  return printableLine(keyOf(found));
}
