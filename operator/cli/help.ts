import { type CommandName, type Flag, flagsOf, variableOf } from "../config/flags.ts";

export interface CommandHelp {
  readonly name: CommandName;
  readonly summary: string;
  readonly examples: readonly string[];
}

const width = 100;

/** `clickscribe --help` */
export function generalHelp(version: string, commands: readonly CommandHelp[]): string {
  const rows = commands.map(({ name, summary }) => `  ${name.padEnd(6)}${summary}`);
  return `clickscribe ${version}: writes down in Git what people click together in a Kubernetes cluster

Usage: clickscribe COMMAND [FLAG ...]

${rows.join("\n")}

clickscribe COMMAND --help tells a command's flags, clickscribe --version the version.
`;
}

/** `clickscribe COMMAND --help` */
export function commandHelp({ name, summary, examples }: CommandHelp): string {
  const flags = flagsOf(name);
  const column = Math.max(...flags.map((flag) => usage(flag).length)) + 4;
  const rows = flags.map((flag) => {
    const lines = wrapped(text(flag), width - column);
    return `  ${usage(flag).padEnd(column - 2)}${lines.join(`\n${" ".repeat(column)}`)}`;
  });
  return `clickscribe ${name}: ${summary}

${examples.map((example) => `  ${example}`).join("\n")}

Flags:
${rows.join("\n")}

Each flag can be given as a variable too: --cluster-name is ${variableOf("cluster-name")}; the flag wins.
Repeatable ones take a list with commas there.
`;
}

function usage({ name, short, value }: Flag): string {
  return `${short === undefined ? "    " : `-${short}, `}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function text({ help, fallback, repeatable }: Flag): string {
  return `${help}${repeatable ? "; repeatable" : ""}${fallback === undefined ? "" : ` (default: ${fallback})`}`;
}

function wrapped(words: string, columns: number): readonly string[] {
  const lines: string[] = [""];
  for (const word of words.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines;
}
