/** Chats behind the port Messengers. */
import type { Agent } from "undici";
import { type Failure, retry, stalled } from "../failures.ts";
import {
  type AddressPolicy,
  checkHost,
  checkWebUrl,
  hostOf,
  type Resolve,
  resolveHost,
} from "../net/address-policy.ts";
import { createConnections } from "../net/connections.ts";
import { plainText } from "../net/plain-text.ts";
import type { AlertPress, Clock, Messenger, Messengers } from "../ports.ts";
import { cloudEvent, type EventType, signatureOf } from "./cloud-event.ts";
import { escapeText } from "./escape.ts";
import { createPost, type Post } from "./post.ts";
import { createSlackMessenger, createSlackWebhook } from "./slack.ts";
import { isSigned, pressesOfBody, type SlackPress } from "./slack-press.ts";
import { openSocketMode } from "./socket-mode.ts";

export interface MessengersOptions {
  readonly policy: AddressPolicy;
  /** Of Clickscribe, told to services. */
  readonly version: string;
  readonly clock: Clock;
  readonly resolve?: Resolve;
  /** Of one request. Default: 10 s. */
  readonly timeoutMs?: number;
}

export interface ClosableMessengers extends Messengers {
  close(): Promise<void>;
}

export function createMessengers(options: MessengersOptions): ClosableMessengers {
  const { policy, version, clock, timeoutMs = 10_000 } = options;
  const now = (): number => clock.now();
  const connections = createConnections(policy, options.resolve ?? resolveHost);
  const direct = { ca: undefined, clientCertificate: undefined, proxy: undefined };
  const dispatcher: Agent = connections.agent(direct);
  const post = createPost({ dispatcher, timeoutMs, userAgent: `clickscribe/${version}`, now });
  const answering = ({ responseUrl, ...press }: SlackPress): AlertPress => ({
    ...press,
    async reply(text) {
      try {
        const url = checkWebUrl(responseUrl ?? "", "response_url", policy);
        const body = { response_type: "ephemeral", replace_original: false, text: escapeText(text, 2_000) };
        await post(url.href, { "content-type": "application/json; charset=utf-8" }, JSON.stringify(body));
      } catch {
        // What came of it stands in the record; whoever pressed sees it on the message.
      }
    },
  });
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
    listen(access, listener) {
      if (access.type !== "Slack" || access.appToken === undefined) return { close: () => Promise.resolve() };
      const { apiUrl, appToken: token } = access;
      const onPress = (press: SlackPress): void => listener.onPress(answering(press));
      const onState = (failure: Failure | undefined): void => listener.onState(failure);
      return openSocketMode({
        post,
        token,
        apiUrl,
        dispatcher,
        clock,
        onPress,
        onState,
        allowPlain: policy.allowPlainHttp,
        checkHost: (url) => checkHost(hostOf(url), policy),
      });
    },
    readPresses(access, request) {
      if (access.type !== "Slack" || access.signingSecret === undefined) return undefined;
      return isSigned(request, access.signingSecret, now()) ? pressesOfBody(request.body).map(answering) : undefined;
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
