import type { CommandLine } from "./command-line.ts";
import { outputFlag } from "./flags.ts";
import { finish, type Invocation, type Read, read } from "./shared.ts";

/** Of `clickscribe clean`. */
export interface CleanConfig {
  /** Files and folders; "-" is standard input. */
  readonly files: readonly string[];
  readonly recursive: boolean;
  readonly output: "yaml" | "json";
}

export const cleanLine: CommandLine = {
  name: "clean",
  arguments: [],
  flags: [
    {
      name: "filename",
      short: "f",
      value: "FILE",
      isRepeatable: true,
      help: "YAML or JSON, with any number of objects or Lists of them; a folder's .yaml, .yml and .json files; - is standard input; required",
      completes: "File",
    },
    { name: "recursive", short: "R", help: "with a folder, those of the folders in it too" },
    outputFlag(["yaml", "json"], "how to print them"),
  ],
};

export function readCleanConfig(started: Invocation): Read<CleanConfig> {
  const flags = read(cleanLine, started);
  flags.required("filename", "what to clean, such as -f deployment.yaml, or -f - for standard input");
  return finish(flags, {
    files: flags.texts("filename"),
    recursive: flags.boolean("recursive"),
    output: flags.oneOf("output", ["yaml", "json"]),
  });
}
