/** The one translator of what goes wrong on the way to a server into Failures. Messages name no credentials. */
import { Failure, type FailureData, redact, retry, stalled } from "../failures.ts";
import type { Credentials } from "../ports.ts";
import { retryAfterSeconds } from "./retry-after.ts";

/** Where a request went, for messages: the host, and the repository's path. */
export interface Destination {
  readonly host: string;
  readonly path: string;
  readonly credentials: Credentials["type"];
  /** Whether one is sent where the server asks for it. */
  readonly clientCertificate?: boolean;
}

/** An answer whose status is not 200. */
export interface Refusal {
  readonly status: number;
  /** Of the body, if it says anything short. */
  readonly words: string;
  readonly header: (name: string) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The failure that an HTTP status other than 200 is. */
export function failureOfStatus(at: Destination, refusal: Refusal): Failure {
  const { status } = refusal;
  const words = refusal.words === "" ? "" : `: ${refusal.words}`;
  const seconds = retryAfterSeconds(refusal);
  const data = { host: at.host, status };
  const later: FailureData = { ...data, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) };
  // GitHub limits rates by 403 and 429, and says when to come back: "Rate limits for the REST API".
  if (status === 403 && seconds !== undefined) {
    return retry("RemoteUnreachable", `${at.host} limits how often it is asked (HTTP 403${words})`, later);
  }
  if (status === 401 || status === 403) return refusedLogin(at, refusal, words);
  if (status === 404 || status === 410) {
    const why = "or hides it from these credentials";
    const message = `${at.host} knows no repository ${at.path}, ${why} (HTTP ${status}${words})`;
    return stalled("RepositoryNotFound", message, data);
  }
  if (status === 408 || status === 409 || status === 429 || status >= 500) {
    return retry("RemoteUnreachable", `${at.host} answers HTTP ${status}${words}`, later);
  }
  if (status === 413) {
    const why = "takes no request of this size (HTTP 413): raise the limit of it or of the proxy before it";
    return stalled("RemoteInvalid", `${at.host} ${why}`, data);
  }
  // nginx answers so instead of ending the TLS handshake.
  if ((status === 400 || status === 495 || status === 496) && /SSL certificate/i.test(refusal.words)) {
    return refusedCertificate(at, refusal.words);
  }
  return stalled("RemoteInvalid", `${at.host} answers HTTP ${status}, which git does not know${words}`, data);
}

function refusedLogin(at: Destination, { status }: Refusal, words: string): Failure {
  const remedies = {
    None: "wants credentials: name a Secret with them in spec.secretRef",
    GitHubApp: "refused the token of the GitHub App: install it for this repository with the right Contents: write",
    other: "refused the credentials: renew the password or token in the Secret, or give it the right to push",
  };
  const remedy = remedies[at.credentials === "None" || at.credentials === "GitHubApp" ? at.credentials : "other"];
  const data = { host: at.host, status };
  return stalled("AuthenticationFailed", `${at.host} ${remedy} (HTTP ${status}${words})`, data);
}

/** What a failure to ask for the right to push means, where reading works. */
export function asReader(error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== "AuthenticationFailed" || error.data["status"] !== 403)
    return error;
  const remedy = "give them the right to push, or set spec.access to ReadOnly";
  return stalled(error.code, `these credentials may read, and not push: ${remedy}; ${error.message}`, error.data);
}

function refusedCertificate(at: Destination, words: string): Failure {
  const remedy = at.clientCertificate
    ? "refused the client certificate: renew tls.crt and tls.key in the Secret, by an authority that it trusts"
    : "wants a client certificate: put it into the Secret as tls.crt, and its key as tls.key";
  return stalled("AuthenticationFailed", `${at.host} ${remedy} (${words})`, { host: at.host });
}

/** The failure that an error of DNS, TCP, TLS or HTTP is; a Failure stays what it is. */
export function failureOfError(error: unknown, at: Destination): Failure {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause instanceof Failure) return cause;
  }
  const data = { host: at.host };
  const code = codeOf(error);
  const text = redact(error instanceof Error ? error.message : String(error)).slice(0, 300);
  const alert = certificateAlerts.exec(code) ?? certificateAlerts.exec(text);
  if (alert !== null) return refusedCertificate(at, alert[0].replaceAll("_", " ").toLowerCase());
  if (certificateCodes.test(code)) {
    const remedy = "put the authority that signed it into the Secret as ca.crt";
    return stalled("CertificateUntrusted", `the certificate of ${at.host} is not trusted (${code}): ${remedy}`, data);
  }
  if (code === "EPROTO" || code === "ERR_SSL_WRONG_VERSION_NUMBER") {
    return stalled("RemoteInvalid", `${at.host} does not speak TLS at this port`, data);
  }
  if (code.startsWith("HPE_")) return stalled("RemoteInvalid", `${at.host} does not speak HTTP at this port`, data);
  const words = unreachable[code] ?? (code === "" ? text : `${code}: ${text}`);
  return retry("RemoteUnreachable", `${at.host} cannot be reached: ${words}`, data, error);
}

/** What a server ends the TLS handshake with when it is not content with the client's certificate (RFC 8446, 6.2). */
const certificateAlerts =
  /alert[ _](certificate[ _](required|expired|revoked|unknown)|(bad|unsupported)[ _]certificate|unknown[ _]ca|handshake[ _]failure|access[ _]denied)/i;

const certificateCodes =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve at the moment",
  ECONNRESET: "the connection was closed",
  EPIPE: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed before the answer",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "its answer stopped coming",
  UND_ERR_ABORTED: "its answer took too long",
  ABORT_ERR: "its answer took too long",
};

function codeOf(error: unknown): string {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause.name === "TimeoutError") return "ABORT_ERR";
    if (cause.name === "HTTPParserError") return "HPE_";
    if ("code" in cause && typeof cause.code === "string" && cause.code !== "") return cause.code;
    if (cause instanceof AggregateError && cause.errors.length > 0) return codeOf(cause.errors[0]);
  }
  return "";
}
