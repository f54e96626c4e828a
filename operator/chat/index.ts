/** Chats behind the port Messengers. */
import type { Agent } from "undici";
import { retry, stalled } from "../failures.ts";
import { type AddressPolicy, checkWebUrl, type Resolve, resolveHost } from "../net/address-policy.ts";
import { createConnections } from "../net/connections.ts";
import { plainText } from "../net/plain-text.ts";
import type { Messenger, Messengers } from "../ports.ts";
import { cloudEvent, type EventType, signatureOf } from "./cloud-event.ts";
import { createPost, type Post } from "./post.ts";
import { createSlackMessenger, createSlackWebhook } from "./slack.ts";

export interface MessengersOptions {
  readonly policy: AddressPolicy;
  /** Of Clickscribe, told to services. */
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly resolve?: Resolve;
  /** Of one request. Default: 10 s. */
  readonly timeoutMs?: number;
}

export interface ClosableMessengers extends Messengers {
  close(): Promise<void>;
}

export function createMessengers(options: MessengersOptions): ClosableMessengers {
  const { policy, version, now, timeoutMs = 10_000 } = options;
  const connections = createConnections(policy, options.resolve ?? resolveHost);
  const direct = { ca: undefined, clientCertificate: undefined, proxy: undefined };
  const dispatcher: Agent = connections.agent(direct);
  const post = createPost({ dispatcher, timeoutMs, userAgent: `clickscribe/${version}`, now });
  return {
    open(access) {
      if (access.type === "Slack") {
        checkWebUrl(access.apiUrl, "spec.apiUrl", policy);
        return createSlackMessenger({ ...access, post });
      }
      checkWebUrl(access.url, "address in the Secret", policy);
      return access.type === "Webhook"
        ? createWebhook(post, access.url, access.key, now)
        : createSlackWebhook(post, access.url);
    },
    close: () => connections.close(),
  };
}

/** A CloudEvent for each step; its handle is the alert's own id. */
function createWebhook(post: Post, url: string, key: string | undefined, now: () => number): Messenger {
  const { host } = new URL(url);
  const send = async (alert: Parameters<Messenger["post"]>[0], id: string, type: EventType): Promise<string> => {
    const body = cloudEvent(alert, id, type, new Date(now()).toISOString());
    const signed = key === undefined ? {} : { "x-signature": signatureOf(body, key) };
    const { status, text, retryAfterSeconds } = await post(
      url,
      { "content-type": "application/cloudevents+json; charset=utf-8", ...signed },
      body,
    );
    if (status >= 200 && status < 300) return id;
    const said = plainText(text, 200);
    const message = `${host} answers HTTP ${status}${said === "" ? "" : `: ${said}`}`;
    const data = { status, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) };
    if (status === 429 || status >= 500 || status === 408) throw retry("AlertUnreachable", message, data);
    throw stalled("AlertRefused", `${message}. Correct address or token in the Secret`, data);
  };
  return {
    check: () => Promise.resolve(),
    post: (alert, id) => send(alert, id, "opened"),
    update: (alert, id) => send(alert, id, alert.isResolved ? "resolved" : "updated"),
    repeat: async (alert, id) => void (await send(alert, id, "repeated")),
  };
}
