export interface Delayed {
  readonly header: (name: string) => string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const maxSeconds = 86_400;

/**
 * How long a server asks to be left alone, in seconds: Retry-After in both of its forms (RFC 9110, section 10.2.3), or
 * where no request is left (x-ratelimit-remaining, x-ratelimit-reset of GitHub, RateLimit-* of GitLab and Gitea) until
 * more are; a day at most. A date is read by the server's own clock where it tells. undefined: it does not ask.
 */
export function retryAfterSeconds({ header, now }: Delayed): number | undefined {
  const clock = Date.parse(header("date") ?? "");
  const bounded = (seconds: number): number => Math.min(maxSeconds, Math.max(1, Math.ceil(seconds)));
  const until = (ms: number): number => bounded((ms - (Number.isNaN(clock) ? now : clock)) / 1_000);
  const asked = header("retry-after")?.trim();
  if (asked !== undefined && /^\d+$/.test(asked)) return bounded(Number(asked));
  const date = Date.parse(asked ?? "");
  if (!Number.isNaN(date)) return until(date);
  if ((header("x-ratelimit-remaining") ?? header("ratelimit-remaining"))?.trim() !== "0") return undefined;
  const reset = Number(header("x-ratelimit-reset") ?? header("ratelimit-reset"));
  // Where nothing better is known, GitHub wants a minute. The draft of the IETF counts from now, not from the epoch.
  if (!(reset > 0)) return 60;
  return reset < maxSeconds * 1_000 ? bounded(reset) : until(reset * 1_000);
}
