/** A bare repository as the git CLI reads it and writes to it in its folder, whichever server it belongs to. */
import { setTimeout as sleep } from "node:timers/promises";
import { fastImportStream, type Person } from "./fast-import.ts";
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

export interface PersonalCommit {
  /** Contents by path; null removes the file. */
  readonly files: Readonly<Record<string, string | null>>;
  readonly message?: string;
  readonly author?: Person;
  /** Default: the repository's default branch. It is made where it does not exist. */
  readonly branch?: string;
  readonly at?: Date;
}

export interface BareRepository {
  /** The bare folder. */
  readonly path: string;
  readonly defaultBranch: string;
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
  /** Puts a commit on a branch, as if a person had pushed it just now. Retries when the branch moves. Answers its id. */
  commitAsPerson(commit: PersonalCommit): Promise<string>;
  /** What `git fsck --strict` complains of; empty when the repository is clean. */
  fsck(): Promise<string[]>;
}

const person: Person = { name: "Paula Person", email: "paula@example.invalid" };

/** `env` is the whole environment of its commands. The folder need not exist yet. */
export function openBareRepository(path: string, env: NodeJS.ProcessEnv, defaultBranch: string): BareRepository {
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
        const args = ["fast-import", "--quiet", "--done", "--date-format=raw"];
        return (await run(args, stream)).trim();
      } catch (error) {
        if (!(error instanceof GitCommandError) || attempt === 10) throw error;
        await sleep(10 * attempt);
      }
    }
  };

  return {
    path,
    defaultBranch,
    commitAsPerson,
    git: async (...args) => await run(args),
    tip,
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
    async fsck() {
      const args = ["fsck", "--strict", "--full", "--no-progress", "--no-dangling"];
      const { code, stdout, stderr } = await runGit(args, { cwd: path, env, allowFailure: true });
      const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line !== "" && !line.startsWith("notice:"));
      return code === 0 || lines.length > 0 ? lines : [`git fsck ended with exit code ${code}`];
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
