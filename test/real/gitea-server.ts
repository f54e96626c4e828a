/** A real Gitea on loopback, over HTTP and by its own SSH server: two accounts, repositories, protected branches. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { promisify } from "node:util";
import { startOnFreePorts, waitUntil } from "../control-plane/servers.ts";
import { supervise } from "../control-plane/supervise.ts";
import { type BareRepository, openBareRepository } from "../git/bare-repository.ts";
import { isolatedEnvironment, runGit } from "../git/git-cli.ts";
import { waitFor } from "../harness/wait-for.ts";
import { resolvePart } from "./parts/parts.ts";

const run = promisify(execFile);

/** Owns the repositories; an administrator. */
export const owner = "acme";
/** May write to them and nothing else. */
export const robot = "robot";
/** Of the account `robot`. */
export const robotEmail = "bot@example.com";

export interface GiteaServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** Of the account `robot`. */
  readonly password: string;
  /** Of `robot`: may read and write repositories. */
  readonly token: string;
  readonly ssh: {
    readonly port: number;
    /** Of `robot`, in OpenSSH's own format. */
    readonly privateKey: string;
    /** As ssh-keyscan tells it. */
    readonly knownHosts: string;
  };
  createRepository(name: string): Promise<GiteaRepository>;
  /** Commits of `robot` that this key signed are verified: an armored OpenPGP key, or a line of authorized_keys. */
  trust(publicKey: string): Promise<void>;
  /** A request to Gitea's API as the owner; rejects unless it succeeds. */
  // oxlint-disable-next-line typescript/no-explicit-any -- raw JSON of another program
  api(method: string, path: string, body?: object): Promise<any>;
  stop(): Promise<void>;
}

/** Owned by `owner`; what reads it, and `commitAsPerson`, works in the bare folder. */
export interface GiteaRepository extends BareRepository {
  readonly url: string;
  readonly sshUrl: string;
  /** A commit of the git CLI in a clone, pushed as the owner; null removes a file. Answers the id. */
  pushAsPerson(files: Readonly<Record<string, string | null>>, branch?: string): Promise<string>;
  /** Clones by the git CLI as `robot` and answers the folder. */
  clone(branch?: string): Promise<string>;
  /** By default nobody may push to the branch. */
  protect(branch: string, rule?: object): Promise<void>;
  unprotect(branch: string): Promise<void>;
  /** What Gitea's API says of the branch's last commit; it looks a moment after the push, which this waits for. */
  // oxlint-disable-next-line typescript/no-explicit-any -- raw JSON of another program
  shownTip(branch: string): Promise<any>;
}

