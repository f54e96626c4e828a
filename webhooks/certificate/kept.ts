/** PURE: what is kept of the webhook's certificate, and how a Secret holds it. */
import type { ServingCertificate } from "./create-certificate.ts";
import { inspectCertificate, joinPem, pemWithout } from "./inspect-certificate.ts";

export interface Kept {
  readonly serving: ServingCertificate;
  /** What will be served once every API server trusts its authority. */
  readonly next: ServingCertificate | undefined;
  /** PEM of authorities that are trusted while a replica may still serve what they signed; "" where there are none. */
  readonly retired: string;
  /** The last segment of the webhook's path, for the API server and the replicas alone. */
  readonly pathKey: string;
}

/** The keys of the Secret, decoded. */
export interface SecretData {
  readonly [key: string]: string;
}

export type Parsed = { readonly ok: true; readonly kept: Kept } | { readonly ok: false; readonly problem: string };

/** What API servers are to trust, newest first: PEM. It changes when a certificate is announced, not when it is served. */
export function bundleOf({ serving, next, retired }: Kept): string {
  return joinPem(next?.ca ?? "", serving.ca, retired);
}

export function toSecretData(kept: Kept): SecretData {
  return {
    "ca.crt": bundleOf(kept),
    "tls.crt": kept.serving.cert,
    "tls.key": kept.serving.key,
    path: kept.pathKey,
    ...(kept.next && { "next.crt": kept.next.cert, "next.key": kept.next.key }),
  };
}

/** A next certificate that cannot be used counts as none. */
export function fromSecretData(data: SecretData): Parsed {
  const { "ca.crt": ca = "", "tls.crt": cert = "", "tls.key": key = "", path = "" } = data;
  if (!/^[A-Za-z0-9_-]{16,128}$/.test(path)) return { ok: false, problem: "path is not 16 or more letters and digits" };
  const inspected = inspectCertificate(cert, key, ca, true);
  if (!inspected.ok) return { ok: false, problem: `${inspected.file} ${inspected.problem}` };
  const { certificate: serving } = inspected;
  const { "next.crt": nextCert = "", "next.key": nextKey = "" } = data;
  const announced = inspectCertificate(nextCert, nextKey, ca, true);
  const next = announced.ok && nextCert !== cert ? announced.certificate : undefined;
  return {
    ok: true,
    kept: { serving, next, retired: pemWithout(ca, joinPem(serving.ca, next?.ca ?? "")), pathKey: path },
  };
}

export function announced(kept: Kept, next: ServingCertificate): Kept {
  return { ...kept, next };
}

/** The next one is served; what the one before rested on stays trusted. */
export function switched(kept: Kept): Kept {
  const { serving, next, retired } = kept;
  if (next === undefined) return kept;
  return { ...kept, serving: next, next: undefined, retired: pemWithout(joinPem(serving.ca, retired), next.ca) };
}

export function withoutRetired(kept: Kept): Kept {
  return { ...kept, retired: "" };
}
