/** Decides which heavy tests a time budget allows: pure, so that it is asked again after each part that was built. */
import { roughTime } from "../../control-plane/go-program.ts";
import type { PartName } from "./parts.ts";

/** What a test file needs, and how long it usually runs. */
export interface Need {
  readonly parts: readonly PartName[];
  readonly seconds: number;
}

export interface PlanInput {
  /** By test file. */
  readonly needs: Readonly<Record<string, Need>>;
  readonly cached: ReadonlySet<PartName>;
  /** Parts that cannot be built, and in one line why. */
  readonly impossible: ReadonlyMap<PartName, string>;
  readonly parts: Readonly<Record<PartName, { readonly usualSeconds: number }>>;
  /** What is left for building and testing. */
  readonly secondsLeft: number;
}

export interface Plan {
  /** To be built, in this order. */
  readonly build: readonly PartName[];
  /** Test files whose parts are cached or are to be built. */
  readonly run: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly part: PartName;
  readonly why: string;
  /** The test files that it takes out. */
  readonly files: readonly string[];
}

/**
 * Files that need no build always run. Then, as long as one fits in the time that is left, the file that costs least
 * (its own time and the builds that no chosen file pays already): so most files run.
 */
export function planParts(input: PlanInput): Plan {
  const { needs, cached, impossible, parts } = input;
  const build: PartName[] = [];
  const missing = (file: string): PartName[] =>
    (needs[file]?.parts ?? []).filter((part) => !cached.has(part) && !build.includes(part));
  const costOf = (file: string): number =>
    missing(file).reduce((sum, part) => sum + parts[part].usualSeconds, needs[file]?.seconds ?? 0);

  const run = Object.keys(needs).filter((file) => missing(file).length === 0);
  let left = run.reduce((rest, file) => rest - (needs[file]?.seconds ?? 0), input.secondsLeft);
  let waiting = Object.keys(needs).filter((file) => missing(file).length > 0);
  for (;;) {
    const possible = waiting.filter((file) => !missing(file).some((part) => impossible.has(part)));
    const [file] = possible.toSorted((a, b) => costOf(a) - costOf(b) || (a < b ? -1 : 1));
    if (file === undefined || costOf(file) > left) break;
    left -= costOf(file);
    build.push(...missing(file));
    run.push(file);
    waiting = waiting.filter((other) => other !== file);
  }

  const short = (part: PartName): string => {
    const cheapest = Math.min(...waiting.filter((file) => missing(file).includes(part)).map(costOf));
    return `not cached, needs about ${halfMinutes(cheapest, Math.ceil)}, ${halfMinutes(left, Math.floor)} left`;
  };
  const leftOut = [...new Set(waiting.flatMap(missing))].toSorted().map((part) => ({
    part,
    why: impossible.get(part) ?? short(part),
    files: waiting.filter((file) => needs[file]?.parts.includes(part)).toSorted(),
  }));
  return { build, run, leftOut };
}

function halfMinutes(seconds: number, round: (value: number) => number): string {
  return roughTime(Math.max(0, round(seconds / 30) * 30));
}

/** `left out: helm (not cached, needs about 4 min, 2 min left): test/real/chart.test.ts`. */
export function leftOutLine({ part, why, files }: LeftOut): string {
  return `left out: ${part} (${why}): ${files.join(", ")}`;
}