/** Takes about 2 s where the part is built. Its hooks need bash. */
export async function startGitea(): Promise<GiteaServer> {
  const program = await resolvePart("gitea");
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-gitea-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const home = join(folder, "home");
  await mkdir(home);
  const config = join(folder, "app.ini");
  const resources = dirname(program);
  await writeFile(config, configuration({ folder, port: 0, sshPort: 0, resources }));
  const git = isolatedEnvironment(home);
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, USER: userInfo().username, TMPDIR: folder };
  const command = async (...args: readonly string[]): Promise<string> =>
    (await run(program, [...args, "--config", config], { env, cwd: folder })).stdout.trim();

  await command("migrate");
  const password = "robot-p4ssword";
  await createUser(command, owner, `${owner}@example.invalid`, "owner-p4ssword", "--admin");
  await createUser(command, robot, robotEmail, password);
  const token = await createToken(command, robot, "write:repository");
  const ownersToken = await createToken(command, owner, "all");

  const logFile = join(folder, "gitea.log");
  const args = ["web", "--config", config];
  let [sshPort, knownHosts] = [0, ""];
  const server = await startOnFreePorts(2, logFile, async ([port = 0, ofSsh = 0]) => {
    sshPort = ofSsh;
    await writeFile(config, configuration({ folder, port, sshPort, resources }));
    const process = supervise({ command: program, args, env, cwd: folder, logFile, removeWhenOrphaned: folder });
    try {
      await waitUntil(process, "Gitea", 60_000, async () => {
        if (!(await fetch(`http://127.0.0.1:${port}/api/healthz`)).ok) return false;
        knownHosts = (await run("ssh-keyscan", ["-p", String(sshPort), "127.0.0.1"])).stdout;
        return knownHosts !== "";
      });
    } catch (error) {
      await process.stop(0);
      throw error;
    }
    return { process, port };
  });
  stack.defer(() => server.process.stop(5_000));
  const url = `http://127.0.0.1:${server.port}`;

  const api: GiteaServer["api"] = async (method, path, body) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `token ${ownersToken}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Gitea: ${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };

  const keyFile = join(folder, "key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", robot, "-f", keyFile]);
  const publicKey = await readFile(`${keyFile}.pub`, "utf8");
  await api("POST", `/admin/users/${robot}/keys`, { title: "key", key: publicKey });

  const createRepository: GiteaServer["createRepository"] = async (name) => {
    await api("POST", "/user/repos", { name, default_branch: "main", private: true });
    await api("PUT", `/repos/${owner}/${name}/collaborators/${robot}`, { permission: "write" });
    const path = `/${owner}/${name}.git`;
    const at = (user: string, word: string): string => `${url.replace("//", `//${user}:${word}@`)}${path}`;
    const clone = async (from: string, ...args: readonly string[]): Promise<string> => {
      const target = await mkdtemp(join(folder, "clone-"));
      await runGit(["clone", "--quiet", ...args, from, target], { env: git });
      return target;
    };
    const bare = openBareRepository(join(folder, `repositories${path}`), git, "main");
    return {
      ...bare,
      url: `${url}${path}`,
      sshUrl: `ssh://git@127.0.0.1:${sshPort}${path}`,
      async pushAsPerson(files, branch = "main") {
        const there = (await bare.tip(branch)) === undefined ? [] : ["--branch", branch];
        const target = await clone(at(owner, ownersToken), ...there);
        for (const [file, content] of Object.entries(files)) {
          await mkdir(dirname(join(target, file)), { recursive: true });
          await (content === null ? rm(join(target, file)) : writeFile(join(target, file), content));
        }
        const options = { cwd: target, env: git };
        await runGit(["add", "--all"], options);
        await runGit(["commit", "--quiet", "--message", "change by hand"], options);
        await runGit(["push", "--quiet", "origin", `HEAD:refs/heads/${branch}`], options);
        return (await runGit(["rev-parse", "HEAD"], options)).stdout.trim();
      },
      clone: (branch = "main") => clone(at(robot, token), "--branch", branch),
      async protect(branch, rule = { enable_push: false }) {
        await api("POST", `/repos/${owner}/${name}/branch_protections`, { rule_name: branch, ...rule });
      },
      async unprotect(branch) {
        await api("DELETE", `/repos/${owner}/${name}/branch_protections/${branch}`);
      },
      shownTip: (branch) =>
        waitFor(`Gitea to show ${branch}`, async () => {
          const [shown] = await api("GET", `/repos/${owner}/${name}/commits?sha=${branch}&limit=1`);
          return shown.sha === (await bare.tip(branch)) ? shown : undefined;
        }),
    };
  };

  const trust: GiteaServer["trust"] = async (publicKey) => {
    if (publicKey.startsWith("-----BEGIN PGP")) {
      await api("POST", `/user/gpg_keys?sudo=${robot}`, { armored_public_key: publicKey });
      return;
    }
    const { id } = await api("POST", `/admin/users/${robot}/keys`, { title: randomUUID(), key: publicKey });
    // What its owner does on a web page, by signing a token: the API has nothing for it.
    using database = new DatabaseSync(join(folder, "gitea.db"), { timeout: 5_000 });
    database.prepare("UPDATE public_key SET verified = 1 WHERE id = ?").run(id);
  };

  const running = stack.move();
  return {
    url,
    password,
    token,
    ssh: { port: sshPort, privateKey: await readFile(keyFile, "utf8"), knownHosts },
    createRepository,
    trust,
    api,
    stop: () => running.disposeAsync(),
  };
}

type Command = (...args: readonly string[]) => Promise<string>;

async function createUser(
  command: Command,
  name: string,
  email: string,
  password: string,
  ...flags: readonly string[]
): Promise<void> {
  const account = ["--username", name, "--email", email, "--password", password, "--must-change-password=false"];
  await command("admin", "user", "create", ...account, ...flags);
}

async function createToken(command: Command, username: string, scopes: string): Promise<string> {
  const printed = await command(
    ...["admin", "user", "generate-access-token", "--username", username, "--scopes", scopes, "--raw"],
  );
  return printed.split("\n").at(-1) ?? "";
}

function configuration(at: {
  readonly folder: string;
  readonly port: number;
  readonly sshPort: number;
  /** Where the part's templates, options and public are. */
  readonly resources: string;
}): string {
  const { folder, port, sshPort, resources } = at;
  return `I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
RUN_USER = ${userInfo().username}
WORK_PATH = ${folder}

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = ${port}
ROOT_URL = http://127.0.0.1:${port}/
OFFLINE_MODE = true
STATIC_ROOT_PATH = ${resources}
START_SSH_SERVER = true
SSH_LISTEN_HOST = 127.0.0.1
SSH_LISTEN_PORT = ${sshPort}
BUILTIN_SSH_SERVER_USER = git

[database]
DB_TYPE = sqlite3
PATH = ${folder}/gitea.db

[repository]
ROOT = ${folder}/repositories

[security]
INSTALL_LOCK = true
SECRET_KEY = only-for-tests
PASSWORD_HASH_ALGO = pbkdf2_v1
MIN_PASSWORD_LENGTH = 6

[actions]
ENABLED = false

[log]
LEVEL = warn
`;
}
