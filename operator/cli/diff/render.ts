import { describeField } from "../../merge/describe.ts";
import type { ObjectDifference } from "../../sync/differ.ts";
import { printableLine } from "../printable.ts";
import { fileDiff, type Palette, paletteOf } from "../render-plan.ts";
import type { CaptureDifferences } from "./diff.ts";

const maxFields = 20;

/** For people: each object with its state and fields, and what its file would say; then a line of counts. */
export function renderDifferences(told: readonly CaptureDifferences[], options: { readonly color: boolean }): string {
  const palette = paletteOf(options.color);
  return `${told.map((each) => section(each, palette)).join("\n\n")}\n`;
}

function section({ capture, branch, remote, differences }: CaptureDifferences, palette: Palette): string {
  const where = printableLine(`${branch} of ${remote}`);
  const title = palette.strong(printableLine(`Capture ${capture.namespace}/${capture.name}`));
  if (differences.length === 0) return `${title}: ${where} says what the cluster has.`;
  const counts = new Map<string, number>();
  for (const { state } of differences) counts.set(state, (counts.get(state) ?? 0) + 1);
  const words = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  const objects = differences.map((difference) => object(difference, palette));
  return [`${title} differs from ${where}: ${words}.`, ...objects].join("\n\n");
}

function object(
  { identity, state, detail, reason, path, fields, before, after }: ObjectDifference,
  palette: Palette,
): string {
  const what = palette.strong(printableLine(`${identity.kind} ${identity.name}`));
  const said = reason === undefined ? detail : detail === reason ? reason : `${reason}: ${detail}`;
  const why = said === "" ? "" : ` (${printableLine(said)})`;
  const shown = fields.slice(0, maxFields).map((field) => `  ${printableLine(describeField(field))}`);
  const more = fields.length > maxFields ? [`  and ${fields.length - maxFields} more`] : [];
  const file = path ?? `${identity.kind} ${identity.name}`;
  const hasDiff = before !== after;
  const sides = { path: file, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
  return [`${what}: ${state}${why}`, ...shown, ...more, ...(hasDiff ? [fileDiff(sides, palette)] : [])].join("\n");
}
