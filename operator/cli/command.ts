import type { CommandLine, Invocation } from "../config.ts";
import type { Actions } from "./actions.ts";
import type { Connect } from "./connect.ts";

/** Where a command says something. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** What a command has of the outside. */
export interface Context extends Invocation {
  readonly version: string;
  readonly actions: Actions;
  readonly connect: Connect;
  readonly terminal: Terminal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** The text of a file, "-" is standard input; throws as node:fs does. */
  readonly readText: (file: string) => string;
  /** The answer of whoever sits at the terminal; undefined where nobody does. */
  readonly ask: (question: string) => Promise<string | undefined>;
  /** Takes SIGINT and SIGTERM over: the first one aborts, the second one ends the process as it would have without us. */
  readonly takeSignals: () => AbortSignal;
}

/** The headings of the general help, in its order. */
export const groups = ["Look", "Steer", "Set up", "Other"] as const;

export interface Command {
  readonly line: CommandLine;
  readonly group: (typeof groups)[number];
  /** Completes "COMMAND: it ...". */
  readonly summary: string;
  /** What else people must know, for the command's own help. */
  readonly details?: string;
  /** Each begins with `clickscribe`. */
  readonly examples: readonly string[];
  /** Answers the exit code: 0 all is well, 1 something went wrong or is to be done, 2 wrong usage. Never throws. */
  readonly act: (context: Context) => Promise<number>;
}
