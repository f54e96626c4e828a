/** The Failure for an answer of the API server that is no success: by its code and its Status (meta/v1). */
import type { Failure, FailureData } from "../failures.ts";
import { retry, stalled, waiting } from "../failures.ts";

export interface RequestSubject {
  readonly verb: string;
  readonly group: string;
  /** `deployments`, or with its subresource `captures/status`. */
  readonly resource: string;
  readonly namespace: string;
}

export interface Refusal {
  readonly server: string;
  readonly method: string;
  readonly path: string;
  readonly about: RequestSubject | undefined;
  readonly status: number;
  /** A Status as JSON, or whatever a proxy said. */
  readonly text: string;
  readonly retryAfterSeconds: number | undefined;
  /** Whose rights were not enough: `the operator`. */
  readonly who: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A server that asks for more is asked again after so long. */
const maxRetryAfterSeconds = 60;

/**
 * AccessDenied and KindNotServed (Stalled), ClusterUnreachable as Waiting for 429 and 503, else as Retry; InternalError
 * (Retry) for a request that the server found wrong. `data.status` is the HTTP code, `data.said` the server's own words.
 */
export function statusFailure({ server, method, path, about, status, text, ...rest }: Refusal): Failure {
  const { message: said, name } = readStatus(text);
  const data: FailureData = { status, said };
  if (status === 401) {
    return stalled("AccessDenied", `the API server ${server} does not accept the credentials: ${said}`, data);
  }
  if (status === 403) {
    const rule = about ? `: add the rule ${ruleOf(about)} to a role of ${rest.who}` : "";
    return stalled("AccessDenied", `${said}${rule}`, data);
  }
  // A missing object is named by its Status; a missing resource is not.
  if (status === 404 && name === undefined) {
    return stalled("KindNotServed", `the API server does not serve ${path}: ${said}`, data);
  }
  if (status === 429 || status === 503) {
    const seconds = Math.min(Math.max(rest.retryAfterSeconds ?? 1, 1), maxRetryAfterSeconds);
    const message = `the API server ${server} is busy (${status}): ${said}`;
    return waiting("ClusterUnreachable", message, rest.now + seconds * 1000, data);
  }
  const wrong = status >= 400 && status < 500;
  return retry(
    wrong ? "InternalError" : "ClusterUnreachable",
    `the API server ${server} answers ${method} ${path} with ${status}: ${said}`,
    data,
  );
}

/** Who may list is to watch too, and the other way round: a kind is in view by both. */
function ruleOf({ verb, group, resource }: RequestSubject): string {
  const verbs = ["list", "watch"].includes(verb) ? '"get", "list", "watch"' : JSON.stringify(verb);
  return `{apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}], verbs: [${verbs}]}`;
}

function readStatus(text: string): { readonly message: string; readonly name: string | undefined } {
  try {
    const { message, details } = JSON.parse(text) as {
      readonly message?: unknown;
      readonly details?: { readonly name?: unknown };
    };
    const name = typeof details?.name === "string" && details.name !== "" ? details.name : undefined;
    if (typeof message === "string") return { message: message.slice(0, 500), name };
  } catch {
    // No Status: a proxy's page, or nothing.
  }
  return { message: text.slice(0, 200).replaceAll(/\s+/g, " ").trim() || "no reason given", name: undefined };
}
