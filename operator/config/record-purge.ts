import type { CommandLine } from "./command-line.ts";
import { object } from "./explain.ts";
import { accessFlags, logLevelFlag, namespaceFlag, outputFlag, urlFlags } from "./flags.ts";
import {
  type ClusterAccess,
  clusterAccess,
  finish,
  type Invocation,
  isName,
  type LogLevel,
  label,
  logLevel,
  type Read,
  read,
  readText,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

/** Of `clickscribe record purge`. */
export interface RecordPurgeConfig {
  /** What people typed for an object: `configmap/db`, or `configmap` and `db`. */
  readonly object: readonly string[];
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** undefined: every one of the namespace that has it in its record. */
  readonly capture: string | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly output: "text" | "json";
  readonly cluster: ClusterAccess;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

export const recordPurgeLine: CommandLine = {
  name: "record purge",
  arguments: [object],
  flags: [
    namespaceFlag,
    {
      name: "capture",
      value: "NAME",
      help: "from the record of this Capture alone; default: of all of the namespace",
      completes: "Capture",
    },
    { name: "dry-run", help: "say what would be rewritten, and change nothing", isTypedOnly: true },
    { name: "yes", short: "y", help: "do not ask", isTypedOnly: true },
    outputFlag(["text", "json"], "for people or for programs"),
    ...accessFlags,
    ...urlFlags,
    logLevelFlag("warn"),
  ],
};

export function readRecordPurgeConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<RecordPurgeConfig> {
  const flags = read(recordPurgeLine, started);
  flags.check("capture", isName, "be the name of a Capture");
  return finish(flags, {
    object: flags.words("OBJECT"),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : undefined,
    capture: flags.text("capture"),
    dryRun: flags.boolean("dry-run"),
    yes: flags.boolean("yes"),
    output: flags.oneOf("output", ["text", "json"]),
    cluster: clusterAccess(flags, started.env, readFile),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  });
}
