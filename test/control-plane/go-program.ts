/**
 * Builds programs from pinned Go modules into a cache folder. Sums of all modules are in go.sum, so what is built is
 * what was pinned, whichever proxy it came from.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { keepInCache, withScratch } from "./cache.ts";
import { supervise } from "./supervise.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** How one program is built. */
export interface GoProgram<Name extends string = string> {
  /** The file's name in the cache. */
  readonly name: Name;
  /** The folder of the module (go.mod, go.sum) that pins it. */
  readonly module: string;
  readonly package: string;
  /** For people; what is built is what go.mod requires. */
  readonly version: string;
  readonly ldflags: string;
  /** Build tags, comma-separated. Default: none. */
  readonly tags?: string;
  /** It holds C: without a compiler for that it is not built, where Go would leave the C out. Default: as Go decides. */
  readonly cgo?: boolean;
  /** With an empty build cache on 2 cores, modules at hand. */
  readonly usualSeconds: number;
}

/** The paths of what was built by name, and in one line why not the rest. */
export interface BuildResult<Name extends string = string> {
  readonly found: ReadonlyMap<Name, string>;
  readonly why?: string;
}

const PROGRESS_MS = 10_000;

/** Builds `programs` in their order, ends with the first that fails; without `go` nothing is tried. */
export async function buildGoPrograms<Name extends string>(options: {
  readonly programs: readonly GoProgram<Name>[];
  readonly cache: string;
  readonly env: Environment;
  readonly progress: (line: string) => void;
  /** A build is ended when all have taken longer. Default: none. */
  readonly limitMs?: number;
}): Promise<BuildResult<Name>> {
  const { programs, cache, env, progress, limitMs = Number.POSITIVE_INFINITY } = options;
  const deadline = Date.now() + limitMs;
  const go = await goVersion(env);
  if (go === undefined) {
    return { found: new Map(), why: "no `go` on the PATH (Go 1.26 or newer is needed: https://go.dev/dl)" };
  }
  const found = new Map<Name, string>();
  progress(
    `building ${programs.map(({ name }) => name).join(", ")} from Go modules with ${go}, once; kept in ${cache}`,
  );
  return withScratch(cache, async (scratch) => {
    for (const program of programs) {
      const file = join(scratch, program.name);
      const why = await build({ program, file, scratch, env, progress, deadline });
      if (why !== undefined) return { found, why };
      found.set(program.name, await keepInCache(cache, file, program.name));
    }
    return { found };
  });
}

/** Without its version the API server calls itself v0.0.0-master and clients that look misbehave. */
export function kubernetesLinkerFlags(version: string): string {
  const [major, minor] = version.slice(1).split(".");
  const set = (name: string, value: string): string => `-X k8s.io/component-base/version.${name}=${value}`;
  return ["-s -w", set("gitVersion", version), set("gitMajor", major ?? ""), set("gitMinor", minor ?? "")].join(" ");
}

/** `40 s`, `1.5 min`, `4 min`: a usual time, as people say it. */
export function roughTime(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  return `${Math.round(seconds / 30) / 2} min`;
}

async function build(options: {
  readonly program: GoProgram;
  readonly file: string;
  readonly scratch: string;
  readonly env: Environment;
  readonly progress: (line: string) => void;
  readonly deadline: number;
}): Promise<string | undefined> {
  const { program, file, scratch, progress, deadline } = options;
  const title = `${program.name} ${program.version}`;
  const started = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - started) / 1000)} s`;
  const usually = `usually about ${roughTime(program.usualSeconds)} on 2 cores`;
  progress(`  ${title}: building (${usually})`);
  const timer = setInterval(() => progress(`  ${title}: ${elapsed()} (${usually})`), PROGRESS_MS);
  const logFile = join(scratch, `${program.name}.log`);
  let alarm: NodeJS.Timeout | undefined;
  let ending: Promise<void> | undefined;
  try {
    const go = supervise({
      command: "go",
      args: [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        `-ldflags=${program.ldflags}`,
        ...(program.tags === undefined ? [] : [`-tags=${program.tags}`]),
        "-o",
        file,
        program.package,
      ],
      env: { ...definedOnly(options.env), ...(program.cgo && { CGO_ENABLED: "1" }) },
      cwd: program.module,
      logFile,
      removeWhenOrphaned: scratch,
    });
    if (Number.isFinite(deadline)) {
      alarm = setTimeout(() => {
        ending = go.stop(0);
      }, deadline - Date.now());
    }
    const code = await go.exited;
    await ending;
    if (code === 0) {
      progress(`  ${title}: built in ${elapsed()}`);
      return undefined;
    }
    if (ending !== undefined) return `go build of ${program.name} was ended after ${elapsed()}: no time is left`;
    const log = await readFile(logFile, "utf8");
    return `go build of ${program.name} failed after ${elapsed()} with exit code ${code}: ${lastLine(log)}`;
  } finally {
    clearInterval(timer);
    clearTimeout(alarm);
  }
}

async function goVersion(env: Environment): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("go", ["env", "GOVERSION"], { env: definedOnly(env) });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
