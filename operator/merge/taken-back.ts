/** PURE: whether somebody put back what another had changed. */
import type { JsonObject } from "../values.ts";
import { equalJson } from "./contains.ts";
import { diffFields } from "./diff-fields.ts";

/**
 * Of what a change made of `before`, the fields that have their former value again in `now`, named for people. undefined
 * is an object that is not there.
 */
export function takenBack(
  before: JsonObject | undefined,
  changed: JsonObject | undefined,
  now: JsonObject | undefined,
): readonly string[] {
  if (before === undefined || changed === undefined || now === undefined)
    return isSame(before, now) && !isSame(before, changed) ? [""] : [];
  const left = new Set(diffFields(before, now).map(({ path }) => path));
  return diffFields(before, changed)
    .map(({ path }) => path)
    .filter((path) => !left.has(path) && ![...left].some((other) => isBelow(other, path) || isBelow(path, other)));
}

function isSame(a: JsonObject | undefined, b: JsonObject | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalJson(a, b);
}

function isBelow(path: string, above: string): boolean {
  return path.startsWith(above) && (path[above.length] === "." || path[above.length] === "[");
}
