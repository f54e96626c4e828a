/**
 * Raw JSON over HTTPS to one API server, through one pool of kept-alive connections. The pool is made anew when the TLS
 * material changes; what is under way on the old one ends by itself.
 */
import { Agent, type Dispatcher } from "undici";
import type { FailureData } from "../failures.ts";
import { Failure, retry, stalled, waiting } from "../failures.ts";
import type { Clock } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";
import type { Connection } from "./kube-config.ts";

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

export interface RequestSubject {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
}

export interface KubeHttpOptions {
  readonly connection: Connection;
  readonly parseJson: (text: string) => Json;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

export interface KubeHttp {
  readonly server: string;
  /** Throws Failure: AccessDenied, KindNotServed (Stalled), Waiting on 429 and 503, ClusterUnreachable (Retry). */
  json(request: KubeRequest): Promise<JsonObject>;
  /** undefined on 404. */
  find(request: KubeRequest): Promise<JsonObject | undefined>;
  /** The body as it arrives, without a time limit of its own. */
  stream(request: KubeRequest): Promise<Dispatcher.ResponseData["body"]>;
  close(): Promise<void>;
}

export function createKubeHttp({ connection, parseJson, clock, timeoutMs }: KubeHttpOptions): KubeHttp {
  let agent: { readonly key: string; readonly pool: Agent } | undefined;

  async function send(request: KubeRequest, timeout: number): Promise<Dispatcher.ResponseData> {
    const { authorization, tls } = await connection.credentials();
    const key = JSON.stringify(tls);
    if (agent?.key !== key) {
      void agent?.pool.close();
      const connect = { ...tls, timeout: 5_000 };
      agent = { key, pool: new Agent({ connect, connections: null, keepAliveTimeout: 60_000, bodyTimeout: 0 }) };
    }
    const url = new URL(connection.server);
    const base = url.pathname === "/" ? "" : url.pathname;
    try {
      return await agent.pool.request({
        origin: url.origin,
        path: `${base}${request.path}`,
        method: request.method,
        headersTimeout: timeout,
        headers: {
          accept: request.accept ?? "application/json",
          "user-agent": "clickscribe",
          ...(authorization !== undefined && { authorization }),
          ...(request.body !== undefined && { "content-type": request.contentType ?? "application/json" }),
        },
        ...(request.body !== undefined && { body: request.body }),
        ...(request.signal && { signal: request.signal }),
      });
    } catch (error) {
      throw unreachable(connection.server, error);
    }
  }

  async function answer(request: KubeRequest): Promise<{ readonly status: number; readonly text: string }> {
    const response = await send(request, timeoutMs);
    try {
      return { status: response.statusCode, text: await response.body.text() };
    } catch (error) {
      throw unreachable(connection.server, error);
    }
  }

  function check(
    request: KubeRequest,
    status: number,
    text: string,
    headers?: Dispatcher.ResponseData["headers"],
  ): void {
    if (status < 300) return;
    throw statusFailure(connection.server, request, status, text, clock.now(), Number(headers?.["retry-after"]));
  }

  return {
    server: connection.server,
    async json(request) {
      const { status, text } = await answer(request);
      check(request, status, text);
      return parseJson(text) as JsonObject;
    },
    async find(request) {
      const { status, text } = await answer(request);
      if (status === 404) return undefined;
      check(request, status, text);
      return parseJson(text) as JsonObject;
    },
    async stream(request) {
      const response = await send(request, timeoutMs);
      if (response.statusCode < 300) return response.body;
      check(request, response.statusCode, await response.body.text(), response.headers);
      throw retry("ClusterUnreachable", "no answer");
    },
    async close() {
      await agent?.pool.destroy();
    },
  };
}

function unreachable(server: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code = "", message = "" } = error as { readonly code?: string; readonly message?: string };
  const tls = /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code);
  const why = tls ? `its certificate is not trusted (${code})` : code || message;
  return retry("ClusterUnreachable", `the API server ${server} cannot be reached: ${why}`, { code }, error);
}

/** The Failure for an answer that is no success; its text is a Status (meta/v1) or whatever a proxy said. */
export function statusFailure(
  server: string,
  request: Pick<KubeRequest, "method" | "path" | "about">,
  status: number,
  text: string,
  now: number,
  retryAfterSeconds: number,
): Failure {
  const said = messageOf(text);
  const data: FailureData = { status };
  const { about } = request;
  if (status === 401)
    return stalled("AccessDenied", `the API server ${server} does not accept the credentials: ${said}`, data);
  if (status === 403) {
    const rule = about && `: add the rule ${ruleOf(about)} to a role of the operator`;
    return stalled("AccessDenied", `${said}${rule ?? ""}`, data);
  }
  if (status === 404) return stalled("KindNotServed", `the API server does not serve ${request.path}: ${said}`, data);
  if (status === 429 || status === 503) {
    const seconds = Number.isFinite(retryAfterSeconds) ? retryAfterSeconds : 1;
    return waiting("ClusterUnreachable", `the API server is busy (${status}): ${said}`, now + seconds * 1000, data);
  }
  return retry("ClusterUnreachable", `${request.method} ${request.path}: ${status} ${said}`, data);
}

function ruleOf({ verb, group, resource }: RequestSubject): string {
  return `{apiGroups: [${JSON.stringify(group)}], resources: [${JSON.stringify(resource)}], verbs: [${JSON.stringify(verb)}]}`;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === "string") return message.slice(0, 500);
  } catch {
    // No Status: a proxy's page, or nothing.
  }
  return text.slice(0, 200).replaceAll(/\s+/g, " ").trim() || "no reason given";
}
