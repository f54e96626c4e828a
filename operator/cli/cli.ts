/**
 * The command line. Errors are one line that says what to do; exit code 2 for what was typed wrong, 1 for what went
 * wrong. A stack trace is shown with `--log-level debug` only.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { didYouMean } from "../config/did-you-mean.ts";
import { invocation } from "../config.ts";
import { actions } from "./actions.ts";
import type { Command, Context } from "./command.ts";
import { commands } from "./commands.ts";
import { complete } from "./completion/complete.ts";
import { createLookUp } from "./completion/look-up.ts";
import { connect } from "./connect.ts";
import { commandHelp, generalHelp, partHelp } from "./help.ts";
import { Complaint, complainOf } from "./perform.ts";

/** What the scripts of `completion` call. */
const completeWord = "__complete";

/** The process: reads what it was started with, and sets the exit code. */
export async function start(version: string): Promise<void> {
  const terminal = {
    out: (text: string): void => void process.stdout.write(text),
    err: (text: string): void => void process.stderr.write(text),
  };
  // Whoever reads us, head(1) say, has enough.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    terminal.err(`clickscribe: standard output cannot be written (${error.code ?? error.message})\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => process.exit(1));
  const started = invocation();
  process.exitCode = await main({
    ...started,
    version,
    actions,
    connect,
    now: Date.now,
    sleep,
    readText,
    ask,
    terminal,
    takeSignals,
  });
  // A cluster that does not answer must not hold the shell.
  if (started.argv[0] === completeWord) process.stdout.write("", () => process.exit());
}

/** UTF-8, or UTF-16 as PowerShell writes it. Throws rather than to read other bytes as characters that were not meant. */
function readText(file: string): string {
  const bytes = readFileSync(file === "-" ? 0 : file);
  const mark = bytes.subarray(0, 2).toString("hex");
  const encoding = mark === "fffe" ? "utf-16le" : mark === "feff" ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new Complaint("is no UTF-8 text", { cause: error });
  }
}

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(question);
  } finally {
    lines.close();
  }
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
  const { argv, version, terminal, program } = context;
  const [first] = argv;
  const words = first === "help" ? argv.slice(1) : argv;
  if (words.length === 0 || first === "--help" || first === "-h") {
    terminal.out(generalHelp(version, commands, program));
    return 0;
  }
  if (first === completeWord) {
    await printCandidates(context, argv.slice(1));
    return 0;
  }
  if (first === "--version" || first === "version") {
    terminal.out(`${version}\n`);
    return 0;
  }
  const wantsHelp = first === "help" || asksForHelp(words);
  const found = find(words);
  if (found !== undefined) {
    if (!wantsHelp) return found.command.act({ ...context, argv: found.rest });
    terminal.out(commandHelp(found.command, program));
    return 0;
  }
  const parts = commands.filter(({ line }) => line.name.startsWith(`${words[0]} `));
  const [, second] = words;
  if (parts.length > 0 && (second === undefined || (wantsHelp && second.startsWith("-")))) {
    (wantsHelp ? terminal.out : terminal.err)(partHelp(words[0] ?? "", parts, program));
    return wantsHelp ? 0 : 2;
  }
  return complainOf(terminal, [unknown(words, parts, program)]);
}

/** `[--empty] -- WORD ...`; with --empty, an empty word follows the last. */
async function printCandidates(context: Context, argv: readonly string[]): Promise<void> {
  const words = argv.slice(argv.indexOf("--") + 1);
  if (argv[0] === "--empty") words.push("");
  const { candidates, files } = await complete(words, commands, createLookUp(context));
  const lines = candidates.map(({ word, help }) => (help === undefined ? word : `${word}\t${help}`));
  context.terminal.out(`${[...lines, files ? ":0" : ":4"].join("\n")}\n`);
}

/** The command that the first word, or the first two, name. */
function find(words: readonly string[]): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const command = commands.find(({ line }) => line.name === name);
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

function unknown(words: readonly string[], parts: readonly Command[], program: string): string {
  const [first = "", second = ""] = words;
  if (first.startsWith("-")) return `there is no flag ${JSON.stringify(first)}: see ${program} --help`;
  if (parts.length > 0) {
    const choices = parts.map(({ line }) => line.name.slice(first.length + 1));
    const guess = didYouMean(second, choices);
    const hint = guess === undefined ? "" : `; did you mean ${first} ${guess}?`;
    return `${first} is followed by ${choices.join(" or ")}, not ${JSON.stringify(second)}${hint}`;
  }
  const guess = didYouMean(
    first,
    commands.map(({ line }) => line.name.split(" ")[0] ?? ""),
  );
  const what = `there is no command ${JSON.stringify(first)}`;
  return guess === undefined ? `${what}: see ${program} --help` : `${what}: did you mean ${program} ${guess}?`;
}

function asksForHelp(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end === -1 ? argv.length : end).some((word) => word === "--help" || word === "-h");
}
