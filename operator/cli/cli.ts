/**
 * The command line. Errors are one line that says what to do; exit code 2 for what was typed wrong, 1 for what went
 * wrong. A stack trace is shown with `--log-level debug` only.
 */
import { readFileSync } from "node:fs";
import { conditionReasons } from "../api/reasons.ts";
import type { CommandName } from "../config/flags.ts";
import { type Invocation, invocation, type LogLevel, type Read, readConfig, readPlanConfig } from "../config.ts";
import { Failure, redact } from "../failures.ts";
import { type Actions, actions } from "./actions.ts";
import { type CommandHelp, commandHelp, generalHelp } from "./help.ts";
import { printableLine } from "./printable.ts";
import { readSpecs } from "./read-specs.ts";
import { renderPlan } from "./render-plan.ts";

/** Where a command says something. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

export interface Context extends Invocation {
  readonly version: string;
  readonly actions: Actions;
  readonly terminal: Terminal;
  /** Takes SIGINT and SIGTERM over: the first one aborts, the second one ends the process as it would have without us. */
  readonly takeSignals: () => AbortSignal;
}

interface Command extends CommandHelp {
  /** Answers the exit code. */
  readonly act: (context: Context) => Promise<number>;
}

const commands: readonly Command[] = [
  {
    name: "run",
    summary: "runs the operator, in a cluster or by a kubeconfig, until it is stopped",
    examples: [
      "clickscribe run --cluster-name prod-eu --webhook-service clickscribe-system/clickscribe",
      "clickscribe run --cluster-name dev --kubeconfig ~/.kube/config --no-webhook",
    ],
    act: runOperator,
  },
  {
    name: "plan",
    summary: "shows what a Capture would write, without making it",
    examples: ["clickscribe plan -f capture.yaml", "clickscribe plan -f capture.yaml -o json"],
    act: showPlan,
  },
];

/** The process: reads what it was started with, and sets the exit code. */
export async function start(version: string): Promise<void> {
  const terminal = {
    out: (text: string): void => void process.stdout.write(text),
    err: (text: string): void => void process.stderr.write(text),
  };
  // Whoever reads us, head(1) say, has enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.exitCode = await main({ ...invocation(), version, actions, terminal, takeSignals });
}

function takeSignals(): AbortSignal {
  const controller = new AbortController();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): void => {
    for (const signal of signals) process.off(signal, stop);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, stop);
  return controller.signal;
}

/** Answers the exit code. Never throws. */
export async function main(context: Context): Promise<number> {
  const { argv, version, terminal } = context;
  const [first, ...rest] = argv;
  if (first === undefined || first === "--help" || first === "-h" || (first === "help" && rest.length === 0)) {
    terminal.out(generalHelp(version, commands));
    return 0;
  }
  if (first === "--version") {
    terminal.out(`${version}\n`);
    return 0;
  }
  const name = first === "help" ? rest[0] : first;
  const command = commands.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const what = first.startsWith("-") ? "no flag" : "no command";
    complain(terminal, `there is ${what} ${JSON.stringify(name)}: see clickscribe --help`);
    return 2;
  }
  if (first === "help" || asksForHelp(rest)) {
    terminal.out(commandHelp(command));
    return 0;
  }
  return command.act({ ...context, argv: rest });
}

async function runOperator({ argv, env, version, actions, terminal, takeSignals }: Context): Promise<number> {
  return act("run", readConfig(argv, env), terminal, (config) => actions.run(config, version, takeSignals()));
}

async function showPlan({ argv, env, isTerminal, version, actions, terminal }: Context): Promise<number> {
  const read = readPlanConfig(argv, env, isTerminal);
  const specs = read.ok ? readSpecs(read.config.files, read.config.namespace, readText) : read;
  if (!specs.ok) {
    for (const problem of specs.problems) complain(terminal, printableLine(problem));
    return 2;
  }
  return act("plan", read, terminal, async (config) => {
    const plan = await actions.plan(config, specs.input, version);
    terminal.out(config.output === "json" ? `${JSON.stringify(plan, null, 2)}\n` : renderPlan(plan, config));
  });
}

/** "-" is standard input. */
function readText(file: string): string {
  return readFileSync(file === "-" ? 0 : file, "utf8");
}

async function act<T extends { readonly logLevel: LogLevel }>(
  command: CommandName,
  read: Read<T>,
  terminal: Terminal,
  work: (config: T) => Promise<void>,
): Promise<number> {
  if (!read.ok) {
    for (const problem of read.problems) complain(terminal, problem);
    return 2;
  }
  try {
    await work(read.config);
    return 0;
  } catch (error) {
    complain(terminal, explain(command, error, read.config.logLevel));
    return 1;
  }
}

/** What went wrong and what to do, in one line; at debug, with where. */
function explain(command: CommandName, error: unknown, level: LogLevel): string {
  const stack = level === "debug" && error instanceof Error ? `\n${redact(error.stack ?? "")}` : "";
  if (error instanceof Failure) {
    const { remedy } = conditionReasons[error.code];
    const said = printableLine(error.message);
    return `${remedy === "" || said.includes(remedy) ? said : `${said.replace(/\.$/, "")}. ${remedy}`}${stack}`;
  }
  const text = printableLine(redact(error instanceof Error ? error.message : String(error)));
  const how = stack === "" ? ` (${command} --log-level debug shows where)` : "";
  return `unexpected: ${text}${how}${stack}`;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end).some((word) => word === "--help" || word === "-h");
}

function complain(terminal: Terminal, problem: string): void {
  terminal.err(`clickscribe: ${problem}\n`);
}
