/** `npm run bench -- NAME ... [--json] [--quick]`: a table for people, or one JSON line per case. */
import { burst } from "./burst.ts";
import { capture, captureLarge } from "./capture.ts";
import { circle } from "./circle.ts";
import { encode } from "./encode.ts";
import { inplace } from "./inplace.ts";
import { latency } from "./latency.ts";
import { push } from "./push.ts";
import type { Bench } from "./report.ts";
import { table } from "./report.ts";
import { restart } from "./restart.ts";
import { sustained } from "./sustained.ts";
import { webhook } from "./webhook.ts";

const benches: Readonly<Record<string, Bench>> = {
  latency,
  burst,
  capture,
  "capture-large": captureLarge,
  sustained,
  restart,
  webhook,
  encode,
  push,
  inplace,
  circle,
};
const usage = `usage: npm run bench -- NAME ... [--json] [--quick]
  ${Object.keys(benches).join(", ")}, or all
  --json   one line per case: {"bench", "case", "ours", "floor", "ratio", "unit"}
  --quick  smaller numbers, only to see that it works
`;

const args = process.argv.slice(2);
const names = args.filter((arg) => !arg.startsWith("--"));
const wanted = names.includes("all") ? Object.keys(benches) : names;
const unknown = wanted.filter((name) => !Object.hasOwn(benches, name));
if (args.includes("--help")) {
  process.stdout.write(usage);
} else if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`${unknown.length > 0 ? `there is no bench ${unknown.join(", ")}\n` : ""}${usage}`);
  process.exitCode = 2;
} else {
  for (const name of wanted) {
    const bench = benches[name];
    if (bench === undefined) continue;
    const began = Date.now();
    const progress = (line: string): void => {
      process.stderr.write(`[${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s] ${name}: ${line}\n`);
    };
    const cases = await bench({ progress, quick: args.includes("--quick") });
    if (args.includes("--json")) for (const row of cases) process.stdout.write(`${JSON.stringify(row)}\n`);
    else process.stdout.write(`${table(cases)}\n`);
  }
}
