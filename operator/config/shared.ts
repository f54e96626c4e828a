/** What the readers of the commands have in common. */
import { readFileSync } from "node:fs";
import type { CommandLine } from "./command-line.ts";
import { FlagReader } from "./flag-reader.ts";
import { type Environment, readFlags } from "./read-flags.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Which API server, with whose rights. */
export type ClusterAccess =
  | { readonly from: "InCluster" }
  | { readonly from: "File"; readonly path: string; readonly context: string | undefined };

/** Which URLs a GitRemote may name. */
export interface UrlPolicy {
  /** Host names in which `*` stands for any characters. */
  readonly allowedHosts: readonly string[];
  readonly allowPlainHttp: boolean;
  readonly allowLocalAddresses: boolean;
}

export type Read<T> =
  | { readonly ok: true; readonly config: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What the process was started with; given to the readers of the commands. */
export interface Invocation {
  /** Without the command's name, for its reader. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Whether standard output is one. */
  readonly isTerminal: boolean;
  /** How people call us: `clickscribe`, or `kubectl clickscribe`. */
  readonly program: string;
}

export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export function read(line: CommandLine, { argv, env, program }: Invocation): FlagReader {
  return new FlagReader(line, readFlags(line, argv, env, program));
}

export function finish<T extends object>(flags: FlagReader, config: T): Read<T> {
  return flags.problems.length > 0 ? { ok: false, problems: flags.problems } : { ok: true, config: frozen(config) };
}

/** https://no-color.org */
export function showsColor({ env, isTerminal }: Invocation): boolean {
  return isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

/** A DNS label (RFC 1123). */
export function label(flags: FlagReader, name: string): string {
  flags.check(name, isLabel, "be a DNS label: at most 63 lower case letters, digits and -");
  return flags.text(name) ?? "";
}

export function isLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

export function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

export function serviceAccount(flags: FlagReader): string | undefined {
  flags.check("default-service-account", isName, "be the name of a ServiceAccount");
  return flags.text("default-service-account");
}

export function urlPolicy(flags: FlagReader): UrlPolicy {
  const isGlob = (text: string): boolean => /^[A-Za-z0-9*._:[\]-]+$/.test(text);
  flags.check("allowed-git-hosts", isGlob, "be a host such as git.example.com or *.example.com, without https://");
  return {
    allowedHosts: flags.texts("allowed-git-hosts"),
    allowPlainHttp: flags.boolean("allow-plain-http"),
    allowLocalAddresses: flags.boolean("allow-local-addresses"),
  };
}

export function logLevel(flags: FlagReader): LogLevel {
  return flags.oneOf("log-level", ["debug", "info", "warn", "error"]);
}

/** As kubectl and client-go look for it; several files in KUBECONFIG are not merged. */
export function clusterAccess(flags: FlagReader, env: Environment, readFile: (path: string) => string): ClusterAccess {
  const context = flags.text("context");
  const named = flags.text("kubeconfig");
  if (named !== undefined) return { from: "File", path: named, context };
  const files = (env["KUBECONFIG"] ?? "").split(":").filter((file) => file !== "");
  if (files.length > 1) flags.problems.push("KUBECONFIG names several files: choose one with --kubeconfig FILE");
  const [file] = files;
  if (file !== undefined) return { from: "File", path: file, context };
  if (context === undefined && env["KUBERNETES_SERVICE_HOST"] && isReadable(readFile, "token")) {
    return { from: "InCluster" };
  }
  return { from: "File", path: `${env["HOME"] ?? env["USERPROFILE"] ?? ""}/.kube/config`, context };
}

export function isReadable(readFile: (path: string) => string, name: string): boolean {
  try {
    readFile(`${serviceAccountFolder}/${name}`);
    return true;
  } catch {
    return false;
  }
}

export function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function frozen<T>(value: T): T {
  if (value !== null && typeof value === "object") for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
