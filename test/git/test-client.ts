import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitResult, runGit } from "./git-cli.ts";

/** A working copy of the git CLI, as a person has one. Commands answer their exit code, they do not throw for it. */
export interface TestClient {
  readonly folder: string;
  /** Commits the files (contents by name) on the current branch. Answers the object id. */
  commit(files: Readonly<Record<string, string | Uint8Array>>, message?: string): Promise<string>;
  git(...args: string[]): Promise<GitResult>;
}

/** Takes a clone; `env` is the environment of all its commands, credentials included. */
export function createTestClient(folder: string, env: NodeJS.ProcessEnv, signal?: AbortSignal): TestClient {
  const git = async (...args: string[]): Promise<GitResult> =>
    await runGit(args, { cwd: folder, env, allowFailure: true, ...(signal ? { signal } : {}) });
  const commit = async (files: Readonly<Record<string, string | Uint8Array>>, message = "change"): Promise<string> => {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    await runGit(["add", "--all"], { cwd: folder, env });
    await runGit(["commit", "--quiet", "--message", message], { cwd: folder, env });
    return (await runGit(["rev-parse", "HEAD"], { cwd: folder, env })).stdout.trim();
  };
  return { folder, commit, git };
}
