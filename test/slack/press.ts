/** A pressed button: its `block_actions` payload, and its way over HTTP with Slack's v0 signature. */
import { createHmac, randomBytes } from "node:crypto";
import { type ActionMatcher, isArray, isObject, type JsonObject, type KeptMessage, type Press } from "./values.ts";
import { asShown, findMessage, findUser, shown, type Workspace } from "./workspace.ts";

/** What an attacker, or a bug, makes of a request. All are left as they are by default. */
export interface Tamper {
  /** Seconds since 1970 that it is signed with: an old one makes it a replay. */
  readonly timestamp?: number;
  /** After it was signed. */
  readonly body?: (body: string) => string;
  readonly signature?: (signature: string) => string;
  /** The last word on headers; those that are undefined are left out. */
  readonly headers?: (headers: Readonly<Record<string, string>>) => Readonly<Record<string, string | undefined>>;
}

export interface PressedOverHttp {
  readonly status: number;
  readonly text: string;
  readonly ms: number;
  readonly payload: JsonObject;
  /** As they were sent: another `fetch` with them is a replay. */
  readonly request: { readonly headers: Readonly<Record<string, string>>; readonly body: string };
}

interface Button {
  readonly button: JsonObject;
  readonly blockId: string;
  /** Number of the attachment that it is in, from 1. */
  readonly attachment: number | undefined;
}

/** Builds the payload and its response_url. Throws when the message, the user or the button is not there. */
export function pressPayload(workspace: Workspace, base: string, press: Press): JsonObject {
  const { team, app } = workspace;
  const user = findUser(workspace, press.user);
  const message = findMessage(workspace, press.at);
  if (message === undefined) throw new Error(`no message ${press.at.ts} in ${press.at.channel}`);
  const { button, blockId, attachment } = findButton(message, press.action);
  const channel = workspace.channels.get(message.channel);
  const actionTs = workspace.mintTs();
  const { style, value, text, action_id } = button;
  return {
    type: "block_actions",
    user: { id: user.id, username: user.name, name: user.name, team_id: team.id },
    api_app_id: app.id,
    token: "verification-token",
    container: {
      type: attachment === undefined ? "message" : "message_attachment",
      message_ts: message.ts,
      ...(attachment === undefined ? {} : { attachment_id: attachment, is_app_unfurl: false }),
      channel_id: message.channel,
      is_ephemeral: false,
      ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
    },
    trigger_id: `${actionTs}.${randomBytes(16).toString("hex")}`,
    team: { id: team.id, domain: team.domain },
    enterprise: null,
    is_enterprise_install: false,
    channel: { id: message.channel, name: channel?.name ?? "" },
    message: shown(workspace, message),
    state: { values: {} },
    response_url: responseUrl(workspace, base, message, user.id),
    actions: [
      {
        action_id: action_id ?? "",
        block_id: blockId,
        text: isObject(text) ? asShown(text) : {},
        ...(value === undefined ? {} : { value }),
        ...(style === undefined ? {} : { style }),
        type: "button",
        action_ts: actionTs,
      },
    ],
  };
}

function responseUrl(workspace: Workspace, base: string, message: KeptMessage, user: string): string {
  const path = `/actions/${workspace.team.id}/${message.ts.replace(".", "")}/${randomBytes(12).toString("hex")}`;
  const expires = Date.now() + (workspace.options.responseUrlMs ?? 30 * 60_000);
  workspace.responseUrls.set(path, { at: { channel: message.channel, ts: message.ts }, user, expires, uses: 0 });
  return base + path;
}

/** The message's buttons, those of attachments last. */
export function buttonsOf(message: KeptMessage): readonly Button[] {
  const ofBlocks = (blocks: readonly JsonObject[], attachment: number | undefined): readonly Button[] =>
    blocks.flatMap((block) => {
      const { elements, accessory } = block;
      const blockId = typeof block["block_id"] === "string" ? block["block_id"] : "";
      const candidates = [...(isArray(elements) ? elements : []), accessory ?? null];
      return candidates
        .filter((one) => isObject(one))
        .filter((one) => one["type"] === "button")
        .map((button) => ({ button, blockId, attachment }));
    });
  const attached = message.attachments.flatMap(({ blocks = [] }, index) => ofBlocks(blocks, index + 1));
  return [...ofBlocks(message.blocks, undefined), ...attached];
}

function findButton(message: KeptMessage, action: ActionMatcher): Button {
  const all = buttonsOf(message);
  const found = all.find(({ button, blockId }) =>
    typeof action === "string" ? button["action_id"] === action : action(button, blockId),
  );
  if (found !== undefined) return found;
  const there = all.map(({ button }) => JSON.stringify(button["action_id"])).join(", ");
  throw new Error(`no such button in message ${message.ts}; there are: ${there === "" ? "none" : there}`);
}

/** `v0=` and the HMAC of `v0:TIMESTAMP:BODY` in hex. `timestamp`: seconds since 1970. */
export function signature(signingSecret: string, timestamp: number, body: string): string {
  return `v0=${createHmac("sha256", signingSecret).update(`v0:${timestamp}:${body}`).digest("hex")}`;
}

/** Rejects when there is no answer within the three seconds that Slack waits. */
export async function sendPress(
  url: string,
  signingSecret: string,
  payload: JsonObject,
  tamper: Tamper = {},
): Promise<PressedOverHttp> {
  const signed = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = tamper.timestamp ?? Math.floor(Date.now() / 1000);
  const sign = signature(signingSecret, timestamp, signed);
  const usual: Readonly<Record<string, string>> = {
    "content-type": "application/x-www-form-urlencoded",
    "user-agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    "x-slack-request-timestamp": String(timestamp),
    "x-slack-signature": tamper.signature?.(sign) ?? sign,
  };
  const given: Readonly<Record<string, string | undefined>> = tamper.headers?.(usual) ?? usual;
  const headers = Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
  const body = tamper.body?.(signed) ?? signed;
  const began = performance.now();
  const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(3000) });
  const text = await response.text();
  const ms = performance.now() - began;
  return { status: response.status, text, ms, payload, request: { headers, body } };
}
