/** Commits signed with an SSH key: SSHSIG of OpenSSH (PROTOCOL.sshsig), in git's namespace (gpg.format=ssh). */
import { createHash } from "node:crypto";
import ssh2, { type ParsedKey } from "ssh2";
import { type Failure, stalled } from "../../failures.ts";
import type { Signer } from "../../ports.ts";

const namespace = "git";
const hashName = "sha512";
/** OpenSSH's own default is 16 or 24; deriving a key takes milliseconds for each, and nothing else runs meanwhile. */
const maxRounds = 128;

/** Throws Failure SecretInvalid. */
export function createSshSigner(text: string, passphrase: string | undefined): Signer {
  const key = readKey(text, passphrase);
  const publicSsh = key.getPublicSSH();
  return {
    publicKey: `${key.type} ${publicSsh.toString("base64")}`,
    fingerprint: `SHA256:${createHash("sha256").update(publicSsh).digest("base64").replaceAll("=", "")}`,
    async sign(commit) {
      const digest = createHash(hashName).update(commit).digest();
      const signature = signData(key, preamble(string(hashName), string(digest)));
      const version = Buffer.from([0, 0, 0, 1]);
      return armor(
        Buffer.concat([
          Buffer.from("SSHSIG"),
          version,
          string(publicSsh),
          string(namespace),
          string(""),
          string(hashName),
          string(signature),
        ]),
      );
    },
  };
}

/** What is signed: magic, namespace, an empty reserved field, and what follows. */
function preamble(...rest: readonly Buffer[]): Buffer {
  return Buffer.concat([Buffer.from("SSHSIG"), string(namespace), string(""), ...rest]);
}

/** A signature of RFC 4253 section 6.6 (RFC 8332 for RSA, RFC 5656 for ECDSA, RFC 8709 for Ed25519). */
function signData(key: ParsedKey, data: Buffer): Buffer {
  // ssh2 answers errors, it does not throw them.
  const made: Buffer | Error = key.type === "ssh-rsa" ? key.sign(data, hashName) : key.sign(data);
  if (made instanceof Error) throw invalid(`it cannot sign (${made.message})`);
  if (key.type === "ssh-rsa") return Buffer.concat([string("rsa-sha2-512"), string(made)]);
  return Buffer.concat([string(key.type), string(key.type === "ssh-ed25519" ? made : pairOfDer(made))]);
}

/** The two numbers of an ECDSA signature from DER, which writes them as mpint does: big-endian, signed, shortest. */
function pairOfDer(der: Buffer): Buffer {
  const numbers: Buffer[] = [];
  // A SEQUENCE of P-521 is longer than 127 bytes: its length then stands in a byte of its own.
  for (let at = (der[1] ?? 0) < 0x80 ? 2 : 3; at < der.length; ) {
    const end = at + 2 + (der[at + 1] ?? 0);
    numbers.push(string(der.subarray(at + 2, end)));
    at = end;
  }
  return Buffer.concat(numbers);
}

function readKey(text: string, passphrase: string | undefined): ParsedKey {
  if (/^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text)) {
    throw invalid("holds a key in PKCS #8: `ssh-keygen -p -f FILE` writes it in OpenSSH's own format");
  }
  if (isSecurityKey(text)) {
    throw invalid(
      "holds the handle of a security key (sk-*), which signs nothing without the device: make another key",
    );
  }
  if (roundsOf(text) > maxRounds) {
    throw invalid(`holds a key protected by more than ${maxRounds} rounds: \`ssh-keygen -p -a 24 -f FILE\``);
  }
  const key: ParsedKey | Error | undefined = ssh2.utils.parseKey(text, passphrase);
  if (key === undefined || key instanceof Error) throw unreadable(key?.message ?? "", passphrase);
  if (!key.isPrivateKey()) throw invalid("holds a public key: give the private one");
  if (!/^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/.test(key.type)) {
    throw invalid(`holds a key of type ${key.type}: ed25519, ecdsa and rsa sign commits`);
  }
  return key;
}

function unreadable(why: string, passphrase: string | undefined): Failure {
  if (/no passphrase given/i.test(why)) {
    return stalled(
      "SecretInvalid",
      "the signing key in identity has a passphrase: give it in the key password of the Secret",
    );
  }
  // Of a cipher without a checksum a wrong passphrase leaves no key at all.
  if (passphrase !== undefined && /passphrase|integrity|bad decrypt|authenticate/i.test(why)) {
    return stalled("SecretInvalid", "password in the Secret is not the passphrase of the signing key in identity");
  }
  return invalid("holds no private key that is understood (OpenSSH's own format or PEM: ed25519, ecdsa or rsa)");
}

function invalid(what: string): Failure {
  return stalled("SecretInvalid", `identity in the Secret of the signing key ${what}`);
}

/** The fields of openssh-key-v1 (PROTOCOL.key) that stand before what is encrypted. */
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

function string(value: string | Buffer): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function armor(bytes: Buffer): string {
  const lines = bytes.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n");
}
