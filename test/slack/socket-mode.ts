/** Slack's Socket Mode: tickets, hello, envelopes that want an ack and are sent again without one, disconnects. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import type { FaultQueue } from "./limits.ts";
import { parsed } from "./requests.ts";
import { isObject, type JsonObject, textOf } from "./values.ts";

export type DisconnectReason = "warning" | "refresh_requested" | "link_disabled";

/** What a client sent back for an envelope. */
export interface Ack {
  readonly envelopeId: string;
  /** Number of the connection that it came by, from 1. */
  readonly connection: number;
  readonly payload: JsonObject | undefined;
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface Delivery {
  readonly envelopeId: string;
  /** Numbers of the connections that it was sent by, in order. */
  readonly connections: readonly number[];
  readonly ack: Ack;
}

export interface DeliveryOptions {
  /** Default: once, and again only without an ack; 2: the first time by two connections, or twice by the only one. */
  readonly copies?: number;
  /** So many acks are lost on their way: the envelope comes again although it was acked. */
  readonly lostAcks?: number;
}

export interface SocketMode {
  /** A `ws://` URL that lets one websocket in. */
  open(base: string): string;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Open now. */
  readonly connections: number;
  /** All acks so far, those of unknown envelopes and later copies too. */
  readonly acks: readonly Ack[];
  /** Resolves when acked; rejects without a connection, and when the last delivery has had no ack. */
  deliver(payload: JsonObject, options?: DeliveryOptions): Promise<Delivery>;
  disconnect(reason: DisconnectReason, closeAfterMs?: number): void;
  drop(): void;
  freeze(): void;
  close(): void;
}

export interface SocketModeOptions {
  readonly appId: string;
  readonly faults: FaultQueue;
  readonly redeliverAfterMs: number;
  readonly deliveries: number;
  readonly pingEveryMs: number | undefined;
}

interface Connection {
  readonly number: number;
  readonly socket: WebSocket;
  /** Was told to go: gets nothing new while there is another. */
  leaving: boolean;
  /** Half open: nothing passes, in either direction, and nobody is told. */
  frozen: boolean;
}

const mostConnections = 10;
const host = "applink-clickscribe-test";

export function createSocketMode(options: SocketModeOptions): SocketMode {
  const { faults } = options;
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  const connections = new Set<Connection>();
  const acks: Ack[] = [];
  const waiting = new Map<string, (ack: Ack) => void>();
  const hung = new Set<Duplex>();
  let opened = 0;
  let turn = 0;

  const accept = (socket: WebSocket): void => {
    const connection: Connection = { number: ++opened, socket, leaving: false, frozen: false };
    socket.on("error", () => socket.terminate());
    if (connections.size >= mostConnections) {
      say(connection, { type: "disconnect", reason: "too_many_websockets", debug_info: { host } });
      return socket.close();
    }
    connections.add(connection);
    const pings =
      options.pingEveryMs === undefined
        ? undefined
        : setInterval(() => connection.frozen || socket.ping(), options.pingEveryMs);
    socket.on("close", () => {
      clearInterval(pings);
      connections.delete(connection);
    });
    socket.on("message", (data: Buffer) => receive(connection, data.toString("utf8")));
    const fault = faults.take("hello");
    if (fault?.kind === "close") return socket.terminate();
    if (fault !== undefined) return;
    say(connection, {
      type: "hello",
      num_connections: connections.size,
      connection_info: { app_id: options.appId },
      debug_info: { host, started: started(), build_number: 1, approximate_connection_time: 18_060 },
    });
  };

  const receive = (connection: Connection, text: string): void => {
    const message = parsed(text);
    if (!isObject(message)) return;
    const envelopeId = textOf(message["envelope_id"]);
    if (envelopeId === undefined) return;
    const payload = isObject(message["payload"]) ? message["payload"] : undefined;
    const ack: Ack = { envelopeId, connection: connection.number, payload, time: Date.now() };
    acks.push(ack);
    waiting.get(envelopeId)?.(ack);
  };

  const able = (): readonly Connection[] => {
    const all = [...connections].filter(({ socket }) => socket.readyState === socket.OPEN);
    const staying = all.filter(({ leaving }) => !leaving);
    return staying.length > 0 ? staying : all;
  };

  /** Each in turn; one that did not just have it, when there is such a one. */
  const choose = (last: number | undefined): Connection | undefined => {
    const all = able();
    const others = all.filter(({ number }) => number !== last);
    const from = others.length > 0 ? others : all;
    return from[turn++ % Math.max(1, from.length)];
  };

  const deliver = async (
    payload: JsonObject,
    { copies = 1, lostAcks = 0 }: DeliveryOptions = {},
  ): Promise<Delivery> => {
    if (able().length === 0) throw new Error("nobody to press for: no Socket Mode connection is open");
    const envelopeId = randomUUID();
    const envelope = { envelope_id: envelopeId, type: "interactive", accepts_response_payload: false, payload };
    const sentBy: number[] = [];
    let toLose = lostAcks;
    const acked = new Promise<Ack>((resolve) => {
      waiting.set(envelopeId, (ack) => {
        if (toLose-- <= 0) resolve(ack);
      });
    });
    const send = (attempt: number): void => {
      const connection = choose(sentBy.at(-1));
      if (connection === undefined) return;
      sentBy.push(connection.number);
      say(connection, attempt === 0 ? envelope : { ...envelope, retry_attempt: attempt, retry_reason: "timeout" });
    };
    try {
      for (let attempt = 0; attempt < options.deliveries; attempt++) {
        for (let copy = 0; copy < (attempt === 0 ? copies : 1); copy++) send(attempt);
        const ack = await Promise.race([acked, sleep(options.redeliverAfterMs, undefined, { ref: false })]);
        if (ack !== undefined) return { envelopeId, connections: sentBy, ack };
      }
    } finally {
      waiting.delete(envelopeId);
    }
    throw new Error(`envelope ${envelopeId} was not acked; sent by connections ${sentBy.join(", ")}`);
  };

  return {
    open: (base) => {
      const ticket = randomUUID();
      tickets.add(ticket);
      return `${base.replace(/^http/u, "ws")}/link/?ticket=${ticket}&app_id=${options.appId}`;
    },
    upgrade: (request, socket, head) => {
      const fault = faults.take("link");
      if (fault?.kind === "hang") return void hung.add(socket);
      if (fault?.kind === "status") return reject(socket, fault.status);
      if (fault !== undefined) return void socket.destroy();
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
      if (pathname !== "/link/" || !tickets.delete(searchParams.get("ticket") ?? "")) return reject(socket, 400);
      server.handleUpgrade(request, socket, head, accept);
    },
    get connections() {
      return connections.size;
    },
    acks,
    deliver,
    disconnect: (reason, closeAfterMs = reason === "warning" ? 10_000 : 0) => {
      for (const connection of connections) {
        connection.leaving = true;
        say(connection, { type: "disconnect", reason, debug_info: { host } });
        setTimeout(() => connection.socket.close(1000), closeAfterMs).unref();
      }
    },
    drop: () => {
      for (const { socket } of connections) socket.terminate();
    },
    freeze: () => {
      for (const connection of connections) {
        connection.frozen = true;
        connection.socket.pause();
      }
    },
    close: () => {
      for (const { socket } of connections) socket.terminate();
      for (const socket of hung) socket.destroy();
      server.close();
    },
  };
}

function say(connection: Connection, message: JsonObject): void {
  if (!connection.frozen) connection.socket.send(JSON.stringify(message));
}

function reject(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** `2020-10-11 12:12:12.120`. */
function started(): string {
  return new Date().toISOString().replace("T", " ").replace("Z", "");
}
