/**
 * The sockets of all repositories: one undici Agent per certificate authority, which keeps connections per origin.
 * Every connection goes to an address that was checked (address-policy.ts).
 */
import { createHash, X509Certificate } from "node:crypto";
import type { LookupFunction } from "node:net";
import { Agent } from "undici";
import { stalled } from "../failures.ts";
import { type AddressPolicy, type Resolve, type ResolvedAddress, resolveChecked } from "./address-policy.ts";

export interface Connections {
  /** `ca` replaces the well-known authorities. Throws Failure SecretInvalid where it is no certificate. */
  agent(ca: string | undefined): Agent;
  close(): Promise<void>;
}

const connectTimeoutMs = 10_000;
/** Below what servers and their proxies keep idle connections for, where they do not say. */
const keepAliveMs = 15_000;

export function createConnections(policy: AddressPolicy, resolve: Resolve): Connections {
  const agents = new Map<string, Agent>();
  const lookup = pinningLookup(policy, resolve);
  return {
    agent(ca) {
      const key = ca === undefined ? "" : createHash("sha256").update(ca).digest("hex");
      const known = agents.get(key);
      if (known !== undefined) return known;
      if (ca !== undefined) checkCertificate(ca);
      const made = new Agent({
        allowH2: false,
        connections: 8,
        keepAliveTimeout: keepAliveMs,
        pipelining: 1,
        connect: { lookup, timeout: connectTimeoutMs, ...(ca === undefined ? {} : { ca }) },
      });
      agents.set(key, made);
      return made;
    },
    async close() {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()));
      agents.clear();
    },
  };
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

function checkCertificate(ca: string): X509Certificate {
  try {
    return new X509Certificate(ca);
  } catch (error) {
    throw stalled("SecretInvalid", "ca.crt in the Secret holds no PEM certificate", undefined, error);
  }
}
