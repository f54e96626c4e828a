/**
 * Failures, told apart by what happens next: Stalled (a person must act), Waiting (come back at a time), Retry (try
 * again with backoff). Each has a code of the closed list, data, and a message that is safe to show anybody.
 */
import type { ConditionReason } from "./api/reasons.ts";

export type FailureClass = "Stalled" | "Waiting" | "Retry";

export interface FailureData {
  readonly [name: string]: string | number | boolean;
}

export class Failure extends Error {
  readonly class: FailureClass;
  readonly code: ConditionReason;
  readonly data: FailureData;
  /** For Waiting: milliseconds since the epoch. */
  readonly until: number | undefined;

  constructor(
    kind: FailureClass,
    code: ConditionReason,
    message: string,
    options: { readonly data?: FailureData; readonly cause?: unknown; readonly until?: number } = {},
  ) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = kind;
    this.class = kind;
    this.code = code;
    this.data = options.data ?? {};
    this.until = options.until;
  }
}

/** A person must act: `message` says which field or fact, and what to do. */
export function stalled(code: ConditionReason, message: string, data?: FailureData, cause?: unknown): Failure {
  return new Failure("Stalled", code, message, { ...(data && { data }), cause });
}

/** Not now: come back at `until` (milliseconds since the epoch). */
export function waiting(code: ConditionReason, message: string, until: number, data?: FailureData): Failure {
  return new Failure("Waiting", code, message, { until, ...(data && { data }) });
}

/** A passing fault: try again with backoff. */
export function retry(code: ConditionReason, message: string, data?: FailureData, cause?: unknown): Failure {
  return new Failure("Retry", code, message, { ...(data && { data }), cause });
}

/** The failure behind whatever was thrown; what nobody classified is a Retry, its text redacted. */
export function asFailure(error: unknown, code: ConditionReason = "InternalError"): Failure {
  if (error instanceof Failure) return error;
  const text = error instanceof Error ? error.message : String(error);
  return retry(code, text, undefined, error);
}

/** Takes credentials out of a text: URL userinfo (but for the user name of ssh), authorization values and well-known token shapes. */
export function redact(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)(?!(?<=ssh:\/\/)[\w.-]{1,64}@)[^/@\s]+@/gi, "$1")
    .replace(/\b(basic|bearer|token)\s+[A-Za-z0-9+/=._~-]{8,}/gi, "$1 [redacted]")
    .replace(/\b(gh[pousr]_|github_pat_|glpat-|xox[abprs]-)[A-Za-z0-9_-]+/g, "$1[redacted]");
}
