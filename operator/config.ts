/**
 * The only reader of environment and arguments: they become one frozen value, or the list of all that is wrong with
 * them. Each flag can also be given as `CLICKSCRIBE_...`; the flag wins.
 */
import { readFileSync } from "node:fs";
import { FlagReader } from "./config/flag-reader.ts";
import type { CommandName } from "./config/flags.ts";
import { type Environment, readFlags } from "./config/read-flags.ts";

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

export interface Listen {
  readonly bind: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface WebhookConfig extends Listen {
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  /** How the API server gets there; `{port}` in the URL stands for the port that was bound. */
  readonly reachedBy:
    | { readonly type: "Url"; readonly url: string }
    | { readonly type: "Service"; readonly namespace: string; readonly name: string };
}

/** Of `clickscribe run`. */
export interface Config {
  readonly clusterName: string;
  readonly cluster: ClusterAccess;
  /** The operator's own. */
  readonly namespace: string;
  /** undefined: Captures that name none act with the operator's own rights. */
  readonly defaultServiceAccount: string | undefined;
  readonly urls: UrlPolicy;
  readonly sourcePollMs: number;
  /** undefined: authors are unknown. */
  readonly webhook: WebhookConfig | undefined;
  readonly http: Listen;
  readonly logLevel: LogLevel;
}

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

export type Read<T> =
  | { readonly ok: true; readonly config: T }
  | { readonly ok: false; readonly problems: readonly string[] };

/** What the process was started with; given to the readers below. */
export interface Invocation {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly isTerminal: boolean;
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount";

export function invocation(): Invocation {
  return { argv: process.argv.slice(2), env: process.env, isTerminal: process.stdout.isTTY };
}

/** `readFile` throws where there is no such file. */
export function readConfig(
  argv: readonly string[],
  env: Environment,
  readFile: (path: string) => string = readText,
): Read<Config> {
  const flags = read("run", argv, env);
  const needsName = "a name for this cluster, which stands in the record and in commits, such as prod-eu";
  flags.required("cluster-name", needsName);
  const config: Config = {
    clusterName: label(flags, "cluster-name"),
    cluster: clusterAccess(flags, env, readFile),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : ownNamespace(readFile),
    defaultServiceAccount: serviceAccount(flags),
    urls: urlPolicy(flags),
    sourcePollMs: flags.duration("source-poll", 1_000),
    webhook: webhook(flags),
    http: { bind: flags.text("http-bind") ?? "", port: flags.port("http-port") },
    logLevel: logLevel(flags),
  };
  return finish(flags, config);
}

/** `isTerminal`: whether standard output shows colours. */
export function readPlanConfig(
  argv: readonly string[],
  env: Environment,
  isTerminal: boolean,
  readFile: (path: string) => string = readText,
): Read<PlanConfig> {
  const flags = read("plan", argv, env);
  flags.required("filename", "the file with the Capture, such as -f capture.yaml");
  const config: PlanConfig = {
    files: flags.texts("filename"),
    output: flags.oneOf("output", ["text", "json"]),
    color: isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb",
    clusterName: label(flags, "cluster-name"),
    cluster: clusterAccess(flags, env, readFile),
    namespace: label(flags, "namespace"),
    defaultServiceAccount: serviceAccount(flags),
    urls: urlPolicy(flags),
    logLevel: logLevel(flags),
  };
  return finish(flags, config);
}

function read(command: CommandName, argv: readonly string[], env: Environment): FlagReader {
  return new FlagReader(command, readFlags(command, argv, env));
}

function finish<T extends object>(flags: FlagReader, config: T): Read<T> {
  return flags.problems.length > 0 ? { ok: false, problems: flags.problems } : { ok: true, config: frozen(config) };
}

/** A DNS label (RFC 1123). */
function label(flags: FlagReader, name: string): string {
  flags.check(name, isLabel, "be a DNS label: at most 63 lower case letters, digits and -");
  return flags.text(name) ?? "";
}

function isLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text);
}

function serviceAccount(flags: FlagReader): string | undefined {
  flags.check("default-service-account", isName, "be the name of a ServiceAccount");
  return flags.text("default-service-account");
}

function urlPolicy(flags: FlagReader): UrlPolicy {
  const isGlob = (text: string): boolean => /^[A-Za-z0-9*._:[\]-]+$/.test(text);
  flags.check("allowed-git-hosts", isGlob, "be a host such as git.example.com or *.example.com, without https://");
  return {
    allowedHosts: flags.texts("allowed-git-hosts"),
    allowPlainHttp: flags.boolean("allow-plain-http"),
    allowLocalAddresses: flags.boolean("allow-local-addresses"),
  };
}

function logLevel(flags: FlagReader): LogLevel {
  return flags.oneOf("log-level", ["debug", "info", "warn", "error"]);
}

function webhook(flags: FlagReader): WebhookConfig | undefined {
  const service = flags.text("webhook-service");
  const url = flags.text("webhook-url");
  const off = flags.boolean("no-webhook");
  const port = flags.port("webhook-port");
  const chosen = ["webhook-service", "webhook-url"].filter((name) => flags.isGiven(name)).map((n) => flags.nameOf(n));
  if (off) chosen.push(flags.nameOf("no-webhook"));
  if (chosen.length > 1) flags.problems.push(`${chosen.join(" and ")} exclude each other: give one of them`);
  if (chosen.length === 0) {
    flags.problems.push(
      "say how the API server reaches the webhook: --webhook-service NAMESPACE/NAME in a cluster, --webhook-url URL out of it, or --no-webhook (authors are then unknown)",
    );
  }
  const isService = (text: string): boolean => /^[^/]+\/[^/]+$/.test(text) && text.split("/").every(isLabel);
  flags.check("webhook-service", isService, "be NAMESPACE/NAME of a Service");
  flags.check("webhook-url", isWebhookUrl, "be an https:// URL without credentials and query");
  flags.check("webhook-configuration", isName, "be the name of a ValidatingWebhookConfiguration");
  if (off || (service === undefined && url === undefined)) return undefined;
  const [namespace = "", name = ""] = service?.split("/") ?? [];
  return {
    port,
    bind: flags.text("webhook-bind") ?? (url !== undefined && isLoopback(url) ? "127.0.0.1" : "0.0.0.0"),
    configuration: flags.text("webhook-configuration") ?? "",
    reachedBy: url === undefined ? { type: "Service", namespace, name } : { type: "Url", url },
  };
}

/** As admissionregistration.k8s.io/v1 wants WebhookClientConfig.url. */
function isWebhookUrl(text: string): boolean {
  const url = withPort(text);
  return url?.protocol === "https:" && !/[?#]/.test(text) && url.username === "" && url.password === "";
}

function isLoopback(text: string): boolean {
  return /^(localhost|127\..*|\[::1\])$/.test(withPort(text)?.hostname ?? "");
}

function withPort(text: string): URL | null {
  return URL.parse(text.replaceAll("{port}", "1"));
}

/** As kubectl and client-go look for it; several files in KUBECONFIG are not merged. */
function clusterAccess(flags: FlagReader, env: Environment, readFile: (path: string) => string): ClusterAccess {
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

function ownNamespace(readFile: (path: string) => string): string {
  return isReadable(readFile, "namespace")
    ? readFile(`${serviceAccountFolder}/namespace`).trim()
    : "clickscribe-system";
}

function isReadable(readFile: (path: string) => string, name: string): boolean {
  try {
    readFile(`${serviceAccountFolder}/${name}`);
    return true;
  } catch {
    return false;
  }
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

function frozen<T>(value: T): T {
  if (value !== null && typeof value === "object") for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
