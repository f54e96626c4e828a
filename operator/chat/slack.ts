/** Slack by a bot token: chat.postMessage and chat.update (https://docs.slack.dev/reference/methods). */
import { asFailure, Failure, retry, stalled } from "../failures.ts";
import { plainText } from "../net/plain-text.ts";
import type { Messenger } from "../ports.ts";
import type { Post, Posted } from "./post.ts";
import { isGone, isPassing, slackRemedy } from "./slack-errors.ts";
import { repeatedText, resolvedText, slackMessage } from "./slack-message.ts";

export interface SlackOptions {
  readonly post: Post;
  readonly token: string;
  readonly channel: string;
  readonly apiUrl: string;
}

interface Answer {
  readonly ok?: unknown;
  readonly error?: unknown;
  readonly ts?: unknown;
  readonly channel?: unknown;
  readonly needed?: unknown;
  readonly url?: unknown;
}

/** Where an app's next websocket is, which is good once (apps.connections.open). Throws Failure. */
export async function openConnection(app: Pick<SlackOptions, "post" | "token" | "apiUrl">): Promise<string> {
  const { url } = await callSlack(app, "apps.connections.open", {}, "for Socket Mode");
  return String(url);
}

/** A handle is `CHANNEL/TS`. */
export function createSlackMessenger({ channel, ...app }: SlackOptions): Messenger {
  const call = async (method: string, body: object): Promise<string> => {
    const { channel: at, ts } = await callSlack(app, method, body, `in ${channel}`);
    return `${String(at)}/${String(ts)}`;
  };
  const quiet = { parse: "none", unfurl_links: false, unfurl_media: false };
  const messenger: Messenger = {
    check: async () => void (await call("auth.test", {})),
    post: (alert) => call("chat.postMessage", { channel, ...quiet, ...slackMessage(alert) }),
    async update(alert, id, handle) {
      const { channel: at, ts } = parseHandle(handle);
      try {
        await call("chat.update", { channel: at, ts, parse: "none", ...slackMessage(alert) });
        if (alert.isResolved)
          await call("chat.postMessage", { channel: at, thread_ts: ts, ...quiet, text: resolvedText(alert) });
        return handle;
      } catch (error) {
        if (!isGone(String(asFailure(error).data["said"]))) throw error;
        return alert.isResolved ? handle : await messenger.post(alert, id);
      }
    },
    async repeat(alert, _id, handle) {
      const { channel: at, ts } = parseHandle(handle);
      const reply = { thread_ts: ts, reply_broadcast: true, ...quiet, text: repeatedText(alert) };
      await call("chat.postMessage", { channel: at, ...reply });
    },
  };
  return messenger;
}

async function callSlack(
  { post, token, apiUrl }: Pick<SlackOptions, "post" | "token" | "apiUrl">,
  method: string,
  body: object,
  where: string,
): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json; charset=utf-8" };
  const posted = await post(`${apiUrl.replace(/\/$/, "")}/${method}`, headers, JSON.stringify(body));
  const answer = answerOf(posted);
  if (answer.ok === true) return answer;
  throw refused(posted, answer, where, token);
}

/** An incoming webhook of Slack: its channel is its own, and what it posted it knows no more. */
export function createSlackWebhook(post: Post, url: string): Messenger {
  const send = async (body: object): Promise<string> => {
    const posted = await post(url, { "content-type": "application/json; charset=utf-8" }, JSON.stringify(body));
    if (posted.status === 200) return "";
    const word = plainText(posted.text, 100);
    throw refusal(posted, word, "of the incoming webhook");
  };
  return {
    check: () => Promise.resolve(),
    post: (alert) => send(slackMessage(alert)),
    update: (alert) => send(alert.isResolved ? { text: resolvedText(alert) } : slackMessage(alert)),
    repeat: async (alert) => void (await send({ text: repeatedText(alert) })),
  };
}

function parseHandle(handle: string): { readonly channel: string; readonly ts: string } {
  const slash = handle.lastIndexOf("/");
  return { channel: handle.slice(0, slash), ts: handle.slice(slash + 1) };
}

function answerOf({ text }: Posted): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function refused(posted: Posted, { error, needed }: Answer, where: string, token: string): Failure {
  const word = typeof error === "string" ? plainText(error, 100) : "";
  const scope = typeof needed === "string" ? ` (needed: ${plainText(needed, 100)})` : "";
  return refusal(posted, word, `${where}${scope}`, token.startsWith("xapp-"));
}

function refusal(
  { status, retryAfterSeconds: seconds }: Posted,
  word: string,
  where: string,
  isAppToken = false,
): Failure {
  const data = { status, said: word, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
  if (status === 429 || status >= 500 || isPassing(word))
    return retry("AlertUnreachable", `Slack answers ${word || `HTTP ${status}`} ${where}`, data);
  if (word === "") return stalled("AlertRefused", `Slack answers HTTP ${status} ${where}, which it never should`, data);
  return stalled("AlertRefused", `Slack answers ${word} ${where}: ${slackRemedy(word, isAppToken)}`, data);
}
