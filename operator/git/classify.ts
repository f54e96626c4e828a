/** The one translator of what goes wrong on the way to a server into Failures. Messages name no credentials. */
import { Failure, redact, retry, stalled } from "../failures.ts";
import type { Credentials } from "../ports.ts";

/** Where a request went, for messages: the host, and the repository's path. */
export interface Destination {
  readonly host: string;
  readonly path: string;
  readonly credentials: Credentials["type"];
}

/** The failure that an HTTP status other than 200 is. `words` are of the body, if it was text. */
export function failureOfStatus(
  status: number,
  at: Destination,
  answer: { readonly words: string; readonly retryAfter: string | undefined },
): Failure {
  const words = answer.words === "" ? "" : `: ${answer.words}`;
  const data = { host: at.host, status };
  if (status === 401 || status === 403) {
    const remedy =
      at.credentials === "None"
        ? "wants credentials: name a Secret with them in spec.secretRef"
        : "refused the credentials: renew the password or token in the Secret, or give it the right to push";
    return stalled("AuthenticationFailed", `${at.host} ${remedy} (HTTP ${status}${words})`, data);
  }
  if (status === 404 || status === 410) {
    const why = "or hides it from these credentials";
    return stalled("RepositoryNotFound", `${at.host} knows no repository ${at.path}, ${why} (HTTP ${status})`, data);
  }
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(answer.retryAfter);
    const later = Number.isFinite(seconds) && seconds > 0 ? { retryAfterSeconds: seconds } : {};
    return retry("RemoteUnreachable", `${at.host} answers HTTP ${status}${words}`, { ...data, ...later });
  }
  if (status === 413) {
    const why = "takes no request of this size (HTTP 413): raise the limit of it or of the proxy before it";
    return stalled("RemoteInvalid", `${at.host} ${why}`, data);
  }
  return stalled("RemoteInvalid", `${at.host} answers HTTP ${status}, which git does not know${words}`, data);
}

/** The failure that an error of DNS, TCP, TLS or HTTP is; a Failure stays what it is. */
export function failureOfError(error: unknown, at: Destination): Failure {
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth++) {
    if (cause instanceof Failure) return cause;
  }
  const data = { host: at.host };
  const code = codeOf(error);
  const text = redact(error instanceof Error ? error.message : String(error)).slice(0, 300);
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
