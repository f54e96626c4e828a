import type { CommandLine } from "./command-line.ts";
import { finish, type Invocation, type Read, read } from "./shared.ts";

/** Of `clickscribe completion`. */
export interface CompletionConfig {
  readonly shell: "bash" | "zsh" | "fish" | "powershell";
}

export const completionLine: CommandLine = {
  name: "completion",
  arguments: [{ name: "SHELL", help: "which shell", choices: ["bash", "zsh", "fish", "powershell"] }],
  flags: [],
};

export function readCompletionConfig(started: Invocation): Read<CompletionConfig> {
  const flags = read(completionLine, started);
  return finish(flags, { shell: (flags.word("SHELL") ?? "bash") as CompletionConfig["shell"] });
}
