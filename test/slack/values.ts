/** What tests tell the Slack server, and what it tells them. A `ts` is Slack's: seconds, a dot, six digits, as a string. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface TokenOptions {
  /** `xoxb-...` of a bot, `xapp-...` of an app. */
  readonly token: string;
  /** Default: `chat:write` of a bot, `connections:write` of an app. */
  readonly scopes?: readonly string[];
  /** What every call with it is answered: `account_inactive`, `token_revoked`, `token_expired`, `invalid_auth`. */
  readonly error?: string;
  /** Who posts with it; default: the server's bot. Another one may not update the first one's messages. */
  readonly userId?: string;
}

export interface ChannelOptions {
  readonly id: string;
  /** Without `#`. */
  readonly name: string;
  /** Whether the bot is in it; default: true. */
  readonly member?: boolean;
  readonly archived?: boolean;
  readonly private?: boolean;
}

export interface UserOptions {
  readonly id: string;
  readonly name: string;
}

export interface RateLimit {
  /** Messages a second and channel; Slack allows about one. */
  readonly perSecond: number;
  /** How many may come at once after a pause. */
  readonly burst: number;
}

export interface SlackOptions {
  readonly botTokens: readonly (string | TokenOptions)[];
  readonly appTokens?: readonly (string | TokenOptions)[];
  readonly channels: readonly ChannelOptions[];
  readonly users?: readonly UserOptions[];
  readonly team?: { readonly id: string; readonly domain: string; readonly name: string };
  readonly app?: { readonly id: string; readonly name: string };
  readonly bot?: { readonly userId: string; readonly botId: string; readonly name: string };
  /** Id of the channel that the incoming webhook posts to; default: the first. */
  readonly webhookChannel?: string;
  /** Default: none. */
  readonly rateLimit?: RateLimit;
  /** How long an envelope waits for its ack before it goes to another connection; default: 3,000. */
  readonly redeliverAfterMs?: number;
  /** How often one envelope is sent at most; default: 4. */
  readonly deliveries?: number;
  /** How long a response_url answers; default: 30 minutes. It answers five times. */
  readonly responseUrlMs?: number;
  /** Websocket pings are sent that often; default: none. */
  readonly pingEveryMs?: number;
}

export interface Attachment {
  /** `#rrggbb`, or `good`, `warning`, `danger`. */
  readonly color?: string;
  readonly fallback?: string;
  readonly text?: string;
  readonly blocks?: readonly JsonObject[];
}

/** A message as it is now; an update puts another one in its place. */
export interface KeptMessage {
  /** Id of its channel. */
  readonly channel: string;
  readonly ts: string;
  /** The message that it replies to. */
  readonly threadTs: string | undefined;
  readonly text: string;
  /** As they were sent, with the `block_id` and `action_id` that Slack makes up for those without. */
  readonly blocks: readonly JsonObject[];
  readonly attachments: readonly Attachment[];
  readonly edited: { readonly user: string; readonly ts: string } | undefined;
  readonly replyBroadcast: boolean;
  readonly metadata: JsonObject | undefined;
  /** Id of the user who wrote it; undefined: the incoming webhook did. */
  readonly user: string | undefined;
  readonly username: string | undefined;
  /** Whether chat.update is answered `edit_window_closed`. */
  readonly editWindowClosed: boolean;
}

/** What was sent to a response_url. */
export interface RecordedReply {
  /** The message whose button was pressed, and who pressed it. */
  readonly channel: string;
  readonly ts: string;
  readonly user: string;
  readonly responseType: "ephemeral" | "in_channel";
  readonly replaceOriginal: boolean;
  readonly deleteOriginal: boolean;
  readonly threadTs: string | undefined;
  readonly text: string;
  readonly blocks: readonly JsonObject[];
  /** Milliseconds since 1970. */
  readonly time: number;
}

export interface RecordedCall {
  /** `chat.postMessage` and the like, `webhook`, `response_url`. */
  readonly method: string;
  readonly httpMethod: string;
  /** Without `authorization` and `cookie`. */
  readonly headers: { readonly [name: string]: string };
  /** Its arguments, without the token; the raw text when they could not be read. */
  readonly body: Json;
  /** When it came: milliseconds since 1970. */
  readonly time: number;
  /** Of HTTP; undefined while, or when, it has no answer. */
  readonly status: number | undefined;
  /** `error` of the answer. */
  readonly error: string | undefined;
}

/** What one call meets instead of the usual answer. */
export type Fault =
  /** `{ok: false, error}` with HTTP 200; of a webhook: the word, with HTTP 400. */
  | { readonly kind: "error"; readonly error: string; readonly needed?: string; readonly provided?: string }
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  | { readonly kind: "ratelimited"; readonly retryAfterSeconds: number }
  /** Nothing is done and no answer comes. */
  | { readonly kind: "hang" }
  /** Nothing is done and the connection ends. */
  | { readonly kind: "close" }
  /** The work is done and the connection ends without an answer. */
  | { readonly kind: "lostAnswer" }
  /** The usual answer, that much later. */
  | { readonly kind: "slow"; readonly ms: number };

/** Where a message is. */
export interface MessageAt {
  readonly channel: string;
  readonly ts: string;
}

/** The button to press: its action_id, or the first one that fits. */
export type ActionMatcher = string | ((button: JsonObject, blockId: string) => boolean);

export interface Press {
  /** Id or name. */
  readonly user: string;
  readonly at: MessageAt;
  readonly action: ActionMatcher;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isArray(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
