import { type Explained, refusalReasons, skipReasons } from "../api/reasons.ts";
import type { PlannedFile, PlannedRefusal, PlanResult, SkippedObjects, UnwatchedKind } from "../sync/plan-result.ts";
import type { Identity } from "../values.ts";
import { printable, printableLine } from "./printable.ts";
import { renderTree } from "./render-tree.ts";
import { unifiedDiff } from "./unified-diff.ts";

type Paint = (text: string) => string;

export interface Palette {
  readonly added: Paint;
  readonly removed: Paint;
  readonly changed: Paint;
  readonly quiet: Paint;
  readonly strong: Paint;
}

const marks: Readonly<Record<PlannedFile["change"], string>> = { Create: "+", Update: "~", Delete: "-" };

/** The plan for people: tree, counts, what is left out and why, diffs. */
export function renderPlan(plan: PlanResult, options: { readonly color: boolean }): string {
  const palette = paletteOf(options.color);
  const sections = [
    heading(plan, palette),
    tree(plan, palette),
    counts(plan),
    refusals(plan.refused, palette),
    skips(plan.skipped),
    unwatched(plan.notWatched),
    ...plan.wouldWrite.map((file) => fileDiff(file, palette)),
  ];
  return `${sections.filter((section) => section !== "").join("\n\n")}\n`;
}

function heading({ capture, remote, branch, path, held }: PlanResult, { strong }: Palette): string {
  const where = printableLine(`${path === "" ? "its root" : path} on ${branch} of ${remote}`);
  const title = strong(printableLine(`Capture ${capture.namespace}/${capture.name}`));
  if (held === undefined) return `${title} would write to ${where}`;
  return `${title} would watch ${where}, and tell what differs. ${refusalReasons[held].means}`;
}

function tree({ wouldWrite, path }: PlanResult, palette: Palette): string {
  if (wouldWrite.length === 0) return "";
  const prefix = path === "" ? "" : `${path}/`;
  const leaves = wouldWrite.map((file) => ({
    path: printableLine(file.path.startsWith(prefix) ? file.path.slice(prefix.length) : file.path),
    label: (name: string): string =>
      `${paintOf(file, palette)(`${marks[file.change]} ${name}`)}  ${palette.quiet(named(file.identity))}`,
  }));
  return [`${printableLine(path === "" ? "." : path)}/`, ...renderTree(leaves)].join("\n");
}

function counts({ wouldWrite, unchanged, refused, skipped }: PlanResult): string {
  const of = (change: PlannedFile["change"]): number => wouldWrite.filter((file) => file.change === change).length;
  const left = Object.values(skipped).reduce((sum, { count }) => sum + count, 0);
  const parts: readonly (readonly [number, string])[] = [
    [of("Create"), "to create"],
    [of("Update"), "to update"],
    [of("Delete"), "to delete"],
    [unchanged, "unchanged"],
    [refused.length, "refused"],
    [left, "skipped"],
  ];
  const said = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`);
  return said.length === 0 ? "Nothing is in scope." : said.join(", ");
}

function refusals(refused: readonly PlannedRefusal[], { removed }: Palette): string {
  if (refused.length === 0) return "";
  const lines = refused.map(({ identity, path, reason, detail }) => {
    const subject = [identity && named(identity), path !== undefined && printableLine(path)].filter(Boolean);
    const about = subject.length === 0 ? "the whole Capture" : subject.join(" at ");
    return `  ${removed(reason)}  ${about}: ${withRemedy(detail, refusalReasons[reason])}`;
  });
  return ["Refused:", ...lines].join("\n");
}

function skips(skipped: PlanResult["skipped"]): string {
  const entries = Object.entries(skipped) as readonly (readonly [keyof typeof skipReasons, SkippedObjects])[];
  if (entries.length === 0) return "";
  const most = entries.toSorted(([a, left], [b, right]) => right.count - left.count || (a < b ? -1 : 1));
  const width = Math.max(...most.map(([reason]) => reason.length));
  const digits = String(most[0]?.[1].count ?? 0).length;
  const lines = most.flatMap(([reason, { count, examples, details = [] }]) => {
    const few = examples.map(named).join(", ");
    const more = count > examples.length ? ", ..." : "";
    const why = `${String(count).padStart(digits)} ${reason.padEnd(width)}  ${skipReasons[reason].means}`;
    const each = details.map(({ identity, detail }) => `    ${named(identity)}: ${printableLine(detail)}`);
    return [`  ${why}${few === "" ? "" : ` [${few}${more}]`}`, ...each];
  });
  return ["Skipped:", ...lines].join("\n");
}

function unwatched(kinds: readonly UnwatchedKind[]): string {
  if (kinds.length === 0) return "";
  const lines = kinds.map(
    ({ group, kind, reason, message }) =>
      `  ${reason}  ${printableLine(`${kind}${group === "" ? "" : `.${group}`}: ${message}`)}`,
  );
  return ["Not captured:", ...lines].join("\n");
}

/** As diff -u and git show it. */
export function fileDiff(file: Pick<PlannedFile, "path" | "before" | "after">, palette: Palette): string {
  const path = printableLine(file.path);
  const head = [
    palette.strong(file.before === undefined ? "--- /dev/null" : `--- a/${path}`),
    palette.strong(file.after === undefined ? "+++ /dev/null" : `+++ b/${path}`),
  ];
  const body = unifiedDiff(file.before, file.after).map((line) => paintLine(printable(line), palette));
  return [...head, ...body].join("\n");
}

function paintLine(line: string, { added, removed, changed }: Palette): string {
  if (line.startsWith("@@")) return changed(line);
  if (line.startsWith("+")) return added(line);
  return line.startsWith("-") ? removed(line) : line;
}

function paintOf({ change }: PlannedFile, { added, removed, changed }: Palette): Paint {
  return change === "Create" ? added : change === "Delete" ? removed : changed;
}

function named({ kind, namespace, name }: Identity): string {
  return printableLine(`${kind} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}

function withRemedy(detail: string, { remedy }: Explained): string {
  const said = printableLine(detail);
  return remedy === "" || said.includes(remedy) ? said : `${said.replace(/\.$/, "")}. ${remedy}`;
}

export function paletteOf(color: boolean): Palette {
  return color ? coloured : plain;
}

const as = (text: string): string => text;
const plain: Palette = { added: as, removed: as, changed: as, quiet: as, strong: as };

/** Select Graphic Rendition, ECMA-48. */
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const coloured: Palette = {
  added: sgr(32, 39),
  removed: sgr(31, 39),
  changed: sgr(36, 39),
  quiet: sgr(2, 22),
  strong: sgr(1, 22),
};
