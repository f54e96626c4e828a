/** The incoming webhook and the response_urls: they answer `ok` or a word as plain text, with a status that fits. */
import type { RateGate } from "./limits.ts";
import { type Call, flag, parsed } from "./requests.ts";
import { isObject, type JsonObject, textOf } from "./values.ts";
import { type Answer, judgeContent } from "./web-api.ts";
import { attachmentsWithIds, changeMessage, findMessage, keepMessage, type Workspace, withIds } from "./workspace.ts";

const plain = (status: number, body: string): Answer => ({ status, body });
const refused = (error: string): Answer => ({ status: 404, body: { ok: false, error } });

/** A body of JSON, or of a form with `payload=`. */
export function payloadOf(call: Call): JsonObject | undefined {
  const isForm = call.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
  const body = parsed(isForm ? (new URLSearchParams(call.raw).get("payload") ?? "") : call.raw);
  return isObject(body) ? body : undefined;
}

export function callWebhook(call: Call, workspace: Workspace, gate: RateGate): Answer {
  if (call.path !== workspace.webhookPath) return plain(404, "no_service");
  if (call.httpMethod !== "POST") return plain(405, "method_not_allowed");
  const payload = payloadOf(call);
  if (payload === undefined) return plain(400, "invalid_payload");
  const channel = workspace.channels.get(workspace.webhookChannel);
  if (channel === undefined) return plain(404, "channel_not_found");
  if (channel.archived) return plain(410, "channel_is_archived");
  const judged = judgeContent(payload);
  if ("error" in judged) return plain(400, judged.error);
  const wait = gate(channel.id);
  if (wait !== undefined) return { status: 429, headers: { "retry-after": String(wait) }, body: "rate_limited" };
  keepMessage(workspace, {
    channel: channel.id,
    threadTs: textOf(payload["thread_ts"]),
    text: judged.content.text ?? "",
    blocks: withIds(judged.content.blocks ?? []),
    attachments: attachmentsWithIds(judged.content.attachments ?? []),
  });
  return plain(200, "ok");
}

/** Five uses and a time; replaces or deletes the message, posts to its channel, or is seen by the presser alone. */
export function callResponseUrl(call: Call, workspace: Workspace): Answer {
  const known = workspace.responseUrls.get(call.path);
  if (known === undefined) return plain(404, "no_service");
  if (Date.now() > known.expires) return refused("expired_url");
  if (known.uses >= 5) return refused("used_url");
  const payload = payloadOf(call);
  if (payload === undefined) return plain(400, "invalid_payload");
  const deleteOriginal = flag(payload["delete_original"]);
  const replaceOriginal = flag(payload["replace_original"]);
  const judged = judgeContent(payload);
  if ("error" in judged && !deleteOriginal)
    return { status: 400, body: { ok: false, error: judged.error, ...judged.more } };
  known.uses++;
  const content = "content" in judged ? judged.content : undefined;
  const text = content?.text ?? "";
  const blocks = withIds(content?.blocks ?? []);
  const responseType = payload["response_type"] === "in_channel" ? "in_channel" : "ephemeral";
  const threadTs = textOf(payload["thread_ts"]);
  workspace.replies.push({
    ...known.at,
    user: known.user,
    responseType,
    replaceOriginal,
    deleteOriginal,
    threadTs,
    text,
    blocks,
    time: Date.now(),
  });
  if (deleteOriginal) {
    const message = findMessage(workspace, known.at);
    if (message !== undefined) workspace.messages.splice(workspace.messages.indexOf(message), 1);
  } else if (replaceOriginal) {
    const attachments = attachmentsWithIds(content?.attachments ?? []);
    changeMessage(workspace, known.at, { text, blocks, attachments });
  } else if (responseType === "in_channel") {
    keepMessage(workspace, { channel: known.at.channel, threadTs, text, blocks, user: workspace.bot.userId });
  }
  return plain(200, "ok");
}
