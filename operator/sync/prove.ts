/** The search for the least that an API server makes the same object of. */
import { type Difference, differenceOf, omit } from "../manifest/default-fields.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import type { JsonObject } from "../values.ts";
import type { DryRun, DryRunAnswer } from "./dry-run.ts";

export interface ProvenOmission {
  readonly leaves: ReadonlySet<string>;
  readonly structs: ReadonlySet<string>;
}

export type Proof =
  | { readonly outcome: "Proven"; readonly omission: ProvenOmission }
  /** The server would not take such an object anew, or makes another of it whatever is left out. */
  | { readonly outcome: "Unprovable" };

/** Most take one, those with a value other than the default two; more where the server refuses what is left. */
const maxDryRuns = 24;
const maxRounds = 5;
const unprovable: Proof = { outcome: "Unprovable" };

/**
 * Leaves out the fields at these JSON Pointers, and puts back what does not come out as it was, until the server's answer is
 * the same object: as the content says, or, where the server adds to it anyway, as it makes of the whole content. Throws the
 * Failures of DryRun.
 */
export async function prove(
  content: JsonObject,
  leaves: ReadonlySet<string>,
  schema: KindSchema,
  dryRun: DryRun,
): Promise<Proof> {
  let runs = 0;
  const ask: DryRun = async (object) => (runs++ < maxDryRuns ? await dryRun(object) : { outcome: "Refused" });
  const without = async (omission: ProvenOmission): Promise<DryRunAnswer> => await ask(omit(content, omission, schema));
  let omission: ProvenOmission = { leaves, structs: new Set() };
  let wanted = content;
  for (let round = 0; round < maxRounds; round++) {
    let answer = await without(omission);
    if (answer.outcome === "Refused" && wanted === content) {
      const whole = await ask(content);
      if (whole.outcome !== "Accepted") return unprovable;
      const { structs } = omission;
      omission = { leaves: await taken(omission.leaves, (some) => without({ leaves: some, structs })), structs };
      answer = await without(omission);
    }
    if (answer.outcome !== "Accepted") return unprovable;
    let difference = differenceOf(wanted, answer.content);
    if (isNone(difference)) return { outcome: "Proven", omission };
    let next = putBack(omission, difference);
    if (wanted === content && (next === undefined || difference.widened.length > 0)) {
      const whole = await ask(content);
      if (whole.outcome !== "Accepted") return unprovable;
      wanted = whole.content;
      // What the server makes another of in any case stays: the object has it.
      const kept = putBack(omission, { ...differenceOf(content, wanted), widened: [] });
      if (kept !== undefined) {
        omission = kept;
        continue;
      }
      difference = differenceOf(wanted, answer.content);
      if (isNone(difference)) return { outcome: "Proven", omission };
      next = putBack(omission, difference);
    }
    if (next === undefined) break;
    omission = next;
  }
  return unprovable;
}

/** As many of the fields as the server takes an object without: by halves. */
async function taken(
  fields: ReadonlySet<string>,
  without: (some: ReadonlySet<string>) => Promise<DryRunAnswer>,
): Promise<ReadonlySet<string>> {
  let gone: ReadonlySet<string> = new Set();
  const add = async (group: readonly string[]): Promise<void> => {
    if (group.length === 0) return;
    const more = new Set([...gone, ...group]);
    if ((await without(more)).outcome === "Accepted") gone = more;
    else if (group.length > 1) {
      const middle = Math.ceil(group.length / 2);
      await add(group.slice(0, middle));
      await add(group.slice(middle));
    }
  };
  const all = [...fields];
  const middle = Math.ceil(all.length / 2);
  await add(all.slice(0, middle));
  await add(all.slice(middle));
  return gone;
}

function isNone({ missing, changed, widened }: Difference): boolean {
  return missing.length + changed.length + widened.length === 0;
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
