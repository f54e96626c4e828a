import type { CommandLine } from "./command-line.ts";
import { object } from "./explain.ts";
import { accessFlags, type Flag, logLevelFlag, namespaceFlag, outputFlag, timeoutFlag, urlFlags } from "./flags.ts";
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

interface Common {
  /** What people typed for an object: `deployment/web`, or `deployment` and `web`. */
  readonly object: readonly string[];
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
  /** undefined: the one that has the object. */
  readonly capture: string | undefined;
  readonly output: "text" | "json";
  readonly cluster: ClusterAccess;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

/** Of `clickscribe undo`. */
export interface UndoConfig extends Common {
  readonly dryRun: boolean;
  readonly yes: boolean;
}

/** Of `clickscribe keep`. */
export interface KeepConfig extends Common {
  readonly timeoutMs: number;
}

const captureFlag: Flag = {
  name: "capture",
  value: "NAME",
  help: "of this Capture; default: the one that has the object",
  completes: "Capture",
};
const common: readonly Flag[] = [
  outputFlag(["text", "json"], "for people or for programs"),
  ...accessFlags,
  ...urlFlags,
  logLevelFlag("warn"),
];

export const undoLine: CommandLine = {
  name: "undo",
  arguments: [object],
  flags: [
    namespaceFlag,
    captureFlag,
    { name: "dry-run", help: "let the API server try it, and change nothing", isTypedOnly: true },
    { name: "yes", short: "y", help: "do not ask, where an object is to be deleted", isTypedOnly: true },
    ...common,
  ],
};

export const keepLine: CommandLine = {
  name: "keep",
  arguments: [object],
  flags: [namespaceFlag, captureFlag, timeoutFlag("1m"), ...common],
};

export function readUndoConfig(started: Invocation, readFile: (path: string) => string = readText): Read<UndoConfig> {
  const flags = read(undoLine, started);
  const own = { dryRun: flags.boolean("dry-run"), yes: flags.boolean("yes") };
  return finish(flags, { ...commonOf(flags, started, readFile), ...own });
}

export function readKeepConfig(started: Invocation, readFile: (path: string) => string = readText): Read<KeepConfig> {
  const flags = read(keepLine, started);
  return finish(flags, { ...commonOf(flags, started, readFile), timeoutMs: flags.duration("timeout", 1_000) });
}

function commonOf(flags: ReturnType<typeof read>, started: Invocation, readFile: (path: string) => string): Common {
  flags.check("capture", isName, "be the name of a Capture");
  return {
    object: flags.words("OBJECT"),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : undefined,
    capture: flags.text("capture"),
    output: flags.oneOf("output", ["text", "json"]),
    cluster: clusterAccess(flags, started.env, readFile),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  };
}
