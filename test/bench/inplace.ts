/**
 * One edit of an object that stands in a file that people wrote, from the API's answer to the pushed commit, in a repository
 * of 5,000 YAML files of mixed shapes; beside it the same edit where Clickscribe wrote the only files. And the index of such a
 * repository: how long its files take to be read.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { indexSource } from "../../operator/layout/source-index.ts";
import { blobId } from "../../operator/manifest/blob-id.ts";
import { parseManifests } from "../../operator/manifest/parse-manifests.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Bench } from "./report.ts";
import { benchCase, percentile } from "./report.ts";
import { type Captured, configMap, sendAll, startWorld, type World } from "./world.ts";

const targets = 20;

export const inplace: Bench = async ({ progress, quick }) => {
  const count = quick ? 500 : 5_000;
  const files = mixedFiles(count);
  const texts = Object.entries(files);
  progress(`indexing ${count} files`);
  const [ours, floor]: [number[], number[]] = [[], []];
  let objects = 0;
  for (let i = 0; i < (quick ? 1 : 5); i++) {
    ours.push(
      timed(() => {
        const read = texts.map(([path, text]) => ({
          file: { path, blob: blobId(text) },
          parsed: parseManifests(text),
        }));
        objects = indexSource(read, "inplace").homes.size;
      }),
    );
    floor.push(timed(() => texts.forEach(([, text]) => parseAllDocuments(text))));
  }
  const index = percentile(ours, 0.5);
  const rate = Math.round((objects / index) * 1_000).toLocaleString("en");
  const indexed = benchCase(
    "inplace",
    `index of ${count} files`,
    index,
    percentile(floor, 0.5),
    "ms",
    `${rate} objects/s; floor: yaml alone`,
  );

  await using world = await startWorld(progress);
  const edits = quick ? 5 : 60;
  const empty = await world.capture("inplace-0", {}, targets);
  const mixed = await world.capture(`inplace-${count}`, files, targets);
  const samples: Record<"empty" | "mixed", number[]> = { empty: [], mixed: [] };
  for (let i = 0; i < edits; i++) {
    if (i % 20 === 0) progress(`edit ${i} of ${edits}, in turn`);
    samples.empty.push(await edit(world, empty, i));
    samples.mixed.push(await edit(world, mixed, i));
  }
  const rows = [0.5, 0.95].map((p) =>
    benchCase(
      "inplace",
      `one edit among ${count} files, p${p * 100}`,
      percentile(samples.mixed, p),
      percentile(samples.empty, p),
      "ms",
      "floor: an empty repository",
    ),
  );
  return [indexed, ...rows];
};

function timed(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

async function edit(world: World, { namespace, received }: Captured, i: number): Promise<number> {
  const before = received.length;
  const path = `/api/v1/namespaces/${namespace}/configmaps/app-${i % targets}`;
  const body = { ...configMap(`app-${i % targets}`), data: { text: `edit ${i}` } };
  const [answered = Number.NaN] = await sendAll(world.plane, 1, [{ method: "PUT", path, body }]);
  const push = await waitFor("the commit", async () => received[before], { timeoutMs: 30_000, intervalMs: 5 });
  await sleep(100);
  return push.at - answered;
}

/** Of six shapes; the objects to be edited stand in some of them. */
function mixedFiles(count: number): Record<string, string> {
  const files: Record<string, string> = {};
  const text = (name: string): string => `${name} ${"x".repeat(200)}`;
  for (let i = 0; i < count; i++) {
    const isTarget = i < targets;
    const name = isTarget ? `app-${i}` : `other-${i}`;
    const kind = isTarget ? "ConfigMap" : ["ConfigMap", "Deployment", "Service"][i % 3];
    const apiVersion = kind === "Deployment" ? "apps/v1" : "v1";
    const head = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n`;
    const data = `data:\n  text: ${text(name)}\n`;
    const deep = `spec:\n  template:\n    spec:\n      containers:\n        - name: app # the app\n          image: registry.example.com/app:${i}\n          env:\n            - {name: A, value: "1"}\n`;
    const rest = isTarget ? data : `${data}${deep}`;
    const shapes = [
      `${head}${rest}`,
      `# ${name}\n---\n${head}${rest}---\n# beside it\n${head.replace(name, `${name}-b`)}${data}`,
      `kind: List\napiVersion: v1\nitems:\n  - ${`${head}${rest}`.trimEnd().replaceAll("\n", "\n    ")}\n`,
      `${head}${rest}`.replaceAll("\n", "\r\n"),
      `# Copyright\n\n${head}  # labels\n  labels: {a: b, c: "d"}\n${rest}`,
      `${JSON.stringify({ apiVersion, kind, metadata: { name }, data: { text: text(name) } }, undefined, 4)}\n`,
    ];
    const shape = isTarget ? i % 4 : i % 6;
    files[`captured/team-${i % 50}/${name}.${shape === 5 ? "json" : "yaml"}`] = shapes[shape] ?? "";
  }
  return files;
}
