/** A real HTTP proxy on loopback that makes tunnels (CONNECT), and remembers what it was asked and what went through. */
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ServerCertificate } from "./certificate.ts";

export interface ProxyOptions {
  readonly tls?: ServerCertificate;
  /** What every request must bring. */
  readonly auth?: { readonly username: string; readonly password: string };
  /** Where tunnels lead, by the HOST:PORT that was asked for; others lead where they say. */
  readonly routes?: Readonly<Record<string, string>>;
}

export interface TestProxy {
  readonly url: string;
  /** HOST:PORT of each CONNECT that was let through, in their order. */
  readonly tunnels: readonly string[];
  /** Requests that are no CONNECT. */
  readonly others: readonly string[];
  /** All bytes that came from clients: the heads of their requests, and what they sent through tunnels. */
  seen(): string;
  /** Every CONNECT is answered so; undefined: no more. */
  status(code: number | undefined, headers?: Readonly<Record<string, string>>): void;
  stop(): Promise<void>;
}

export async function startProxy(options: ProxyOptions = {}): Promise<TestProxy> {
  const { tls, auth, routes = {} } = options;
  const tunnels: string[] = [];
  const others: string[] = [];
  const seen: Buffer[] = [];
  const sockets = new Set<Duplex>();
  let answer: { readonly code: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  const hold = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  };
  const note = ({ method, url, rawHeaders }: IncomingMessage): void =>
    void seen.push(Buffer.from(`${method} ${url}\n${rawHeaders.join("\n")}\n`));

  const server = tls ? createTlsServer({ key: tls.key, cert: tls.certificate }) : createServer();
  server.on("connection", hold);
  server.on("request", (request: IncomingMessage, response) => {
    note(request);
    others.push(`${request.method} ${request.url}`);
    response.writeHead(405).end();
  });
  server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
    note(request);
    hold(client);
    const target = request.url ?? "";
    const wanted = auth && `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}`;
    const refused =
      answer ?? (request.headers["proxy-authorization"] === wanted ? undefined : { code: 407, headers: {} });
    if (refused !== undefined) {
      const lines = Object.entries(refused.headers).map(([name, value]) => `${name}: ${value}\r\n`);
      client.end(`HTTP/1.1 ${refused.code} No\r\n${lines.join("")}content-length: 0\r\n\r\n`);
      return;
    }
    tunnels.push(target);
    const { hostname, port } = new URL(`http://${routes[target] ?? target}`);
    const upstream: Socket = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ""));
    hold(upstream);
    upstream.once("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      client.on("data", (chunk: Buffer) => void seen.push(chunk));
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}`,
    tunnels,
    others,
    seen: () => Buffer.concat(seen).toString("latin1"),
    status: (code, headers = {}) => void (answer = code === undefined ? undefined : { code, headers }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
