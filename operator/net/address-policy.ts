/**
 * Which URLs may be reached, and at which addresses. A host name is resolved, every address is checked, and the
 * connection goes to one of the checked addresses: a name that answers differently a moment later changes nothing.
 */
import { lookup as resolveName } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { stalled } from "../failures.ts";

export interface AddressPolicy {
  /** Host names in which `*` stands for any characters. */
  readonly allowedHosts: readonly string[];
  readonly allowPlainHttp: boolean;
  /** Loopback, link-local and other addresses that never lead to a git server of somebody else. */
  readonly allowLocalAddresses: boolean;
}

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host name; throws as node:dns does. */
export type Resolve = (host: string) => Promise<readonly ResolvedAddress[]>;

export const resolveHost: Resolve = (host) => resolveName(host, { all: true });

/** An address on the web, checked as far as that needs no network; `what`: what holds it. Throws Failure UrlForbidden. */
export function checkWebUrl(text: string, what: string, policy: AddressPolicy): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw stalled("UrlForbidden", `${what} is no URL that begins with https://`);
  if (url.protocol === "http:" && !policy.allowPlainHttp)
    throw stalled("UrlForbidden", `${what} begins with http://: use https://, or have --allow-plain-http set`);
  if (url.username !== "" || url.password !== "") throw stalled("UrlForbidden", `${what} holds user information`);
  const host = hostOf(url);
  if (isIP(host) !== 0) checkAddress(host, host, policy);
  return url;
}

/** The URL of a repository, checked as far as that needs no network. Throws Failure UrlForbidden. */
export function checkUrl(text: string, policy: AddressPolicy): URL {
  const url = URL.parse(text);
  const short = /^((?:[\w.-]+@)?[\w.-]+):([\w.~-][\w./~-]*)$/.exec(text);
  if (short !== null && !/^\d+(\/|$)/.test(short[2] ?? "")) {
    throw stalled("UrlForbidden", `spec.url is no URL: write it ssh://${short[1]}/${short[2]}`);
  }
  if (url === null) throw stalled("UrlForbidden", "spec.url is no URL");
  if (url.protocol === "ssh:") return checkSsh(url, policy);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw stalled("UrlForbidden", `spec.url begins with ${url.protocol}// but only https:// and ssh:// are supported`);
  }
  if (url.protocol === "http:" && !policy.allowPlainHttp) {
    throw stalled("UrlForbidden", "spec.url begins with http://: use https://, or have --allow-plain-http set");
  }
  if (url.username !== "" || url.password !== "") {
    throw stalled("UrlForbidden", "spec.url holds user information: put it into the Secret of spec.secretRef");
  }
  checkHost(hostOf(url), policy);
  return url;
}

/** `ssh://[user@]host[:port]/path`. The URL parser leaves such a host as it is written. */
function checkSsh(url: URL, policy: AddressPolicy): URL {
  if (url.password !== "") {
    throw stalled("UrlForbidden", "spec.url holds a password: put it into the Secret of spec.secretRef");
  }
  if (!/^([a-z0-9][a-z0-9._-]*|\[[0-9a-f:.]+\])$/i.test(url.hostname)) {
    throw stalled("UrlForbidden", "spec.url names no host that can be: write it ssh://git@HOST/PATH");
  }
  checkHost(hostOf(url), policy);
  return url;
}

/** A host name or address, checked as far as that needs no network. Throws Failure UrlForbidden. */
export function checkHost(host: string, policy: AddressPolicy): void {
  if (!admitsHost(host, policy)) {
    throw stalled("UrlForbidden", `--allowed-git-hosts does not admit ${host}`, { host });
  }
  if (isIP(host) !== 0) checkAddress(host, host, policy);
}

export function admitsHost(host: string, { allowedHosts }: AddressPolicy): boolean {
  return allowedHosts.some((glob) => fits(host, glob));
}

/** The addresses of a host, all of them admitted. Throws Failure UrlForbidden, or as `resolve` does. */
export async function resolveChecked(
  host: string,
  policy: AddressPolicy,
  resolve: Resolve,
): Promise<readonly ResolvedAddress[]> {
  const addresses = await resolve(host);
  for (const { address } of addresses) checkAddress(address, host, policy);
  return addresses;
}

/** Host name or address of a URL, without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function checkAddress(address: string, host: string, policy: AddressPolicy): void {
  if (policy.allowLocalAddresses || !isLocal(address)) return;
  const what = address === host ? `${host} is` : `${host} resolves to ${address},`;
  throw stalled("UrlForbidden", `${what} a local address, which only --allow-local-addresses admits`, { host });
}

/** Loopback, link-local, unspecified, multicast, and where clouds answer with a machine's credentials. */
export function isLocal(address: string): boolean {
  const embedded = embeddedIpv4(address);
  if (embedded !== undefined) return isLocal(embedded);
  const blocks = new BlockList();
  for (const [network, prefix] of localIpv4) blocks.addSubnet(network, prefix, "ipv4");
  for (const [network, prefix] of localIpv6) blocks.addSubnet(network, prefix, "ipv6");
  return blocks.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

/** RFC 6890, and the metadata addresses of Alibaba and Oracle (those of others are link-local). */
const localIpv4: readonly (readonly [string, number])[] = [
  ["0.0.0.0", 8],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 3],
  ["100.100.100.200", 32],
  ["192.0.0.192", 32],
];
const localIpv6: readonly (readonly [string, number])[] = [
  ["::", 127],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
  ["fd00:ec2::254", 128],
];

/** The IPv4 address that an IPv6 address carries: mapped, compatible, NAT64 (RFC 6052) or 6to4. */
function embeddedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined;
  const groups = ipv6Groups(address);
  const [first, second, third] = groups;
  const quad = (high: number | undefined, low: number | undefined): string | undefined =>
    high === undefined || low === undefined ? undefined : [high >> 8, high & 255, low >> 8, low & 255].join(".");
  if (first === 0x2002) return quad(second, third);
  const tail = quad(groups[6], groups[7]);
  if (first === 0x64 && second === 0xff9b) return tail;
  const zeros = groups.slice(0, 5).every((group) => group === 0);
  if (zeros && groups[5] === 0xffff) return tail;
  const compatible = zeros && groups[5] === 0 && (groups[6] !== 0 || (groups[7] ?? 0) > 1);
  return compatible ? tail : undefined;
}

function ipv6Groups(address: string): readonly number[] {
  // The URL parser writes an address in its one canonical form, without dotted parts or zones.
  const canonical = new URL(`http://[${address.replace(/%.*$/, "")}]`).hostname.slice(1, -1);
  const [head = "", tail] = canonical.split("::");
  const parse = (part: string): number[] => (part === "" ? [] : part.split(":").map((group) => parseInt(group, 16)));
  if (tail === undefined) return parse(head);
  const left = parse(head);
  const right = parse(tail);
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right];
}

function fits(host: string, glob: string): boolean {
  const parts = glob.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "i").test(host);
}
