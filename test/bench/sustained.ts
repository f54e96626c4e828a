/**
 * 100 updates a second over 200 objects for 30 s: how long each takes until the branch holds it, or what came after it.
 * The floor is the git CLI's commit and push of one file to the same server.
 */
import { waitFor } from "../harness/wait-for.ts";
import { gitCommitAndPush } from "./git-floor.ts";
import type { Bench } from "./report.ts";
import { benchCase, percentile } from "./report.ts";
import { type Captured, configMap, cpuSeconds, type Request, sendAll, startWorld } from "./world.ts";

const objects = 200;
const perSecond = 100;

export const sustained: Bench = async ({ progress, quick }) => {
  const seconds = quick ? 3 : 30;
  await using world = await startWorld(progress);
  const captured = await world.capture("sustained", 10, objects);
  progress("git CLI");
  const floor = percentile(await gitCommitAndPush(world.git, await world.git.createRepository("floor"), 20), 0.5);

  progress(`${perSecond} updates a second over ${objects} objects for ${seconds} s`);
  const requests = Array.from({ length: seconds * perSecond }, (_, i) => update(captured.namespace, i));
  const before = cpuSeconds(world.operator.pid);
  const answered = await sendAll(world.plane, 20, requests, perSecond);
  const count = requests.length;
  await waitFor("the last on the branch", async () =>
    (await countersAt(captured, "main")).get(nameOf(count - 1)) === count - 1 ? true : undefined,
  );
  const cpu = cpuSeconds(world.operator.pid) - before;
  const lags = await lagsOf(captured, answered);
  const pushes = captured.received.length;
  const note = `git commit + push of one file; ${pushes} pushes, ${cpu.toFixed(1)} CPU-s`;
  return [
    benchCase("sustained", "lag p50", percentile(lags, 0.5), floor, "ms", note),
    benchCase("sustained", "lag p99", percentile(lags, 0.99), floor, "ms"),
    benchCase("sustained", "longest lag", Math.max(...lags), floor, "ms"),
    benchCase("sustained", "lag of the last", lags.at(-1) ?? Number.NaN, floor, "ms"),
  ];
};

const nameOf = (i: number): string => `app-${i % objects}`;

function update(namespace: string, i: number): Request {
  const name = nameOf(i);
  const body = { ...configMap(name), data: { counter: String(i) } };
  return { method: "PUT", path: `/api/v1/namespaces/${namespace}/configmaps/${name}`, body };
}

/** Milliseconds from each update's answer until the branch held it, or a later one of the same object. */
async function lagsOf(captured: Captured, answered: readonly number[]): Promise<readonly number[]> {
  const lags: number[] = [];
  for (const { at, refs } of captured.received) {
    const tip = refs.find(({ ref }) => ref === "refs/heads/main")?.new ?? "";
    for (const [name, counter] of await countersAt(captured, tip)) {
      const first = Number(name.replace("app-", ""));
      for (let i = first; i <= counter; i += objects) lags[i] ??= at - (answered[i] ?? Number.NaN);
    }
  }
  return lags;
}

async function countersAt({ repository }: Captured, tip: string): Promise<ReadonlyMap<string, number>> {
  const found = await repository.git("grep", "counter:", tip, "--", "captured").catch(() => "");
  return new Map(
    [...found.matchAll(/configmap-(app-\d+)\.yaml: {2}counter: "(\d+)"/g)].map(([, name = "", n]) => [name, Number(n)]),
  );
}
