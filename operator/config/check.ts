import type { CommandLine } from "./command-line.ts";
import { accessFlags, logLevelFlag, namespaceFlag, outputFlag, urlFlags } from "./flags.ts";
import {
  type ClusterAccess,
  clusterAccess,
  finish,
  type Invocation,
  type LogLevel,
  label,
  logLevel,
  type Read,
  read,
  readText,
  showsColor,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

/** Of `clickscribe check`. */
export interface CheckConfig {
  /** Before the installation. */
  readonly pre: boolean;
  readonly files: readonly string[];
  /** A ref may be pushed to see whether the record's will be taken. */
  readonly write: boolean;
  /** undefined: all. */
  readonly namespace: string | undefined;
  readonly operatorNamespace: string;
  readonly output: "text" | "json";
  readonly color: boolean;
  readonly cluster: ClusterAccess;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

export const checkLine: CommandLine = {
  name: "check",
  arguments: [],
  flags: [
    { name: "pre", help: "before the installation: the cluster, and your rights to install", isTypedOnly: true },
    {
      name: "filename",
      short: "f",
      value: "FILE",
      isRepeatable: true,
      help: "YAML with GitRemotes and Captures to check before they are made (- is standard input)",
      completes: "File",
    },
    {
      name: "write",
      help: "push a new ref below the record's prefix and remove it again, to see whether the server takes it",
      isTypedOnly: true,
    },
    { ...namespaceFlag, help: "look at the Captures and GitRemotes of this namespace; default: of all" },
    {
      name: "operator-namespace",
      value: "NAME",
      fallback: "clickscribe-system",
      help: "where the operator is installed, or is to be",
      completes: "Namespace",
    },
    outputFlag(["text", "json"], "for people or for programs"),
    ...accessFlags,
    ...urlFlags,
    logLevelFlag("warn"),
  ],
};

export function readCheckConfig(started: Invocation, readFile: (path: string) => string = readText): Read<CheckConfig> {
  const flags = read(checkLine, started);
  const config: CheckConfig = {
    pre: flags.boolean("pre"),
    files: flags.texts("filename"),
    write: flags.boolean("write"),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : undefined,
    operatorNamespace: label(flags, "operator-namespace"),
    output: flags.oneOf("output", ["text", "json"]),
    color: showsColor(started),
    cluster: clusterAccess(flags, started.env, readFile),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  };
  return finish(flags, config);
}
