/** Which API server, and how to prove who we are: a kubeconfig file, or the ServiceAccount of the pod. */
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { stalled } from "../failures.ts";

export type ClusterAccess =
  | { readonly from: "InCluster" }
  | { readonly from: "File"; readonly path: string; readonly context: string | undefined };

export interface Connection {
  /** Without a slash at its end. */
  readonly server: string;
  /** TLS material and headers for the next request; read anew, since tokens and certificates rotate. */
  credentials(): Promise<Credentials>;
}

export interface Credentials {
  readonly authorization: string | undefined;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
}

/** Throws Failure (Stalled) that names the file and what is wrong with it. */
export function readKubeConfig(access: ClusterAccess): Connection {
  const config = new KubeConfig();
  const where = access.from === "File" ? `kubeconfig ${access.path}` : "the pod's ServiceAccount";
  try {
    if (access.from === "File") config.loadFromFile(access.path);
    else config.loadFromCluster();
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it cannot be read";
    throw stalled("KubeconfigInvalid", `${where} cannot be used: ${why}`, undefined, error);
  }
  if (access.from === "File" && access.context !== undefined) {
    if (config.getContextObject(access.context) === null) {
      const names = config.getContexts().map(({ name }) => name);
      throw stalled(
        "KubeconfigInvalid",
        `${where} has no context ${access.context}; it has ${names.join(", ") || "none"}`,
      );
    }
    config.setCurrentContext(access.context);
  }
  const server = config.getCurrentCluster()?.server;
  if (!server) throw stalled("KubeconfigInvalid", `${where} names no cluster for its current context: give --context`);
  if (URL.parse(server) === null) throw stalled("KubeconfigInvalid", `${where}: ${server} is no URL of a server`);
  return { server: server.replace(/\/+$/, ""), credentials: () => credentialsOf(config, where) };
}

async function credentialsOf(config: KubeConfig, where: string): Promise<Credentials> {
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : "";
    throw stalled("KubeconfigInvalid", `${where}: the credentials cannot be read: ${why}`, undefined, error);
  }
  const headers = (options.headers ?? {}) as Readonly<Record<string, string | undefined>>;
  const basic = typeof options.auth === "string" ? `Basic ${Buffer.from(options.auth).toString("base64")}` : undefined;
  const text = (value: unknown): string | undefined =>
    typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString("utf8") : undefined;
  const ca = text(options.ca);
  const cert = text(options.cert);
  const key = text(options.key);
  return {
    authorization: headers["Authorization"] ?? headers["authorization"] ?? basic,
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(options.servername && { servername: options.servername }),
      ...(options.rejectUnauthorized === false && { rejectUnauthorized: false }),
    },
  };
}
