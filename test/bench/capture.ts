/**
 * The first capture of 10,000 and of 50,000 ConfigMaps of 1 KiB in one namespace; the floor is a paged list,
 * `git fast-import` and `git push` of the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { runGit } from "../git/git-cli.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Bench } from "./report.ts";
import { benchCase } from "./report.ts";
import { configMap, epoch, must, peakMemory, type Request, sendAll, startWorld, type World } from "./world.ts";

export const capture: Bench = firstCapture("capture", 10_000);
export const captureLarge: Bench = firstCapture("capture-large", 50_000);

function firstCapture(bench: string, count: number): Bench {
  return async ({ progress, quick }) => {
    const objects = quick ? 500 : count;
    await using world = await startWorld(progress);
    await createMany(world, "many", objects, progress);
    const idle = peakMemory(world.operator.pid);

    progress("paged list + git fast-import + git push");
    const floor = await listAndImport(world, "many");

    progress(`capturing ${objects} ConfigMaps`);
    const began = epoch();
    const { at } = await captureAll(world, "many", objects);
    const peak = peakMemory(world.operator.pid);
    const what = "paged list + fast-import + push";
    return [
      benchCase(bench, `${objects} ConfigMaps of 1 KiB`, (at - began) / 1000, floor, "s", what),
      benchCase(bench, "peak memory of the operator", peak, idle, "MB", "the operator with nothing to do"),
    ];
  };
}

/** A namespace with so many ConfigMaps of 1 KiB, `many-0` and on. */
export async function createMany(
  { plane }: World,
  namespace: string,
  count: number,
  progress: (line: string) => void,
): Promise<void> {
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  progress(`creating ${count} ConfigMaps`);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const requests = Array.from(
    { length: count },
    (_, i): Request => ({ method: "POST", path, body: configMap(`many-${i}`, 1_024) }),
  );
  await sendAll(plane, 20, requests);
}

/** Has a namespace captured, and answers when all of it stands on the branch: when the server had taken it, and where. */
export async function captureAll(
  { plane, git }: World,
  namespace: string,
  count: number,
): Promise<{ readonly at: number; readonly repository: TestRepository }> {
  const repository = await git.createRepository("captured");
  const done = git.nextPostReceive(
    ({ repository: name, refs }) => name === "captured" && refs.some(({ ref }) => ref === "refs/heads/main"),
  );
  const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}`;
  await must(plane, "POST", `${api}/gitremotes`, gitRemoteObject({ name: "platform", namespace, url: repository.url }));
  const resources = { include: [{ groups: [""], kinds: ["ConfigMap"] }] };
  const spec = { resources, batching: { quietPeriod: "0s", maxWait: "30s" } };
  const object = captureObject({ name: "all", namespace, remote: "platform", path: "captured", spec });
  await must(plane, "POST", `${api}/captures`, object);
  const { at } = await done;
  await waitFor(
    "the files",
    async () => ((await repository.files("main", "captured")).length >= count ? true : undefined),
    { timeoutMs: 600_000 },
  );
  return { at, repository };
}

async function listAndImport({ plane, git }: World, namespace: string): Promise<number> {
  const repository = await git.createRepository("imported");
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-bench-"));
  const env = git.clientEnvironment();
  try {
    await runGit(["init", "--quiet", "--bare", folder], { env });
    await runGit(["fetch", "--quiet", repository.url, "main"], { cwd: folder, env });
    const parent = (await runGit(["rev-parse", "FETCH_HEAD"], { cwd: folder, env })).stdout.trim();
    const began = performance.now();
    const stream: string[] = [];
    const committer = `alice <alice@example.invalid> ${Math.floor(Date.now() / 1000)} +0000`;
    stream.push(`commit refs/heads/main\ncommitter ${committer}\ndata 6\nimport\nfrom ${parent}\n`);
    for await (const item of list(plane, namespace)) {
      const text = `${JSON.stringify(item)}\n`;
      stream.push(`M 100644 inline imported/${item.metadata.name}.json\ndata ${Buffer.byteLength(text)}\n${text}\n`);
    }
    await runGit(["fast-import", "--quiet"], { cwd: folder, env, input: stream.join("") });
    await runGit(["push", "--quiet", repository.url, "refs/heads/main:refs/heads/main"], { cwd: folder, env });
    return (performance.now() - began) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function* list(plane: ControlPlane, namespace: string): AsyncGenerator<{ metadata: { name: string } }> {
  let token = "";
  do {
    const query = `limit=500${token ? `&continue=${encodeURIComponent(token)}` : ""}`;
    const { body } = await plane.request("admin", "GET", `/api/v1/namespaces/${namespace}/configmaps?${query}`);
    yield* body.items;
    token = body.metadata.continue ?? "";
  } while (token !== "");
}
