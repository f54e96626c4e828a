/**
 * A proxy before a real git server that does to requests and answers what networks, proxies and broken servers do.
 * Plain HTTP on loopback. What no fault is for passes through unchanged.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

/** The requests of a fetch and of a push. */
export type Phase = "discover-fetch" | "fetch" | "discover-push" | "push";

export const phases: readonly Phase[] = ["discover-fetch", "fetch", "discover-push", "push"];

export type Fault =
  /** The connection is reset when the headers have come; nothing goes on to the server. */
  | { readonly type: "ResetAtHeaders" }
  /** The body goes on to the server up to so many bytes, then both connections are reset. */
  | { readonly type: "ResetInRequest"; readonly bytes: number }
  /** The server has done it all; the client sees a reset before the headers of the answer. */
  | { readonly type: "LoseAnswer" }
  /** The answer is cut off after so many bytes of its body: reset, or ended like an answer of unknown length. */
  | { readonly type: "CutAnswer"; readonly bytes: number; readonly end?: "reset" | "close" }
  /** The answer comes so many bytes at a time. */
  | { readonly type: "Drip"; readonly bytes: number; readonly everyMs: number }
  /** Answered so without asking the server. */
  | { readonly type: "Status"; readonly code: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answered 200 with these pieces, as fast as they are taken, without asking the server. */
  | { readonly type: "Say"; readonly contentType: string; readonly pieces: Iterable<Uint8Array> }
  /** The body of the answer is changed. */
  | { readonly type: "Change"; readonly body: (body: Buffer) => Buffer }
  /** Nothing is answered, ever. */
  | { readonly type: "Silence" };

export interface FaultProxy {
  readonly port: number;
  /** A URL of the server, through the proxy. */
  through(url: string): string;
  /** Bytes of the bodies that the server answered, by phase, oldest first. */
  readonly answers: Readonly<Record<Phase, readonly number[]>>;
  /** How many faults have happened. */
  readonly done: number;
  /** The next `times` requests of the phase (after `skip` others) meet this fault. */
  add(phase: Phase, fault: Fault, times?: number, skip?: number): void;
  clear(): void;
  /** Closes the connections on which nothing is asked at the moment. */
  closeIdle(): void;
  close(): Promise<void>;
}

interface Planned {
  readonly phase: Phase;
  readonly fault: Fault;
  left: number;
  skip: number;
}

export async function startFaultProxy(): Promise<FaultProxy> {
  let planned: Planned[] = [];
  let done = 0;
  let upstream = "";
  const answers: Record<Phase, number[]> = { "discover-fetch": [], fetch: [], "discover-push": [], push: [] };
  const sockets = new Set<Socket>();
  const agent = new Agent({ keepAlive: false });

  const nextFault = (phase: Phase | undefined): Fault | undefined => {
    for (const one of planned) {
      if (one.phase !== phase || one.left === 0) continue;
      if (one.skip-- > 0) continue;
      one.left--;
      done++;
      return one.fault;
    }
    return undefined;
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const phase = phaseOf(incoming);
    const fault = nextFault(phase);
    if (fault?.type === "Silence") return;
    if (fault?.type === "ResetAtHeaders") return void incoming.socket.resetAndDestroy();
    if (fault?.type === "Status") {
      await buffer(incoming);
      response.writeHead(fault.code, { "content-type": "text/plain", ...fault.headers });
      return void response.end("the proxy's words\n");
    }
    if (fault?.type === "Say") {
      await buffer(incoming);
      response.writeHead(200, { "content-type": fault.contentType });
      return await pour(fault.pieces, response);
    }
    const asked = request(`${upstream}${incoming.url}`, { method: incoming.method, headers: incoming.headers, agent });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      asked.once("response", resolve).once("error", reject);
    });
    answered.catch(() => {});
    if (fault?.type === "ResetInRequest") {
      const body = await buffer(incoming);
      await new Promise<void>((resolve) => asked.write(body.subarray(0, fault.bytes), () => resolve()));
      asked.destroy();
      return void incoming.socket.resetAndDestroy();
    }
    incoming.pipe(asked);
    const answer = await answered;
    const body = await buffer(answer);
    if (phase !== undefined) answers[phase].push(body.length);
    if (fault?.type === "LoseAnswer") return void incoming.socket.resetAndDestroy();
    const { "content-length": _length, "transfer-encoding": _encoding, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, headers);
    switch (fault?.type) {
      case "CutAnswer":
        response.flushHeaders();
        await new Promise<void>((resolve) => response.write(body.subarray(0, fault.bytes), () => resolve()));
        if (fault.end === "close") return void response.end();
        // What was written before is to arrive before the reset.
        await sleep(5);
        return void incoming.socket.resetAndDestroy();
      case "Drip":
        return await drip(body, fault, response);
      case "Change":
        return void response.end(fault.body(body));
      default:
        return void response.end(body);
    }
  };

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => incoming.socket.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    through(url) {
      const { origin, pathname } = new URL(url);
      upstream = origin;
      return `http://127.0.0.1:${port}${pathname}`;
    },
    answers,
    get done() {
      return done;
    },
    add(phase, fault, times = 1, skip = 0) {
      planned.push({ phase, fault, left: times, skip });
    },
    clear() {
      planned = [];
    },
    closeIdle: () => server.closeIdleConnections(),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function phaseOf({ url = "" }: IncomingMessage): Phase | undefined {
  if (url.endsWith("/info/refs?service=git-upload-pack")) return "discover-fetch";
  if (url.endsWith("/info/refs?service=git-receive-pack")) return "discover-push";
  if (url.endsWith("/git-upload-pack")) return "fetch";
  return url.endsWith("/git-receive-pack") ? "push" : undefined;
}

/** Until there are no more or the client has gone. */
async function pour(pieces: Iterable<Uint8Array>, response: ServerResponse): Promise<void> {
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (response.write(piece)) continue;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off("drain", go).off("close", go);
        resolve();
      };
      response.on("drain", go).on("close", go);
    });
  }
  response.end();
}

async function drip(
  body: Buffer,
  { bytes, everyMs }: { readonly bytes: number; readonly everyMs: number },
  response: ServerResponse,
): Promise<void> {
  for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await sleep(everyMs);
  }
  response.end();
}
