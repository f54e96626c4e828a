/** What a bench says: one line per case, ours beside a floor measured in the same run. */
export interface BenchCase {
  readonly bench: string;
  readonly case: string;
  readonly ours: number;
  readonly floor: number;
  /** ours / floor. */
  readonly ratio: number;
  readonly unit: "ms" | "s" | "MB" | "bytes";
  /** What the floor is, or what else was seen. */
  readonly note?: string;
}

export interface BenchContext {
  /** A line of progress for people; goes to stderr. */
  readonly progress: (line: string) => void;
  /** Smaller numbers, to see that the bench works. */
  readonly quick: boolean;
}

export type Bench = (context: BenchContext) => Promise<readonly BenchCase[]>;

export function benchCase(
  bench: string,
  name: string,
  ours: number,
  floor: number,
  unit: BenchCase["unit"],
  note?: string,
): BenchCase {
  const round = (value: number): number => Math.round(value * 100) / 100;
  return {
    bench,
    case: name,
    ours: round(ours),
    floor: round(floor),
    ratio: round(ours / floor),
    unit,
    ...(note && { note }),
  };
}

/** The value below which the share `p` of the samples lies (nearest rank). */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/** A table for people. */
export function table(cases: readonly BenchCase[]): string {
  const rows = [
    ["bench", "case", "ours", "floor", "ratio", "unit", "note"],
    ...cases.map((row) => [
      row.bench,
      row.case,
      `${row.ours}`,
      `${row.floor}`,
      `${row.ratio}`,
      row.unit,
      row.note ?? "",
    ]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const right = new Set([2, 3, 4]);
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
