/** Gets the parts of the heavy tests as far as the time allows, one after the other, and says which files can run. */
import type { PartName } from "./parts.ts";
import { leftOutLine, type Need, type Plan, planParts } from "./plan.ts";

export interface Preparation {
  readonly needs: Readonly<Record<string, Need>>;
  /** For building and testing together. */
  readonly budgetSeconds: number;
  readonly parts: Readonly<Record<PartName, { readonly usualSeconds: number }>>;
  readonly isCached: (part: PartName) => Promise<boolean>;
  /** Rejects with one line that says why the part cannot be had. */
  readonly build: (part: PartName, limitMs: number) => Promise<unknown>;
  readonly progress: (line: string) => void;
  /** Milliseconds. Default: the monotonic clock. */
  readonly now?: () => number;
}

/** Answers the files that can run; each part that is left out is told with the files that it takes out. */
export async function prepareFiles(preparation: Preparation): Promise<readonly string[]> {
  const { needs, budgetSeconds, parts, progress } = preparation;
  const now = preparation.now ?? (() => performance.now());
  const deadline = now() + budgetSeconds * 1_000;
  const cached = new Set<PartName>();
  for (const part of new Set(Object.values(needs).flatMap((need) => need.parts))) {
    if (await preparation.isCached(part)) cached.add(part);
  }
  const impossible = new Map<PartName, string>();
  const plan = (): Plan =>
    planParts({ needs, cached, impossible, parts, secondsLeft: Math.round((deadline - now()) / 1_000) });
  let current = plan();
  for (let [part] = current.build; part !== undefined; [part] = current.build) {
    try {
      const reserved = current.run.reduce((sum, file) => sum + (needs[file]?.seconds ?? 0), 0);
      // Whole, as child processes take no other limit; and never none at all.
      await preparation.build(part, Math.max(1, Math.floor(deadline - now() - reserved * 1_000)));
      cached.add(part);
    } catch (error) {
      impossible.set(part, (error as Error).message);
    }
    // A build takes what it takes: what still fits is judged again.
    current = plan();
  }
  for (const leftOut of current.leftOut) progress(leftOutLine(leftOut));
  return current.run.toSorted();
}
