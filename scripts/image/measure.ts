/** How large an image's folder is, part by part. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface Measure {
  readonly part: string;
  readonly bytes: number;
  readonly files: number;
}

/** The first whose pattern fits decides. */
const parts: readonly (readonly [part: string, pattern: RegExp])[] = [
  ["node", /^usr\/local\/bin\/node$/],
  ["libraries", /^(?:usr\/)?lib/],
  ["node_modules", /^app\/node_modules\//],
  ["clickscribe", /^app\//],
  ["other", /^/],
];

/** One row per part, and `total` at the end. */
export function measure(rootfs: string): readonly Measure[] {
  const files = readdirSync(rootfs, { recursive: true, encoding: "utf8" }).flatMap((path) => {
    const stat = lstatSync(join(rootfs, path));
    return stat.isDirectory() ? [] : [{ size: stat.size, part: parts.find(([, pattern]) => pattern.test(path))?.[0] }];
  });
  const sum = (part: string, of: typeof files): Measure => ({
    part,
    bytes: of.reduce((total, { size }) => total + size, 0),
    files: of.length,
  });
  return [
    ...parts.map(([part]) =>
      sum(
        part,
        files.filter((file) => file.part === part),
      ),
    ),
    sum("total", files),
  ];
}

/** A line per row, in millions of bytes. */
export function printMeasure(rows: readonly Measure[]): string {
  return rows
    .map(
      ({ part, bytes, files }) =>
        `${part.padEnd(14)}${(bytes / 1e6).toFixed(1).padStart(7)} MB ${String(files).padStart(6)} files\n`,
    )
    .join("");
}
