/** PURE but for what it is given: the candidates for the last word of a command line. */
import type { Argument, CommandLine, Completes, Flag } from "../../config.ts";
import type { Command } from "../command.ts";

export interface Candidate {
  readonly word: string;
  readonly help?: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** Whether file names are wanted, which the shell knows best. */
  readonly files: boolean;
}

/** Names from outside; best effort. `argv` is what was typed behind the command's name. */
export type LookUp = (
  what: Exclude<Completes, "File" | "Command" | "Named">,
  line: CommandLine,
  argv: readonly string[],
) => Promise<readonly string[]>;

const nothing: Completion = { candidates: [], files: false };

/** `words` are those behind the program's name, the one to complete last. */
export async function complete(
  words: readonly string[],
  commands: readonly Command[],
  lookUp: LookUp,
): Promise<Completion> {
  const before = words.slice(0, -1);
  const current = words.at(-1) ?? "";
  const helps = before[0] === "help";
  const typed = helps ? before.slice(1) : before;
  const found = commandOf(typed, commands);
  if (found === undefined) return matching(current, namesAfter(typed, commands, helps));
  if (helps) return nothing;
  const { line } = found.command;
  const state = read(line, found.rest);
  const ask = (completes: Completes | undefined): Promise<Completion> =>
    outside(completes, state.words, current, commands, (what) => lookUp(what, line, found.rest));
  if (state.open !== undefined) return valuesOf(state.open, current, "", ask);
  const [, name, value] = /^--([^=]+)=(.*)$/.exec(current) ?? [];
  if (name !== undefined && value !== undefined && !state.ended) {
    const flag = line.flags.find((candidate) => candidate.name === name);
    return flag === undefined ? nothing : valuesOf(flag, value, `--${name}=`, ask);
  }
  if (current.startsWith("-") && !state.ended) return matching(current, flagsLeft(line, state.given));
  const argument = line.arguments[state.words.length] ?? lastIfRepeatable(line);
  if (argument === undefined) return nothing;
  if (argument.choices)
    return matching(
      current,
      argument.choices.map((word) => ({ word })),
    );
  const answer = await ask(argument.completes);
  return { ...answer, candidates: answer.candidates.filter(({ word }) => !state.words.includes(word)) };
}

interface Typed {
  readonly words: readonly string[];
  readonly given: ReadonlySet<string>;
  /** The flag whose value comes next. */
  readonly open: Flag | undefined;
  /** A `--` was typed: no flags any more. */
  readonly ended: boolean;
}

function read({ flags }: CommandLine, rest: readonly string[]): Typed {
  const words: string[] = [];
  const given = new Set<string>();
  let open: Flag | undefined;
  let ended = false;
  for (const word of rest) {
    if (open !== undefined) open = undefined;
    else if (ended || !word.startsWith("-") || word === "-") words.push(word);
    else if (word === "--") ended = true;
    else {
      const flag = flags.find(({ name, short }) => word === `--${name}` || word === `-${short ?? ""}`);
      const inline = flag ?? flags.find(({ name, short }) => startsFlag(word, name, short));
      if (inline !== undefined) given.add(inline.name);
      if (flag?.value !== undefined) open = flag;
    }
  }
  return { words, given, open, ended };
}

/** `--name=value` or `-nvalue`. */
function startsFlag(word: string, name: string, short: string | undefined): boolean {
  return word.startsWith(`--${name}=`) || (short !== undefined && new RegExp(`^-${short}.`).test(word));
}

function commandOf(
  words: readonly string[],
  commands: readonly Command[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const command = commands.find(({ line }) => line.name === words.slice(0, length).join(" "));
    if (command !== undefined && words.length >= length) return { command, rest: words.slice(length) };
  }
  return undefined;
}

function namesAfter(typed: readonly string[], commands: readonly Command[], helps: boolean): readonly Candidate[] {
  if (typed.length > 1) return [];
  const lead = typed.length === 0 ? "" : `${typed[0]} `;
  const inside = commands.filter(({ line }) => line.name.startsWith(lead));
  const byWord = Map.groupBy(inside, ({ line }) => line.name.slice(lead.length).split(" ")[0] ?? "");
  const own = [...byWord].map(([word, same]) => ({
    word,
    help: same.length === 1 ? (same[0]?.summary ?? "") : same.map(({ line }) => line.name).join(", "),
  }));
  return lead === "" && !helps ? [...own, { word: "help", help: "tells more of a command" }] : own;
}

function flagsLeft({ flags }: CommandLine, given: ReadonlySet<string>): readonly Candidate[] {
  return [
    ...flags
      .filter(({ name, isRepeatable }) => isRepeatable || !given.has(name))
      .map(({ name, help }) => ({ word: `--${name}`, help })),
    { word: "--help", help: "tells more of the command" },
  ];
}

function lastIfRepeatable(line: CommandLine): Argument | undefined {
  const last = line.arguments.at(-1);
  return last?.isRepeatable ? last : undefined;
}

async function valuesOf(
  flag: Flag,
  current: string,
  lead: string,
  ask: (completes: Completes | undefined) => Promise<Completion>,
): Promise<Completion> {
  const choices = flag.choices ?? (flag.value === undefined ? ["true", "false"] : undefined);
  if (choices === undefined && lead === "") return ask(flag.completes);
  const found = choices?.map((word) => ({ word })) ?? (await ask(flag.completes)).candidates;
  const { candidates } = matching(current, found);
  return { files: false, candidates: candidates.map(({ word, ...rest }) => ({ word: `${lead}${word}`, ...rest })) };
}

async function outside(
  completes: Completes | undefined,
  words: readonly string[],
  current: string,
  commands: readonly Command[],
  lookUp: (what: Exclude<Completes, "File" | "Command" | "Named">) => Promise<readonly string[]>,
): Promise<Completion> {
  if (completes === undefined) return nothing;
  if (completes === "File") return { candidates: [], files: true };
  if (completes === "Command") return matching(current, namesAfter([], commands, true));
  const what = completes === "Named" ? (/^remote/.test(words[0] ?? "") ? "GitRemote" : "Capture") : completes;
  return matching(
    current,
    (await lookUp(what)).map((word) => ({ word })),
  );
}

function matching(current: string, candidates: readonly Candidate[]): Completion {
  return { files: false, candidates: candidates.filter(({ word }) => word.startsWith(current)) };
}
