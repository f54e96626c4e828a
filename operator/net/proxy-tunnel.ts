/**
 * A connection through an HTTP proxy, by CONNECT (RFC 9110, section 9.3.6). The proxy sees the target's host and port and
 * its own credentials; what goes through the tunnel is for the target alone.
 */
import { request as requestPlain } from "node:http";
import { request as requestTls } from "node:https";
import { isIPv6, type LookupFunction, type Socket } from "node:net";
import { getCACertificates } from "node:tls";
import { type Failure, retry, stalled } from "../failures.ts";
import type { Proxy } from "../ports.ts";
import { type AddressPolicy, checkHost, hostOf } from "./address-policy.ts";
import { failureOfError } from "./classify.ts";

export interface TunnelDeps {
  readonly policy: AddressPolicy;
  /** Answers checked addresses alone. */
  readonly lookup: LookupFunction;
  /** PEM; trusted beside the well-known authorities where the proxy speaks TLS. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

export type OpenTunnel = (host: string, port: number) => Promise<Socket>;

/** Checks what can be checked without a connection. Throws Failure: `UrlForbidden`, `SecretInvalid`. */
export function createTunnels(proxy: Proxy, deps: TunnelDeps): OpenTunnel {
  const url = checkProxy(proxy, deps.policy);
  return async (host, port) => {
    checkTarget(host, deps.policy);
    return await connect(url, proxy, isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`, deps);
  };
}

async function connect(url: URL, proxy: Proxy, target: string, deps: TunnelDeps): Promise<Socket> {
  const secure = url.protocol === "https:";
  const at = { host: `the proxy ${url.host}`, path: "", credentials: "None" } as const;
  return await new Promise((resolve, reject) => {
    const asked = (secure ? requestTls : requestPlain)({
      method: "CONNECT",
      host: hostOf(url),
      port: url.port === "" ? (secure ? 443 : 80) : Number(url.port),
      path: target,
      headers: { host: target, ...authorization(proxy) },
      agent: false,
      lookup: deps.lookup,
      ...(secure && deps.ca !== undefined ? { ca: [...getCACertificates("default"), deps.ca] } : {}),
    });
    const impatience = setTimeout(() => {
      asked.destroy(Object.assign(new Error("no tunnel in time"), { code: "UND_ERR_HEADERS_TIMEOUT" }));
    }, deps.timeoutMs);
    asked.once("error", (error) => {
      clearTimeout(impatience);
      reject(failureOfError(error, at));
    });
    asked.once("connect", ({ statusCode = 0, headers }, socket, head) => {
      clearTimeout(impatience);
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        reject(refusal(statusCode, at.host, target, proxy, headers["retry-after"]));
        return;
      }
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    asked.end();
  });
}

function refusal(status: number, host: string, target: string, proxy: Proxy, retryAfter: string | undefined): Failure {
  const data = { host, status };
  if (status === 407) {
    const what = proxy.username === undefined ? "wants credentials: give it" : "refused the credentials: correct";
    const where = "username and password in the Secret of spec.proxy.secretRef";
    return stalled("AuthenticationFailed", `${host} ${what} ${where} (HTTP 407)`, data);
  }
  const passing = status === 408 || status === 429 || status >= 500;
  if (!passing) {
    const remedy = "have it admit the host, or correct address in the Secret of spec.proxy.secretRef";
    return stalled("RemoteInvalid", `${host} makes no connection to ${target} (HTTP ${status}): ${remedy}`, data);
  }
  const seconds = Number(retryAfter);
  const later = seconds > 0 && Number.isFinite(seconds) ? { retryAfterSeconds: seconds } : {};
  return retry("RemoteUnreachable", `${host} makes no connection to ${target} (HTTP ${status})`, { ...data, ...later });
}

function checkProxy(proxy: Proxy, policy: AddressPolicy): URL {
  const where = "address in the Secret of spec.proxy.secretRef";
  const url = URL.parse(proxy.url);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw stalled("SecretInvalid", `${where} is no http:// or https:// URL of a proxy`);
  }
  if (url.username !== "" || url.password !== "") {
    throw stalled("SecretInvalid", `${where} holds user information: put it into username and password beside it`);
  }
  checkHost(hostOf(url), policy);
  return url;
}

/** The proxy looks the name up: what that leads to is not known here, but where it leads to the proxy itself is. */
function checkTarget(host: string, policy: AddressPolicy): void {
  checkHost(host, policy);
  if (policy.allowLocalAddresses || !/^(.*\.)?localhost\.?$/i.test(host)) return;
  throw stalled("UrlForbidden", `${host} is a local address, which only --allow-local-addresses admits`, { host });
}

function authorization({ username, password }: Proxy): { readonly "proxy-authorization"?: string } {
  if (username === undefined && password === undefined) return {};
  const encoded = Buffer.from(`${username ?? ""}:${password ?? ""}`).toString("base64");
  return { "proxy-authorization": `Basic ${encoded}` };
}
