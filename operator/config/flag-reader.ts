import { parseDuration } from "../api/duration.ts";
import type { CommandLine } from "./command-line.ts";
import { type Flag, variableOf } from "./flags.ts";
import type { GivenFlags } from "./read-flags.ts";

/** Reads flags by name with their defaults. What is wrong is noted in `problems`, and reading goes on. */
export class FlagReader {
  readonly problems: string[];
  readonly #flags: ReadonlyMap<string, Flag>;
  readonly #given: GivenFlags;

  constructor(line: CommandLine, given: GivenFlags) {
    this.#flags = new Map(line.flags.map((flag) => [flag.name, flag]));
    this.#given = given;
    this.problems = [...given.problems];
  }

  /** The words of a positional argument; none where it was left out. */
  words(name: string): readonly string[] {
    return this.#given.words.get(name) ?? [];
  }

  /** The one word of a positional argument. */
  word(name: string): string | undefined {
    return this.words(name)[0];
  }

  isGiven(name: string): boolean {
    return this.#given.flags.has(name);
  }

  /** The name by which a value was given, else the flag's. */
  nameOf(name: string): string {
    return this.#given.flags.get(name)?.by ?? `--${name}`;
  }

  texts(name: string): readonly string[] {
    const fallback = this.#flags.get(name)?.fallback;
    return this.#given.flags.get(name)?.values ?? (fallback === undefined ? [] : [fallback]);
  }

  /** The default where nothing is given; undefined where there is no default either. */
  text(name: string): string | undefined {
    return this.texts(name).at(-1);
  }

  required(name: string, why: string): string {
    const value = this.text(name);
    if (value === undefined && !this.isGiven(name))
      this.problems.push(`--${name}${this.#orVariable(name)} is required: ${why}`);
    return value ?? "";
  }

  boolean(name: string): boolean {
    return this.text(name) === "true";
  }

  /** Notes a problem unless the value, where there is one, passes. `must` completes "--flag must". */
  check(name: string, passes: (value: string) => boolean, must: string): void {
    for (const value of this.texts(name)) {
      if (!passes(value)) this.problems.push(`${this.nameOf(name)} must ${must}, not ${JSON.stringify(value)}`);
    }
  }

  port(name: string): number {
    const isPort = (value: string): boolean => /^\d{1,5}$/.test(value) && Number(value) <= 65_535;
    this.check(name, isPort, "be a port from 0 to 65535");
    return Number(this.text(name));
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const isChoice = (value: string): boolean => choices.some((choice) => choice === value);
    this.check(name, isChoice, `be one of ${choices.join(", ")}`);
    return this.text(name) as T;
  }

  /** In milliseconds. */
  duration(name: string, leastMs: number): number {
    const isLongEnough = (value: string): boolean => (parseDuration(value) ?? -1) >= leastMs;
    this.check(name, isLongEnough, `be a duration of at least ${leastMs / 1_000}s, such as 60s or 1m30s`);
    return parseDuration(this.text(name) ?? "") ?? 0;
  }

  #orVariable(name: string): string {
    return this.#flags.get(name)?.isTypedOnly ? "" : ` (or ${variableOf(name)})`;
  }
}
