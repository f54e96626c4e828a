/** Raw requests to an API server over HTTPS with keep-alive: what it answered, nothing retried, nothing typed. */
import { Agent } from "undici";
import type { Credential } from "./users.ts";

export interface ApiResponse {
  readonly status: number;
  /** The body as JSON; the text where it is not JSON; undefined where there is none. */
  // oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON, read by tests that know what they asked for
  readonly body: any;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface RequestOptions {
  /** Default: `application/json`; for PATCH `application/merge-patch+json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** `path` starts with `/` and may have a query; `body` is sent as JSON unless it is a string. Rejects when unreachable. */
export type ApiRequest = (
  method: string,
  path: string,
  body?: unknown,
  options?: RequestOptions,
) => Promise<ApiResponse>;

export interface ApiClient {
  readonly request: ApiRequest;
  close(): Promise<void>;
}

export function createApiClient(server: string, ca: string, credential: Credential): ApiClient {
  const agent = new Agent({
    connections: 64,
    keepAliveTimeout: 30_000,
    connect: {
      ca,
      timeout: 5_000,
      ...("key" in credential && { key: credential.key, cert: credential.certificate }),
    },
  });
  const authorization = "token" in credential ? { authorization: `Bearer ${credential.token}` } : {};
  return {
    async request(method, path, body, options = {}): Promise<ApiResponse> {
      const fallback = method === "PATCH" ? "application/merge-patch+json" : "application/json";
      const response = await agent.request({
        origin: server,
        path,
        method,
        headers: {
          accept: "application/json",
          ...authorization,
          ...(body !== undefined && { "content-type": options.contentType ?? fallback }),
        },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...(options.signal && { signal: options.signal }),
      });
      return { status: response.statusCode, body: parse(await response.body.text()), headers: response.headers };
    },
    close: () => agent.destroy(),
  };
}

function parse(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
