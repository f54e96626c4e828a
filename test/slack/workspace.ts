/** What the Slack server remembers: tokens, channels, users, messages, replies, calls. No network here. */
import { randomBytes } from "node:crypto";
import {
  type Attachment,
  type ChannelOptions,
  isArray,
  isObject,
  type JsonObject,
  type KeptMessage,
  type MessageAt,
  type RecordedCall,
  type RecordedReply,
  type SlackOptions,
  type TokenOptions,
  type UserOptions,
} from "./values.ts";

export interface Token {
  readonly kind: "bot" | "app";
  readonly scopes: readonly string[];
  readonly error: string | undefined;
  readonly userId: string;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  readonly member: boolean;
  readonly archived: boolean;
  readonly private: boolean;
}

export interface ResponseUrl {
  readonly at: MessageAt;
  readonly user: string;
  readonly expires: number;
  uses: number;
}

export interface Workspace {
  readonly options: SlackOptions;
  readonly team: { readonly id: string; readonly domain: string; readonly name: string };
  readonly app: { readonly id: string; readonly name: string };
  readonly bot: { readonly userId: string; readonly botId: string; readonly name: string };
  readonly webhookPath: string;
  readonly webhookChannel: string;
  readonly tokens: Map<string, Token>;
  readonly channels: Map<string, Channel>;
  readonly users: readonly UserOptions[];
  readonly messages: KeptMessage[];
  readonly replies: RecordedReply[];
  readonly calls: RecordedCall[];
  readonly responseUrls: Map<string, ResponseUrl>;
  /** Another `ts` than all before, near now. */
  readonly mintTs: () => string;
}

export function createWorkspace(options: SlackOptions): Workspace {
  const bot = options.bot ?? { userId: "U0CLICKBOT", botId: "B0CLICKBOT", name: "clickscribe" };
  const tokens = new Map<string, Token>();
  for (const given of options.botTokens) addToken(tokens, given, "bot", bot.userId);
  for (const given of options.appTokens ?? []) addToken(tokens, given, "app", bot.userId);
  const channels = new Map(options.channels.map((channel) => [channel.id, whole(channel)]));
  let last = 0;
  return {
    options,
    team: options.team ?? { id: "T000", domain: "example", name: "Example" },
    app: options.app ?? { id: "A0CLICK", name: "Clickscribe" },
    bot,
    webhookPath: "/services/T000/B000/SECRET",
    webhookChannel: options.webhookChannel ?? options.channels[0]?.id ?? "",
    tokens,
    channels,
    users: options.users ?? [],
    messages: [],
    replies: [],
    calls: [],
    responseUrls: new Map(),
    mintTs: () => {
      last = Math.max(last + 1, Date.now() * 1000);
      return `${Math.floor(last / 1e6)}.${String(last % 1e6).padStart(6, "0")}`;
    },
  };
}

function addToken(tokens: Map<string, Token>, given: string | TokenOptions, kind: "bot" | "app", userId: string): void {
  const options: TokenOptions = typeof given === "string" ? { token: given } : given;
  const prefix = kind === "bot" ? "xoxb-" : "xapp-";
  if (!options.token.startsWith(prefix)) throw new Error(`a token of a ${kind} begins with ${prefix}`);
  tokens.set(options.token, {
    kind,
    scopes: options.scopes ?? [kind === "bot" ? "chat:write" : "connections:write"],
    error: options.error,
    userId: options.userId ?? userId,
  });
}

export function whole(channel: ChannelOptions): Channel {
  const { id, name, member = true, archived = false, private: isPrivate = false } = channel;
  return { id, name, member, archived, private: isPrivate };
}

