import type { CommandLine } from "./command-line.ts";
import { isBranch, type KindPattern, kindPatterns } from "./create.ts";
import { isGitUrl } from "./create-remote.ts";
import type { FlagReader } from "./flag-reader.ts";
import {
  accessFlags,
  allNamespacesFlag,
  type Flag,
  logLevelFlag,
  namespaceFlag,
  outputFlag,
  urlFlags,
} from "./flags.ts";
import { type Place, place } from "./objects.ts";
import {
  finish,
  type Invocation,
  type LogLevel,
  logLevel,
  type Read,
  read,
  readText,
  showsColor,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

/** Where `clickscribe export` writes to. */
export type Destination =
  | { readonly to: "Folder"; readonly folder: string }
  | {
      readonly to: "Repository";
      readonly url: string;
      /** undefined: the repository's default branch. */
      readonly branch: string | undefined;
      readonly path: string;
      readonly username: string | undefined;
      readonly caFile: string | undefined;
    };

/** Of `clickscribe export`. */
export interface ExportConfig extends Place {
  readonly destination: Destination;
  readonly allNamespaces: boolean;
  readonly include: readonly KindPattern[];
  readonly exclude: readonly KindPattern[];
  /** Names in which `*` stands for any characters. */
  readonly excludeNamespaces: readonly string[];
  readonly layout: "Flat" | "ByNamespace" | "ByKind";
  readonly defaults: "Keep" | "Drop";
  readonly overwrite: boolean;
  readonly verify: boolean;
  readonly output: "text" | "json";
  readonly color: boolean;
  /** Whether somebody watches. */
  readonly progress: boolean;
  readonly urls: UrlPolicy;
  readonly logLevel: LogLevel;
}

const repositoryFlags: readonly Flag[] = [
  {
    name: "repository",
    value: "URL",
    help: "write to this repository in one commit, instead of a FOLDER; what one would give to git clone",
  },
  { name: "branch", value: "NAME", help: "of the repository; default: its default branch" },
  { name: "path", value: "PATH", help: "the folder of the repository; default: its root" },
  { name: "username", value: "USER", help: "for the repository, with --password-stdin" },
  { name: "password-stdin", help: "the password or token is read from standard input", isTypedOnly: true },
  { name: "ca-file", value: "FILE", help: "PEM certificates, for a server of an own authority", completes: "File" },
];

export const exportLine: CommandLine = {
  name: "export",
  arguments: [
    { name: "FOLDER", help: "where to write to; made where it is missing", isOptional: true, completes: "File" },
  ],
  flags: [
    { ...namespaceFlag, help: "the namespace to write; default: that of the kubeconfig's context, else default" },
    { ...allNamespacesFlag, help: "all namespaces, and what belongs to none" },
    {
      name: "include",
      value: "GROUP/KIND",
      isRepeatable: true,
      help: "only these kinds: ConfigMap, apps/Deployment, apps/* or */*",
    },
    { name: "exclude", value: "GROUP/KIND", isRepeatable: true, help: "never these kinds" },
    {
      name: "exclude-namespace",
      value: "GLOB",
      isRepeatable: true,
      help: 'with --all-namespaces, never these namespaces; default: kube-* and openshift-*; "" is none',
    },
    {
      name: "layout",
      value: "Flat|ByNamespace|ByKind",
      choices: ["Flat", "ByNamespace", "ByKind"],
      help: "where objects are placed; default: Flat, with --all-namespaces ByNamespace",
    },
    {
      name: "defaults",
      value: "Keep|Drop",
      fallback: "Keep",
      choices: ["Keep", "Drop"],
      help: "Drop leaves out what the API server proves to put back; beyond its schema that takes the right to create",
    },
    { name: "overwrite", help: "overwrite files of the same objects that say something else" },
    {
      name: "verify",
      help: "apply each manifest as a dry run, and say where the API server would store something else; needs the right to patch",
    },
    ...repositoryFlags,
    outputFlag(["text", "json"], "for people or for programs"),
    ...accessFlags,
    ...urlFlags,
    logLevelFlag("warn"),
  ],
};

export function readExportConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<ExportConfig> {
  const flags = read(exportLine, started);
  const folder = flags.word("FOLDER");
  const url = flags.text("repository");
  if ((folder === undefined) === (url === undefined)) {
    flags.problems.push("export needs either a FOLDER, such as ./shop, or --repository URL");
  }
  flags.check("repository", isGitUrl, "be the https:// URL of a repository, without credentials, query and fragment");
  flags.check("branch", isBranch, "be a branch's own name, such as main, without refs/heads/");
  flags.check(
    "exclude-namespace",
    (text) => /^[a-z0-9*-]*$/.test(text),
    "be a namespace, in which * is any characters",
  );
  if (url === undefined)
    for (const flag of ["branch", "path", "username", "password-stdin", "ca-file"])
      if (flags.isGiven(flag)) flags.problems.push(`--${flag} goes with --repository`);
  const username = flags.text("username");
  if ((username !== undefined) !== flags.boolean("password-stdin"))
    flags.problems.push("--username and --password-stdin go together");
  const allNamespaces = flags.boolean("all-namespaces");
  if (allNamespaces && flags.isGiven("namespace"))
    flags.problems.push("--namespace and --all-namespaces exclude each other: give one of them");
  const layouts = ["Flat", "ByNamespace", "ByKind"] as const;
  const layout = flags.isGiven("layout") ? flags.oneOf("layout", layouts) : allNamespaces ? "ByNamespace" : "Flat";
  if (allNamespaces && layout !== "ByNamespace")
    flags.problems.push("--layout must be ByNamespace with --all-namespaces: two objects would share a file");
  return finish(flags, {
    ...place(flags, started, readFile),
    destination:
      url === undefined
        ? { to: "Folder", folder: folder ?? "" }
        : {
            to: "Repository",
            url,
            branch: flags.text("branch"),
            path: flags.text("path") ?? "",
            username,
            caFile: flags.text("ca-file"),
          },
    allNamespaces,
    include: kindPatterns(flags, "include"),
    exclude: kindPatterns(flags, "exclude"),
    excludeNamespaces: excludedNamespaces(flags, allNamespaces),
    layout,
    defaults: flags.oneOf("defaults", ["Keep", "Drop"]),
    overwrite: flags.boolean("overwrite"),
    verify: flags.boolean("verify"),
    output: flags.oneOf("output", ["text", "json"]),
    color: showsColor(started),
    progress: showsColor(started),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  });
}

function excludedNamespaces(flags: FlagReader, allNamespaces: boolean): readonly string[] {
  if (!allNamespaces) return [];
  return flags.isGiven("exclude-namespace") ? flags.texts("exclude-namespace") : ["kube-*", "openshift-*"];
}
