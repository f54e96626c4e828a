/** Durations as Go writes them (https://pkg.go.dev/time#ParseDuration), without sign and below a millisecond. */

const units: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/** `1m30s` to milliseconds; undefined for what is no such duration. "0" is one, as in Go. */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)) {
    sum += Number(amount) * (units.get(unit) ?? 0);
  }
  return Number.isSafeInteger(Math.round(sum)) ? sum : undefined;
}
