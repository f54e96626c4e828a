/** PURE: those of Argo CD and Flux who apply what a Capture writes: whether they will fight, and which field to change. */
import type { Capture } from "../../api/generated/capture.ts";
import { consumerWarnings } from "../../api/reasons.ts";
import type { Consumer } from "../../consumers/find-consumers.ts";
import { warningsOf } from "../../consumers/warnings.ts";
import { item } from "./judge-cluster.ts";
import { captureGroup } from "./judge-objects.ts";
import type { CheckItem } from "./report.ts";

/** `mayAsk`: whether the operator may have them look after a push, by key; undefined: not asked. */
export function consumerItems(
  capture: Capture,
  consumers: readonly Consumer[],
  mayAsk: ReadonlyMap<string, boolean>,
): readonly CheckItem[] {
  const group = captureGroup(capture);
  const { mode, template = "" } = capture.spec.layout ?? {};
  const hasFolders = mode === "ByNamespace" || mode === "ByKind" || (mode === "Template" && template.includes("/"));
  const consumed = { namespace: capture.metadata.namespace, path: capture.spec.path, hasFolders };
  const items: CheckItem[] = [];
  for (const consumer of consumers) {
    const { key } = consumer;
    const warnings = warningsOf(consumer, consumed, consumers);
    for (const { reason, message } of warnings) {
      const at = message.indexOf(": ");
      const [what, todo] = at < 0 ? [message, ""] : [message.slice(0, at), message.slice(at + 2)];
      const remedy = todo === "" ? consumerWarnings[reason].remedy : `${todo[0]?.toUpperCase()}${todo.slice(1)}.`;
      items.push(item(group, `consumer-${reason}`.toLowerCase(), "Warning", `${key}: ${what} (${reason})`, remedy));
    }
    if (warnings.length === 0)
      items.push(
        item(group, "consumer", "Passed", `${key} applies ${consumer.path || "the root"}: ${habitsOf(consumer)}`),
      );
    if (mayAsk.get(key) === false) {
      const message = `the operator may not ask ${key} to look after a push: clicks come round when it looks by itself`;
      items.push(item(group, "consumer-asked", "Warning", message, "Set rbac.refresh.enabled of the chart."));
    }
  }
  return items;
}

function habitsOf({ plan, isSuspended }: Consumer): string {
  if (isSuspended) return "it is suspended";
  if (!plan.isAutomatic) return "it syncs when told to";
  const habits = [plan.selfHeal ? "heals itself" : "", plan.prune ? "prunes" : "prunes nothing"];
  return `it syncs by itself, ${habits.filter((habit) => habit !== "").join(" and ")}`;
}
