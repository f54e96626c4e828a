/**
 * 10,000 objects that nobody changed meanwhile: from the start of the process until the Capture was compared with the
 * cluster, beside a paged list and a fetch of the record by the git CLI; and what it holds and does when all is quiet,
 * beside a process that has imported the Kubernetes client.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runGit } from "../git/git-cli.ts";
import { root } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { captureAll, createMany, list } from "./capture.ts";
import type { Bench } from "./report.ts";
import { benchCase } from "./report.ts";
import { cpuSeconds, epoch, memory, must, startWorld, type World } from "./world.ts";

const idleSeconds = 30;

export const restart: Bench = async ({ progress, quick }) => {
  const count = quick ? 500 : 10_000;
  await using world = await startWorld(progress);
  const { plane, git } = world;
  await createMany(world, "many", count, progress);
  progress(`capturing ${count} ConfigMaps`);
  const { repository } = await captureAll(world, "many", count);
  const path = "/apis/clickscribe.dev/v1alpha1/namespaces/many/captures/all";
  const settled = async (word: string): Promise<void> => {
    await waitFor(
      "the Capture to be compared",
      async () => {
        const { status } = (await plane.request("admin", "GET", path)).body;
        return status?.lastHandledReconcileAt === word ? true : undefined;
      },
      { timeoutMs: 300_000 },
    );
  };
  const ask = (word: string): Promise<void> =>
    must(plane, "PATCH", path, { metadata: { annotations: { "clickscribe.dev/reconcile-requested-at": word } } });
  await ask("captured");
  await settled("captured");
  await world.operator.stop();

  progress("paged list + git fetch of the record");
  const record = "refs/clickscribe/bench/c/many/all";
  const floor = await listAndFetch(world, repository.url, record);

  progress("restart");
  const refs = await repository.git("show-ref");
  let pushes = 0;
  git.onPostReceive(() => pushes++);
  await ask("restarted");
  const began = epoch();
  const operator = await world.startOperator();
  await settled("restarted");
  const took = (epoch() - began) / 1000;
  const cpu = cpuSeconds(operator.pid);

  progress(`idle for ${idleSeconds} s`);
  await sleep(quick ? 2_000 : idleSeconds * 1_000);
  const idleCpu = cpuSeconds(operator.pid) - cpu;
  const held = memory(operator.pid);
  const bare = await importedClient();
  const moved = refs !== (await repository.git("show-ref"));
  if (moved || pushes > 0) throw new Error("something was pushed that nobody changed");
  return [
    benchCase("restart", `${count} unchanged, until compared`, took, floor, "s", `${cpu.toFixed(1)} CPU-s; no push`),
    benchCase("restart", "memory when idle", held, bare, "MB", "node with @kubernetes/client-node imported"),
    benchCase("restart", "CPU when idle", idleCpu, idleSeconds, "s", "of one core, in this time"),
  ];
};

async function listAndFetch({ plane, git }: World, url: string, record: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-bench-"));
  const env = git.clientEnvironment();
  try {
    await runGit(["init", "--quiet", "--bare", folder], { env });
    const began = performance.now();
    let seen = 0;
    for await (const item of list(plane, "many")) if (item.metadata.name !== "") seen++;
    if (seen === 0) throw new Error("the list is empty");
    await runGit(["fetch", "--quiet", "--depth=1", url, record], { cwd: folder, env });
    return (performance.now() - began) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function importedClient(): Promise<number> {
  const script = 'import("@kubernetes/client-node").then(() => { console.log("ready"); setInterval(() => {}, 1000); })';
  const child = spawn(process.execPath, ["-e", script], { cwd: root, stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    return memory(child.pid ?? 0);
  } finally {
    child.kill();
  }
}
