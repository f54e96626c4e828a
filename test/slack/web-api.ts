/** The methods of Slack's Web API, by the documentation of each. */
import { blockKitProblems, blockTextLength } from "./block-kit.ts";
import type { RateGate } from "./limits.ts";
import { type Arguments, flag, structured } from "./requests.ts";
import { type Attachment, isArray, isObject, type Json, type JsonObject, type KeptMessage, textOf } from "./values.ts";
import {
  attachmentsWithIds,
  type Channel,
  changeMessage,
  findChannel,
  findMessage,
  keepMessage,
  shown,
  type Token,
  type Workspace,
  withIds,
} from "./workspace.ts";

export interface Answer {
  readonly status: number;
  readonly headers?: { readonly [name: string]: string };
  /** Of JSON an object, of text a string. */
  readonly body: JsonObject | string;
}

/** What methods may use of the server. */
export interface Surroundings {
  readonly workspace: Workspace;
  readonly gate: RateGate;
  /** A URL for one websocket. */
  readonly openConnection: () => string;
}

interface Asked {
  readonly values: JsonObject;
  readonly token: Token;
}

interface Method {
  readonly token: "bot" | "app" | "any";
  readonly scope?: string;
  /** Whether it reads JSON bodies. */
  readonly json: boolean;
  readonly run: (asked: Asked, around: Surroundings) => Answer;
}

const methods: { readonly [name: string]: Method } = {
  "auth.test": { token: "any", json: true, run: authTest },
  "chat.postMessage": { token: "bot", scope: "chat:write", json: true, run: postMessage },
  "chat.update": { token: "bot", scope: "chat:write", json: true, run: updateMessage },
  "chat.getPermalink": { token: "bot", json: false, run: getPermalink },
  "apps.connections.open": {
    token: "app",
    scope: "connections:write",
    json: true,
    run: (_asked, around) => ok({ url: around.openConnection() }),
  },
};

export function fail(error: string, more: JsonObject = {}): Answer {
  return { status: 200, body: { ok: false, error, ...more } };
}

export function ratelimited(retryAfterSeconds: number): Answer {
  return {
    status: 429,
    headers: { "retry-after": String(retryAfterSeconds) },
    body: { ok: false, error: "ratelimited" },
  };
}

function ok(more: JsonObject): Answer {
  return { status: 200, body: { ok: true, ...more } };
}

/** Answers `method`, after the checks that all of them share: token, its state, its kind, its scopes, the body. */
export function callMethod(method: string, given: Arguments, around: Surroundings): Answer {
  const known = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (known === undefined) return fail("unknown_method", { req_method: method });
  if (given.token === undefined) return fail("not_authed");
  const token = around.workspace.tokens.get(given.token);
  if (token === undefined) return fail("invalid_auth");
  if (token.error !== undefined) return fail(token.error);
  if (known.token !== "any" && known.token !== token.kind) return fail("not_allowed_token_type");
  const scopes = {
    "x-oauth-scopes": token.scopes.join(","),
    ...(known.scope === undefined ? {} : { "x-accepted-oauth-scopes": known.scope }),
  };
  if (known.scope !== undefined && !token.scopes.includes(known.scope)) {
    return {
      ...fail("missing_scope", { needed: known.scope, provided: token.scopes.join(",") }),
      headers: scopes,
    };
  }
  if (given.error !== undefined) return fail(given.error);
  const values = known.json || given.type !== "json" ? given.values : {};
  const answer = known.run({ values, token }, around);
  return withWarnings({ ...answer, headers: { ...scopes, ...answer.headers } }, given.warnings);
}

function withWarnings(answer: Answer, warnings: readonly string[]): Answer {
  if (warnings.length === 0 || typeof answer.body === "string") return answer;
  const { response_metadata: metadata } = answer.body;
  return {
    ...answer,
    body: {
      ...answer.body,
      warning: warnings.join(","),
      response_metadata: { ...(isObject(metadata) ? metadata : {}), warnings },
    },
  };
}

function authTest({ token }: Asked, { workspace }: Surroundings): Answer {
  const { team, bot, app } = workspace;
  const url = `https://${team.domain}.slack.com/`;
  if (token.kind === "app") return ok({ app_name: app.name, app_id: app.id });
  const shared = { url, team: team.name, user: bot.name, team_id: team.id, user_id: token.userId };
  return ok({ ...shared, bot_id: bot.botId, is_enterprise_install: false });
}

function missing(field: string): Answer {
  const messages = [`[ERROR] missing required field: ${field}`];
  return fail("invalid_arguments", { response_metadata: { messages } });
}

export interface Content {
  readonly text: string | undefined;
  readonly blocks: readonly JsonObject[] | undefined;
  readonly attachments: readonly Attachment[] | undefined;
}

export type Judged = { readonly content: Content } | { readonly error: string; readonly more?: JsonObject };

