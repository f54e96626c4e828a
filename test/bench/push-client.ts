/**
 * A process that pushes: `node push-client.ts ours|git|isomorphic-git URL REF PATH FOLDER`. Reads what it needs, says
 * `ready`, then makes one commit that changes the file PATH for each message, its content, and answers a PushSample.
 * FOLDER is a clone by the git CLI, bare for isomorphic-git.
 */
import fs from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRepositories } from "../../operator/git/index.ts";
import { runGit } from "../git/git-cli.ts";

export interface PushSample {
  readonly ms: number;
  /** Of this process, all threads; of the git CLI, that of its processes, in steps of 10 ms. */
  readonly cpuMs: number;
  /** Bytes that the process holds (resident), now and at most. */
  readonly resident: number;
  readonly peak: number;
}

type PushOnce = (content: string) => Promise<void>;
/** What counts: of isomorphic-git its push alone, of the others the commit too. */
type Measure = <Result>(work: () => Promise<Result>) => Promise<Result>;

interface Target {
  readonly url: string;
  readonly ref: string;
  readonly path: string;
  readonly folder: string;
}

type Client = (target: Target, measure: Measure) => PushOnce | Promise<PushOnce>;

const who = { name: "Alice", email: "alice@example.invalid" };

const ours: Client = async ({ url, ref, path }, measure) => {
  const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
  const repositories = createRepositories({ policy, version: "0.0.0" });
  const repository = repositories.open({ url, credentials: { type: "None" }, ca: undefined, timeoutMs: 60_000 });
  let parent = (await repository.fetch([ref])).refs.get(ref) ?? "";
  return async (content) => {
    const signature = { ...who, at: Math.floor(Date.now() / 1000) };
    const commit = { parent, changes: [{ path, content }], author: signature, committer: signature, message: "push\n" };
    await measure(async () => {
      const to = await repository.commit(commit);
      const outcome = await repository.push([{ ref, from: parent, to }], { atomic: false });
      if (outcome.get(ref)?.outcome !== "Accepted") throw new Error(JSON.stringify([...outcome]));
      parent = to;
    });
  };
};

const gitCli: Client = ({ ref, path, folder }, measure) => {
  const options = { cwd: folder, env: process.env };
  return async (content) => {
    await writeFile(join(folder, path), content);
    await runGit(["add", path], options);
    await measure(async () => {
      await runGit(["commit", "--quiet", "-m", "push"], options);
      await runGit(["push", "--quiet", "origin", `HEAD:${ref}`], options);
    });
  };
};

const isomorphicGit: Client = async ({ url, ref, path, folder }, measure) => {
  const { default: git } = await import("isomorphic-git");
  const { default: http } = await import("isomorphic-git/http/node");
  const repository = { fs, gitdir: folder, cache: {} };
  const write = async (tree: string, [name = "", ...rest]: readonly string[], blob: string): Promise<string> => {
    const entries = (await git.readTree({ ...repository, oid: tree })).tree;
    const entry = entries.find(({ path: own }) => own === name);
    if (entry === undefined) throw new Error(`there is no ${name}`);
    const oid = rest.length === 0 ? blob : await write(entry.oid, rest, blob);
    return await git.writeTree({
      ...repository,
      tree: entries.map((own) => (own === entry ? { ...own, oid } : own)),
    });
  };
  let parent = await git.resolveRef({ ...repository, ref });
  return async (content) => {
    const blob = await git.writeBlob({ ...repository, blob: Buffer.from(content) });
    const tree = await write(parent, path.split("/"), blob);
    parent = await git.commit({ ...repository, message: "push", tree, parent: [parent], ref, author: who });
    const done = await measure(() => git.push({ ...repository, http, url, ref, remoteRef: ref }));
    if (!done.ok) throw new Error(JSON.stringify(done));
  };
};

/** In milliseconds: of this process, and of those that it started and that have ended. */
async function usedCpu(): Promise<number> {
  const { user, system } = process.cpuUsage();
  // The fields cutime and cstime of proc(5), in hundredths of a second, counted after the name in parentheses.
  const fields = (await readFile("/proc/self/stat", "utf8")).replace(/^.*\) /, "").split(" ");
  return (user + system) / 1000 + 10 * (Number(fields[13]) + Number(fields[14]));
}

const clients: Readonly<Record<string, Client>> = { ours, git: gitCli, "isomorphic-git": isomorphicGit };
const [name = "", url = "", ref = "", path = "", folder = ""] = process.argv.slice(2);
let measured = { ms: Number.NaN, cpuMs: Number.NaN };
const measure: Measure = async (work) => {
  const cpu = await usedCpu();
  const began = performance.now();
  const result = await work();
  const ms = performance.now() - began;
  measured = { ms, cpuMs: (await usedCpu()) - cpu };
  return result;
};
const push = await clients[name]?.({ url, ref, path, folder }, measure);
const answer = async (content: string): Promise<void> => {
  await push?.(content);
  const peak = process.resourceUsage().maxRSS * 1024;
  const sample: PushSample = { ...measured, resident: process.memoryUsage.rss(), peak };
  process.send?.(sample);
};
process.on("message", (content: string) => void answer(content));
process.on("disconnect", () => process.exit());
process.send?.("ready");
