import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type BareRepository, openBareRepository } from "./bare-repository.ts";
import type { Faults, Push } from "./faults.ts";
import { runGit } from "./git-cli.ts";

export type { LogEntry, PersonalCommit } from "./bare-repository.ts";

export interface RepositoryOptions {
  /** Default `main`. */
  readonly defaultBranch?: string;
  /** Contents of a first commit by path; none: the first commit has a README.md. */
  readonly files?: Readonly<Record<string, string>>;
  /** No commit at all. */
  readonly empty?: boolean;
  /** git configuration of the bare repository, over the server's defaults. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A bare repository on the server. What reads it reads the folder, whatever faults are on. */
export interface TestRepository extends Faults, BareRepository {
  readonly name: string;
  /** Without user information. */
  readonly url: string;
  /** Pushes that reached this repository, oldest first. */
  readonly pushes: readonly Push[];
  /** A fresh clone over HTTP by the git CLI; credentials and CA are not stored in it. Answers its folder. */
  clone(folder?: string): Promise<string>;
  /**
   * Refuses refs that fit a shell pattern (`*` crosses slashes), by a hook that prints `message`. Adds up. An `update`
   * hook (the default) refuses that ref alone, `pre-receive` the whole push that has it, as the large forges do.
   */
  rejectRef(pattern: string, message: string, hook?: HookName): Promise<void>;
  /** Takes back every `rejectRef`. */
  acceptAll(): Promise<void>;
}

export type HookName = "update" | "pre-receive";

interface Rejection {
  readonly pattern: string;
  readonly message: string;
  readonly hook: HookName;
}

export interface RepositoryDeps {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly scratch: string;
  readonly env: NodeJS.ProcessEnv;
  /** Environment of a client of the server: credentials and CA included. */
  readonly clientEnv: () => NodeJS.ProcessEnv;
  readonly pushes: readonly Push[];
  readonly faults: Faults;
}

const defaultConfig: Readonly<Record<string, string>> = {
  "http.receivepack": "true",
  "uploadpack.allowFilter": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "receive.fsckObjects": "true",
  "receive.autogc": "false",
  "gc.auto": "0",
};

/** Makes the bare repository and its first commit. */
export async function createTestRepository(deps: RepositoryDeps, options: RepositoryOptions): Promise<TestRepository> {
  const { env, path } = deps;
  const defaultBranch = options.defaultBranch ?? "main";
  const rejections: Rejection[] = [];

  const bare = openBareRepository(path, env, defaultBranch);

  const writeHooks = async (): Promise<void> => {
    await mkdir(join(path, "hooks"), { recursive: true });
    for (const name of ["update", "pre-receive"] as const) {
      const file = join(path, "hooks", name);
      const own = rejections.filter(({ hook }) => hook === name);
      if (own.length === 0) {
        await rm(file, { force: true });
        continue;
      }
      // Renamed into place: a push that runs now sees the old hook or the new one.
      await writeFile(`${file}.new`, hookScript(name, own), { mode: 0o755 });
      await rename(`${file}.new`, file);
    }
  };

  await mkdir(dirname(path), { recursive: true });
  await runGit(["init", "--quiet", "--bare", "--template=", `--initial-branch=${defaultBranch}`, path], { env });
  const config = Object.entries({ ...defaultConfig, ...options.config });
  await writeFile(
    join(path, "config"),
    `[core]\n\trepositoryformatversion = 0\n\tbare = true\n${config.map(configLines).join("")}`,
  );
  if (!options.empty) {
    const files = options.files ?? { "README.md": `# ${deps.name}\n` };
    await bare.commitAsPerson({ files, message: "first commit" });
  }

  return {
    ...deps.faults,
    name: deps.name,
    ...bare,
    url: deps.url,
    get pushes() {
      return deps.pushes.filter((push) => push.repository === deps.name);
    },
    async clone(folder) {
      const target = folder ?? (await mkdtemp(join(deps.scratch, "clone-")));
      await runGit(["clone", "--quiet", deps.url, target], { env: deps.clientEnv() });
      return target;
    },
    async rejectRef(pattern, message, hook = "update") {
      rejections.push({ pattern, message, hook });
      await writeHooks();
    },
    async acceptAll() {
      rejections.length = 0;
      await writeHooks();
    },
  };
}

function configLines([key, value]: [string, string]): string {
  const dot = key.indexOf(".");
  const last = key.lastIndexOf(".");
  const section = dot === last ? key.slice(0, dot) : `${key.slice(0, dot)} "${key.slice(dot + 1, last)}"`;
  return `[${section}]\n\t${key.slice(last + 1)} = "${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"\n`;
}

function hookScript(name: HookName, rejections: readonly Rejection[]): string {
  const cases = rejections.map(
    ({ pattern, message }) => `  ${shellPattern(pattern)}) printf '%s\\n' ${shellWord(message)} >&2; exit 1 ;;\n`,
  );
  const choice = `case "$ref" in\n${cases.join("")}esac\n`;
  if (name === "update") return `#!/bin/sh\nref=$1\n${choice}exit 0\n`;
  return `#!/bin/sh\nwhile read -r old new ref; do\n${choice}done\nexit 0\n`;
}

function shellPattern(pattern: string): string {
  return pattern
    .split(/([*?])/)
    .map((part) => (part === "*" || part === "?" || part === "" ? part : shellWord(part)))
    .join("");
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
