import type { Flag } from "./flags.ts";

/** What completion offers for a word; `Named`: names of the kind that the first word says. */
export type Completes = "Capture" | "GitRemote" | "Named" | "Namespace" | "Context" | "File" | "Command";

/** One positional argument. */
export interface Argument {
  readonly name: string;
  readonly help: string;
  readonly isOptional?: true;
  /** The last one only. */
  readonly isRepeatable?: true;
  readonly choices?: readonly string[];
  /** Taken too, though not offered. */
  readonly alsoTaken?: readonly string[];
  readonly completes?: Completes;
}

/** What a command takes: parsing, help, variables and completion are made from it. */
export interface CommandLine {
  /** One word or two: `plan`, `create remote`. */
  readonly name: string;
  readonly arguments: readonly Argument[];
  readonly flags: readonly Flag[];
}
