import { type CommandLine, type Flag, variableOf } from "../config.ts";
import { type Command, groups } from "./command.ts";
import { wrapped } from "./wrapped.ts";

const width = 80;

/** `clickscribe --help` */
export function generalHelp(version: string, commands: readonly Command[], program: string): string {
  const column = Math.max(...commands.map(({ line }) => line.name.length)) + 4;
  const sections = groups
    .map((group) => ({ group, own: commands.filter((command) => command.group === group) }))
    .filter(({ own }) => own.length > 0)
    .map(({ group, own }) => {
      const rows = own.map(({ line, summary }) => row(line.name, column, summary));
      return `${group}:\n${rows.join("\n")}`;
    });
  return `clickscribe ${version} writes down in Git what people click together in a Kubernetes
cluster.

Usage: ${program} COMMAND [ARGUMENT ...] [FLAG ...]

${sections.join("\n\n")}

${program} COMMAND --help tells more of a command.
`;
}

/** `clickscribe create`: the commands whose first word it is. */
export function partHelp(word: string, commands: readonly Command[], program: string): string {
  const column = Math.max(...commands.map(({ line }) => line.name.length)) + 4;
  return `Usage: ${program} ${word} ...

${commands.map(({ line, summary }) => row(line.name, column, summary)).join("\n")}

${program} ${word} ... --help tells more.
`;
}

/** `clickscribe COMMAND --help` */
export function commandHelp({ line, summary, details, examples }: Command, program: string): string {
  const said = wrapped(`${program} ${line.name}: ${summary}`, width).join("\n");
  const shown = examples.map((example) => `  ${example.replaceAll(/\bclickscribe(?= )/g, program)}`);
  const sections = [
    said,
    `Usage: ${usageOf(line, program)}`,
    ...(details === undefined ? [] : [wrapped(details, width).join("\n")]),
    shown.join("\n"),
    ...(line.arguments.length === 0
      ? []
      : [`Arguments:\n${rows(line.arguments.map(({ name, help }) => [name, help] as const))}`]),
    ...(line.flags.length === 0
      ? []
      : [`Flags:\n${rows(line.flags.map((flag) => [usage(flag), text(flag)] as const))}`]),
    ...variables(line.flags),
  ];
  return `${sections.join("\n\n")}\n`;
}

function usageOf({ name, arguments: words, flags }: CommandLine, program: string): string {
  const shown = words.map(({ name: word, choices, isOptional, isRepeatable }) => {
    const one = `${choices?.join("|") ?? word}${isRepeatable ? " ..." : ""}`;
    return isOptional ? `[${one}]` : one;
  });
  return [program, name, ...shown, ...(flags.length === 0 ? [] : ["[FLAG ...]"])].join(" ");
}

function variables(flags: readonly Flag[]): readonly string[] {
  const [first] = flags.filter(({ isTypedOnly }) => !isTypedOnly);
  if (first === undefined) return [];
  const typed = flags.filter(({ isTypedOnly }) => isTypedOnly).map(({ name }) => `--${name}`);
  const but = typed.length === 0 ? "" : `, but for ${typed.join(", ")}`;
  const lists = flags.some(({ isRepeatable }) => isRepeatable) ? " Repeatable ones take a list with commas there." : "";
  const said = `Flags can be given as variables too${but}: --${first.name} is ${variableOf(first.name)}; the flag wins.${lists}`;
  return [wrapped(said, width).join("\n")];
}

/** What is longer than `widest` stands in a line of its own. */
const widest = 30;

function rows(pairs: readonly (readonly [string, string])[]): string {
  const column = Math.max(...pairs.map(([name]) => (name.length > widest ? 0 : name.length))) + 4;
  return pairs.map(([name, said]) => row(name, column, said)).join("\n");
}

function row(name: string, column: number, said: string): string {
  const indent = " ".repeat(column);
  const lines = wrapped(said, width - column).join(`\n${indent}`);
  return name.length + 4 > column ? `  ${name}\n${indent}${lines}` : `  ${name.padEnd(column - 2)}${lines}`;
}

function usage({ name, short, value }: Flag): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function text({ help, fallback, isRepeatable }: Flag): string {
  return `${help}${isRepeatable ? "; repeatable" : ""}${fallback === undefined ? "" : ` (default: ${fallback})`}`;
}
