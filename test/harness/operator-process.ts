/** The operator as a process of its own: the real command line, in a bare environment. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./install.ts";
import { waitFor } from "./wait-for.ts";

export interface OperatorOptions {
  readonly kubeconfig: string;
  readonly clusterName: string;
  /** In place of the harness's own of the same name. */
  readonly flags?: readonly string[];
  /** Default: true. */
  readonly webhook?: boolean;
  /** The folder of another release, with sources and packages. Default: this project. */
  readonly release?: string;
  /** Of its process, beside PATH and HOME. */
  readonly env?: NodeJS.ProcessEnv;
  /** Answer at once, whether or not it becomes ready. Default: wait until it is. */
  readonly waitUntilReady?: boolean;
}

export interface LogLine {
  readonly level: string | number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface OperatorProcess {
  readonly pid: number;
  readonly logs: readonly LogLine[];
  /** What was printed that is no log line. */
  readonly output: readonly string[];
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>;
  /** Of /readyz and /metrics. */
  url(path: string): string;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, and waits. */
  stop(): Promise<void>;
}

export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const home = await mkdtemp(join(tmpdir(), "clickscribe-operator-"));
  const webhook =
    options.webhook === false
      ? ["--no-webhook"]
      : ["--webhook-port=0", "--webhook-bind=127.0.0.1", "--webhook-url=https://127.0.0.1:{port}"];
  const own = [
    `--cluster-name=${options.clusterName}`,
    `--kubeconfig=${options.kubeconfig}`,
    "--allow-plain-http",
    "--allow-local-addresses",
    "--http-bind=127.0.0.1",
    "--http-port=0",
    ...webhook,
  ];
  const given = options.flags ?? [];
  const nameOf = (flag: string): string => flag.split("=")[0] ?? "";
  const named = new Set(given.map(nameOf));
  const args = [
    join(options.release ?? root, "operator/cli/bin.mjs"),
    "run",
    ...own.filter((flag) => !named.has(nameOf(flag))),
    ...given,
  ];
  const env = { ...options.env, PATH: process.env["PATH"] ?? "", HOME: home };
  const child = spawn(process.execPath, args, { env, cwd: home, stdio: ["ignore", "pipe", "pipe"] });
  const logs: LogLine[] = [];
  const output: string[] = [];
  const take = (line: string): void => {
    try {
      logs.push(JSON.parse(line) as LogLine);
    } catch {
      output.push(line);
    }
  };
  createInterface({ input: child.stdout }).on("line", take);
  createInterface({ input: child.stderr }).on("line", take);
  const exited = new Promise<number | string>((resolve) => {
    child.on("close", (code, signal) => {
      void rm(home, { recursive: true, force: true }).then(() => resolve(code ?? signal ?? ""));
    });
  });
  let ended: number | string | undefined;
  void exited.then((how) => {
    ended = how;
    return how;
  });
  // A test that dies takes its operator with it.
  const die = (): void => void child.kill("SIGKILL");
  process.once("exit", die);
  void exited.finally(() => process.off("exit", die));

  const ready = (): LogLine | undefined => logs.find(({ msg }) => msg === "ready");
  const operator: OperatorProcess = {
    pid: child.pid ?? 0,
    logs,
    output,
    exited,
    url: (path) => `http://127.0.0.1:${String(ready()?.["httpPort"])}${path}`,
    async kill(signal = "SIGKILL") {
      child.kill(signal);
      await exited;
    },
    async stop() {
      child.kill("SIGTERM");
      await exited;
    },
  };
  if (options.waitUntilReady === false) return operator;
  try {
    await waitFor("the operator to be ready", async () => {
      if (ended !== undefined) return ended;
      if (ready() === undefined) return undefined;
      return (await fetch(operator.url("/readyz"))).ok ? "ready" : undefined;
    });
    if (ended !== undefined) throw new Error(`the operator ended (${ended})`);
  } catch (error) {
    child.kill("SIGKILL");
    await exited;
    const last = [...logs.slice(-20).map((line) => JSON.stringify(line)), ...output.slice(-20)].join("\n");
    throw new Error(`${error instanceof Error ? error.message : ""}\n${last}`, { cause: error });
  }
  return operator;
}
