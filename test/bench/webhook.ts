/**
 * What people wait for with each edit: the API's answer to an update while a first capture of 10,000 objects runs, and
 * when the operator is dead; the floor is a webhook that only answers.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { startAnsweringWebhook } from "./answering-webhook.ts";
import { captureAll, createMany } from "./capture.ts";
import type { Bench, BenchCase } from "./report.ts";
import { benchCase, percentile } from "./report.ts";
import { configMap, epoch, must, startWorld } from "./world.ts";

export const webhook: Bench = async ({ progress, quick }) => {
  const count = quick ? 500 : 10_000;
  const updates = quick ? 50 : 300;
  progress("a webhook that only answers");
  const floor = await withAnsweringWebhook(progress, updates);

  await using world = await startWorld(progress);
  const { plane } = world;
  await world.capture("busy", 10, 1);
  await createMany(world, "many", count, progress);
  progress(`updates while ${count} ConfigMaps are captured`);
  let captured = false;
  const done = captureAll(world, "many", count).then(() => {
    captured = true;
    return captured;
  });
  const during = await latencies(plane, "busy", (n) => !captured || n < 20);
  await done;
  progress("updates while all is quiet");
  const quiet = await latencies(plane, "busy", (n) => n < updates);
  progress("updates while the operator is dead");
  await world.operator.kill();
  const dead = await latencies(plane, "busy", (n) => n < updates);
  const rows: readonly (readonly [string, readonly number[]])[] = [
    [`first capture of ${count} under way`, during],
    ["quiet", quiet],
    ["operator dead", dead],
  ];
  return rows.flatMap(([name, samples]): readonly BenchCase[] =>
    [0.5, 0.99].map((p) => {
      const note = `a webhook that only answers; ${samples.length} updates`;
      return benchCase("webhook", `${name}, p${p * 100}`, percentile(samples, p), percentile(floor, p), "ms", note);
    }),
  );
};

async function withAnsweringWebhook(progress: (line: string) => void, updates: number): Promise<readonly number[]> {
  await using plane = await startControlPlane({ progress });
  await using _webhook = await startAnsweringWebhook(plane);
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: "busy" } });
  await must(plane, "POST", "/api/v1/namespaces/busy/configmaps", configMap("app-0"));
  return await latencies(plane, "busy", (n) => n < updates);
}

/** Milliseconds of each update of one object, one after the other, for as long as `goOn` says. */
async function latencies(
  plane: ControlPlane,
  namespace: string,
  goOn: (count: number) => boolean,
): Promise<readonly number[]> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/app-0`;
  const samples: number[] = [];
  const send = async (data: object): Promise<void> => {
    const { status } = await plane.request("alice", "PATCH", path, { data });
    if (status >= 300) throw new Error(`PATCH ${path}: ${status}`);
  };
  await send({ warm: "up" });
  while (goOn(samples.length)) {
    const began = epoch();
    await send({ counter: String(samples.length) });
    samples.push(epoch() - began);
    await sleep(10);
  }
  return samples;
}
