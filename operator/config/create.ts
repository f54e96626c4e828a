/** What `create capture` takes, and what it has in common with `create remote`. */
import { parseDuration } from "../api/duration.ts";
import type { Argument, CommandLine } from "./command-line.ts";
import type { FlagReader } from "./flag-reader.ts";
import { accessFlags, type Flag, namespaceFlag, timeoutFlag } from "./flags.ts";
import { type Place, place, waitFlag } from "./objects.ts";
import { finish, type Invocation, isName, type Read, read, readText } from "./shared.ts";

export interface CreateConfig extends Place {
  readonly name: string;
  /** Print the YAML instead of applying it. */
  readonly export: boolean;
  readonly wait: boolean;
  readonly timeoutMs: number;
}

/** `GROUP/KIND` of a flag. */
export interface KindPattern {
  readonly group: string;
  readonly kind: string;
}

/** Of `clickscribe create capture`. */
export interface CreateCaptureConfig extends CreateConfig {
  readonly remote: string;
  readonly path: string;
  readonly branch: string | undefined;
  readonly serviceAccount: string | undefined;
  readonly include: readonly KindPattern[];
  readonly exclude: readonly KindPattern[];
  readonly prune: string | undefined;
  readonly confirmAbove: number | undefined;
  readonly layout: string | undefined;
  readonly quietPeriod: string | undefined;
  readonly maxWait: string | undefined;
}

export const nameOf = (what: string): Argument => ({ name: "NAME", help: `the name of the ${what}` });
const exportFlag: Flag = {
  name: "export",
  help: "print the YAML, for Git or kubectl apply -f -, and change nothing",
  isTypedOnly: true,
};
export const commonFlags: readonly Flag[] = [exportFlag, waitFlag, timeoutFlag("1m"), namespaceFlag, ...accessFlags];

export const createCaptureLine: CommandLine = {
  name: "create capture",
  arguments: [nameOf("Capture")],
  flags: [
    { name: "remote", value: "NAME", help: "a GitRemote of the same namespace; required", completes: "GitRemote" },
    { name: "path", value: "PATH", help: "the folder of the repository to write to, such as apps/shop; required" },
    { name: "branch", value: "NAME", help: "the branch to write to; default: the repository's default branch" },
    {
      name: "service-account",
      value: "NAME",
      help: "the ServiceAccount of the namespace whose rights it acts with; it must be able to read the Secret, too",
    },
    {
      name: "include",
      value: "GROUP/KIND",
      isRepeatable: true,
      help: "capture only these kinds: ConfigMap, apps/Deployment, apps/* or */*",
    },
    { name: "exclude", value: "GROUP/KIND", isRepeatable: true, help: "never capture these kinds" },
    {
      name: "prune",
      value: "Delete|Keep",
      choices: ["Delete", "Keep"],
      help: "what becomes of the file of an object that was deleted",
    },
    {
      name: "confirm-above",
      value: "COUNT",
      help: "deletions of more objects than this at a time wait until they are confirmed",
    },
    {
      name: "layout",
      value: "Neighbours|Flat|ByNamespace|ByKind",
      choices: ["Neighbours", "Flat", "ByNamespace", "ByKind"],
      help: "where new objects are placed below the path",
    },
    { name: "quiet-period", value: "DURATION", help: "a push waits until nothing changed for this long" },
    { name: "max-wait", value: "DURATION", help: "and never longer than this after the first change" },
    ...commonFlags,
  ],
};

export function readCreateCaptureConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<CreateCaptureConfig> {
  const flags = read(createCaptureLine, started);
  flags.required("remote", "a GitRemote, such as one that create remote made");
  flags.required("path", 'the folder of the repository to write to, such as apps/shop, or "" for its root');
  flags.check("confirm-above", (text) => /^\d{1,9}$/.test(text), "be a number");
  flags.check("branch", isBranch, "be a branch's own name, such as main, without refs/heads/");
  for (const flag of ["quiet-period", "max-wait"])
    flags.check(flag, isBatchTime, "be a duration from 0s to 1h, such as 3s or 1m30s");
  const [quiet, longest] = ["quiet-period", "max-wait"].map((flag) => parseDuration(flags.text(flag) ?? ""));
  if (quiet !== undefined && longest !== undefined && quiet > longest)
    flags.problems.push("--quiet-period must not be longer than --max-wait");
  const confirmAbove = flags.text("confirm-above");
  return finish(flags, {
    ...common(flags, started, readFile),
    name: newName(flags),
    remote: checkedName(flags, "remote", "a GitRemote") ?? "",
    path: flags.text("path") ?? "",
    branch: flags.text("branch"),
    serviceAccount: checkedName(flags, "service-account", "a ServiceAccount"),
    include: kindPatterns(flags, "include"),
    exclude: kindPatterns(flags, "exclude"),
    prune: choice(flags, "prune", ["Delete", "Keep"]),
    confirmAbove: confirmAbove === undefined ? undefined : Number(confirmAbove),
    layout: choice(flags, "layout", ["Neighbours", "Flat", "ByNamespace", "ByKind"]),
    quietPeriod: flags.text("quiet-period"),
    maxWait: flags.text("max-wait"),
  });
}

export function common(
  flags: FlagReader,
  started: Invocation,
  readFile: (path: string) => string,
): Omit<CreateConfig, "name"> {
  return {
    ...place(flags, started, readFile),
    export: flags.boolean("export"),
    wait: flags.boolean("wait"),
    timeoutMs: flags.duration("timeout", 1_000),
  };
}

export function newName(flags: FlagReader): string {
  const name = flags.word("NAME") ?? "";
  if (name !== "" && !isName(name)) {
    flags.problems.push(`NAME must be lower case letters, digits, - and ., not ${JSON.stringify(name)}`);
  }
  return name;
}

export function checkedName(flags: FlagReader, flag: string, what: string): string | undefined {
  flags.check(flag, isName, `be the name of ${what}`);
  return flags.text(flag);
}

export function choice(flags: FlagReader, flag: string, choices: readonly string[]): string | undefined {
  return flags.isGiven(flag) ? flags.oneOf(flag, choices) : undefined;
}

export function kindPatterns(flags: FlagReader, flag: string): readonly KindPattern[] {
  const isPattern = (text: string): boolean => /^([a-z0-9.-]*\/|\*\/)?([A-Z][A-Za-z0-9]*|\*)$/.test(text);
  flags.check(flag, isPattern, "be a kind, as in a manifest, such as ConfigMap, apps/Deployment, apps/* or */*");
  return flags.texts(flag).map((text) => {
    const slash = text.indexOf("/");
    return { group: text.slice(0, Math.max(0, slash)), kind: text.slice(slash + 1) };
  });
}

// As the CustomResourceDefinitions have them: what --export prints, the API server takes.

/** git-check-ref-format(1), `--branch`. */
export function isBranch(text: string): boolean {
  if (text === "@" || /^(refs\/|-)|\.$|\.\.|@\{/.test(text)) return false;
  return !/[\p{Cc} ~^:?*[\\]|\.lock(\/|$)/u.test(text) && (text === "" || !/(^|\/)(\.|\/|$)/.test(text));
}

function isBatchTime(text: string): boolean {
  const ms = text === "0" ? undefined : parseDuration(text);
  return ms !== undefined && ms <= 3_600_000;
}
