/** How tests of the Slack server talk to it. */
import { type SlackServer, startSlackServer } from "./slack-server.ts";
import { type Json, type JsonObject, type MessageAt, type SlackOptions, textOf } from "./values.ts";

export const botToken = "xoxb-1-bot";
export const appToken = "xapp-1-app";

export const defaults: SlackOptions = {
  botTokens: [botToken],
  appTokens: [appToken],
  channels: [
    { id: "C1", name: "drift" },
    { id: "C2", name: "other", member: false },
    { id: "C3", name: "old", archived: true },
    { id: "C4", name: "secret", private: true, member: false },
  ],
  users: [
    { id: "U1", name: "ada" },
    { id: "U2", name: "bob" },
  ],
};

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: JsonObject;
}

/** A server that ends with the test's scope: `await using slack = await slackServer()`. */
export async function slackServer(options: Partial<SlackOptions> = {}): Promise<SlackServer & AsyncDisposable> {
  const server = await startSlackServer({ ...defaults, ...options });
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

/** POSTs JSON with a bearer token, as clients of Slack do. */
export async function api(
  slack: SlackServer,
  method: string,
  body: Json = {},
  token: string | undefined = botToken,
): Promise<Answered> {
  const response = await fetch(slack.apiUrl + method, {
    method: "POST",
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(token === undefined || token === "" ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
  const { status, headers } = response;
  const text = await response.text();
  return { status, headers, body: (text.startsWith("{") ? JSON.parse(text) : { text }) as JsonObject };
}

export interface AnsweredText {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function postTo(url: string, body: Json | string): Promise<AnsweredText> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Posts to the first channel and answers where the message is. */
export async function posted(slack: SlackServer, values: JsonObject): Promise<MessageAt> {
  const { body } = await api(slack, "chat.postMessage", { channel: "C1", ...values });
  const ts = textOf(body["ts"]);
  if (ts === undefined) throw new Error(`not posted: ${JSON.stringify(body)}`);
  return { channel: textOf(body["channel"]) ?? "", ts };
}

/** A Socket Mode client that acks by itself, unless told otherwise. */
export interface SocketClient {
  /** All that came, in order. */
  readonly frames: readonly JsonObject[];
  readonly closed: Promise<void>;
  acks: boolean;
  ack(frame: JsonObject, payload?: Json): void;
  close(): void;
}

export async function openUrl(slack: SlackServer): Promise<string> {
  return textOf((await api(slack, "apps.connections.open", {}, appToken)).body["url"]) ?? "";
}

/** Resolves when it is open; rejects when it was not let in. `url`: default: a new one. */
export async function connect(slack: SlackServer, url?: string): Promise<SocketClient> {
  const socket = new WebSocket(url ?? (await openUrl(slack)));
  const frames: JsonObject[] = [];
  const client: SocketClient = {
    frames,
    closed: new Promise((resolve) => socket.addEventListener("close", () => resolve())),
    acks: true,
    ack: (frame, payload) => {
      const envelope_id = frame["envelope_id"] ?? null;
      socket.send(JSON.stringify(payload === undefined ? { envelope_id } : { envelope_id, payload }));
    },
    close: () => socket.close(),
  };
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(String(data)) as JsonObject;
    frames.push(frame);
    if (client.acks && frame["envelope_id"] !== undefined) client.ack(frame);
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error("not let in")));
  });
  return client;
}
