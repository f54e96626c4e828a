import { refusalReasons, type SkipReason, skipReasons } from "../../api/reasons.ts";
import type { Identity } from "../../values.ts";
import { paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import type { Exported } from "./export.ts";

const listed = 20;

/** For people: what was written, what was not and why. */
export function renderExported(said: Exported, options: { readonly color: boolean }): string {
  const { good, bad, warn, quiet, strong } = paint(options.color);
  const { wrote, unchanged, refused, notRead, verified } = said;
  const count = (change: "Create" | "Update"): number => wrote.filter((file) => file.change === change).length;
  const lines = [
    `${strong(`${wrote.length} ${wrote.length === 1 ? "file" : "files"}`)} written to ${printableLine(said.to)}${said.commit === undefined ? "" : ` in commit ${said.commit.slice(0, 12)}`}: ${count("Create")} new, ${count("Update")} changed; ${unchanged} as they were`,
  ];
  for (const [reason, { count: skipped, examples, details = [] }] of Object.entries(said.skipped)) {
    const some = examples.map(nameOf).join(", ");
    lines.push(
      quiet(
        `  ${skipped} left out, ${reason}: ${whyNot(reason as SkipReason)} (${some}${skipped > examples.length ? ", ..." : ""})`,
      ),
    );
    for (const { identity, detail } of details) lines.push(warn(`    ${nameOf(identity)}: ${printableLine(detail)}`));
  }
  for (const { identity, path, reason, detail } of refused.slice(0, listed)) {
    const what = identity === undefined ? "nothing was written" : `${nameOf(identity)} not written`;
    const where = path === undefined || path === "" ? "" : ` (${printableLine(path)})`;
    lines.push(warn(`  ${what}${where}: ${because(reason, detail)}`));
  }
  if (refused.length > listed) lines.push(warn(`  and ${refused.length - listed} more`));
  for (const { message } of notRead) lines.push(quiet(`  not read: ${printableLine(message)}`));
  if (verified !== undefined) {
    const { equal, unequal } = verified;
    lines.push(
      unequal.length === 0
        ? good(`verified: all ${equal} give their objects again`)
        : bad(`verified: ${equal} give their objects again, ${unequal.length} do not`),
    );
    for (const { identity, why } of unequal.slice(0, listed))
      lines.push(`  ${nameOf(identity)}: ${printableLine(why.join("; "))}`);
    if (unequal.length > listed) lines.push(`  and ${unequal.length - listed} more`);
  }
  return `${lines.join("\n")}\n`;
}

function whyNot(reason: SkipReason): string {
  return reason === "NotSelected" ? "Their namespaces are left out by --exclude-namespace." : skipReasons[reason].means;
}

function because(reason: keyof typeof refusalReasons, detail: string): string {
  const { means, remedy } = refusalReasons[reason];
  if (reason === "FirstContact") return "its file says something else: --overwrite overwrites it";
  return printableLine(
    detail === "" || detail === reason ? `${means} ${remedy}` : `${means.replace(/\.$/, "")}: ${detail}. ${remedy}`,
  );
}

function nameOf({ kind, namespace, name }: Identity): string {
  return printableLine(`${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}
