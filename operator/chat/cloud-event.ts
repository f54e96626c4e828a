/** PURE: an alert as a CloudEvent 1.0 in structured JSON (https://github.com/cloudevents/spec, JSON format), and its signature. */
import { createHmac } from "node:crypto";
import type { Alert } from "../values.ts";

export type EventType = "opened" | "updated" | "resolved" | "repeated";

/** `id`: of the alert; `at`: RFC 3339, tells one event of it from the next. */
export function cloudEvent(alert: Alert, id: string, type: EventType, at: string): string {
  return JSON.stringify({
    specversion: "1.0",
    id: `${id}-${type}-${at}`,
    source: `clickscribe://${encodeURIComponent(alert.cluster)}/captures/${alert.capture.split("/").map(encodeURIComponent).join("/")}`,
    type: `dev.clickscribe.drift.${type}`,
    subject: id,
    time: at,
    datacontenttype: "application/json",
    data: alert,
  });
}

/** The header X-Signature, as Flux's generic-hmac has it. */
export function signatureOf(body: string, key: string): string {
  return `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
}
