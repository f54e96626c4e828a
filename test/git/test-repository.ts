import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fastImportStream, type Person } from "./fast-import.ts";
import type { Faults, Push } from "./faults.ts";
import { GitCommandError, runGit } from "./git-cli.ts";

/** One commit as the git CLI shows it. */
export interface LogEntry {
  readonly oid: string;
  readonly parents: readonly string[];
  readonly author: Person & { readonly at: Date };
  readonly committer: Person & { readonly at: Date };
  readonly subject: string;
  /** What follows the subject, trailers included. */
  readonly body: string;
  /** Values by trailer key, in their order. */
  readonly trailers: Readonly<Record<string, readonly string[]>>;
  /** Paths that differ from the first parent. */
  readonly files: readonly string[];
}

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

export interface PersonalCommit {
  /** Contents by path; null removes the file. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message?: string;
  readonly author?: Person;
  /** Default: the repository's default branch. It is made where it does not exist. */
  readonly branch?: string;
  readonly at?: Date;
}

/** A bare repository on the server. What reads it reads the folder, whatever faults are on. */
export interface TestRepository extends Faults {
  readonly name: string;
  /** Without user information. */
  readonly url: string;
  /** The bare folder. */
  readonly path: string;
  readonly defaultBranch: string;
  /** Pushes that reached this repository, oldest first. */
  readonly pushes: readonly Push[];
  /** Runs the git CLI in the bare folder and answers its standard output. */
  git(...args: string[]): Promise<string>;
  /** Commits reachable from `ref`, OLDEST FIRST; none where there is no such ref. */
  log(ref?: string): Promise<LogEntry[]>;
  /** Text of a file; undefined where there is none. */
  show(ref: string, path: string): Promise<string | undefined>;
  /** Paths of all files at `ref` (below `folder`), sorted by git; none where there is no such ref. */
  files(ref?: string, folder?: string): Promise<string[]>;
  /** Object id of `ref` (a short branch name will do); undefined where there is none. */
  tip(ref?: string): Promise<string | undefined>;
  /** Object ids by full ref name. */
  refs(): Promise<Record<string, string>>;
  /** A fresh clone over HTTP by the git CLI; credentials and CA are not stored in it. Answers its folder. */
  clone(folder?: string): Promise<string>;
  /** Puts a commit on a branch, as if a person had pushed it just now. Retries when the branch moves. Answers its id. */
  commitAsPerson(commit: PersonalCommit): Promise<string>;
  /** What `git fsck --strict` complains of; empty when the repository is clean. */
  fsck(): Promise<string[]>;
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

const person: Person = { name: "Paula Person", email: "paula@example.invalid" };

/** Makes the bare repository and its first commit. */
export async function createTestRepository(deps: RepositoryDeps, options: RepositoryOptions): Promise<TestRepository> {
  const { env, path } = deps;
  const defaultBranch = options.defaultBranch ?? "main";
  const rejections: Rejection[] = [];

  const run = async (args: readonly string[], input?: string | Uint8Array): Promise<string> =>
    (await runGit(args, { cwd: path, env, ...(input === undefined ? {} : { input }) })).stdout;

  const tip = async (ref: string = defaultBranch): Promise<string | undefined> => {
    const args = ["rev-parse", "--quiet", "--verify", `${ref}^{commit}`];
    const { code, stdout } = await runGit(args, { cwd: path, env, allowFailure: true });
    return code === 0 ? stdout.trim() : undefined;
  };

  const commitAsPerson = async (commit: PersonalCommit): Promise<string> => {
    const ref = `refs/heads/${commit.branch ?? defaultBranch}`;
    for (let attempt = 1; ; attempt++) {
      const from = await tip(ref);
      const stream = fastImportStream({
        ref,
        ...(from === undefined ? {} : { from }),
        author: commit.author ?? person,
        at: commit.at ?? new Date(),
        message: commit.message ?? "change by hand",
        files: commit.files,
      });
      try {
        // fast-import refuses to leave commits behind: it fails when the branch has moved since `from`.
        return (await run(["fast-import", "--quiet", "--done", "--date-format=raw"], stream)).trim();
      } catch (error) {
        if (!(error instanceof GitCommandError) || attempt === 10) throw error;
        await sleep(10 * attempt);
      }
    }
  };

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
    await commitAsPerson({ files, message: "first commit" });
  }

