import { createHash } from "node:crypto";
import type { EventDraft } from "../ports.ts";
import type { Json, JsonObject } from "../values.ts";

/** The repeats of an Event (events.k8s.io/v1 EventSeries); `last` in milliseconds since the epoch. */
export interface Series {
  readonly count: number;
  readonly last: number;
}

const controller = "clickscribe.dev/operator";
const maxNoteBytes = 1_024;
const maxInstanceBytes = 128;
const maxNamePrefix = 200;

/** The raw Event (events.k8s.io/v1). `now` in milliseconds since the epoch; `instance` is the pod or process. */
export function eventObject(event: EventDraft, now: number, instance: string): JsonObject {
  const { about, type, reason } = event;
  const metadata = (about["metadata"] ?? {}) as JsonObject;
  const name = text(metadata["name"]);
  const uid = text(metadata["uid"]);
  const apiVersion = text(about["apiVersion"]);
  const kind = text(about["kind"]);
  const unique = createHash("sha256")
    .update(JSON.stringify([now, instance, reason, event.message, apiVersion, kind, name, uid]))
    .digest("hex")
    .slice(0, 16);
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    // Events about cluster-scoped objects live in `default`, as the API server demands.
    metadata: { name: `${namePrefix(name)}.${unique}`, namespace: text(metadata["namespace"]) || "default" },
    eventTime: microTime(now),
    type,
    reason,
    action: reason,
    note: clipBytes(event.message, maxNoteBytes),
    reportingController: controller,
    reportingInstance: clipBytes(instance, maxInstanceBytes),
    regarding: {
      apiVersion,
      kind,
      name,
      namespace: text(metadata["namespace"]),
      uid,
      resourceVersion: text(metadata["resourceVersion"]),
    },
  };
}

/** A merge patch of an Event that was written before. */
export function seriesPatch({ count, last }: Series): JsonObject {
  return { series: { count, lastObservedTime: microTime(last) } };
}

/** An object's name as the beginning of an Event's, which must be a DNS subdomain; RBAC's names need not be. */
function namePrefix(name: string): string {
  const labels = name
    .toLowerCase()
    .slice(0, maxNamePrefix)
    .split(".")
    .map((label) => label.replaceAll(/[^a-z0-9-]/g, "-").replaceAll(/^-+|-+$/g, ""))
    .filter((label) => label !== "");
  return labels.join(".") || "object";
}

/** MicroTime (meta/v1). */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, "000Z");
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function clipBytes(value: string, bytes: number): string {
  const buffer = Buffer.from(value, "utf8");
  if (buffer.length <= bytes) return value;
  let end = bytes - 3;
  // Not within a character: 10xxxxxx goes on with one.
  while (((buffer[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${buffer.toString("utf8", 0, end)}...`;
}
