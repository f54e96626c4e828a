/** Private keys of OpenSSH (PROTOCOL.key) and in PEM, by which a server knows us. */
import ssh2, { type ParsedKey } from "ssh2";
import { type Failure, stalled } from "../../failures.ts";

/** OpenSSH's own default is 16 or 24; deriving a key takes milliseconds for each, and nothing else runs meanwhile. */
const maxRounds = 128;

/** Signs with SHA-2 alone. Throws Failure SecretInvalid. */
export function readPrivateKey(text: string, passphrase: string | undefined): ParsedKey {
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text)) {
    throw invalid("holds a key in PKCS #8: `ssh-keygen -p -f FILE` writes it in OpenSSH's own format");
  }
  if (isSecurityKey(text)) {
    throw invalid("holds the handle of a security key (sk-*), which is of no use without the device: make another key");
  }
  if (roundsOf(text) > maxRounds) {
    throw invalid(`holds a key protected by more than ${maxRounds} rounds: \`ssh-keygen -p -a 24 -f FILE\``);
  }
  // ssh2 answers errors, it does not throw them.
  const key: ParsedKey | Error | undefined = ssh2.utils.parseKey(text, passphrase);
  if (key === undefined || key instanceof Error) throw unreadable(key?.message ?? "", passphrase);
  if (!key.isPrivateKey()) throw invalid("holds a public key: give the private one");
  if (!/^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/.test(key.type)) {
    throw invalid(`holds a key of type ${key.type}: give one of type ed25519, ecdsa or rsa`);
  }
  return key.type === "ssh-rsa" ? withoutSha1(key) : key;
}

/** Where a server does not say that it takes SHA-2 signatures of RSA keys (RFC 8332), ssh2 would sign with SHA-1. */
function withoutSha1(key: ParsedKey): ParsedKey {
  const sign: ParsedKey["sign"] = (data, algorithm) =>
    algorithm === "sha256" || algorithm === "sha512" ? key.sign(data, algorithm) : (new Sha1Refused() as never);
  return Object.create(key, { sign: { value: sign } }) as ParsedKey;
}

class Sha1Refused extends Error {
  constructor() {
    super("the server takes signatures of RSA keys with SHA-1 only");
  }
}

function unreadable(why: string, passphrase: string | undefined): Failure {
  if (/no passphrase given/i.test(why)) {
    const remedy = "give it in the key password of the Secret";
    return stalled("SecretInvalid", `the private key in identity has a passphrase: ${remedy}`);
  }
  // Of a cipher without a checksum a wrong passphrase leaves no key at all.
  if (passphrase !== undefined && /passphrase|integrity|bad decrypt|authenticate/i.test(why)) {
    return stalled("SecretInvalid", "password in the Secret is not the passphrase of the private key in identity");
  }
  return invalid("holds no private key that is understood (OpenSSH's own format or PEM: ed25519, ecdsa or rsa)");
}

function invalid(what: string): Failure {
  return stalled("SecretInvalid", `identity in the Secret ${what}`);
}

/** The fields of openssh-key-v1 that stand before what is encrypted. */
function fieldsOf(text: string): readonly Buffer[] {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]+?)-----END/.exec(text)?.[1] ?? "";
  const bytes = Buffer.from(body, "base64");
  const fields: Buffer[] = [];
  // Cipher, key derivation and its options; the number of keys; a public key.
  for (let at = "openssh-key-v1\0".length; fields.length < 4 && at + 4 <= bytes.length; ) {
    if (fields.length === 3) at += 4;
    if (at + 4 > bytes.length) break;
    const length = bytes.readUInt32BE(at);
    fields.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return fields;
}

function isSecurityKey(text: string): boolean {
  return /^sk-\S+@openssh\.com /m.test(text) || (fieldsOf(text)[3]?.toString("latin1") ?? "").startsWith("sk-", 4);
}

function roundsOf(text: string): number {
  const [, derivation, options] = fieldsOf(text);
  return derivation?.toString("latin1") === "bcrypt" && options !== undefined && options.length >= 4
    ? options.readUInt32BE(options.length - 4)
    : 0;
}
