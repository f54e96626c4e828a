/** PURE: what of a consumer makes that clicks and commits are lost, fought over, or never applied; and the field to change. */
import type { ConsumerWarning } from "../api/reasons.ts";
import type { Consumer } from "./find-consumers.ts";

export interface Warned {
  readonly reason: ConsumerWarning;
  /** What it is, and which field of whom to change. */
  readonly message: string;
}

/** What has to be known of the Capture. */
export interface Consumed {
  readonly namespace: string;
  readonly path: string;
  /** Its new files may stand in folders below its path. */
  readonly hasFolders: boolean;
}

/** `others`: all who apply from the same place. */
export function warningsOf(consumer: Consumer, consumed: Consumed, others: readonly Consumer[]): readonly Warned[] {
  const { plan, key } = consumer;
  const warned: Warned[] = [];
  const warn = (reason: ConsumerWarning, message: string): void => void warned.push({ reason, message });
  const isAbove = consumer.path !== consumed.path;
  if (!plan.isRecursive && (isAbove || consumed.hasFolders)) {
    const what = isAbove ? `${consumed.path}, which lies below the folder that it reads` : "folders below its path";
    warn("NotRecursive", `it does not look into ${what}: set spec.source.directory.recurse of ${key} to true`);
  }
  const target = plan.targetNamespace;
  if (target !== "" && target !== consumed.namespace) {
    const [field, which] =
      consumer.tool === "Flux"
        ? (["spec.targetNamespace", "all its objects"] as const)
        : (["spec.destination.namespace", "objects whose files name no namespace"] as const);
    warn("OtherNamespace", `it puts ${which} into ${target}: set ${field} of ${key} to ${consumed.namespace}`);
  }
  if (consumer.kind === "HelmRelease") {
    warn(
      "RendersTemplates",
      `it takes ${consumer.path || "the root"} for a chart: point spec.path of the Capture at a folder of plain manifests`,
    );
  } else if (plan.renders.length > 0) {
    warn("ChangesFiles", `what it applies is not what the files say: remove ${plan.renders.join(", ")} of ${key}`);
  }
  if (plan.filters.length > 0)
    warn(
      "LeavesOutFiles",
      `it leaves some files out: remove ${plan.filters.join(", ")} of ${key}, if files of the Capture are among them`,
    );
  if (plan.replaces !== "")
    warn(
      "Replaces",
      `it replaces objects, with all that others own of them: take that out of ${plan.replaces} of ${key}`,
    );
  if (consumer.isPartial)
    warn(
      "SeveralSources",
      `it applies from other places too, so its objects are ManagedElsewhere: give this path an Application of its own`,
    );
  const rivals = consumer.reads ? others.filter((other) => other.key !== key && other.reads) : [];
  if (rivals.length > 0) {
    const names = rivals.slice(0, 3).map((rival) => rival.key);
    const all = [...names, ...(rivals.length > 3 ? [`${rivals.length - 3} more`] : [])].join(" and ");
    warn("SeveralConsumers", `${all} applies the same path: remove one of them`);
  }
  return warned;
}
