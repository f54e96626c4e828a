import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** Outcome of one run of the git CLI. `stdout` and `stderr` are UTF-8 text. */
export interface GitResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunGitOptions {
  readonly cwd?: string;
  /** The whole environment of the process: start from `isolatedEnvironment`. */
  readonly env: NodeJS.ProcessEnv;
  /** Written to standard input, which is closed afterwards. */
  readonly input?: string | Uint8Array;
  /** Exit codes besides 0 that are answered instead of thrown; `true`: any. */
  readonly allowFailure?: boolean;
  /** Kills the process and its children (SIGKILL) when aborted; the run then rejects with an AbortError. */
  readonly signal?: AbortSignal;
}

/** A run of the git CLI that ended with another exit code than 0. */
export class GitCommandError extends Error {
  readonly code: number;
  readonly stderr: string;
  constructor(args: readonly string[], code: number, stderr: string) {
    super(`git ${args[0] ?? ""} ended with exit code ${code}: ${stderr.trim()}`);
    this.name = "GitCommandError";
    this.code = code;
    this.stderr = stderr;
  }
}

/**
 * An environment in which git reads no configuration but the repository's own, asks nobody for a password, goes
 * through no proxy and speaks English. `home` is an empty folder.
 */
export function isolatedEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"],
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    GIT_ALLOW_PROTOCOL: "http:https:file",
    GIT_AUTHOR_NAME: "Test Person",
    GIT_AUTHOR_EMAIL: "person@example.invalid",
    GIT_COMMITTER_NAME: "Test Person",
    GIT_COMMITTER_EMAIL: "person@example.invalid",
    LC_ALL: "C.UTF-8",
    TZ: "UTC",
  };
}

/** Adds configuration values to an environment (not to a file), as `git -c` would. */
export function withConfiguration(
  env: NodeJS.ProcessEnv,
  values: readonly (readonly [string, string])[],
): NodeJS.ProcessEnv {
  const result: NodeJS.ProcessEnv = { ...env, GIT_CONFIG_COUNT: String(values.length) };
  for (const [index, [key, value]] of values.entries()) {
    result[`GIT_CONFIG_KEY_${index}`] = key;
    result[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return result;
}

/** Runs the git CLI to its end. Throws GitCommandError on a failure, unless `allowFailure`. */
export async function runGit(args: readonly string[], options: RunGitOptions): Promise<GitResult> {
  const child = spawn("git", args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: git's transports are children that outlive a killed git.
    detached: options.signal !== undefined,
  });
  const exited = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal ? 128 : 1)));
  });
  const kill = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended in this very moment.
    }
  };
  options.signal?.addEventListener("abort", kill, { once: true });
  // A command that ends without reading its input closes the pipe first: its exit code says what went wrong.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const [code, stdout, stderr] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  options.signal?.removeEventListener("abort", kill);
  options.signal?.throwIfAborted();
  if (code !== 0 && !options.allowFailure) throw new GitCommandError(args, code, stderr);
  return { code, stdout, stderr };
}
