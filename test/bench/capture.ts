/**
 * The first capture of 10,000 ConfigMaps of 1 KiB in one namespace; the floor is a paged list, `git fast-import` and
 * `git push` of the same.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { runGit } from "../git/git-cli.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Bench } from "./report.ts";
import { benchCase } from "./report.ts";
import { configMap, epoch, must, peakMemory, sendAll, startWorld, type World } from "./world.ts";

export const capture: Bench = async ({ progress, quick }) => {
  const count = quick ? 500 : 10_000;
  const namespace = "many";
  await using world = await startWorld(progress);
  const { plane, git, operator } = world;
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  progress(`creating ${count} ConfigMaps`);
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const objects = Array.from({ length: count }, (_, i) => ({
    method: "POST" as const,
    path,
    body: configMap(`many-${i}`, 1_024),
  }));
  await sendAll(plane, 20, objects);
  const idle = peakMemory(operator.pid);

  progress("paged list + git fast-import + git push");
  const floor = await listAndImport(world, namespace);

  progress(`capturing ${count} ConfigMaps`);
  const repository = await git.createRepository("captured");
  const done = git.nextPostReceive(
    ({ repository: name, refs }) => name === "captured" && refs.some(({ ref }) => ref === "refs/heads/main"),
  );
  const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}`;
  await must(plane, "POST", `${api}/gitremotes`, gitRemoteObject({ name: "platform", namespace, url: repository.url }));
  const resources = { include: [{ groups: [""], kinds: ["ConfigMap"] }] };
  const began = epoch();
  await must(
    plane,
    "POST",
    `${api}/captures`,
    captureObject({ name: "all", namespace, remote: "platform", path: "captured", spec: { resources } }),
  );
  const { at } = await done;
  const files = await waitFor("the files", async () => {
    const { length } = await repository.files("main", "captured");
    return length >= count ? length : undefined;
  });
  const peak = peakMemory(operator.pid);
  return [
    benchCase(
      "capture",
      `${files} ConfigMaps of 1 KiB`,
      (at - began) / 1000,
      floor,
      "s",
      "paged list + fast-import + push",
    ),
    benchCase("capture", "peak memory of the operator", peak, idle, "MB", "the operator with nothing to do"),
  ];
};

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

async function* list(plane: ControlPlane, namespace: string): AsyncGenerator<{ metadata: { name: string } }> {
  let token = "";
  do {
    const query = `limit=500${token ? `&continue=${encodeURIComponent(token)}` : ""}`;
    const { body } = await plane.request("admin", "GET", `/api/v1/namespaces/${namespace}/configmaps?${query}`);
    yield* body.items;
    token = body.metadata.continue ?? "";
  } while (token !== "");
}
