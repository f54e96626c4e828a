/**
 * known_hosts of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": plain and hashed host names, wildcards and negation, ports,
 * `@cert-authority` and `@revoked`. Lines that cannot be read are passed over, as OpenSSH does.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";

export type HostKeyVerdict = "Known" | "Unknown" | "Changed" | "Revoked";

export interface KnownHostKeys {
  /** `ssh-ed25519`, `ssh-rsa`, ...: of the keys that the host is known by, in their order. */
  readonly types: readonly string[];
  /** Whether a line says that certificates of an authority are trusted for the host. */
  readonly authority: boolean;
}

interface Line {
  readonly marker: "" | "@cert-authority" | "@revoked";
  readonly type: string;
  readonly key: Buffer;
}

/** What is known of a host. `host`: a name or an address, without brackets. */
export function knownHostKeys(knownHosts: string, host: string, port: number): KnownHostKeys {
  const lines = linesFor(knownHosts, host, port);
  const types = lines.filter(({ marker }) => marker === "").map(({ type }) => type);
  return { types: [...new Set(types)], authority: lines.some(({ marker }) => marker === "@cert-authority") };
}

/**
 * Whether `key` (the public key as it goes over the wire, RFC 4253 section 6.6) is one that the host is known by.
 * Changed: the host is known by other keys alone.
 */
export function verifyHostKey(knownHosts: string, host: string, port: number, key: Buffer): HostKeyVerdict {
  const lines = linesFor(knownHosts, host, port);
  const isOffered = (line: Line): boolean => line.key.equals(key);
  if (lines.some((line) => line.marker === "@revoked" && isOffered(line))) return "Revoked";
  const keys = lines.filter(({ marker }) => marker === "");
  if (keys.some(isOffered)) return "Known";
  return keys.length === 0 ? "Unknown" : "Changed";
}

/** `SHA256:...` of OpenSSH. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replaceAll("=", "")}`;
}

/** The name of the key's algorithm, which the key begins with; "" for what is no key. */
export function keyTypeOf(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  const name = key.toString("latin1", 4, 4 + Math.min(length, 64));
  return /^[a-z0-9@.-]+$/i.test(name) && name.length === length ? name : "";
}

function linesFor(knownHosts: string, host: string, port: number): readonly Line[] {
  const bare = host.toLowerCase();
  const name = port === 22 ? bare : `[${bare}]:${port}`;
  return knownHosts.split(/\r?\n/).flatMap((text) => {
    const words = text.trim().split(/[ \t]+/);
    const first = words[0] ?? "";
    if (first === "" || first.startsWith("#")) return [];
    const marker = first.startsWith("@") ? words.shift() : "";
    if (marker !== "" && marker !== "@cert-authority" && marker !== "@revoked") return [];
    const [hosts = "", type = "", encoded = ""] = words;
    const key = Buffer.from(encoded, "base64");
    return type !== "" && keyTypeOf(key) === type && names(hosts, name) ? [{ marker, type, key }] : [];
  });
}

/** Whether a list of patterns names a host: one fits, and none that begins with `!` does. */
function names(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return isHashOf(hosts, name);
  let named = false;
  for (const pattern of hosts.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!fits(name, negated ? pattern.slice(1) : pattern)) continue;
    if (negated) return false;
    named = true;
  }
  return named;
}

/** `|1|SALT|HASH`: HMAC-SHA1 of the name, keyed by the salt, both in base64. */
function isHashOf(hashed: string, name: string): boolean {
  const [, magic, salt = "", hash = ""] = hashed.split("|");
  if (magic !== "1") return false;
  const expected = Buffer.from(hash, "base64");
  const digest = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return expected.length === digest.length && timingSafeEqual(expected, digest);
}

/** `*` stands for any characters, `?` for one; in time that grows with the product of both lengths. */
function fits(name: string, pattern: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  let from = 0;
  for (; at < name.length; ) {
    const wanted = pattern[from];
    if (wanted === "*") {
      star = from++;
      resume = at;
    } else if (wanted === "?" || (wanted !== undefined && wanted === name[at])) {
      from++;
      at++;
    } else if (star >= 0) {
      from = star + 1;
      at = ++resume;
    } else return false;
  }
  while (pattern[from] === "*") from++;
  return from === pattern.length;
}
