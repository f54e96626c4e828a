/**
 * One process that cannot outlive this one.
 *
 * Invariant: however this process ends (exit, a signal, an uncaught exception, SIGKILL), the supervised one is killed
 * and its folder removed. The command runs under a small shell that holds the read end of a pipe whose write end only
 * this process has: the kernel closes it when this process is gone, whatever the cause, so no signal handler is needed.
 * Concurrency: the shell leads its own process group, so a terminal's Ctrl-C reaches only this process, and a group
 * kill reaches everything that was started.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";

export interface Supervised {
  /** Process id of the supervising shell, which is also the id of the process group. */
  readonly pid: number;
  /** The command's exit code, once it has ended. */
  readonly exited: Promise<number>;
  /** Undefined while it runs. */
  exitCode(): number | undefined;
  /** SIGTERM, then SIGKILL for the whole group after `graceMs`; 0 kills at once. Answers when all has ended. */
  stop(graceMs: number): Promise<void>;
}

export interface SuperviseOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** stdout and stderr are appended here. */
  readonly logFile: string;
  /** Removed when this process is gone without having stopped the command. */
  readonly removeWhenOrphaned?: string;
}

// HUP comes from the watcher only: end of file on the pipe, the parent is gone. It is sent before the command is
// killed, so that `orphaned` is set when `wait` returns. The second `rm` is for what a
// neighbour's process, dying at the same moment, wrote after the first.
const SUPERVISOR = `
folder=$1; shift
exec 3<&0 </dev/null
orphaned=
"$@" 3<&- &
child=$!
trap 'kill -TERM $child 2>/dev/null' TERM
trap 'kill -KILL $child 2>/dev/null' USR1
trap 'orphaned=1; kill -KILL $child 2>/dev/null' HUP
( trap '' TERM USR1 HUP; read -r ignored <&3; kill -HUP $$ 2>/dev/null; kill -KILL $child 2>/dev/null ) &
watcher=$!
exec 3<&-
while :; do
  wait $child
  code=$?
  kill -0 $child 2>/dev/null || break
done
if [ -n "$orphaned" ]; then
  if [ -n "$folder" ]; then rm -rf "$folder"; sleep 1; rm -rf "$folder"; fi
  kill -KILL 0
fi
kill -KILL $watcher 2>/dev/null
wait $watcher 2>/dev/null
exit $code
`;

/** Starts `command` under supervision; a command that cannot be run ends with exit code 126 or 127 and says so in the log. */
export function supervise(options: SuperviseOptions): Supervised {
  const log = openSync(options.logFile, "a");
  let child: ChildProcess;
  try {
    child = spawn(
      "/bin/sh",
      ["-c", SUPERVISOR, "supervisor", options.removeWhenOrphaned ?? "", options.command, ...options.args],
      {
        detached: true,
        env: options.env,
        stdio: ["pipe", log, log],
        ...(options.cwd !== undefined && { cwd: options.cwd }),
      },
    );
  } finally {
    closeSync(log);
  }
  const pid = child.pid;
  if (pid === undefined) throw new Error("cannot start /bin/sh");
  let code: number | undefined;
  const exited = once(child, "exit").then(() => {
    code = child.exitCode ?? 137;
    return code;
  });
  child.stdin?.on("error", () => undefined);
  // A forgotten stop() must not keep this process alive: the pipe ends the command when this process ends.
  child.unref();
  (child.stdin as { unref?: () => void } | null)?.unref?.();

  return {
    pid,
    exited,
    exitCode: () => code,
    async stop(graceMs: number): Promise<void> {
      if (code !== undefined) return;
      child.ref();
      // The shell does the killing, so that it also reaps; the group kill is for a shell that does not.
      child.kill(graceMs > 0 ? "SIGTERM" : "SIGUSR1");
      const timers = [
        setTimeout(() => child.kill("SIGUSR1"), graceMs),
        setTimeout(() => killGroup(pid), graceMs + 2_000),
      ];
      await exited;
      for (const timer of timers) clearTimeout(timer);
      // The shell is gone; a member of its group that it did not reap is not left behind either.
      killGroup(pid);
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
