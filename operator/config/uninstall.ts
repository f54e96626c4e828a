import type { CommandLine } from "./command-line.ts";
import { accessFlags, timeoutFlag } from "./flags.ts";
import {
  type ClusterAccess,
  clusterAccess,
  finish,
  type Invocation,
  isName,
  type Read,
  read,
  readText,
} from "./shared.ts";

/** Of `clickscribe uninstall`. */
export interface UninstallConfig {
  readonly cluster: ClusterAccess;
  /** The value of app.kubernetes.io/instance; undefined: the only one that there is. */
  readonly instance: string | undefined;
  /** The CustomResourceDefinitions too, and with them every Capture and GitRemote. */
  readonly crds: boolean;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly timeoutMs: number;
}

export const uninstallLine: CommandLine = {
  name: "uninstall",
  arguments: [],
  flags: [
    {
      name: "instance",
      value: "NAME",
      help: "which installation, by the label app.kubernetes.io/instance; needed where there are several",
    },
    {
      name: "crds",
      help: "remove the CustomResourceDefinitions too, and with them every Capture and GitRemote; what is in Git stays",
      isTypedOnly: true,
    },
    {
      name: "keep-crds",
      help: "keep them, so that a new installation goes on; this is the default",
      isTypedOnly: true,
    },
    { name: "dry-run", help: "say what would go, and remove nothing", isTypedOnly: true },
    { name: "yes", short: "y", help: "do not ask", isTypedOnly: true },
    timeoutFlag("2m"),
    ...accessFlags,
  ],
};

export function readUninstallConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<UninstallConfig> {
  const flags = read(uninstallLine, started);
  flags.check("instance", isName, "be the name of an installation");
  const crds = flags.boolean("crds");
  if (crds && flags.boolean("keep-crds")) {
    flags.problems.push("--crds and --keep-crds exclude each other: give one of them");
  }
  return finish(flags, {
    cluster: clusterAccess(flags, started.env, readFile),
    instance: flags.text("instance"),
    crds,
    dryRun: flags.boolean("dry-run"),
    yes: flags.boolean("yes"),
    timeoutMs: flags.duration("timeout", 1_000),
  });
}
