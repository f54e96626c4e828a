import { conditionReasons } from "../api/reasons.ts";
import type { LogLevel, Read } from "../config.ts";
import { Failure, redact } from "../failures.ts";
import type { Context, Terminal } from "./command.ts";
import { printableLine } from "./printable.ts";

/** What keeps a command from its work and is no condition of an object: a message for people, with what to do. */
export class Complaint extends Error {}

/** Does the work of a command with what was read for it. Answers the exit code: `work`'s own, else 0. */
export async function perform<T extends object>(
  command: string,
  read: Read<T>,
  { terminal }: Pick<Context, "terminal">,
  work: (config: T) => Promise<number | void>,
): Promise<number> {
  if (!read.ok) return complainOf(terminal, read.problems);
  try {
    return (await work(read.config)) ?? 0;
  } catch (error) {
    complain(terminal, explain(command, error, logLevelOf(read.config)));
    return 1;
  }
}

function logLevelOf(config: { readonly logLevel?: LogLevel }): LogLevel | undefined {
  return config.logLevel;
}

/** Wrong usage, a line each. Answers the exit code. */
export function complainOf(terminal: Terminal, problems: readonly string[]): number {
  for (const problem of problems) complain(terminal, printableLine(redact(problem)));
  return 2;
}

export function complain(terminal: Terminal, problem: string): void {
  terminal.err(`clickscribe: ${problem}\n`);
}

/** What went wrong and what to do, in one line; at debug, with where. */
export function explain(command: string, error: unknown, level: LogLevel | undefined): string {
  const stack = level === "debug" && error instanceof Error ? `\n${redact(error.stack ?? "")}` : "";
  if (error instanceof Failure) {
    const { remedy } = conditionReasons[error.code];
    const said = printableLine(error.message);
    return `${remedy === "" || said.includes(remedy) ? said : `${said.replace(/\.$/, "")}. ${remedy}`}${stack}`;
  }
  if (error instanceof Complaint) return printableLine(redact(error.message));
  const text = printableLine(redact(error instanceof Error ? error.message : String(error)));
  const how = stack === "" && level !== undefined ? ` (${command} --log-level debug shows where)` : "";
  return `unexpected: ${text}${how}${stack}`;
}
