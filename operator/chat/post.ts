/** One request to a service that a Notifier names, answered with status, headers and a bounded text. */
import { type Dispatcher, fetch } from "undici";
import { asFailure, type Failure, retry } from "../failures.ts";
import { plainText } from "../net/plain-text.ts";
import { retryAfterSeconds } from "../net/retry-after.ts";

export interface Posted {
  readonly status: number;
  /** Up to 64 KiB of it. */
  readonly text: string;
  /** How long to wait, in seconds, where the service says so. */
  readonly retryAfterSeconds: number | undefined;
}

export interface PostOptions {
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const maxAnswer = 65_536;

export type Post = (url: string, headers: Readonly<Record<string, string>>, body: string) => Promise<Posted>;

/** Redirects are not followed. The answer throws Failure AlertUnreachable (Retry), or UrlForbidden. */
export function createPost({ dispatcher, timeoutMs, userAgent, now }: PostOptions): Post {
  return async (url, headers, body) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        redirect: "manual",
        headers: { "user-agent": userAgent, ...headers },
        body,
        dispatcher,
        signal: AbortSignal.timeout(timeoutMs),
      });
      const text = await readText(response.body);
      const header = (name: string): string | undefined => response.headers.get(name) ?? undefined;
      return { status: response.status, text, retryAfterSeconds: retryAfterSeconds({ header, now: now() }) };
    } catch (error) {
      throw unreachable(new URL(url).host, error);
    }
  };
}

async function readText(body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.length;
    if (size > maxAnswer) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unreachable(host: string, error: unknown): Failure {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const failure = asFailure(cause);
    if (failure.code === "UrlForbidden") return failure;
  }
  const { cause } = error as { readonly cause?: unknown };
  const why = cause instanceof Error && cause.message !== "" ? cause : error;
  const { name, message } = why as Error;
  const said = name === "TimeoutError" ? "no answer in time" : message;
  return retry("AlertUnreachable", `${host} does not answer: ${plainText(said, 200)}`, undefined, error);
}
