/**
 * Runs the project's checks and tests and ends with the line `N passed, N failed`.
 *
 *   node test/run.ts                 everything but the heavy counterparts: what `npm test` runs
 *   node test/run.ts --real          the heavy counterparts: test/real/*.test.ts, whose real parts are built and kept when
 *                                    they are not yet; what CLICKSCRIBE_REAL_MINUTES (default 25) do not allow is left
 *                                    out, each such part named with its tests
 *   node test/run.ts unit e2e ...    only the files whose path holds one of the words
 */
import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { NEEDED_BY } from "./real/parts/needed-by.ts";
import { isCached, parts, resolvePart } from "./real/parts/parts.ts";
import { prepareFiles } from "./real/parts/prepare.ts";

interface Totals {
  passed: number;
  failed: number;
}

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const heavyFolder = "test/real";

/** Static checks, each of which counts as one test. */
const checks: readonly (readonly [name: string, command: readonly string[]])[] = [
  ["types", ["tsc", "--noEmit"]],
  ["lint", ["oxlint", "--type-aware"]],
  ["format", ["biome", "check"]],
  ["generated files", ["node", "scripts/generate.ts", "--check"]],
];

const given = process.argv.slice(2);
const words = given.filter((word) => !word.startsWith("-"));
const real = given.includes("--real");
if (given.some((word) => word.startsWith("-") && word !== "--real")) {
  process.stderr.write("usage: npm test [-- WORD ...], npm run test:real [-- WORD ...]\n");
  process.exit(2);
}
const totals: Totals = { passed: 0, failed: 0 };
if (!real && words.length === 0) runChecks(totals);
const found = files();
const runnable = real ? await withParts(found) : found;
if (real && runnable.length === 0) {
  print(`nothing to run: ${found.length === 0 ? "no heavy test is named so" : "every heavy test was left out"}`);
}
await runTests(runnable, totals);
process.stdout.write(`${totals.passed} passed, ${totals.failed} failed\n`);
process.exitCode = totals.failed === 0 && (real || totals.passed > 0) ? 0 : 1;

function files(): readonly string[] {
  const all = globSync(
    ["operator/**/*.test.ts", "webhooks/**/*.test.ts", "scripts/**/*.test.ts", "test/**/*.test.ts"],
    {
      cwd: root,
      exclude: (name) => name.includes("node_modules"),
    },
  ).toSorted(byCost);
  const heavy = (name: string): boolean => dirname(name) === heavyFolder;
  return all.filter(
    (name) => heavy(name) === real && (words.length === 0 || words.some((word) => name.includes(word))),
  );
}

/** Those of the heavy `names` whose parts are there, built first if need be. */
function withParts(names: readonly string[]): Promise<readonly string[]> {
  const unlisted = names.filter((name) => NEEDED_BY[name] === undefined);
  if (unlisted.length > 0) throw new Error(`not in test/real/parts/needed-by.ts: ${unlisted.join(", ")}`);
  return prepareFiles({
    needs: Object.fromEntries(Object.entries(NEEDED_BY).filter(([name]) => names.includes(name))),
    budgetSeconds: realMinutes() * 60,
    parts,
    isCached: (part) => isCached(part),
    build: (part, limitMs) => resolvePart(part, { progress: print, limitMs }),
    progress: print,
  });
}

function realMinutes(): number {
  const value = process.env.CLICKSCRIBE_REAL_MINUTES ?? "25";
  if (!/^\d+$/u.test(value)) throw new Error(`CLICKSCRIBE_REAL_MINUTES=${value}: not a whole number of minutes`);
  return Number(value);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The long ones first, so that two cores end together. */
function byCost(a: string, b: string): number {
  const cost = (name: string): number => (name.startsWith("test/e2e") ? 0 : name.startsWith("test/") ? 1 : 2);
  return cost(a) - cost(b) || (a < b ? -1 : 1);
}

function runChecks(into: Totals): void {
  for (const [name, [command = "", ...args]] of checks) {
    const began = performance.now();
    const done = spawnSync(command, args, { cwd: root, encoding: "utf8" });
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    if (done.status === 0) into.passed++;
    else into.failed++;
    process.stdout.write(`${done.status === 0 ? "✔" : "✖"} ${name} (${seconds} s)\n`);
    if (done.status !== 0) process.stdout.write(`${done.stdout}${done.stderr}${done.error?.message ?? ""}\n`);
  }
}

async function runTests(names: readonly string[], into: Totals): Promise<void> {
  if (names.length === 0) return;
  const stream = run({ files: names.map((name) => join(root, name)), concurrency: 2, timeout: 900_000 });
  stream.on("test:summary", ({ counts, file }) => {
    if (file !== undefined) return;
    into.passed += counts.passed;
    into.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  const report = stream.compose(new spec());
  report.pipe(process.stdout);
  await new Promise<void>((resolve, reject) => report.on("end", resolve).on("error", reject));
}
