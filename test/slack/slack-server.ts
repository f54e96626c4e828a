/** Slack for tests: its Web API, an incoming webhook, Socket Mode and pressed buttons, as documented, on 127.0.0.1. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { callResponseUrl, callWebhook, payloadOf } from "./hooks.ts";
import { createFaultQueue, createRateGate } from "./limits.ts";
import { type PressedOverHttp, pressPayload, sendPress, type Tamper } from "./press.ts";
import { type Call, readArguments, readCall } from "./requests.ts";
import {
  type Ack,
  createSocketMode,
  type Delivery,
  type DeliveryOptions,
  type DisconnectReason,
} from "./socket-mode.ts";
import type {
  ActionMatcher,
  ChannelOptions,
  Fault,
  Json,
  JsonObject,
  KeptMessage,
  MessageAt,
  RecordedCall,
  RecordedReply,
  SlackOptions,
} from "./values.ts";
import { type Answer, callMethod, fail, ratelimited } from "./web-api.ts";
import {
  changeMessage,
  createWorkspace,
  findMessage,
  findUser,
  keepMessage,
  type Workspace,
  whole,
} from "./workspace.ts";

export interface SlackServer {
  /** `http://127.0.0.1:PORT`, without a slash at its end. */
  readonly url: string;
  /** What clients take for `https://slack.com/api/`. */
  readonly apiUrl: string;
  readonly webhookUrl: string;
  /** As they are now, in the order of their coming. */
  readonly messages: readonly KeptMessage[];
  /** What was sent to response_urls. */
  readonly replies: readonly RecordedReply[];
  readonly calls: readonly RecordedCall[];
  message(at: MessageAt): KeptMessage | undefined;
  /** What was sent to the response_urls of presses on this message. */
  repliesTo(at: MessageAt): readonly RecordedReply[];
  /** A person's message. `user`: id or name. */
  say(user: string, channel: string, text: string): KeptMessage;
  /** Archives, renames, takes the bot out, or adds a channel. */
  setChannel(channel: ChannelOptions): void;
  /** From now on the token is answered this error (`token_revoked`, `account_inactive`, ...), or is good again. */
  setTokenError(token: string, error: string | undefined): void;
  setTokenScopes(token: string, scopes: readonly string[]): void;
  /** Updates of this message are answered `edit_window_closed`. */
  closeEditWindow(at: MessageAt): void;
  removeMessage(at: MessageAt): void;
  /**
   * The next `times` (default: 1) calls of `method` meet `fault`. Besides the methods of the Web API: `webhook`,
   * `response_url`, `link` (a websocket that wants in: `status`, `close`, `hang`) and `hello` (`close`, or `hang`: none
   * is said).
   */
  inject(method: string, fault: Fault, times?: number): void;
  clearFaults(): void;
  /** Open Socket Mode connections. */
  readonly connections: number;
  /** All acks that came, also of copies. */
  readonly acks: readonly Ack[];
  /**
   * Presses a button of a kept message over Socket Mode. Resolves when its envelope is acked; without an ack the
   * envelope is sent again, to another connection if there is one, with `retry_attempt` and `retry_reason`. Rejects
   * when no connection is open, when the last delivery was not acked either, and when the message, the user or the
   * button is not there.
   */
  press(user: string, at: MessageAt, action: ActionMatcher, options?: DeliveryOptions): Promise<Pressed>;
  /**
   * POSTs the press to the app's own URL, signed. Resolves with the app's answer, whatever it is; rejects when there is
   * none within 3 s.
   */
  pressOverHttp(
    url: string,
    signingSecret: string,
    user: string,
    at: MessageAt,
    action: ActionMatcher,
    tamper?: Tamper,
  ): Promise<PressedOverHttp>;
  /**
   * Tells all connections to go, and closes them `closeAfterMs` later; default: 10,000 of a `warning`, else 0. Those
   * told get no presses any more while there is another connection.
   */
  disconnect(reason: DisconnectReason, closeAfterMs?: number): void;
  /** Ends all connections without a word. */
  dropConnections(): void;
  /** All connections stay open, but nothing passes any more: no pongs, no envelopes, no acks. */
  freezeConnections(): void;
  /** Breaks all connections and frees the port. */
  close(): Promise<void>;
}

export interface Pressed extends Delivery {
  /** The `block_actions` payload. */
  readonly payload: JsonObject;
}

