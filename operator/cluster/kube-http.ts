/**
 * Raw JSON over HTTPS to one API server, through one pool of kept-alive connections: HTTP/2 where the server speaks it,
 * so that many watches share few sockets.
 *
 * Credentials are read at most every few seconds, once for all who ask at a time, and anew after a 401. The pool is made
 * anew when the TLS material changes; what is under way on the old one ends by itself.
 */
import { Agent, type Dispatcher } from "undici";
import type { Failure } from "../failures.ts";
import { retry, stalled } from "../failures.ts";
import type { Clock } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import type { Connection, Credentials } from "./kube-config.ts";
import { isMap } from "./sent-object.ts";
import { type RequestSubject, statusFailure } from "./status-failure.ts";

export interface KubeRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
  /** What the request is about, for the message of a refusal. */
  readonly about?: RequestSubject;
}

export interface KubeHttpOptions {
  readonly connection: Connection;
  readonly parseJson: (text: string) => Json;
  readonly clock: Clock;
  /** Until the answer begins, and between two pieces of it. */
  readonly timeoutMs: number;
  /** Whose rights are used, for messages. Default: the operator. */
  readonly who?: string | undefined;
}

export interface KubeHttp {
  readonly server: string;
  /** Throws the Failures of statusFailure, and ClusterUnreachable (Retry) where there is no answer. */
  json(request: KubeRequest): Promise<JsonObject>;
  /** The same with the server's clock: its header Date in milliseconds since the epoch, undefined where there is none. */
  dated(request: KubeRequest): Promise<{ readonly object: JsonObject; readonly date: number | undefined }>;
  /** undefined on 404. */
  find(request: KubeRequest): Promise<JsonObject | undefined>;
  /** The body as it arrives; it fails when nothing comes for `idleMs`. */
  stream(request: KubeRequest, idleMs: number): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

interface Session {
  readonly credentials: Credentials;
  readonly pool: Agent;
}

const credentialsMs = 5_000;
const connectMs = 5_000;

export function createKubeHttp({
  connection,
  parseJson,
  clock,
  timeoutMs,
  who = "the operator",
}: KubeHttpOptions): KubeHttp {
  const { server } = connection;
  const { origin, pathname } = new URL(server);
  const base = pathname === "/" ? "" : pathname;
  let agent: { readonly key: string; readonly pool: Agent } | undefined;
  let session: { readonly at: number; readonly value: Promise<Session> } | undefined;

  function currentSession(): Promise<Session> {
    if (session !== undefined && clock.now() - session.at < credentialsMs) return session.value;
    const opened = { at: clock.now(), value: openSession() };
    session = opened;
    opened.value.catch(() => {
      if (session === opened) session = undefined;
    });
    return opened.value;
  }

  async function openSession(): Promise<Session> {
    const credentials = await connection.credentials();
    const key = JSON.stringify(credentials.tls);
    if (agent?.key !== key) {
      agent?.pool.close().catch(() => undefined);
      const connect = { ...credentials.tls, timeout: connectMs };
      agent = { key, pool: new Agent({ connect, connections: null, keepAliveTimeout: 60_000 }) };
    }
    return { credentials, pool: agent.pool };
  }

  async function send(request: KubeRequest, bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    const { credentials, pool } = await currentSession();
    const { authorization, impersonate } = credentials;
    try {
      return await pool.request({
        origin,
        path: `${base}${request.path}`,
        method: request.method,
        headersTimeout: timeoutMs,
        bodyTimeout,
        headers: {
          accept: request.accept ?? "application/json",
          "user-agent": "clickscribe",
          ...(authorization !== undefined && { authorization }),
          ...(impersonate !== undefined && { "impersonate-user": impersonate }),
          ...(request.body !== undefined && { "content-type": request.contentType ?? "application/json" }),
        },
        ...(request.body !== undefined && { body: request.body }),
        ...(request.signal && { signal: request.signal }),
      });
    } catch (error) {
      throw unreachable(server, error);
    }
  }

  async function textOf({ body }: Dispatcher.ResponseData): Promise<string> {
    try {
      return await body.text();
    } catch (error) {
      throw unreachable(server, error);
    }
  }

  async function refusal(request: KubeRequest, response: Dispatcher.ResponseData): Promise<Failure> {
    const { statusCode: status, headers } = response;
    if (status === 401) session = undefined;
    const { method, path, about } = request;
    const text = await textOf(response);
    const retryAfterSeconds = secondsOf(headers["retry-after"]);
    return statusFailure({ server, method, path, about, status, text, retryAfterSeconds, who, now: clock.now() });
  }

  async function parse(request: KubeRequest, response: Dispatcher.ResponseData): Promise<JsonObject> {
    const text = await textOf(response);
    const odd = (what: string, error?: unknown): Failure => {
      const message = `${server} does not answer as an API server does: ${request.path} is no ${what}: look at what serves it`;
      return retry("ClusterUnreachable", message, undefined, error);
    };
    let answer: Json;
    try {
      answer = parseJson(text);
    } catch (error) {
      throw odd("JSON", error);
    }
    if (!isMap(answer)) throw odd("JSON object");
    return answer;
  }

  return {
    server,
    async json(request) {
      const response = await send(request, timeoutMs);
      if (response.statusCode >= 300) throw await refusal(request, response);
      return parse(request, response);
    },
    async dated(request) {
      const response = await send(request, timeoutMs);
      if (response.statusCode >= 300) throw await refusal(request, response);
      const date = Date.parse(String(response.headers["date"] ?? ""));
      return { object: await parse(request, response), date: Number.isNaN(date) ? undefined : date };
    },
    async find(request) {
      const response = await send(request, timeoutMs);
      if (response.statusCode === 404) {
        await textOf(response);
        return undefined;
      }
      if (response.statusCode >= 300) throw await refusal(request, response);
      return parse(request, response);
    },
    async stream(request, idleMs) {
      const response = await send(request, idleMs);
      if (response.statusCode >= 300) throw await refusal(request, response);
      return response.body;
    },
    async close() {
      await agent?.pool.destroy();
    },
  };
}

function unreachable(server: string, error: unknown): Failure {
  const { code, message = "" } = error as { readonly code?: unknown; readonly message?: string };
  const name = typeof code === "string" ? code : "";
  if (/^ERR_(OSSL|CRYPTO)_/.test(name)) {
    const text = `the certificate or key for the API server ${server} cannot be used: ${name}`;
    return stalled("KubeconfigInvalid", text, { code: name }, error);
  }
  const tls = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(name);
  const why = tls ? `its certificate is not trusted (${name})` : name || message;
  return retry("ClusterUnreachable", `the API server ${server} cannot be reached: ${why}`, { code: name }, error);
}

/** Of a header Retry-After in seconds, which is what the API server sends. */
function secondsOf(header: string | readonly string[] | undefined): number | undefined {
  const seconds = typeof header === "string" && header.trim() !== "" ? Number(header) : Number.NaN;
  return Number.isFinite(seconds) ? seconds : undefined;
}
