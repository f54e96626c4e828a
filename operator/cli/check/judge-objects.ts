/** PURE: GitRemotes and Captures, as their status tells. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { conditionReasons, type Explained, skipReasons } from "../../api/reasons.ts";
import { item } from "./judge-cluster.ts";
import type { CheckItem } from "./report.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

const notRunning =
  "See that the operator runs, and its log: it says something of every object of its kinds within seconds.";

export function remoteGroup({ metadata }: GitRemote): string {
  return `GitRemote ${metadata.namespace}/${metadata.name}`;
}

export function captureGroup({ metadata }: Capture): string {
  return `Capture ${metadata.namespace}/${metadata.name}`;
}

export function remoteItems(remote: GitRemote): readonly CheckItem[] {
  return [readyItem(remoteGroup(remote), remote, remote.status?.conditions ?? [])];
}

export function captureItems(capture: Capture): readonly CheckItem[] {
  const group = captureGroup(capture);
  const { status } = capture;
  const conditions = status?.conditions ?? [];
  const items: CheckItem[] = [readyItem(group, capture, conditions)];
  const attributing = conditions.find(({ type }) => type === "Attributing");
  if (attributing?.status === "True") {
    items.push(item(group, "attributing", "Passed", "who changes what is known: the API server reaches the webhook"));
  } else if (attributing !== undefined) {
    const { message, remedy } = said(attributing);
    items.push(item(group, "attributing", "Warning", `authors are unknown: ${message}`, remedy));
  }
  const skipped = Object.entries(status?.skipped ?? {}).filter(([, count]) => count > 0);
  if (skipped.length > 0) {
    const total = skipped.reduce((sum, [, count]) => sum + count, 0);
    const reasons = skipped
      .toSorted(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
      .map(([reason, count]) => `${count} ${reason}${meaning(reason)}`);
    const message = `${objects(total)} not in Git, by intent: ${reasons.join("; ")}`;
    const remedy = `clickscribe explain OBJECT -n ${capture.metadata.namespace} tells of one`;
    items.push(item(group, "skipped", "Passed", message, remedy));
  }
  for (const { group: api, kind, reason, message } of status?.notWatched ?? []) {
    const name = `not-watched-${api === "" ? kind : `${kind}.${api}`}`.toLowerCase();
    items.push(
      item(group, name, "Warning", `${kind} is not captured: ${reason}: ${message}`, remedyOf(reason, message)),
    );
  }
  return items;
}

function readyItem(group: string, { metadata }: Capture | GitRemote, conditions: readonly Condition[]): CheckItem {
  const ready = conditions.find(({ type }) => type === "Ready");
  if (ready === undefined) {
    return item(group, "ready", "Failed", "no operator has said anything of it", notRunning);
  }
  const generation = metadata.generation ?? 0;
  if ((ready.observedGeneration ?? generation) < generation) {
    return item(group, "ready", "Failed", "no operator has seen its last change", notRunning);
  }
  if (ready.status === "True") return item(group, "ready", "Passed", ready.message || "ready");
  const { message, remedy } = said(ready);
  const passes = ready.reason === "Suspended" || ready.reason === "Progressing";
  return item(group, "ready", passes ? "Warning" : "Failed", `${ready.reason}: ${message}`, remedy);
}

/** The operator's messages end by what to do: taken apart, so that it is not said twice. */
function said({ reason, message }: Condition): { readonly message: string; readonly remedy: string } {
  const remedy = explained(reason)?.remedy ?? "";
  const text = message === "" ? (explained(reason)?.means ?? "") : message;
  if (remedy === "" || !text.endsWith(remedy)) return { message: text, remedy: remedyOf(reason, text) };
  return { message: text.slice(0, -remedy.length).replace(/[.\s]+$/, ""), remedy };
}

/** "" where the message spells out what to do. */
function remedyOf(reason: string, message: string): string {
  if (/annotate the Capture|add the rule/.test(message)) return "";
  return explained(reason)?.remedy ?? "";
}

/** Of a reason that an operator of another version may have given. */
function explained(reason: string): Explained | undefined {
  return Object.hasOwn(conditionReasons, reason)
    ? conditionReasons[reason as keyof typeof conditionReasons]
    : undefined;
}

function meaning(reason: string): string {
  if (!Object.hasOwn(skipReasons, reason)) return "";
  const { means } = skipReasons[reason as keyof typeof skipReasons];
  return ` (${means.replace(/\.$/, "")})`;
}

function objects(n: number): string {
  return n === 1 ? "1 object" : `${n} objects`;
}