  return {
    ...deps.faults,
    name: deps.name,
    url: deps.url,
    path,
    defaultBranch,
    get pushes() {
      return deps.pushes.filter((push) => push.repository === deps.name);
    },
    git: async (...args) => await run(args),
    tip,
    commitAsPerson,
    async log(ref = defaultBranch) {
      const oid = await tip(ref);
      return oid === undefined ? [] : await readLog(run, oid);
    },
    async show(ref, file) {
      const output = await run(["cat-file", "--batch"], `${ref}:${file}\n`);
      const end = output.indexOf("\n");
      return output.slice(0, end).endsWith(" missing") ? undefined : output.slice(end + 1, -1);
    },
    async files(ref = defaultBranch, folder = "") {
      const oid = await tip(ref);
      if (oid === undefined) return [];
      const below = folder === "" ? [] : ["--", `${folder.replace(/\/+$/, "")}/`];
      return splitNul(await run(["ls-tree", "-r", "-z", "--name-only", "--full-tree", oid, ...below]));
    },
    async refs() {
      const lines = (await run(["for-each-ref", "--format=%(refname) %(objectname)"])).trim().split("\n");
      return Object.fromEntries(lines.filter(Boolean).map((line) => line.split(" ") as [string, string]));
    },
    async clone(folder) {
      const target = folder ?? (await mkdtemp(join(deps.scratch, "clone-")));
      await runGit(["clone", "--quiet", deps.url, target], { env: deps.clientEnv() });
      return target;
    },
    async fsck() {
      const args = ["fsck", "--strict", "--full", "--no-progress", "--no-dangling"];
      const { code, stdout, stderr } = await runGit(args, { cwd: path, env, allowFailure: true });
      const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line !== "" && !line.startsWith("notice:"));
      return code === 0 || lines.length > 0 ? lines : [`git fsck ended with exit code ${code}`];
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

async function readLog(run: (args: readonly string[]) => Promise<string>, oid: string): Promise<LogEntry[]> {
  // No commit can hold this line: it names a random id.
  const start = `commit ${crypto.randomUUID()}`;
  const fields = ["%H", "%P", "%an", "%ae", "%at", "%cn", "%ce", "%ct", "%s", "%b", "%(trailers:only,unfold)"];
  const format = `--format=${start}%x00${fields.join("%x00")}%x00`;
  const output = await run([
    "log",
    "-z",
    "--reverse",
    "--topo-order",
    "--name-only",
    "-m",
    "--first-parent",
    format,
    oid,
  ]);
  return output.split(`${start}\0`).slice(1).map(parseEntry);
}

function parseEntry(record: string): LogEntry {
  const parts = record.split("\0");
  const field = (index: number): string => parts[index] ?? "";
  const at = (index: number): Date => new Date(Number(field(index)) * 1000);
  const trailers: Record<string, string[]> = {};
  for (const line of field(10).split("\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) (trailers[line.slice(0, colon)] ??= []).push(line.slice(colon + 2));
  }
  return {
    oid: field(0),
    parents: field(1).split(" ").filter(Boolean),
    author: { name: field(2), email: field(3), at: at(4) },
    committer: { name: field(5), email: field(6), at: at(7) },
    subject: field(8),
    body: field(9).trimEnd(),
    trailers,
    files: parts
      .slice(11)
      .map((path) => path.replace(/^\n/, ""))
      .filter(Boolean),
  };
}

function splitNul(text: string): string[] {
  return text.split("\0").filter(Boolean);
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
