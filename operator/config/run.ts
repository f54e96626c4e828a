import { isIP } from "node:net";
import type { CommandLine } from "./command-line.ts";
import type { FlagReader } from "./flag-reader.ts";
import { accessFlags, logLevelFlag, namespaceFlag, serviceAccountFlag, urlFlags } from "./flags.ts";
import {
  type ClusterAccess,
  clusterAccess,
  finish,
  type Invocation,
  isLabel,
  isName,
  isReadable,
  type LogLevel,
  label,
  logLevel,
  type Read,
  read,
  readText,
  serviceAccount,
  serviceAccountFolder,
  type UrlPolicy,
  urlPolicy,
} from "./shared.ts";

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
  /** Where the certificate is kept: the name of a Secret in the operator's namespace, or the path of a folder. */
  readonly certificate:
    | { readonly keptIn: "Memory" }
    | { readonly keptIn: "Secret"; readonly name: string }
    | { readonly keptIn: "Folder"; readonly path: string };
  /** The ClusterRole with which the ValidatingWebhookConfiguration goes. */
  readonly ownerClusterRole: string | undefined;
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
  /** undefined: this is the only replica. */
  readonly lease: LeaseConfig | undefined;
  readonly logLevel: LogLevel;
}

export interface LeaseConfig {
  readonly name: string;
  /** Where other replicas reach this one's webhook, without the port; undefined: they do not. */
  readonly advertise: string | undefined;
  /** The ClusterRole with which the Lease goes. */
  readonly ownerClusterRole: string | undefined;
}

export const runLine: CommandLine = {
  name: "run",
  arguments: [],
  flags: [
    {
      name: "cluster-name",
      value: "NAME",
      help: "this cluster's name in the record and in commits (a DNS label); required",
    },
    ...accessFlags,
    {
      ...namespaceFlag,
      help: "the operator's own; default: the one that it runs in, else clickscribe-system",
    },
    serviceAccountFlag,
    ...urlFlags,
    {
      name: "source-poll",
      value: "DURATION",
      fallback: "60s",
      help: "how often the source branch is looked at when nothing is pushed",
    },
    {
      name: "webhook-service",
      value: "NAMESPACE/NAME",
      help: "the Service by which the API server reaches the webhook, on port 443; this, --webhook-url or --no-webhook",
    },
    {
      name: "webhook-url",
      value: "URL",
      help: "the https URL by which the API server reaches the webhook out of the cluster; {port} stands for the port",
    },
    { name: "no-webhook", help: "do without the webhook: authors are then unknown" },
    {
      name: "webhook-port",
      value: "PORT",
      fallback: "10250",
      help: "where the webhook listens; 0 is any free port (private control planes reach nodes on 443 and 10250 only)",
    },
    {
      name: "webhook-bind",
      value: "ADDRESS",
      help: "the address it listens on; default: 0.0.0.0, with a --webhook-url on loopback 127.0.0.1",
    },
    {
      name: "webhook-configuration",
      value: "NAME",
      fallback: "clickscribe",
      help: "the ValidatingWebhookConfiguration that the operator fills in",
    },
    {
      name: "webhook-secret",
      value: "NAME",
      help: "the Secret in the operator's namespace that the webhook's certificate is kept in, for all replicas; default: in memory",
    },
    {
      name: "webhook-certificate",
      value: "DIR",
      help: "a folder with tls.crt, tls.key and ca.crt, as cert-manager fills it, instead of the operator's own certificate",
      completes: "File",
    },
    {
      name: "owner-cluster-role",
      value: "NAME",
      help: "the ClusterRole that owns the ValidatingWebhookConfiguration and the Lease: they are removed with it; default: none",
    },
    {
      name: "http-port",
      value: "PORT",
      fallback: "8080",
      help: "where /healthz, /readyz and /metrics are served, by plain HTTP; 0 is any free port",
    },
    { name: "http-bind", value: "ADDRESS", fallback: "0.0.0.0", help: "the address they are served on" },
    {
      name: "lease",
      value: "NAME",
      help: "the Lease in the operator's namespace that the replica which writes holds; default: this is the only replica",
    },
    {
      name: "advertise-address",
      value: "ADDRESS",
      help: "the IP address at which replicas that stand by hand reviews on to this one; default: they do not",
    },
    logLevelFlag("info"),
  ],
};

/** `readFile` throws where there is no such file. */
export function readConfig(started: Invocation, readFile: (path: string) => string = readText): Read<Config> {
  const flags = read(runLine, started);
  const needsName = "a name for this cluster, which stands in the record and in commits, such as prod-eu";
  flags.required("cluster-name", needsName);
  const config: Config = {
    clusterName: label(flags, "cluster-name"),
    cluster: clusterAccess(flags, started.env, readFile),
    namespace: flags.isGiven("namespace") ? label(flags, "namespace") : ownNamespace(readFile),
    defaultServiceAccount: serviceAccount(flags),
    urls: urlPolicy(flags),
    sourcePollMs: flags.duration("source-poll", 1_000),
    webhook: webhook(flags),
    http: { bind: flags.text("http-bind") ?? "", port: flags.port("http-port") },
    lease: lease(flags),
    logLevel: logLevel(flags),
  };
  return finish(flags, config);
}

function lease(flags: FlagReader): LeaseConfig | undefined {
  flags.check("lease", isName, "be the name of a Lease");
  flags.check("advertise-address", (text) => isIP(text) !== 0, "be an IP address, such as 10.1.2.3");
  const name = flags.text("lease");
  flags.check("owner-cluster-role", (text) => /^[^/%]+$/.test(text), "be the name of a ClusterRole");
  const ownerClusterRole = flags.text("owner-cluster-role");
  return name === undefined ? undefined : { name, advertise: flags.text("advertise-address"), ownerClusterRole };
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
  const certificate = keptCertificate(flags);
  if (off || (service === undefined && url === undefined)) return undefined;
  const [namespace = "", name = ""] = service?.split("/") ?? [];
  return {
    port,
    bind: flags.text("webhook-bind") ?? (url !== undefined && isLoopback(url) ? "127.0.0.1" : "0.0.0.0"),
    configuration: flags.text("webhook-configuration") ?? "",
    reachedBy: url === undefined ? { type: "Service", namespace, name } : { type: "Url", url },
    certificate,
    ownerClusterRole: flags.text("owner-cluster-role"),
  };
}

function keptCertificate(flags: FlagReader): WebhookConfig["certificate"] {
  flags.check("webhook-secret", isName, "be the name of a Secret");
  const secret = flags.text("webhook-secret");
  const folder = flags.text("webhook-certificate");
  if (secret !== undefined && folder !== undefined) {
    const both = `${flags.nameOf("webhook-secret")} and ${flags.nameOf("webhook-certificate")}`;
    flags.problems.push(`${both} exclude each other: give one of them`);
  }
  if (secret !== undefined) return { keptIn: "Secret", name: secret };
  return folder === undefined ? { keptIn: "Memory" } : { keptIn: "Folder", path: folder };
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

function ownNamespace(readFile: (path: string) => string): string {
  return isReadable(readFile, "namespace")
    ? readFile(`${serviceAccountFolder}/namespace`).trim()
    : "clickscribe-system";
}
