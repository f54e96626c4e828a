/** An HTTP server that answers as a script says, for faults that a real API server does not make on demand. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Connection, Credentials } from "../../operator/cluster/kube-config.ts";

export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  readonly isWatch: boolean;
}

export type Script = (request: ScriptedRequest, response: ServerResponse) => void | Promise<void>;

export interface ScriptedServer {
  readonly url: string;
  /** All requests so far, in order. */
  readonly requests: readonly ScriptedRequest[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Connections open now. */
  readonly open: number;
  script: Script;
  readonly connection: Connection;
  /** Refuses connections and breaks those that are open, until `resume`. */
  suspend(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

export const noCredentials: Credentials = { authorization: undefined, impersonate: undefined, tls: {} };

export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const requests: ScriptedRequest[] = [];
  let connections = 0;
  let open = 0;
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = [];
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => {
      const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
      const request: ScriptedRequest = {
        method: incoming.method ?? "",
        path: pathname,
        query: searchParams,
        headers: incoming.headers,
        body: Buffer.concat(parts).toString("utf8"),
        isWatch: searchParams.get("watch") === "1",
      };
      requests.push(request);
      Promise.resolve(scripted.script(request, response)).catch(() => response.destroy());
    });
  });
  server.on("connection", (socket) => {
    connections++;
    open++;
    socket.on("close", () => open--);
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  const end = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const scripted: ScriptedServer = {
    url,
    requests,
    get connections() {
      return connections;
    },
    get open() {
      return open;
    },
    script,
    connection: { server: url, credentials: () => Promise.resolve(noCredentials) },
    suspend: end,
    resume: () => listen(port),
    close: end,
  };
  return scripted;
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

/** A Status (meta/v1) as the API server answers it. */
export function answerStatus(
  response: ServerResponse,
  code: number,
  message: string,
  headers: Record<string, string> = {},
): void {
  answerJson(response, code, { kind: "Status", apiVersion: "v1", status: "Failure", message, code }, headers);
}

/** One line of a watch. */
export function watchLine(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}
