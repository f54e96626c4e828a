/**
 * The sockets of all repositories: one undici Agent per authority, client certificate and proxy, which keeps connections
 * per origin. Every connection goes to an address that was checked (address-policy.ts), or through a proxy at one.
 */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import type { LookupFunction } from "node:net";
import { Agent, buildConnector } from "undici";
import { stalled } from "../failures.ts";
import type { RemoteAccess } from "../ports.ts";
import { type AddressPolicy, type Resolve, type ResolvedAddress, resolveChecked } from "./address-policy.ts";
import { createTunnels, type OpenTunnel } from "./proxy-tunnel.ts";

/** How a server is reached, whatever its repository. */
export type Route = Pick<RemoteAccess, "ca" | "clientCertificate" | "proxy">;

export interface Connections {
  /** `ca` replaces the well-known authorities. Throws Failure: `SecretInvalid`, `UrlForbidden`. */
  agent(route: Route): Agent;
  /** How to connect through the proxy of this route; undefined where it has none. Throws as `agent` does. */
  tunnels(route: Route): OpenTunnel | undefined;
  /** Addresses that were checked; for connections of other protocols. */
  readonly lookup: LookupFunction;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** Below what servers and their proxies keep idle connections for, where they do not say. */
const keepAliveMs = 15_000;
/** Certificates are renewed again and again: what was not used for long goes. */
const maxAgents = 1_000;

export function createConnections(policy: AddressPolicy, resolve: Resolve): Connections {
  const agents = new Map<string, Agent>();
  const lookup = pinningLookup(policy, resolve);
  const tunnels = ({ proxy, ca }: Route): OpenTunnel | undefined =>
    proxy && createTunnels(proxy, { policy, lookup, ca, timeoutMs: connectTimeoutMs });
  const connectorOf = (route: Route): buildConnector.connector => {
    const direct = buildConnector({ lookup, timeout: connectTimeoutMs, allowH2: false, ...tlsOptions(route) });
    const open = tunnels(route);
    return keepingAlerts(open === undefined ? direct : throughTunnel(open, direct));
  };
  return {
    lookup,
    tunnels,
    agent(route) {
      const key = keyOf(route);
      const known = agents.get(key);
      const agent =
        known ??
        new Agent({
          allowH2: false,
          connections: 8,
          keepAliveTimeout: keepAliveMs,
          pipelining: 1,
          connect: connectorOf(route),
        });
      agents.delete(key);
      agents.set(key, agent);
      for (const [oldest, unused] of agents) {
        if (agents.size <= maxAgents) break;
        agents.delete(oldest);
        void unused.close();
      }
      return agent;
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
}

/**
 * A TLS alert after the handshake (of a server of TLS 1.3 that wants a certificate) is an error that leaves the socket
 * open until its end, which undici then takes for the cause.
 */
function keepingAlerts(connector: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connector(options, (...result) => {
      const [, socket] = result;
      socket?.once("error", (error) => void socket.destroy(error));
      callback(...result);
    });
  };
}

function throughTunnel(open: OpenTunnel, direct: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const secure = options.protocol === "https:";
    const port = options.port === "" ? (secure ? 443 : 80) : Number(options.port);
    void (async () => {
      try {
        const socket = await open(options.hostname.replace(/^\[|\]$/g, ""), port);
        if (secure) direct({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      } catch (error) {
        callback(error as Error, null);
      }
    })();
  };
}

function keyOf({ ca, clientCertificate: pair, proxy }: Route): string {
  const parts = [ca, pair?.certificate, pair?.key, proxy?.url, proxy?.username, proxy?.password];
  return createHash("sha256")
    .update(JSON.stringify(parts.map((part) => part ?? null)))
    .digest("hex");
}

/** Of tls.connect. Throws Failure SecretInvalid. */
function tlsOptions({ ca, clientCertificate: pair }: Route): { ca?: string; cert?: string; key?: string } {
  if (ca !== undefined) readCertificate(ca, "ca.crt");
  if (pair !== undefined) checkPair(pair);
  return { ...(ca === undefined ? {} : { ca }), ...(pair && { cert: pair.certificate, key: pair.key }) };
}

function checkPair({ certificate, key }: NonNullable<Route["clientCertificate"]>): void {
  const leaf = readCertificate(certificate, "tls.crt");
  let fits: boolean;
  try {
    fits = leaf.checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    const what = key.includes("ENCRYPTED") ? "a key with a passphrase: store it without one" : "no PEM private key";
    throw stalled("SecretInvalid", `tls.key in the Secret holds ${what}`, undefined, error);
  }
  if (!fits) throw stalled("SecretInvalid", "tls.key in the Secret is not the key of the certificate in tls.crt");
}

function readCertificate(pem: string, key: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw stalled("SecretInvalid", `${key} in the Secret holds no PEM certificate`, undefined, error);
  }
}

function pinningLookup(policy: AddressPolicy, resolve: Resolve): LookupFunction {
  const find = async (host: string, family: number): Promise<readonly ResolvedAddress[] | Error> => {
    try {
      const all = await resolveChecked(host, policy, resolve);
      const fitting = all.filter((found) => family === 0 || found.family === family);
      return fitting.length > 0 ? fitting : Object.assign(new Error(`${host} has no address`), { code: "ENOTFOUND" });
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  return (host, options, callback) => {
    const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
    void (async () => {
      const found = await find(host, family);
      const [first] = found instanceof Error ? [] : found;
      if (found instanceof Error || first === undefined) callback(found as Error, "", 0);
      else if (options.all) callback(null, [...found]);
      else callback(null, first.address, first.family);
    })();
  };
}
