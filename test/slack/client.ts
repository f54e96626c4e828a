/** How tests of the Slack server talk to it. */
import { type SlackServer, startSlackServer } from "./slack-server.ts";
import type { Json, JsonObject, SlackOptions } from "./values.ts";

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
