import { parseDuration } from "../api/duration.ts";
import type { Argument, CommandLine } from "./command-line.ts";
import type { FlagReader } from "./flag-reader.ts";
import { accessFlags, allNamespacesFlag, logLevelFlag, namespaceFlag, outputFlag, urlFlags } from "./flags.ts";
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
  showsColor,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

interface Common {
  /** What people typed for an object: `deployment/web`, or `deployment` and `web`. */
  readonly object: readonly string[];
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
  readonly output: "text" | "json";
  readonly color: boolean;
  readonly cluster: ClusterAccess;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

/** Of `clickscribe explain`. */
export type ExplainConfig = Common;

/** Of `clickscribe log`. */
export interface LogConfig extends Common {
  readonly allNamespaces: boolean;
  /** undefined: all of the namespace. */
  readonly capture: string | undefined;
  /** undefined: however long ago. */
  readonly sinceMs: number | undefined;
  /** 0: no limit. */
  readonly limit: number;
  readonly author: string | undefined;
}

/** One object of the cluster. */
export const object: Argument = {
  name: "OBJECT",
  help: "such as deployment/web or deployment web",
  isRepeatable: true,
};

const common = [outputFlag(["text", "json"], "for people or for programs"), ...accessFlags, ...urlFlags];

export const explainLine: CommandLine = {
  name: "explain",
  arguments: [object],
  flags: [namespaceFlag, ...common, logLevelFlag("warn")],
};

/** Of `clickscribe diff`. */
export interface DiffConfig extends Omit<Common, "object"> {
  /** undefined: every Capture of the namespace. */
  readonly capture: string | undefined;
}

export const diffLine: CommandLine = {
  name: "diff",
  arguments: [
    { name: "NAME", help: "a Capture; default: all of the namespace", isOptional: true, completes: "Capture" },
  ],
  flags: [namespaceFlag, ...common, logLevelFlag("warn")],
};

export const logLine: CommandLine = {
  name: "log",
  arguments: [{ ...object, isOptional: true, help: "only this one, such as deployment/web or deployment web" }],
  flags: [
    { ...namespaceFlag, help: "of the Captures of this namespace; default: that of the kubeconfig's context" },
    { ...allNamespacesFlag, help: "of the Captures of all namespaces" },
    { name: "capture", value: "NAME", help: "of this Capture; default: of all", completes: "Capture" },
    { name: "since", value: "DURATION", help: "not older than this, such as 90m, 24h or 7d; default: however old" },
    { name: "limit", value: "COUNT", fallback: "20", help: "at most so many; 0: all that the record has" },
    { name: "author", value: "NAME", help: "by this user of the cluster; unknown: by nobody who is known" },
    ...common,
    logLevelFlag("warn"),
  ],
};

export function readExplainConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<ExplainConfig> {
  const flags = read(explainLine, started);
  return finish(flags, commonOf(flags, started, readFile));
}

export function readDiffConfig(started: Invocation, readFile: (path: string) => string = readText): Read<DiffConfig> {
  const flags = read(diffLine, started);
  const [capture] = flags.words("NAME");
  return finish(flags, { ...placeOf(flags, started, readFile), capture });
}

export function readLogConfig(started: Invocation, readFile: (path: string) => string = readText): Read<LogConfig> {
  const flags = read(logLine, started);
  flags.check("capture", isName, "be the name of a Capture");
  flags.check("limit", (text) => /^\d{1,6}$/.test(text), "be a number from 0 to 999999");
  flags.check("since", (text) => durationOf(text) !== undefined, "be a duration such as 90m, 24h or 7d");
  if (flags.isGiven("namespace") && flags.boolean("all-namespaces")) {
    flags.problems.push("--namespace and --all-namespaces exclude each other: give one of them");
  }
  const config: LogConfig = {
    ...commonOf(flags, started, readFile),
    allNamespaces: flags.boolean("all-namespaces"),
    capture: flags.text("capture"),
    sinceMs: durationOf(flags.text("since") ?? ""),
    limit: Number(flags.text("limit")),
    author: flags.text("author"),
  };
  return finish(flags, config);
}

function commonOf(flags: FlagReader, started: Invocation, readFile: (path: string) => string): Common {
  return { object: flags.words("OBJECT"), ...placeOf(flags, started, readFile) };
}

function placeOf(flags: FlagReader, started: Invocation, readFile: (path: string) => string): Omit<Common, "object"> {
  return {
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : undefined,
    output: flags.oneOf("output", ["text", "json"]),
    color: showsColor(started),
    cluster: clusterAccess(flags, started.env, readFile),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  };
}

/** A Go duration, or days, which Go has not. */
function durationOf(text: string): number | undefined {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  return days === undefined ? parseDuration(text) : Number(days) * 86_400_000;
}
