import type { CommandLine } from "./command-line.ts";
import { accessFlags, logLevelFlag, namespaceFlag, outputFlag, serviceAccountFlag, urlFlags } from "./flags.ts";
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
  serviceAccount,
  showsColor,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

/** Of `clickscribe plan`. */
export interface PlanConfig {
  readonly files: readonly string[];
  readonly output: "text" | "json";
  readonly color: boolean;
  readonly clusterName: string;
  readonly cluster: ClusterAccess;
  /** For what names no namespace in the file. */
  readonly namespace: string;
  readonly defaultServiceAccount: string | undefined;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

export const planLine: CommandLine = {
  name: "plan",
  arguments: [],
  flags: [
    {
      name: "filename",
      short: "f",
      value: "FILE",
      isRepeatable: true,
      help: "YAML with a Capture and, unless it is in the cluster, its GitRemote (- is standard input); required",
      completes: "File",
    },
    outputFlag(["text", "json"], "for people or for programs"),
    {
      name: "cluster-name",
      value: "NAME",
      fallback: "cluster",
      help: "the name that the operator in this cluster runs with: its record is looked for under it",
    },
    ...accessFlags,
    { ...namespaceFlag, fallback: "default", help: "for what names no namespace in the file" },
    serviceAccountFlag,
    ...urlFlags,
    logLevelFlag("warn"),
  ],
};

export function readPlanConfig(started: Invocation, readFile: (path: string) => string = readText): Read<PlanConfig> {
  const flags = read(planLine, started);
  flags.required("filename", "the file with the Capture, such as -f capture.yaml");
  const config: PlanConfig = {
    files: flags.texts("filename"),
    output: flags.oneOf("output", ["text", "json"]),
    color: showsColor(started),
    clusterName: label(flags, "cluster-name"),
    cluster: clusterAccess(flags, started.env, readFile),
    namespace: label(flags, "namespace"),
    defaultServiceAccount: serviceAccount(flags),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  };
  return finish(flags, config);
}
