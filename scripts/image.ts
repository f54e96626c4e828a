/**
 * Performs the Dockerfile's steps on this machine, without a container engine, and says how large the image is:
 *
 *   npm run image -- --output FOLDER [--build-arg NAME=VALUE ...]
 *
 * FOLDER gets `rootfs/`, the files of the last stage, and `config.json`, an OCI image configuration. Needs Linux and root.
 */
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { machine } from "./image/machine.ts";
import { measure, printMeasure } from "./image/measure.ts";
import { isFree, performDockerfile } from "./image/perform.ts";

const context = join(dirname(fileURLToPath(import.meta.url)), "..");

try {
  const { values } = parseArgs({
    options: { output: { type: "string" }, "build-arg": { type: "string", multiple: true, default: [] } },
  });
  if (values.output === undefined) fail(2, "give --output FOLDER");
  if (process.platform !== "linux" || process.getuid?.() !== 0) fail(1, "needs Linux and root: run it with sudo");
  const output = resolve(values.output);
  if (!isFree(output)) fail(1, `${output} is not empty: give another --output`);
  const buildArgs = new Map(values["build-arg"].map(nameAndValue));
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { rootfs, config } = performDockerfile({ context, output, buildArgs, say, ...machine(process.env, homedir()) });
  process.stdout.write(`\n${JSON.stringify(config, undefined, 2)}\n\n${printMeasure(measure(rootfs))}`);
} catch (error) {
  const isUsage = String((error as NodeJS.ErrnoException).code).startsWith("ERR_PARSE_ARGS");
  fail(isUsage ? 2 : 1, error instanceof Error ? error.message : String(error));
}

function nameAndValue(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  return at < 1 ? fail(2, `--build-arg ${text}: write NAME=VALUE`) : [text.slice(0, at), text.slice(at + 1)];
}

function fail(code: number, message: string): never {
  process.stderr.write(`image: ${message}\n`);
  process.exit(code);
}
