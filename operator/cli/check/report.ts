import { type Paint, paint } from "../paint.ts";
import { printableLine } from "../printable.ts";

export type CheckStatus = "Passed" | "Warning" | "Failed";

/** One thing that was looked at. This shape is what `-o json` prints, and does not change. */
export interface CheckItem {
  /** Stays the same from release to release: `api-server-version`. */
  readonly name: string;
  /** What it is about: `Kubernetes`, or `Capture shop/all`. */
  readonly group: string;
  readonly status: CheckStatus;
  /** What was found. */
  readonly message: string;
  /** What to do; "" where there is nothing to do. */
  readonly remedy: string;
}

export interface CheckReport {
  readonly items: readonly CheckItem[];
  /** Nothing failed; there may be warnings. */
  readonly passed: boolean;
}

export function reportOf(items: readonly CheckItem[]): CheckReport {
  return { items, passed: items.every(({ status }) => status !== "Failed") };
}

const marks: Readonly<Record<CheckStatus, readonly [mark: string, colour: keyof Paint]>> = {
  Passed: ["✔", "good"],
  Warning: ["⚠", "warn"],
  Failed: ["✖", "bad"],
};

/** A line per item below the name of its group, what to do below that, and the outcome at the end. */
export function renderReport({ items, passed }: CheckReport, options: { readonly color: boolean }): string {
  const colours = paint(options.color);
  const groups = [...new Set(items.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const own = items.filter((item) => item.group === group);
    return [colours.strong(printableLine(group)), ...own.map((item) => renderItem(item, colours))].join("\n");
  });
  const failed = items.filter(({ status }) => status === "Failed").length;
  const warnings = items.filter(({ status }) => status === "Warning").length;
  const counts = [
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(warnings > 0 ? [plural(warnings, "warning")] : []),
    `${items.length} looked at`,
  ];
  const there = `Everything that is needed is there${warnings > 0 ? ", as far as could be seen" : ""}`;
  sections.push(`${passed ? there : "Something is to be done"}: ${counts.join(", ")}.`);
  return `${sections.join("\n\n")}\n`;
}

function renderItem({ status, message, remedy }: CheckItem, colours: Paint): string {
  const [mark, colour] = marks[status];
  const todo = remedy === "" ? "" : `\n    ${printableLine(remedy)}`;
  return `${colours[colour](mark)} ${printableLine(message)}${todo}`;
}

function plural(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}
