/** The floor of a push: the git CLI commits and pushes one file to the same server. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runGit } from "../git/git-cli.ts";
import type { GitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";

/** Milliseconds of `git commit` + `git push` of one new file, for each of `times`. */
export async function gitCommitAndPush(git: GitServer, repository: TestRepository, times: number): Promise<number[]> {
  const cwd = await repository.clone();
  const env = git.clientEnvironment();
  const samples: number[] = [];
  for (let i = 0; i < times; i++) {
    const file = join(cwd, "floor", `configmap-${i}.yaml`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: floor-${i}\n`);
    await runGit(["add", "floor"], { cwd, env });
    const began = performance.now();
    const who = ["-c", "user.name=alice", "-c", "user.email=alice@example.invalid"];
    await runGit([...who, "commit", "--quiet", "-m", `floor ${i}`], { cwd, env });
    await runGit(["push", "--quiet", "origin", "HEAD:main"], { cwd, env });
    samples.push(performance.now() - began);
  }
  return samples;
}
