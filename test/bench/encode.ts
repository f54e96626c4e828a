/**
 * Clean and encode of 10,000 mixed objects, each beside a floor that does less: JSON.stringify, and the general-purpose
 * YAML encoder without any cleaning; and the most memory that a process held which read, cleaned and encoded them all.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { stringify } from "yaml";
import { clean } from "../../operator/manifest/clean.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { JsonObject } from "../../operator/values.ts";
import { objectTexts } from "./encode-objects.ts";
import type { Bench, BenchCase } from "./report.ts";
import { benchCase, percentile } from "./report.ts";

export const encode: Bench = async ({ progress, quick }) => {
  const count = quick ? 500 : 10_000;
  const raw = objectTexts(count).map((text) => parseJson(text) as JsonObject);
  const cleaned = raw.map((object) => clean(object));
  const rounds = quick ? 3 : 9;
  const perSecond = (ms: number): string => `${Math.round(count / (ms / 1000)).toLocaleString("en")} objects/s`;

  progress(`encoding ${count} objects`);
  const [encoded, floor] = compare(rounds, [() => each(cleaned, serialize), () => each(cleaned, JSON.stringify)]);

  progress("cleaning and encoding them");
  const [both, yaml] = compare(quick ? 1 : 3, [
    () => each(raw, (object) => serialize(clean(object))),
    () => each(cleaned, (object) => stringify(object, { compat: "yaml-1.1", lineWidth: 0 })),
  ]);

  progress("measuring memory");
  return [
    benchCase("encode", "encode", encoded, floor, "ms", `JSON.stringify; ours ${perSecond(encoded)}`),
    benchCase("encode", "clean+encode", both, yaml, "ms", `yaml's stringify, cleaned before; ours ${perSecond(both)}`),
    await memoryCase("peak memory, clean+encode", ["encode", `${count}`], ["hold", `${count}`], "the objects alone"),
    ...(await readingList(quick ? 2 : 20, progress)),
  ];
};

/** A list of so many MB in which every object holds an integer past 2^53. */
async function readingList(megabytes: number, progress: (line: string) => void): Promise<readonly BenchCase[]> {
  progress(`reading a list of ${megabytes} MB`);
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-bench-"));
  try {
    const file = join(folder, "list.json");
    const text = listText(megabytes);
    await writeFile(file, text);
    const [ours, floor] = compare(3, [() => parseJson(text), () => JSON.parse(text)]);
    const name = `${megabytes} MB list, integers past 2^53`;
    return [
      benchCase("encode", name, ours, floor, "ms", "JSON.parse, which loses them"),
      await memoryCase(`peak memory, ${name}`, ["parse", file], ["read", file], "JSON.parse, which loses them"),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function listText(megabytes: number): string {
  const items: string[] = [];
  for (let length = 0; length < megabytes * 1e6; length += items.at(-1)?.length ?? 0) {
    const i = items.length;
    const [text = ""] = objectTexts(1, i);
    items.push(`${text.slice(0, -1)},"serial":${9_007_199_254_740_993n + 2n * BigInt(i)}}`);
  }
  return `{"kind":"List","apiVersion":"v1","metadata":{},"items":[${items.join(",")}]}`;
}

/** What each takes in milliseconds: the median of so many rounds, in turn, after one that is not counted. */
function compare(rounds: number, works: readonly [() => unknown, () => unknown]): readonly [number, number] {
  const times = works.map(() => [] as number[]);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, work] of works.entries()) {
      const began = performance.now();
      work();
      if (round > 0) times[i]?.push(performance.now() - began);
    }
  }
  const [ours = [], floor = []] = times;
  return [percentile(ours, 0.5), percentile(floor, 0.5)];
}

/** The last character is read, so that nothing is left out: V8 puts a string's pieces together when one is. */
function each(objects: readonly JsonObject[], encodeOne: (object: JsonObject) => string): number {
  let sum = 0;
  for (const object of objects) {
    const text = encodeOne(object);
    sum += text.charCodeAt(text.length - 1);
  }
  return sum;
}

/** Both in a process of their own: what was measured before would show. */
async function memoryCase(
  name: string,
  ours: readonly string[],
  floor: readonly string[],
  note: string,
): Promise<BenchCase> {
  return benchCase("encode", name, await peakOf(ours), await peakOf(floor), "MB", note);
}

/** The peak in MB that encode-memory.ts prints. */
async function peakOf(args: readonly string[]): Promise<number> {
  const script = fileURLToPath(new URL("encode-memory.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args]);
  return Number(stdout);
}