/** Text, blocks and attachments of a message to be sent; an error word when Slack would not take them. */
export function judgeContent(values: JsonObject): Judged {
  const blocks = structured(values, "blocks");
  const attachments = structured(values, "attachments");
  if (blocks.bad || (blocks.value !== undefined && !isArray(blocks.value))) return { error: "invalid_blocks_format" };
  if (attachments.bad || (attachments.value !== undefined && !isArray(attachments.value))) {
    return { error: "invalid_attachments" };
  }
  const text = textOf(values["text"]);
  const some = (value: Json | undefined): boolean => isArray(value) && value.length > 0;
  const content: Content = {
    text,
    blocks: blocks.value as readonly JsonObject[] | undefined,
    attachments: attachments.value as readonly Attachment[] | undefined,
  };
  if ((text ?? "") === "" && !some(blocks.value) && !some(attachments.value)) return { error: "no_text" };
  if ((text ?? "").length > 40_000) return { error: "msg_too_long" };
  if (isArray(attachments.value) && attachments.value.length > 100) return { error: "too_many_attachments" };
  const problems = blockKitProblems({ text: "-", blocks: blocks.value, attachments: attachments.value });
  if (problems.length > 0) {
    const error = problems.some((one) => one.includes("json-pointer:/blocks"))
      ? "invalid_blocks"
      : "invalid_attachments";
    const messages = problems.map((one) => `[ERROR] ${one}`);
    return { error, more: { errors: problems, response_metadata: { messages } } };
  }
  if (blockTextLength(blocks.value ?? []) > 12_000) return { error: "msg_blocks_too_long" };
  return { content };
}

type Metadata = { readonly metadata: JsonObject | undefined } | { readonly error: string };

function judgeMetadata(values: JsonObject): Metadata {
  const { value, bad } = structured(values, "metadata");
  if (bad || (value !== undefined && !isObject(value))) return { error: "invalid_metadata_format" };
  if (value === undefined || Object.keys(value).length === 0) return { metadata: undefined };
  if (typeof value["event_type"] !== "string" || !isObject(value["event_payload"])) {
    return { error: "invalid_metadata_schema" };
  }
  return { metadata: value };
}

/** Where a bot may post: an error word, or the channel. */
export function postingChannel(workspace: Workspace, given: string, scopes: readonly string[]): Channel | string {
  const channel = findChannel(workspace, given);
  if (channel === undefined) return "channel_not_found";
  if (channel.archived) return "is_archived";
  return channel.member || scopes.includes("chat:write.public") ? channel : "not_in_channel";
}

function postMessage({ values, token }: Asked, { workspace, gate }: Surroundings): Answer {
  const given = textOf(values["channel"]);
  if (given === undefined || given === "") return missing("channel");
  const channel = postingChannel(workspace, given, token.scopes);
  if (typeof channel === "string") return fail(channel);
  const judged = judgeContent(values);
  if ("error" in judged) return fail(judged.error, judged.more);
  const metadata = judgeMetadata(values);
  if ("error" in metadata) return fail(metadata.error);
  const parent = textOf(values["thread_ts"]);
  const thread = parent === undefined ? undefined : findMessage(workspace, { channel: channel.id, ts: parent });
  if (parent !== undefined && thread === undefined) return fail("thread_not_found");
  const wait = gate(channel.id);
  if (wait !== undefined) return ratelimited(wait);
  const { content } = judged;
  const kept = keepMessage(workspace, {
    channel: channel.id,
    threadTs: thread?.threadTs ?? thread?.ts,
    text: content.text ?? "",
    blocks: withIds(content.blocks ?? []),
    attachments: attachmentsWithIds(content.attachments ?? []),
    replyBroadcast: thread !== undefined && flag(values["reply_broadcast"]),
    metadata: metadata.metadata,
    user: token.userId,
    username: token.scopes.includes("chat:write.customize") ? textOf(values["username"]) : undefined,
  });
  return ok({ channel: channel.id, ts: kept.ts, message: shown(workspace, kept) });
}

function updateMessage({ values, token }: Asked, { workspace }: Surroundings): Answer {
  const given = textOf(values["channel"]);
  const ts = textOf(values["ts"]);
  if (given === undefined || given === "") return missing("channel");
  if (ts === undefined || ts === "") return missing("ts");
  const channel = workspace.channels.get(given);
  if (channel === undefined || (channel.private && !channel.member)) return fail("channel_not_found");
  if (channel.archived) return fail("is_inactive");
  const before = findMessage(workspace, { channel: channel.id, ts });
  if (before === undefined) return fail("message_not_found");
  if (before.user !== token.userId) return fail("cant_update_message");
  if (before.editWindowClosed) return fail("edit_window_closed");
  const judged = judgeContent(values);
  if ("error" in judged) return fail(judged.error, judged.more);
  const metadata = judgeMetadata(values);
  if ("error" in metadata) return fail(metadata.error);
  const { content } = judged;
  const changes: Partial<KeptMessage> = {
    ...(content.text === undefined ? {} : { text: content.text }),
    ...(content.blocks === undefined ? {} : { blocks: withIds(content.blocks) }),
    ...(content.attachments === undefined ? {} : { attachments: attachmentsWithIds(content.attachments) }),
    ...(values["metadata"] === undefined ? {} : { metadata: metadata.metadata }),
    ...(flag(values["reply_broadcast"]) && before.threadTs !== undefined ? { replyBroadcast: true } : {}),
    edited: { user: token.userId, ts: workspace.mintTs() },
  };
  const after = changeMessage(workspace, before, changes) ?? before;
  return ok({ channel: channel.id, ts, text: after.text, message: shown(workspace, after) });
}

function getPermalink({ values }: Asked, { workspace }: Surroundings): Answer {
  const given = textOf(values["channel"]);
  const ts = textOf(values["message_ts"]);
  if (given === undefined) return missing("channel");
  if (ts === undefined) return missing("message_ts");
  const channel = workspace.channels.get(given);
  if (channel === undefined || (channel.private && !channel.member)) return fail("channel_not_found");
  const message = findMessage(workspace, { channel: channel.id, ts });
  if (message === undefined) return fail("message_not_found");
  const thread = message.threadTs === undefined ? "" : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
  const link = `https://${workspace.team.domain}.slack.com/archives/${channel.id}/p${ts.replace(".", "")}${thread}`;
  return ok({ channel: channel.id, permalink: link });
}
