/** OpenSSH's own server on the loopback, with a forced command by key that runs git, as forges have it. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createShelf, makeKey, type SshServer, type SshServerOptions } from "../git/ssh-protocol.ts";
import { waitFor } from "../harness/wait-for.ts";
import { resolvePart } from "./parts/parts.ts";

const run = promisify(execFile);

export interface OpenSshServer extends SshServer {
  /** What it printed. */
  readonly log: () => string;
  /** Ends it and starts it again, with other host keys if they are given. */
  restart(hostKeys?: SshServerOptions["hostKeys"]): Promise<void>;
}

export async function startOpenSshServer(options: SshServerOptions): Promise<OpenSshServer> {
  const program = await resolvePart("sshd");
  const shelf = await createShelf();
  const { username } = userInfo();
  const at = (name: string): string => join(shelf.folder, name);
  await writeForcedCommands(at, shelf.env, options);
  if (userInfo().uid === 0) await separatePrivileges();
  const port = await freePort();
  const write = async (name: string, text: string): Promise<void> => {
    await writeFile(at(name), text, { mode: 0o600 });
  };
  let hostKeys = options.hostKeys ?? [await makeKey()];
  let words = "";
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    await Promise.all(hostKeys.map(({ privateKey }, i) => write(`host-${i}`, privateKey)));
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      ...hostKeys.map((_, i) => `HostKey ${at(`host-${i}`)}`),
      `PidFile ${at("sshd.pid")}`,
      `AuthorizedKeysFile ${at("authorized_keys")}`,
      "AuthenticationMethods publickey",
      "PermitRootLogin prohibit-password",
      "StrictModes no",
      "UsePAM no",
      "LogLevel VERBOSE",
      ...(options.acceptProtocol === false ? [] : ["AcceptEnv GIT_PROTOCOL"]),
    ];
    await write("sshd_config", `${config.join("\n")}\n`);
    child = spawn(program, ["-D", "-e", "-f", at("sshd_config")], { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.on("data", (chunk: Buffer) => void (words += chunk.toString()));
    await waitFor("sshd to listen", async () => {
      if (child.exitCode !== null) throw new Error(`sshd ended: ${words}`);
      return words.includes("Server listening on") || undefined;
    });
  };
  const sessions = async (): Promise<readonly number[]> => {
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8");
    return children.split(" ").filter(Boolean).map(Number);
  };
  const cut = async (): Promise<void> => {
    for (const pid of await sessions()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch (error) {
        // It has just ended by itself.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
    }
  };
  const end = async (): Promise<void> => {
    await cut();
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill();
    await ended;
    words = "";
  };
  await start();
  return {
    port,
    username,
    get knownHosts() {
      return hostKeys.map(({ publicKey }) => `[127.0.0.1]:${port} ${publicKey}\n`).join("");
    },
    log: () => words,
    createRepository: (name, made) => shelf.create(name, `ssh://${username}@127.0.0.1:${port}`, made),
    connections: async () => (await sessions()).length,
    cut,
    async restart(keys = hostKeys) {
      await end();
      hostKeys = keys;
      await start();
    },
    async stop() {
      await end();
      await shelf.remove();
    },
  };
}

/** Each key runs git's own shell, whatever command it asks for; one that may only read, git-upload-pack alone. */
async function writeForcedCommands(
  at: (name: string) => string,
  env: NodeJS.ProcessEnv,
  { authorized }: SshServerOptions,
): Promise<void> {
  const names = Object.entries(env).filter(([, value]) => value !== undefined);
  const sets = names.map(([name, value]) => `export ${name}='${value?.replaceAll("'", "'\\''")}'\n`).join("");
  const refuse = "*) echo 'ERROR: The key you are authenticating with has been marked as read only.' >&2; exit 1 ;;";
  const check = `case "$SSH_ORIGINAL_COMMAND" in "git-upload-pack "*) ;; ${refuse} esac\n`;
  const shell = 'exec git shell -c "$SSH_ORIGINAL_COMMAND"\n';
  for (const [name, text] of [
    ["run-git", `#!/bin/sh\n${sets}${shell}`],
    ["run-git-read", `#!/bin/sh\n${sets}${check}${shell}`],
  ] as const) {
    await writeFile(at(name), text);
    await chmod(at(name), 0o755);
  }
  const lines = authorized.map(
    ({ publicKey, readOnly }) => `restrict,command="${at(readOnly ? "run-git-read" : "run-git")}" ${publicKey}\n`,
  );
  await writeFile(at("authorized_keys"), lines.join(""), { mode: 0o600 });
}

/** What the package makes when it is installed, and sshd wants where root starts it. */
async function separatePrivileges(): Promise<void> {
  await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const known = await run("getent", ["passwd", "sshd"]).then(
    () => true,
    () => false,
  );
  if (!known) await run("useradd", ["--system", "--home-dir", "/run/sshd", "--shell", "/usr/sbin/nologin", "sshd"]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => void server.close(resolve));
  return port;
}
