/** What the commands about Captures and GitRemotes of a cluster take. */
import type { Argument, CommandLine } from "./command-line.ts";
import type { FlagReader } from "./flag-reader.ts";
import { accessFlags, allNamespacesFlag, type Flag, namespaceFlag, outputFlag, timeoutFlag } from "./flags.ts";
import {
  type ClusterAccess,
  clusterAccess,
  finish,
  type Invocation,
  isName,
  label,
  type Read,
  read,
  readText,
  showsColor,
} from "./shared.ts";

/** Where to look. */
export interface Place {
  readonly cluster: ClusterAccess;
  /** undefined: that of the kubeconfig's context. */
  readonly namespace: string | undefined;
}

export type GetOutput = "table" | "wide" | "json" | "yaml" | "name";

/** Of `clickscribe get`. */
export interface GetConfig extends Place {
  readonly what: "captures" | "remotes" | "all";
  readonly name: string | undefined;
  readonly allNamespaces: boolean;
  readonly output: GetOutput;
  readonly color: boolean;
}

/** Of `clickscribe status`. */
export interface StatusConfig extends Place {
  /** undefined: every Capture of the namespace. */
  readonly name: string | undefined;
  readonly allNamespaces: boolean;
  readonly output: "text" | "json";
  readonly color: boolean;
}

/** Of `clickscribe suspend`, `resume` and `reconcile`. */
export interface SteerConfig extends Place {
  readonly names: readonly string[];
  /** Every Capture of the namespace. */
  readonly all: boolean;
  /** Until the operator says that it is done. */
  readonly wait: boolean;
  readonly timeoutMs: number;
  readonly color: boolean;
}

const capture: Argument = { name: "NAME", help: "a Capture", isOptional: true, completes: "Capture" };

export const getLine: CommandLine = {
  name: "get",
  arguments: [
    {
      name: "WHAT",
      help: "captures, remotes or all (default: captures)",
      isOptional: true,
      choices: ["captures", "remotes", "all"],
      alsoTaken: ["capture", "remote"],
    },
    { name: "NAME", help: "one of them", isOptional: true, completes: "Named" },
  ],
  flags: [
    outputFlag(["table", "wide", "json", "yaml", "name"], "how to print it"),
    namespaceFlag,
    allNamespacesFlag,
    ...accessFlags,
  ],
};

export const statusLine: CommandLine = {
  name: "status",
  arguments: [{ ...capture, help: "a Capture; default: each of the namespace" }],
  flags: [outputFlag(["text", "json"], "for people or for programs"), namespaceFlag, allNamespacesFlag, ...accessFlags],
};

const allFlag: Flag = { name: "all", help: "every Capture of the namespace", isTypedOnly: true };
export const waitFlag: Flag = {
  name: "wait",
  fallback: "true",
  help: "wait until the operator has done it; --wait=false does not",
};
const steered: Argument = { ...capture, help: "one or more Captures", isRepeatable: true };
const steerFlags: readonly Flag[] = [allFlag, waitFlag, timeoutFlag("1m"), namespaceFlag, ...accessFlags];

export const suspendLine: CommandLine = { name: "suspend capture", arguments: [steered], flags: steerFlags };
export const resumeLine: CommandLine = { name: "resume capture", arguments: [steered], flags: steerFlags };
export const reconcileLine: CommandLine = { name: "reconcile capture", arguments: [steered], flags: steerFlags };

export function readGetConfig(started: Invocation, readFile: (path: string) => string = readText): Read<GetConfig> {
  const flags = read(getLine, started);
  const name = objectName(flags, flags.word("NAME"));
  const allNamespaces = flags.boolean("all-namespaces");
  mustChoose(flags, name !== undefined, "NAME and --all-namespaces");
  if (name !== undefined && flags.word("WHAT") === "all")
    flags.problems.push("NAME goes with captures or remotes: get captures NAME");
  return finish(flags, {
    ...place(flags, started, readFile),
    what: (flags.word("WHAT") ?? "captures").replace(/e$/, "es") as GetConfig["what"],
    name,
    allNamespaces,
    output: flags.oneOf("output", ["table", "wide", "json", "yaml", "name"]),
    color: showsColor(started),
  });
}

export function readStatusConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<StatusConfig> {
  const flags = read(statusLine, started);
  const name = objectName(flags, flags.word("NAME"));
  mustChoose(flags, name !== undefined, "NAME and --all-namespaces");
  return finish(flags, {
    ...place(flags, started, readFile),
    name,
    allNamespaces: flags.boolean("all-namespaces"),
    output: flags.oneOf("output", ["text", "json"]),
    color: showsColor(started),
  });
}

export function readSteerConfig(
  line: CommandLine,
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<SteerConfig> {
  const flags = read(line, started);
  const names = flags.words("NAME");
  for (const name of names) objectName(flags, name);
  const all = flags.boolean("all");
  if (all && names.length > 0) flags.problems.push("NAME and --all exclude each other: give one of them");
  if (!all && names.length === 0) flags.problems.push(`${line.name} needs the NAME of a Capture, or --all`);
  return finish(flags, {
    ...place(flags, started, readFile),
    names,
    all,
    wait: flags.boolean("wait"),
    timeoutMs: flags.duration("timeout", 1_000),
    color: showsColor(started),
  });
}

export function place(flags: FlagReader, { env }: Invocation, readFile: (path: string) => string): Place {
  return {
    cluster: clusterAccess(flags, env, readFile),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : undefined,
  };
}

/** For completion: where to look, whatever else is wrong with what was typed so far. */
export function readPlace(
  line: CommandLine,
  started: Invocation,
  readFile: (path: string) => string = readText,
): Place {
  return place(read(line, started), started, readFile);
}

function mustChoose(flags: FlagReader, isNamed: boolean, both: string): void {
  if (isNamed && flags.boolean("all-namespaces")) {
    flags.problems.push(`${both} exclude each other: give --namespace with a NAME`);
  }
}

function objectName(flags: FlagReader, name: string | undefined): string | undefined {
  if (name !== undefined && !isName(name)) {
    flags.problems.push(`NAME must be the name of an object, not ${JSON.stringify(name)}`);
  }
  return name;
}
