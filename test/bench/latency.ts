/**
 * One edit: from the API's answer to the server's post-receive of the source branch. Quiet period 0, 100 different
 * objects, isolated and back to back, in repositories of 10 and of 10,000 files.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../harness/wait-for.ts";
import { gitCommitAndPush } from "./git-floor.ts";
import type { Bench, BenchCase } from "./report.ts";
import { benchCase, percentile } from "./report.ts";
import { type Captured, configMap, sendAll, startWorld, type World } from "./world.ts";

export const latency: Bench = async ({ progress, quick }) => {
  await using world = await startWorld(progress);
  const edits = quick ? 5 : 100;
  const cases: BenchCase[] = [];
  const isolated: number[] = [];
  for (const files of [10, 10_000]) {
    progress(`repository of ${files} files: ${edits} edits, 1 s apart`);
    const captured = await world.capture(`latency-${files}`, files);
    const apart = await edit(world, captured, "apart", edits, 1_000);
    progress(`repository of ${files} files: git CLI`);
    const repository = await world.git.createRepository(`floor-${files}`, {});
    await repository.commitAsPerson({ files: await sameFiles(captured), message: "the same files" });
    const floor = await gitCommitAndPush(world.git, repository, quick ? 3 : 20);
    progress(`repository of ${files} files: ${edits} edits back to back`);
    const together = await edit(world, captured, "together", edits, 0);
    for (const [name, samples] of [
      ["isolated", apart],
      ["back to back", together],
    ] as const) {
      for (const p of [0.5, 0.95]) {
        const label = `${name}, ${files} files, p${p * 100}`;
        cases.push(
          benchCase("latency", label, percentile(samples, p), percentile(floor, p), "ms", "git commit + git push"),
        );
      }
    }
    isolated.push(percentile(apart, 0.5));
  }
  const [small = Number.NaN, large = Number.NaN] = isolated;
  cases.push(benchCase("latency", "growth: p50 at 10,000 files over p50 at 10", large, small, "ms", "isolated"));
  return cases;
};

/** Creates objects one after the other and answers how long each took to stand on the branch, in milliseconds. */
async function edit(world: World, captured: Captured, name: string, count: number, apartMs: number): Promise<number[]> {
  const { namespace, repository } = captured;
  const answered = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const object = `${name}-${i}`;
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const [at] = await sendAll(world.plane, 1, [{ method: "POST", path, body: configMap(object) }]);
    answered.set(`captured/configmap-${object}.yaml`, at ?? Number.NaN);
    if (apartMs > 0) await sleep(apartMs);
  }
  const files = await waitFor(`${count} files on the branch`, async () => {
    const present = new Set(await repository.files("main", "captured"));
    return [...answered.keys()].every((file) => present.has(file)) ? present : undefined;
  });
  if (files.size < count) throw new Error("files are missing");
  const landed = await landings(captured);
  return [...answered].map(([file, at]) => (landed.get(file) ?? Number.NaN) - at);
}

/** When each file first stood on the branch. */
async function landings({ repository, received }: Captured): Promise<Map<string, number>> {
  const landed = new Map<string, number>();
  for (const { at, refs } of received) {
    for (const { ref, old, new: tip } of refs) {
      if (ref !== "refs/heads/main" || /^0+$/.test(old)) continue;
      const names = await repository.git("diff-tree", "-r", "--name-only", "--diff-filter=AM", old, tip);
      for (const file of names.split("\n")) if (file !== "" && !landed.has(file)) landed.set(file, at);
    }
  }
  return landed;
}

async function sameFiles({ repository }: Captured): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const file of await repository.files("main")) files[file] = `${file}\n${"x".repeat(900)}\n`;
  return files;
}
