/**
 * Socket Mode (https://docs.slack.dev/apis/events-api/using-socket-mode): what is pressed in Slack comes in over a websocket
 * that we open, so that nothing need reach the cluster.
 *
 * Every envelope is acked at once and seen to once, also when Slack sends it again or over another connection. A connection
 * that is to be replaced stays until the next one has said hello.
 */
import { type Dispatcher, WebSocket } from "undici";
import { asFailure, type Failure, retry, stalled } from "../failures.ts";
import type { Cancel, Clock } from "../ports.ts";
import type { Post } from "./post.ts";
import { openConnection } from "./slack.ts";
import { pressesOf, type SlackPress } from "./slack-press.ts";

export interface SocketModeOptions {
  readonly post: Post;
  /** Of the app: `xapp-...`. */
  readonly token: string;
  readonly apiUrl: string;
  /** Of the websocket, so that addresses are checked. */
  readonly dispatcher: Dispatcher;
  /** Whether a ws:// URL is followed. */
  readonly allowPlain: boolean;
  /** Throws Failure for a host that is not admitted: whoever answers at apiUrl names it. */
  readonly checkHost: (url: URL) => void;
  readonly clock: Pick<Clock, "after" | "random">;
  readonly onPress: (press: SlackPress) => void;
  /** Why nothing that is pressed arrives; undefined: it does. Told when it changes. */
  readonly onState: (failure: Failure | undefined) => void;
}

const helloMs = 10_000;
/** A connection is replaced this often, since nobody tells of one that is half open: pings are not seen from here. */
const freshMs = 600_000;
const backoffMs = { first: 1_000, max: 60_000 };
const maxSeen = 1_000;

interface Connection {
  readonly socket: WebSocket;
  readonly cancels: Cancel[];
}

/** Goes on until it is closed; then nothing is told any more. */
export function openSocketMode(options: SocketModeOptions): { close(): Promise<void> } {
  const { clock, onState } = options;
  const seen = new Set<string>();
  const open = new Set<Connection>();
  let current: Connection | undefined;
  let cancelRetry: Cancel | undefined;
  let attempts = 0;
  let isClosed = false;
  /** As last told; null: nothing was. */
  let told: string | null = null;

  const tell = (failure: Failure | undefined): void => {
    const text = failure?.message ?? "";
    if (isClosed || told === text) return;
    told = text;
    onState(failure);
  };
  const end = (connection: Connection): void => {
    open.delete(connection);
    for (const cancel of connection.cancels) cancel();
    connection.socket.close();
  };
  const again = (failure: Failure): void => {
    if (isClosed) return;
    tell(failure);
    const asked = failure.data["retryAfterSeconds"];
    const wait = Math.min(backoffMs.max, backoffMs.first * 2 ** Math.min(attempts++, 10)) * (0.5 + clock.random() / 2);
    cancelRetry?.();
    cancelRetry = clock.after(Math.max(wait, typeof asked === "number" ? asked * 1_000 : 0), () => void connect());
  };

  async function connect(): Promise<void> {
    let url: string;
    try {
      url = await openConnection(options);
    } catch (error) {
      return again(asFailure(error));
    }
    if (isClosed) return;
    if (!url.startsWith("wss://") && !(options.allowPlain && url.startsWith("ws://")))
      return again(stalled("AlertRefused", "Slack named a websocket that is not encrypted"));
    try {
      options.checkHost(new URL(url));
    } catch (error) {
      return again(asFailure(error, "AlertRefused"));
    }
    const connection: Connection = { socket: new WebSocket(url, { dispatcher: options.dispatcher }), cancels: [] };
    open.add(connection);
    const lost = (): void => {
      if (!open.has(connection)) return;
      end(connection);
      if (current === connection) current = undefined;
      if (current === undefined) again(retry("AlertUnreachable", "the connection to Slack by Socket Mode ended"));
    };
    connection.cancels.push(clock.after(helloMs, lost));
    connection.socket.addEventListener("close", lost);
    connection.socket.addEventListener("error", lost);
    connection.socket.addEventListener("message", ({ data }) => {
      if (!isClosed) take(connection, String(data));
    });
  }

  function take(connection: Connection, text: string): void {
    const { type, reason, envelope_id: id, payload } = parse(text);
    if (typeof id === "string") {
      connection.socket.send(JSON.stringify({ envelope_id: id }));
      if (seen.has(id)) return;
      seen.add(id);
      for (const oldest of seen) {
        if (seen.size <= maxSeen) break;
        seen.delete(oldest);
      }
      if (type === "interactive") for (const press of pressesOf(payload)) options.onPress(press);
    } else if (type === "hello") greet(connection);
    else if (type === "disconnect" && reason === "link_disabled")
      again(stalled("AlertRefused", "Slack ended Socket Mode (link_disabled): switch it on for the app"));
    else if (type === "disconnect" && connection === current) void connect();
  }

  function greet(connection: Connection): void {
    for (const cancel of connection.cancels.splice(0)) cancel();
    const before = current;
    current = connection;
    attempts = 0;
    if (before !== undefined && before !== connection) end(before);
    connection.cancels.push(
      clock.after(freshMs, () => {
        if (connection === current) void connect();
      }),
    );
    tell(undefined);
  }

  void connect();
  return {
    async close() {
      isClosed = true;
      cancelRetry?.();
      for (const connection of open) end(connection);
    },
  };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
