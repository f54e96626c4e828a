/** Which API server, and how to prove who we are: a kubeconfig file, or the ServiceAccount of the pod. */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { stalled } from "../failures.ts";

export type ClusterAccess =
  | { readonly from: "InCluster" }
  | { readonly from: "File"; readonly path: string; readonly context: string | undefined };

export interface Connection {
  /** Without userinfo and without a slash at its end. */
  readonly server: string;
  /** Of the context, or of the pod; undefined where it names none. */
  readonly namespace?: string | undefined;
  /** TLS material and headers for the next requests; read anew, since tokens and certificates rotate. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly authorization: string | undefined;
  /** `as` of the kubeconfig's user. */
  readonly impersonate: string | undefined;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

/** Throws Failure (Stalled) that names the file, the context and what is wrong with them. */
export function readKubeConfig(access: ClusterAccess): Connection {
  const config = new KubeConfig();
  const where = access.from === "File" ? `kubeconfig ${access.path}` : "the pod's ServiceAccount";
  try {
    if (access.from === "File") config.loadFromFile(access.path);
    else config.loadFromCluster();
  } catch (error) {
    throw stalled("KubeconfigInvalid", `${where} cannot be used: ${firstLine(error)}`, undefined, error);
  }
  if (access.from === "File") chooseContext(config, where, access.context);
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) {
    throw stalled("KubeconfigInvalid", `${where} names no cluster for its current context: give --context`);
  }
  if (cluster.proxyUrl) {
    throw stalled("KubeconfigInvalid", `${where}: proxy-url of ${cluster.name} is not supported; take it out`);
  }
  const url = URL.parse(cluster.server);
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "undefined") {
    const outside = access.from === "InCluster" ? "; outside of a cluster, give --kubeconfig" : "";
    throw stalled("KubeconfigInvalid", `${where}: ${cluster.server} is no URL of a server${outside}`);
  }
  if (url.protocol === "http:" && !cluster.skipTLSVerify) {
    const remedy = "use https, or set insecure-skip-tls-verify: true if credentials may travel in clear";
    throw stalled("KubeconfigInvalid", `${where}: ${url.origin} is plain HTTP: ${remedy}`);
  }
  const server = `${url.origin}${url.pathname}`.replace(/\/+$/, "");
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  return { server, namespace, credentials: () => credentialsOf(config, where) };
}

/** The names of a kubeconfig's contexts. Throws where it cannot be read. */
export function contextsOf(access: ClusterAccess): readonly string[] {
  if (access.from === "InCluster") return [];
  const config = new KubeConfig();
  config.loadFromFile(access.path);
  return config.getContexts().map(({ name }) => name);
}

function chooseContext(config: KubeConfig, where: string, wanted: string | undefined): void {
  const names = config.getContexts().map(({ name }) => name);
  const name = wanted ?? config.getCurrentContext();
  const context = config.getContextObject(name);
  const choice = `it has ${names.join(", ") || "none"}`;
  if (wanted === undefined && !name) {
    throw stalled("KubeconfigInvalid", `${where} has no current-context: give --context; ${choice}`);
  }
  if (context === null) throw stalled("KubeconfigInvalid", `${where} has no context ${name}; ${choice}`);
  config.setCurrentContext(name);
  if (config.getCurrentCluster() === null) {
    throw stalled(
      "KubeconfigInvalid",
      `${where}: context ${name} names the cluster ${context.cluster}, which is missing`,
    );
  }
  if (context.user && config.getCurrentUser() === null) {
    throw stalled("KubeconfigInvalid", `${where}: context ${name} names the user ${context.user}, which is missing`);
  }
}

async function credentialsOf(config: KubeConfig, where: string): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw stalled(
      "KubeconfigInvalid",
      `${where}: the credentials cannot be read: ${firstLine(error)}`,
      undefined,
      error,
    );
  }
  const headers = (options.headers ?? {}) as Readonly<Record<string, string | undefined>>;
  const basic = typeof options.auth === "string" ? `Basic ${Buffer.from(options.auth).toString("base64")}` : undefined;
  const ca = text(options.ca);
  const cert = text(options.cert);
  const key = text(options.key);
  return {
    // A token file may end in a newline, which no header may.
    authorization: (headers["Authorization"] ?? headers["authorization"])?.trim() ?? basic,
    impersonate: headers["Impersonate-User"],
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(options.servername && { servername: options.servername }),
      ...(options.rejectUnauthorized === false && { rejectUnauthorized: false }),
    },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
}

function firstLine(error: unknown): string {
  return (error instanceof Error && error.message.split("\n")[0]) || "it cannot be read";
}
