import { parseArgs } from "node:util";
import { type CommandName, type Flag, flagsOf, variableOf } from "./flags.ts";

/** What was given for a flag, and by which name, for messages. */
export interface Given {
  readonly values: readonly string[];
  readonly by: string;
}

export interface GivenFlags {
  /** By flag name. Booleans are "true" or "false". */
  readonly flags: ReadonlyMap<string, Given>;
  readonly problems: readonly string[];
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Flags of a command from its arguments, else from the environment. Reports all that is unknown, doubled or without value. */
export function readFlags(command: CommandName, argv: readonly string[], env: Environment): GivenFlags {
  const known = new Map(flagsOf(command).map((flag) => [flag.name, flag]));
  const given = new Map<string, Given>();
  const problems: string[] = [];
  for (const flag of known.values()) {
    const value = env[variableOf(flag.name)];
    // A Service named clickscribe-webhook makes the kubelet set CLICKSCRIBE_WEBHOOK_PORT=tcp://10.0.0.1:443.
    if (value === undefined || value === "" || /^(tcp|udp|sctp):\/\//.test(value)) continue;
    const values = flag.repeatable ? value.split(",").map((part) => part.trim()) : [value];
    take(given, flag, variableOf(flag.name), values, problems);
  }
  for (const [name, values] of parse(command, argv, known, problems)) {
    const flag = known.get(name);
    if (flag === undefined) continue;
    if (values.length > 1 && !flag.repeatable) problems.push(`--${name} is given ${values.length} times: give it once`);
    take(given, flag, `--${name}`, values, problems);
  }
  return { flags: given, problems };
}

function take(given: Map<string, Given>, flag: Flag, by: string, values: readonly string[], problems: string[]): void {
  if (flag.value === undefined && !values.every((value) => value === "true" || value === "false")) {
    problems.push(`${by} must be true or false, not ${JSON.stringify(values.join(","))}`);
  }
  given.set(flag.name, { values, by });
}

function parse(
  command: CommandName,
  argv: readonly string[],
  known: ReadonlyMap<string, Flag>,
  problems: string[],
): ReadonlyMap<string, readonly string[]> {
  const options = Object.fromEntries(
    [...known.values()].map(({ name, short, value }) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), ...(short && { short }) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const found = new Map<string, readonly string[]>();
  for (const token of tokens) {
    if (token.kind === "positional") {
      problems.push(`${command} takes no argument ${JSON.stringify(token.value)}: see clickscribe ${command} --help`);
    }
    if (token.kind !== "option") continue;
    const flag = known.get(token.name);
    if (flag === undefined) {
      problems.push(`${command} has no flag ${token.rawName}: see clickscribe ${command} --help`);
    } else if (flag.value === undefined) {
      add(found, flag.name, token.value ?? "true");
    } else if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      problems.push(`${token.rawName} needs a value: ${token.rawName} ${flag.value}`);
      found.set(flag.name, found.get(flag.name) ?? []);
    } else {
      add(found, flag.name, token.value);
    }
  }
  return found;
}

function add(found: Map<string, readonly string[]>, name: string, value: string): void {
  found.set(name, [...(found.get(name) ?? []), value]);
}
