/**
 * HTTP requests to one repository.
 *
 * Invariants: credentials go to the origin of the remote's URL alone (or from http to https of the same host); only the
 * first GET follows redirects, at most three; an answer longer than the limits ends in a Failure, never in memory.
 * Whatever goes wrong is a Failure.
 */
import { request } from "undici";
import { type Failure, retry, stalled } from "../failures.ts";
import { type AddressPolicy, checkUrl } from "../net/address-policy.ts";
import { type Destination, failureOfError, failureOfStatus } from "../net/classify.ts";
import type { Connections } from "../net/connections.ts";
import type { RemoteAccess } from "../ports.ts";
import type { Limits } from "./limits.ts";
import type { Login } from "./login.ts";
import { readWords } from "./server-words.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | AsyncIterable<Uint8Array>;
  /** Sent again, once, when a kept connection turns out to be dead. */
  readonly idempotent: boolean;
  /** Follows redirects within the host. */
  readonly redirects: boolean;
}

export interface HttpAnswer {
  /** After redirects. */
  readonly url: string;
  readonly contentType: string;
  /** The server's clock, in milliseconds since the epoch; undefined where it does not tell. */
  readonly date: number | undefined;
  readonly body: AsyncIterable<Uint8Array>;
}

export interface Transport {
  /** Throws Failure UrlForbidden for a URL that `send` would not reach for. */
  admit(url: string): void;
  /** Answers only for status 200. Throws Failure. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

export interface TransportDeps {
  readonly access: RemoteAccess;
  readonly login: Login;
  readonly policy: AddressPolicy;
  readonly connections: Connections;
  readonly limits: Limits;
  readonly userAgent: string;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

type Answer = Awaited<ReturnType<typeof request>>;

const maxRedirects = 3;
/** What may follow after all that matters, and for how long. */
const restBytes = 16_384;
const restMs = 1_000;

export function createTransport(deps: TransportDeps): Transport {
  const { access, policy, connections, limits, login } = deps;

  const sendOnce = async (url: URL, asked: HttpRequest, authorization: string | undefined): Promise<Answer> =>
    await request(url, {
      method: asked.method,
      headers: {
        "user-agent": deps.userAgent,
        ...asked.headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
      ...(asked.body === undefined ? {} : { body: asked.body as Buffer }),
      dispatcher: connections.agent(access),
      headersTimeout: access.timeoutMs,
      bodyTimeout: access.timeoutMs,
      signal: AbortSignal.timeout(access.timeoutMs * limits.wholeRequestFactor),
    });

  const sendAlive = async (url: URL, asked: HttpRequest, authorization: string | undefined): Promise<Answer> => {
    try {
      return await sendOnce(url, asked, authorization);
    } catch (error) {
      if (!asked.idempotent || !isClosed(error)) throw error;
      return await sendOnce(url, asked, authorization);
    }
  };

  const dump = async ({ body }: Answer): Promise<void> =>
    await body.dump({ limit: 65_536, signal: AbortSignal.timeout(access.timeoutMs) });

  /** With a new token, once, where the server does not take this one any more. */
  const sendLoggedIn = async (url: URL, asked: HttpRequest): Promise<Answer> => {
    const authorization = await login.authorization();
    const answer = await sendAlive(url, asked, authorization);
    if (answer.statusCode !== 401 || !login.renew(authorization)) return answer;
    await dump(answer);
    if (asked.body !== undefined && !Buffer.isBuffer(asked.body)) {
      throw retry("RemoteUnreachable", `${url.host} takes the token no more: the next try has a new one`);
    }
    return await sendAlive(url, asked, await login.authorization());
  };

  return {
    admit: (url) => void checkUrl(url, policy),
    async send(asked) {
      let url = checkUrl(asked.url, policy);
      for (let hops = 0; ; hops++) {
        const at = destination(url, access);
        try {
          const answer = await sendLoggedIn(url, asked);
          const { statusCode: status, headers } = answer;
          if (status === 200) {
            const contentType = textOf(headers["content-type"]) ?? "";
            const date = Date.parse(textOf(headers["date"]) ?? "");
            return {
              url: url.href,
              contentType,
              date: Number.isNaN(date) ? undefined : date,
              body: bounded(answer.body, at, limits),
            };
          }
          const location = textOf(headers["location"]);
          if (status >= 300 && status < 400 && location !== undefined) {
            await dump(answer);
            if (!asked.redirects) throw stalled("RemoteInvalid", `${at.host} redirects within a repository`);
            if (hops === maxRedirects) throw stalled("RemoteInvalid", `${at.host} redirects again and again`);
            url = checkUrl(redirected(url, location, at), policy);
            continue;
          }
          const header = (name: string): string | undefined => textOf(headers[name]);
          const words = await readWords(answer.body, header("content-type") ?? "");
          throw failureOfStatus(at, { status, words, header, now: deps.wallClock() });
        } catch (error) {
          throw failureOfError(error, at);
        }
      }
    },
  };
}

/** Where a redirect leads, if that is the same host and no less safe. Throws Failure RemoteInvalid. */
function redirected(from: URL, location: string, at: Destination): string {
  const to = URL.parse(location, from.href);
  if (to === null) throw stalled("RemoteInvalid", `${at.host} redirects to what is no URL`);
  const sameOrigin = to.origin === from.origin;
  const upgraded = from.protocol === "http:" && to.protocol === "https:" && to.hostname === from.hostname;
  if (sameOrigin || upgraded) return to.href;
  const target = `${to.protocol}//${to.host}`;
  const why = "where these credentials are not sent: put the new URL into spec.url";
  throw stalled("RemoteInvalid", `${at.host} redirects to ${target}, ${why}`, { host: at.host });
}

/** A reader that has what it came for may stop: what little follows is read off, so that the connection can be kept. */
async function* bounded(
  body: Answer["body"],
  at: Destination,
  limits: Limits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let size = 0;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      size += (chunk as Uint8Array).length;
      if (size > limits.answerBytes) throw tooLong(at, limits);
      yield chunk;
    }
  } catch (error) {
    throw failureOfError(error, at);
  } finally {
    body.dump({ limit: size + restBytes, signal: AbortSignal.timeout(restMs) }).catch(() => {});
  }
}

function tooLong(at: Destination, limits: Limits): Failure {
  return stalled("RemoteInvalid", `${at.host} answers more than ${limits.answerBytes} bytes`, { host: at.host });
}

function destination(url: URL, access: RemoteAccess): Destination {
  const path = url.pathname.replace(/\/(info\/refs|git-upload-pack|git-receive-pack)$/, "");
  const clientCertificate = access.clientCertificate !== undefined;
  return { host: url.host, path, credentials: access.credentials.type, clientCertificate };
}

/** A kept connection that the server had closed. */
function isClosed(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
