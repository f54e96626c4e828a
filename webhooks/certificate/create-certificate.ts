/** The webhook's own certificate and the authority that signed it: the API server trusts that one alone, for this. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

export interface ServingCertificate {
  /** PEM of the authority, or of several: what `caBundle` holds. The key of one that is made here is thrown away. */
  readonly ca: string;
  /** PEM, with its intermediates. */
  readonly cert: string;
  /** PEM, PKCS#8. */
  readonly key: string;
  /** Of the certificate; milliseconds since the epoch. */
  readonly notAfter: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const hourMs = 3_600_000;
export const yearMs: number = 365 * 24 * hourMs;

/**
 * A new authority and a certificate for these DNS names and IP addresses, valid from an hour ago (clocks differ) for
 * `lifetimeMs` from `now` (milliseconds since the epoch).
 */
export async function createServingCertificate(
  names: readonly string[],
  now: number,
  lifetimeMs: number = yearMs,
): Promise<ServingCertificate> {
  const [caKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  const notAfter = Math.floor((now + lifetimeMs) / 1000) * 1000;
  const validity = { notBefore: new Date(now - hourMs), notAfter: new Date(notAfter) };
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: ["clickscribe webhook authority"] }],
    keys: caKeys,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const leaf = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: ["clickscribe webhook"] }],
    issuer: authority.subjectName,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    ...validity,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    ca: `${authority.toString("pem")}\n`,
    cert: `${leaf.toString("pem")}\n`,
    key: `${x509.PemConverter.encode(key, "PRIVATE KEY")}\n`,
    notAfter,
  };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

/** 16 random bytes in hex, positive as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return Buffer.from(bytes).toString("hex");
}
