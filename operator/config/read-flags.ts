import { parseArgs } from "node:util";
import type { Argument, CommandLine } from "./command-line.ts";
import { didYouMean } from "./did-you-mean.ts";
import { type Flag, variableOf } from "./flags.ts";

/** What was given for a flag, and by which name, for messages. */
export interface Given {
  readonly values: readonly string[];
  readonly by: string;
}

export interface GivenFlags {
  /** By flag name. Booleans are "true" or "false". */
  readonly flags: ReadonlyMap<string, Given>;
  /** By the name of the positional argument. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Flags and positional arguments of a command, flags else from the environment. Reports all that is unknown, doubled,
 * missing or without value.
 */
export function readFlags(
  line: CommandLine,
  argv: readonly string[],
  env: Environment,
  program: string = "clickscribe",
): GivenFlags {
  const known = new Map(line.flags.map((flag) => [flag.name, flag]));
  const see = `see ${program} ${line.name} --help`;
  const given = new Map<string, Given>();
  const problems: string[] = [];
  for (const flag of known.values()) {
    if (flag.isTypedOnly) continue;
    const value = env[variableOf(flag.name)];
    // A Service named clickscribe-webhook makes the kubelet set CLICKSCRIBE_WEBHOOK_PORT=tcp://10.0.0.1:443.
    if (value === undefined || value === "" || /^(tcp|udp|sctp):\/\//.test(value)) continue;
    const values = flag.isRepeatable ? value.split(",").map((part) => part.trim()) : [value];
    take(given, flag, variableOf(flag.name), values, problems);
  }
  const { found, positionals } = parse(line, argv, known, problems, see);
  for (const [name, values] of found) {
    const flag = known.get(name);
    if (flag === undefined) continue;
    if (values.length > 1 && !flag.isRepeatable)
      problems.push(`--${name} is given ${values.length} times: give it once`);
    take(given, flag, `--${name}`, values, problems);
  }
  return { flags: given, words: assign(line, positionals, problems, see), problems };
}

/** Gives each argument its words, in their order. */
function assign(
  line: CommandLine,
  positionals: readonly string[],
  problems: string[],
  see: string,
): ReadonlyMap<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  let left = positionals;
  for (const argument of line.arguments) {
    const own = left.slice(0, argument.isRepeatable ? left.length : 1);
    left = left.slice(own.length);
    if (own.length > 0) words.set(argument.name, own);
    else if (!argument.isOptional) problems.push(`${line.name} needs ${argument.name}, ${argument.help}: ${see}`);
    problems.push(...own.flatMap((word) => misfit(argument, word)));
  }
  for (const word of left) problems.push(`${line.name} takes no argument ${JSON.stringify(word)}: ${see}`);
  return words;
}

function misfit({ name, choices, alsoTaken }: Argument, word: string): readonly string[] {
  if (choices === undefined || choices.includes(word) || alsoTaken?.includes(word)) return [];
  return [`${name} must be one of ${choices.join(", ")}, not ${JSON.stringify(word)}`];
}

function take(given: Map<string, Given>, flag: Flag, by: string, values: readonly string[], problems: string[]): void {
  if (flag.value === undefined && !values.every((value) => value === "true" || value === "false")) {
    problems.push(`${by} must be true or false, not ${JSON.stringify(values.join(","))}`);
  }
  given.set(flag.name, { values, by });
}

interface Parsed {
  readonly found: ReadonlyMap<string, readonly string[]>;
  readonly positionals: readonly string[];
}

function parse(
  line: CommandLine,
  argv: readonly string[],
  known: ReadonlyMap<string, Flag>,
  problems: string[],
  see: string,
): Parsed {
  const options = Object.fromEntries(
    [...known.values()].map(({ name, short, value }) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const found = new Map<string, readonly string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) {
      const guess = didYouMean(token.name, [...known.keys()]);
      const hint = guess === undefined ? see : `did you mean --${guess}?`;
      problems.push(`${line.name} has no flag ${token.rawName}: ${hint}`);
    } else if (flag.value === undefined) {
      add(found, flag.name, token.value ?? "true");
    } else if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      problems.push(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
      found.set(flag.name, found.get(flag.name) ?? []);
    } else {
      add(found, flag.name, token.value);
    }
  }
  return { found, positionals };
}

function add(found: Map<string, readonly string[]>, name: string, value: string): void {
  found.set(name, [...(found.get(name) ?? []), value]);
}
