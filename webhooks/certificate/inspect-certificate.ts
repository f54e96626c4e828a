/** PURE: whether a certificate, its key and its authorities can be used together, and for which names. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { ServingCertificate } from "./create-certificate.ts";

export type Inspected =
  | { readonly ok: true; readonly certificate: ServingCertificate }
  | {
      readonly ok: false;
      /** Which file it is about, for people. */
      readonly file: "tls.crt" | "tls.key" | "ca.crt";
      /** What is wrong with it; names no content. */
      readonly problem: string;
    };

/**
 * Of PEM texts: `cert` with its intermediates, `ca` one or more authorities, of which those stay that the certificate
 * rests on where `trimmed` is set.
 */
export function inspectCertificate(cert: string, key: string, ca: string, trimmed: boolean): Inspected {
  const chain = parseAll(cert);
  const [leaf] = chain ?? [];
  if (chain === undefined || leaf === undefined) return wrong("tls.crt", "holds no certificate");
  const authorities = parseAll(ca);
  if (authorities === undefined || authorities.length === 0) return wrong("ca.crt", "holds no certificate");
  try {
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return wrong("tls.key", "does not match tls.crt");
  } catch {
    return wrong("tls.key", "holds no private key");
  }
  const roots = rootsOf(chain, authorities);
  if (roots.length === 0) return wrong("ca.crt", "did not sign tls.crt");
  const trusted = (trimmed ? roots : authorities).map((authority) => authority.toString()).join("");
  return { ok: true, certificate: { ca: trusted, cert, key, notAfter: leaf.validToDate.getTime() } };
}

/** Those of the names that a certificate which was inspected does not cover. */
export function namesMissing(cert: string, names: readonly string[]): readonly string[] {
  const leaf = new X509Certificate(cert);
  return names.filter((name) => (isIP(name) === 0 ? leaf.checkHost(name) : leaf.checkIP(name)) === undefined);
}

/** The PEM blocks of these texts, each once, in order. */
export function joinPem(...texts: readonly string[]): string {
  return [...new Set(texts.flatMap((text) => pemBlocks(text)))].join("");
}

/** The PEM blocks of `text` that are not in `others`. */
export function pemWithout(text: string, others: string): string {
  const known = new Set(pemBlocks(others));
  return joinPem(
    pemBlocks(text)
      .filter((block) => !known.has(block))
      .join(""),
  );
}

function wrong(file: "tls.crt" | "tls.key" | "ca.crt", problem: string): Inspected {
  return { ok: false, file, problem };
}

/** Wrapped alike, whoever wrote them. */
function pemBlocks(text: string): readonly string[] {
  const blocks = text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]*?)-----END CERTIFICATE-----/g);
  return [...blocks].map(([, base64 = ""]) => {
    const lines = base64.replaceAll(/\s/g, "").match(/.{1,64}/g) ?? [];
    return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
  });
}

/** undefined where one of them is no certificate. */
function parseAll(text: string): readonly X509Certificate[] | undefined {
  try {
    return pemBlocks(text).map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** The authorities that the first certificate of a chain rests on, by way of the others. */
function rootsOf(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] {
  const [leaf] = chain;
  const waiting = leaf === undefined ? [] : [leaf];
  const seen = new Set<X509Certificate>();
  const roots = new Set<X509Certificate>();
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    seen.add(current);
    for (const authority of authorities) if (signed(authority, current)) roots.add(authority);
    for (const issuer of chain.slice(1)) if (!seen.has(issuer) && signed(issuer, current)) waiting.push(issuer);
  }
  return [...roots];
}

function signed(issuer: X509Certificate, certificate: X509Certificate): boolean {
  // What signed itself is trusted as it is, whether or not it may sign others.
  if (issuer.fingerprint256 === certificate.fingerprint256) return true;
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}