/** `given`: an id, or a name with or without `#`. Private channels without the bot are not found, as in Slack. */
export function findChannel(workspace: Workspace, given: string | undefined): Channel | undefined {
  if (given === undefined) return undefined;
  const name = given.replace(/^#/u, "");
  const channel =
    workspace.channels.get(given) ?? [...workspace.channels.values()].find((candidate) => candidate.name === name);
  return channel === undefined || (channel.private && !channel.member) ? undefined : channel;
}

export function findUser(workspace: Workspace, given: string): UserOptions {
  const user = workspace.users.find(({ id, name }) => id === given || name === given);
  if (user === undefined) throw new Error(`no user ${given}: name it in the options' users`);
  return user;
}

export function findMessage(workspace: Workspace, at: MessageAt): KeptMessage | undefined {
  return workspace.messages.find(({ channel, ts }) => channel === at.channel && ts === at.ts);
}

/** Puts `changes` into the message and answers it; undefined when there is none. */
export function changeMessage(
  workspace: Workspace,
  at: MessageAt,
  changes: Partial<KeptMessage>,
): KeptMessage | undefined {
  const index = workspace.messages.findIndex(({ channel, ts }) => channel === at.channel && ts === at.ts);
  const before = workspace.messages[index];
  if (before === undefined) return undefined;
  const after: KeptMessage = { ...before, ...changes };
  workspace.messages[index] = after;
  return after;
}

export type NewMessage = Partial<KeptMessage> & { readonly channel: string };

export function keepMessage(workspace: Workspace, message: NewMessage): KeptMessage {
  const kept: KeptMessage = {
    ts: workspace.mintTs(),
    threadTs: undefined,
    text: "",
    blocks: [],
    attachments: [],
    edited: undefined,
    replyBroadcast: false,
    metadata: undefined,
    user: undefined,
    username: undefined,
    editWindowClosed: false,
    ...message,
  };
  workspace.messages.push(kept);
  return kept;
}

/** With the ids that Slack makes up: five characters of base64. */
export function withIds(blocks: readonly JsonObject[]): readonly JsonObject[] {
  return blocks.map((block) => {
    const filled: JsonObject = { ...block, block_id: block["block_id"] ?? madeUp() };
    const { elements, accessory } = filled;
    return {
      ...filled,
      ...(block["type"] === "actions" && isArray(elements) ? { elements: elements.map(withActionId) } : {}),
      ...(isObject(accessory) && accessory["type"] !== "image" ? { accessory: withActionId(accessory) } : {}),
    };
  });
}

export function attachmentsWithIds(attachments: readonly Attachment[]): readonly Attachment[] {
  return attachments.map((one) => (one.blocks === undefined ? one : { ...one, blocks: withIds(one.blocks) }));
}

function withActionId<T>(element: T): T {
  return isObject(element) ? { ...element, action_id: element["action_id"] ?? madeUp() } : element;
}

function madeUp(): string {
  return randomBytes(4).toString("base64").slice(0, 5);
}

/** As Slack shows a message: in answers and in payloads. */
export function shown(workspace: Workspace, message: KeptMessage): JsonObject {
  const { bot, app, team } = workspace;
  const byBot = message.user === bot.userId || message.user === undefined;
  return {
    type: "message",
    ...(message.user === undefined ? { subtype: "bot_message" } : { user: message.user }),
    ts: message.ts,
    text: message.text,
    ...(byBot ? { bot_id: message.user === undefined ? "B000" : bot.botId, app_id: app.id } : {}),
    team: team.id,
    ...(message.username === undefined ? {} : { username: message.username }),
    ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    ...(message.edited === undefined ? {} : { edited: message.edited }),
    ...(message.metadata === undefined ? {} : { metadata: message.metadata }),
    ...(message.blocks.length === 0 ? {} : { blocks: message.blocks.map(asShown) }),
    ...(message.attachments.length === 0
      ? {}
      : {
          attachments: message.attachments.map((one, index) => ({
            id: index + 1,
            fallback: "[no preview available]",
            ...one,
            ...(one.blocks === undefined ? {} : { blocks: one.blocks.map(asShown) }),
          })),
        }),
  };
}

/** Slack tells the defaults of text objects: `emoji` of plain ones, `verbatim` of others. */
export function asShown(value: JsonObject): JsonObject {
  const deep = Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      isArray(one) ? one.map((item) => (isObject(item) ? asShown(item) : item)) : isObject(one) ? asShown(one) : one,
    ]),
  );
  if (value["type"] === "plain_text") return { emoji: true, ...deep };
  if (value["type"] === "mrkdwn") return { verbatim: false, ...deep };
  return deep;
}
