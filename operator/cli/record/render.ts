import { named } from "../../record/commit-message.ts";
import type { Explanation } from "../explain/explain.ts";
import { printableLine } from "../printable.ts";
import type { PlannedPurge, PurgePlan } from "./purge.ts";

/** This shape is what `-o json` prints, and does not change. */
export interface Purged {
  /** `Kind.group namespace/name` */
  readonly object: string;
  readonly dryRun: boolean;
  readonly records: readonly Pick<
    PlannedPurge,
    | "capture"
    | "remote"
    | "ref"
    | "from"
    | "to"
    | "commits"
    | "rewritten"
    | "dropped"
    | "blobs"
    | "signed"
    | "elsewhere"
  >[];
  /** Why it comes back, or stands in Git all the same; each for people. */
  readonly warnings: readonly string[];
}

export function purged(
  { object }: PurgePlan,
  done: readonly PlannedPurge[],
  more: Omit<Purged, "object" | "records">,
): Purged {
  return {
    object: named(object),
    dryRun: more.dryRun,
    records: done.map(({ push: _push, again: _again, ...told }) => told),
    warnings: more.warnings,
  };
}

/** What will not be as one might think. */
export function warningsOf({ records, gaps }: PurgePlan, { exists, captures }: Explanation): readonly string[] {
  const warnings = [...gaps];
  for (const { capture, verdict, path, branch, lastCommit } of captures) {
    if (exists && (verdict === "InGit" || verdict === "Differs" || verdict === "Unknown")) {
      const how = "annotate it with clickscribe.dev/ignore=true, or exclude it (spec.resources), before this";
      warnings.push(`Capture ${capture} captures it still: it comes back with what it holds now. Else ${how}`);
    }
    if (lastCommit !== undefined && path !== undefined) {
      warnings.push(
        `${path} on ${branch ?? "the branch"} has it, and its history too: this rewrites the record alone; remove it there yourself (git filter-repo)`,
      );
    }
  }
  for (const { capture, elsewhere } of records) {
    for (const path of elsewhere)
      warnings.push(`the record of Capture ${capture} has the very same content at ${path}`);
  }
  return warnings;
}

const cannot =
  "The server keeps what no ref reaches until it collects garbage (git gc --prune=now; hosts: their support), and so do forks, clones and backups. A credential that was there is known: replace it.";

/** Before anything is done. */
export function renderOutlook(plan: PurgePlan, warnings: readonly string[], dryRun: boolean): string {
  const what = printableLine(named(plan.object));
  const would = dryRun ? "would be" : "is to be";
  const head = `${what} ${would} taken out of the whole history of ${plan.records.length === 1 ? "a record" : `${plan.records.length} records`}:`;
  return `${[head, ...plan.records.map((record) => `  ${line(record)}`), "", ...told(warnings), cannot].join("\n")}\n`;
}

export function renderDone(done: readonly PlannedPurge[]): string {
  return `${done.map((record) => `Purged ${line(record)}, from ${record.from.slice(0, 12)} to ${record.to.slice(0, 12)}`).join("\n")}\n`;
}

function line({ ref, remote, capture, commits, rewritten, dropped, blobs, signed }: PlannedPurge): string {
  const parts = [
    `${rewritten} of ${commits} commits rewritten${signed ? " and signed anew" : ""}`,
    `${dropped} dropped`,
    `${blobs} ${blobs === 1 ? "blob" : "blobs"} taken out`,
  ];
  return printableLine(`${ref} of ${remote} (Capture ${capture}): ${parts.join(", ")}`);
}

function told(warnings: readonly string[]): readonly string[] {
  return warnings.length === 0 ? [] : [...warnings.map((warning) => `Note: ${printableLine(warning)}.`), ""];
}