/** Starts it on a free port. Throws when options contradict themselves. */
export async function startSlackServer(options: SlackOptions): Promise<SlackServer> {
  const workspace = createWorkspace(options);
  const faults = createFaultQueue();
  const around = {
    workspace,
    gate: createRateGate(options.rateLimit, () => performance.now()),
    openConnection: () => socketMode.open(url),
  };
  const socketMode = createSocketMode({
    appId: workspace.app.id,
    faults,
    redeliverAfterMs: options.redeliverAfterMs ?? 3000,
    deliveries: options.deliveries ?? 4,
    pingEveryMs: options.pingEveryMs,
  });
  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => response.destroy());
  });
  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const call = await readCall(incoming);
    const { method, body, run } = route(call);
    const settle = record(workspace, call, method, body);
    const fault = faults.take(method);
    if (fault?.kind === "hang") return;
    if (fault?.kind === "close") return void response.destroy();
    if (fault?.kind === "slow") await sleep(fault.ms);
    const answer = (fault === undefined ? undefined : injected(fault, method)) ?? run();
    if (fault?.kind === "lostAnswer") return void response.destroy();
    settle(answer);
    send(response, answer);
  };
  const route = (call: Call): { method: string; body: Json; run: () => Answer } => {
    if (call.path.startsWith("/api/")) {
      const method = call.path.slice("/api/".length);
      const given = readArguments(call);
      const body = given.error === undefined ? given.values : call.raw;
      return { method, body, run: () => callMethod(method, given, around) };
    }
    const body = payloadOf(call) ?? call.raw;
    if (call.path.startsWith("/services/")) {
      return { method: "webhook", body, run: () => callWebhook(call, workspace, around.gate) };
    }
    if (call.path.startsWith("/actions/")) {
      return { method: "response_url", body, run: () => callResponseUrl(call, workspace) };
    }
    return { method: call.path, body, run: () => ({ status: 404, body: "not_found" }) };
  };
  server.on("upgrade", (request, socket, head) => socketMode.upgrade(request, socket, head));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    apiUrl: `${url}/api/`,
    webhookUrl: `${url}${workspace.webhookPath}`,
    messages: workspace.messages,
    replies: workspace.replies,
    calls: workspace.calls,
    ...controls(workspace),
    inject: (method, fault, times) => faults.inject(method, fault, times),
    clearFaults: () => faults.clear(),
    get connections() {
      return socketMode.connections;
    },
    acks: socketMode.acks,
    press: async (user, at, action, delivery) => {
      const payload = pressPayload(workspace, url, { user, at, action });
      return { ...(await socketMode.deliver(payload, delivery)), payload };
    },
    pressOverHttp: async (target, signingSecret, user, at, action, tamper) =>
      sendPress(target, signingSecret, pressPayload(workspace, url, { user, at, action }), tamper),
    disconnect: (reason, closeAfterMs) => socketMode.disconnect(reason, closeAfterMs),
    dropConnections: () => socketMode.drop(),
    freezeConnections: () => socketMode.freeze(),
    close: () =>
      new Promise((resolve) => {
        socketMode.close();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Controls = Pick<
  SlackServer,
  | "message"
  | "repliesTo"
  | "say"
  | "setChannel"
  | "setTokenError"
  | "setTokenScopes"
  | "closeEditWindow"
  | "removeMessage"
>;

function controls(workspace: Workspace): Controls {
  const changeToken = (token: string, changes: { error?: string | undefined; scopes?: readonly string[] }): void => {
    const before = workspace.tokens.get(token);
    if (before === undefined) throw new Error("no such token: name it in the options");
    workspace.tokens.set(token, { ...before, ...changes });
  };
  return {
    message: (at) => findMessage(workspace, at),
    repliesTo: (at) => workspace.replies.filter(({ channel, ts }) => channel === at.channel && ts === at.ts),
    say: (user, channel, text) => keepMessage(workspace, { channel, text, user: findUser(workspace, user).id }),
    setChannel: (channel) => void workspace.channels.set(channel.id, whole(channel)),
    setTokenError: (token, error) => changeToken(token, { error }),
    setTokenScopes: (token, scopes) => changeToken(token, { scopes }),
    closeEditWindow: (at) => void changeMessage(workspace, at, { editWindowClosed: true }),
    removeMessage: (at) => {
      const message = findMessage(workspace, at);
      if (message !== undefined) workspace.messages.splice(workspace.messages.indexOf(message), 1);
    },
  };
}

/** Answers what writes the answer into the record. */
function record(workspace: Workspace, call: Call, method: string, body: Json): (answer: Answer) => void {
  const headers = Object.fromEntries(
    Object.entries(call.headers)
      .filter(([name]) => name !== "authorization" && name !== "cookie")
      .map(([name, value]) => [name, String(value)]),
  );
  const { httpMethod } = call;
  const entry = { method, httpMethod, headers, body, time: Date.now(), status: undefined, error: undefined };
  const index = workspace.calls.push(entry) - 1;
  return ({ status, body: answered }) => {
    workspace.calls[index] = { ...entry, status, error: errorOf(status, answered) };
  };
}

function errorOf(status: number, body: JsonObject | string): string | undefined {
  if (typeof body === "string") return status === 200 ? undefined : body;
  return typeof body["error"] === "string" ? body["error"] : undefined;
}

/** What the fault answers in place of the method; undefined: the method itself does. */
function injected(fault: Fault, method: string): Answer | undefined {
  const isHook = method === "webhook" || method === "response_url";
  if (fault.kind === "error") {
    const { kind: _kind, error, ...more } = fault;
    return isHook ? { status: 400, body: error } : fail(error, more);
  }
  if (fault.kind === "status") return { status: fault.status, body: fault.body ?? "" };
  if (fault.kind !== "ratelimited") return undefined;
  const answer = ratelimited(fault.retryAfterSeconds);
  return isHook ? { ...answer, body: "rate_limited" } : answer;
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const isText = typeof body === "string";
  const type = isText ? "text/html" : "application/json; charset=utf-8";
  response.writeHead(status, { "content-type": type, ...headers });
  response.end(isText ? body : JSON.stringify(body));
}
