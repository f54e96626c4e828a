/** A proxy before a real API server that changes what is read through it. Plain HTTP, on loopback. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlPlane } from "../control-plane/control-plane.ts";

export interface Tampering {
  /** One line of a watch, without its end. */
  readonly line?: (line: string, resource: string) => string;
  /** The body of a list: what is there is asked for so, since no watch brings it then. */
  readonly page?: (body: string, resource: string) => string;
}

export interface TamperingProxy {
  /** A copy of the one given, with this proxy for its server. */
  readonly kubeconfig: string;
  tampering: Tampering;
  close(): Promise<void>;
}

export async function startTamperingProxy(plane: ControlPlane, kubeconfig: string): Promise<TamperingProxy> {
  const server = createServer((incoming, response) => forward(incoming, response));
  const forward = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost");
    const resource = pathname.split("/").at(-1) ?? "";
    const isWatch = searchParams.get("watch") === "1";
    if (searchParams.has("sendInitialEvents") && proxy.tampering.page !== undefined) {
      response.writeHead(422, { "content-type": "application/json" });
      response.end('{"kind":"Status","code":422,"message":"sendInitialEvents is forbidden here"}');
      return;
    }
    const { host: _host, ...headers } = incoming.headers;
    const options = { method: incoming.method, headers, ca: plane.ca };
    const asked = request(`${plane.server}${incoming.url}`, options, (answer) => {
      const { "content-length": _length, ...answered } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, answered);
      response.flushHeaders();
      answer.setEncoding("utf8");
      let rest = "";
      answer.on("data", (chunk: string) => {
        const whole = (rest + chunk).split("\n");
        rest = isWatch ? (whole.pop() ?? "") : rest + chunk;
        if (!isWatch) return;
        const { line = (text: string): string => text } = proxy.tampering;
        for (const text of whole) response.write(`${line(text, resource)}\n`);
      });
      answer.on("end", () => {
        const { page = (text: string): string => text } = proxy.tampering;
        const isList = searchParams.has("limit") && answer.statusCode === 200;
        response.end(isList ? page(rest, resource) : rest);
      });
      answer.on("error", () => response.destroy());
    });
    asked.on("error", () => response.destroy());
    response.on("close", () => asked.destroy());
    incoming.pipe(asked);
  };
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-proxy-"));
  const copy = JSON.parse(await readFile(kubeconfig, "utf8"));
  copy.clusters[0].cluster = {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    "insecure-skip-tls-verify": true,
  };
  const proxy: TamperingProxy = {
    kubeconfig: join(folder, "kubeconfig"),
    tampering: {},
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true });
    },
  };
  await writeFile(proxy.kubeconfig, JSON.stringify(copy), { mode: 0o600 });
  return proxy;
}
