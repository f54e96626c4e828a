/** PURE: what Slack tells of pressed buttons, and whether it is Slack who does. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { AlertPress, SignedRequest } from "../ports.ts";
import { pressOf } from "./slack-message.ts";

export interface SlackPress extends Pick<AlertPress, "who" | "action" | "id" | "live"> {
  readonly responseUrl: string | undefined;
}

/** Older or newer requests are replayed (https://docs.slack.dev/authentication/verifying-requests-from-slack). */
const windowSeconds = 300;

/** The v0 signature: HMAC-SHA256 over `v0:TIMESTAMP:BODY`. `now`: milliseconds since the epoch. */
export function isSigned({ timestamp, signature, body }: SignedRequest, secret: string, now: number): boolean {
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now / 1_000 - Number(timestamp)) > windowSeconds) return false;
  const wanted = Buffer.from(`v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${body}`).digest("hex")}`);
  const given = Buffer.from(signature);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** Of a body `payload=...`, form-encoded; nothing for what is none. */
export function pressesOfBody(body: string): readonly SlackPress[] {
  try {
    return pressesOf(JSON.parse(new URLSearchParams(body).get("payload") ?? ""));
  } catch {
    return [];
  }
}

/** Of a payload of block_actions (https://docs.slack.dev/reference/interaction-payloads/block_actions-payload). */
export function pressesOf(payload: unknown): readonly SlackPress[] {
  const { type, user, actions, response_url: responseUrl } = fieldsOf(payload);
  const { id: who } = fieldsOf(user);
  if (type !== "block_actions" || typeof who !== "string" || !/^[UW][A-Z0-9]{1,31}$/.test(who)) return [];
  return (Array.isArray(actions) ? actions : []).slice(0, 5).flatMap((each) => {
    const { action_id: actionId, value } = fieldsOf(each);
    const press = typeof actionId === "string" && typeof value === "string" ? pressOf(actionId, value) : undefined;
    return press ? [{ who, ...press, responseUrl: typeof responseUrl === "string" ? responseUrl : undefined }] : [];
  });
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
