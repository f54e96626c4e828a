/** The search for the least that an API server makes the same object of. */
import { type Difference, differenceOf, omit } from "../manifest/default-fields.ts";
import type { DefaultsSchema } from "../manifest/defaults-schema.ts";
import type { JsonObject } from "../values.ts";
import type { DryRun } from "./dry-run.ts";

export interface ProvenOmission {
  readonly leaves: ReadonlySet<string>;
  readonly structs: ReadonlySet<string>;
}

export type Proof =
  | { readonly outcome: "Proven"; readonly omission: ProvenOmission }
  /** The server would not take such an object anew, or makes another of it whatever is left out. */
  | { readonly outcome: "Unprovable" }
  | { readonly outcome: "Unanswered" | "Denied" };

/** Most take one, those with a value other than the default two. */
const maxDryRuns = 6;

/**
 * Leaves out the fields at these JSON Pointers, and puts back what does not come out as it was, until the server's answer is the same object:
 * as the content says, or, where the server adds to it anyway, as it makes of the whole content.
 */
export async function prove(
  content: JsonObject,
  leaves: ReadonlySet<string>,
  schema: DefaultsSchema,
  dryRun: DryRun,
): Promise<Proof> {
  let omission: ProvenOmission = { leaves, structs: new Set() };
  let wanted = content;
  let isBaseline = false;
  for (let runs = 0; runs < maxDryRuns; runs++) {
    const answer = await dryRun(omit(content, omission, schema));
    if (answer.outcome === "Unanswered" || answer.outcome === "Denied") return answer;
    if (answer.outcome === "Accepted") {
      const difference = differenceOf(wanted, answer.content);
      if (isNone(difference)) return { outcome: "Proven", omission };
      const next = putBack(omission, difference);
      if (next !== undefined) {
        omission = next;
        continue;
      }
    }
    if (isBaseline) break;
    isBaseline = true;
    const whole = await dryRun(content);
    if (whole.outcome === "Unanswered" || whole.outcome === "Denied") return whole;
    // What the content says must come out as it is, or this object is none that can be made anew.
    if (whole.outcome === "Refused" || !isWithin(content, whole.content)) break;
    wanted = whole.content;
    if (answer.outcome === "Refused") break;
  }
  return { outcome: "Unprovable" };
}

function isNone({ missing, changed, widened }: Difference): boolean {
  return missing.length + changed.length + widened.length === 0;
}

function isWithin(content: JsonObject, whole: JsonObject): boolean {
  const { missing, changed } = differenceOf(content, whole);
  return missing.length + changed.length === 0;
}

/** undefined: nothing was left out where the difference is. */
function putBack(
  { leaves, structs }: ProvenOmission,
  { missing, changed, widened }: Difference,
): ProvenOmission | undefined {
  const left = new Set(leaves);
  const kept = new Set(structs);
  const restore = (path: string): void => {
    for (const leaf of leaves) if (isWithinPath(leaf, path) || isWithinPath(path, leaf)) left.delete(leaf);
  };
  for (const path of missing) {
    // A struct that went with its fields stays for them first.
    if (leaves.has(path) || structs.has(path)) restore(path);
    else kept.add(path);
  }
  for (const path of [...changed, ...widened]) restore(path);
  return left.size < leaves.size || kept.size > structs.size ? { leaves: left, structs: kept } : undefined;
}

function isWithinPath(path: string, outer: string): boolean {
  return path === outer || path.startsWith(`${outer}/`);
}
