/**
 * Which fields of a kind the API server fills in where they are missing, as dry-runs told: what to try in an object, never
 * what to leave out of it.
 */
import { type Leaf, leavesOf, omit, valueAt } from "../manifest/default-fields.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import type { JsonObject } from "../values.ts";
import type { DryRun, DryRunAnswer } from "./dry-run.ts";

export interface Lessons {
  /**
   * The leaves of an object that the server may put back; dry-runs first for those of which nothing is known yet. An
   * object that the server would not take as it is teaches nothing. Throws the Failures of DryRun.
   */
  candidates(content: JsonObject): Promise<readonly Leaf[]>;
  /** Dry-runs that were made to learn. */
  readonly spent: number;
}

const maxLessons = 128;
/** In so many objects a field must have stayed away before it is left alone: a default may depend on other fields. */
const maxFailures = 3;

export function createLessons(schema: KindSchema, dryRun: DryRun): Lessons {
  /** Of patterns: filled in at least once, or how often not. */
  const filled = new Set<string>();
  const failures = new Map<string, number>();
  let spent = 0;
  let last: Promise<unknown> = Promise.resolve();

  const isOpen = (pattern: string): boolean => !filled.has(pattern) && (failures.get(pattern) ?? 0) < maxFailures;

  function fail(pattern: string): void {
    failures.set(pattern, (failures.get(pattern) ?? 0) + 1);
  }

  async function ask(content: JsonObject): Promise<DryRunAnswer> {
    spent++;
    return await dryRun(content);
  }

  /** All at once where the server takes it; halves of what it refuses, down to single ones. */
  async function learn(
    content: JsonObject,
    groups: ReadonlyMap<string, readonly string[]>,
    isTaken: boolean,
  ): Promise<void> {
    if (groups.size === 0 || spent >= maxLessons) return;
    const leaves = new Set([...groups.values()].flat());
    const answer = await ask(omit(content, { leaves, structs: everything }, schema));
    if (answer.outcome === "Refused" && !isTaken && (await ask(content)).outcome !== "Accepted") return;
    const unclear = answer.outcome === "Refused" ? groups : judge(groups, answer.content);
    if (groups.size === 1) for (const pattern of unclear.keys()) fail(pattern);
    else for (const half of halves(unclear)) await learn(content, half, true);
  }

  /** Answers those whose struct went with them. */
  function judge(
    groups: ReadonlyMap<string, readonly string[]>,
    answer: JsonObject,
  ): ReadonlyMap<string, readonly string[]> {
    const unclear = new Map<string, readonly string[]>();
    for (const [pattern, paths] of groups) {
      if (paths.some((path) => valueAt(answer, path) !== undefined)) filled.add(pattern);
      else if (paths.some((path) => valueAt(answer, path.slice(0, path.lastIndexOf("/"))) !== undefined)) fail(pattern);
      else unclear.set(pattern, paths);
    }
    return unclear;
  }

  return {
    get spent() {
      return spent;
    },
    async candidates(content) {
      const leaves = leavesOf(content, schema);
      const study = async (): Promise<void> => {
        const groups = new Map<string, string[]>();
        for (const { pattern, path } of leaves) {
          if (isOpen(pattern)) groups.set(pattern, [...(groups.get(pattern) ?? []), path]);
        }
        await learn(content, groups, false);
      };
      // One object after the other: what one teaches the next need not ask.
      if (leaves.some(({ pattern }) => isOpen(pattern)) && spent < maxLessons) await (last = last.then(study, study));
      return leaves.filter(({ pattern }) => filled.has(pattern));
    },
  };
}

/** Structs stay, so that it shows which fields come back. */
const everything = { has: () => true };

function halves<K, V>(map: ReadonlyMap<K, V>): readonly ReadonlyMap<K, V>[] {
  const entries = [...map];
  const middle = Math.ceil(entries.length / 2);
  return [new Map(entries.slice(0, middle)), new Map(entries.slice(middle))];
}
