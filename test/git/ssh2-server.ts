/** An SSH server in this process, for the fast tests: it runs git's own upload-pack and receive-pack. */
import { type ChildProcess, spawn } from "node:child_process";
import type { AddressInfo, Server as NetServer, Socket } from "node:net";
import ssh2, { type Connection, type ParsedKey, type ServerChannel } from "ssh2";
import { createShelf, makeKey, type SshServer, type SshServerOptions } from "./ssh-protocol.ts";

export interface InProcessSshServer extends SshServer {
  /** Commands as they came, oldest first. */
  readonly commands: readonly string[];
  /** Algorithms of the signatures that keys logged in with. */
  readonly signatures: readonly string[];
  /** Logins so far. */
  readonly logins: number;
  /** Requests to log in, whatever became of them. */
  readonly attempts: number;
  /** The most commands that ran at a time. */
  readonly mostCommands: number;
  /** In place of the next command. */
  answerOnce(answer: (channel: ServerChannel) => void): void;
  /** Cuts the connection of the next command that fits once it has printed, or taken, this many bytes. */
  cutOnce(fits: RegExp, after: { readonly printed?: number; readonly taken?: number }): void;
}

interface Cut {
  readonly fits: RegExp;
  readonly printed: number;
  readonly taken: number;
}

export async function startSsh2Server(options: SshServerOptions): Promise<InProcessSshServer> {
  const shelf = await createShelf();
  const hostKeys = options.hostKeys ?? [await makeKey()];
  const authorized = options.authorized.map(({ publicKey, readOnly }) => ({ key: parsed(publicKey), readOnly }));
  const commands: string[] = [];
  const signatures: string[] = [];
  const children = new Set<ChildProcess>();
  const sockets = new Set<Socket>();
  let logins = 0;
  let attempts = 0;
  let running = 0;
  let mostCommands = 0;
  let cut: Cut | undefined;
  let answer: ((channel: ServerChannel) => void) | undefined;

  const run = (client: Connection, channel: ServerChannel, command: string, env: NodeJS.ProcessEnv): void => {
    const child = spawn("git", ["shell", "-c", command], { env: { ...shelf.env, ...env }, stdio: "pipe" });
    children.add(child);
    const planned = cut?.fits.test(command) ? cut : undefined;
    const break_ = (): void => {
      cut = undefined;
      (client as unknown as { _sock: Socket })._sock.destroy();
    };
    let printed = 0;
    let taken = 0;
    child.stdin.on("error", () => {});
    channel.on("data", (chunk: Buffer) => {
      taken += chunk.length;
      if (planned !== undefined && taken >= planned.taken) break_();
      else if (!child.stdin.write(chunk)) channel.pause();
    });
    child.stdin.on("drain", () => channel.resume());
    channel.on("end", () => child.stdin.end());
    channel.on("close", () => child.kill());
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk.length;
      if (planned !== undefined && printed >= planned.printed) {
        channel.write(chunk.subarray(0, chunk.length - (printed - planned.printed)), break_);
      } else if (!channel.write(chunk)) {
        child.stdout.pause();
        channel.once("drain", () => child.stdout.resume());
      }
    });
    child.stderr.on("data", (chunk: Buffer) => void channel.stderr.write(chunk));
    child.on("close", (code) => {
      children.delete(child);
      channel.exit(code ?? 1);
      channel.end();
    });
  };

  const server = new ssh2.Server({ hostKeys: hostKeys.map(({ privateKey }) => privateKey) }, (client) => {
    let readOnly = false;
    client.on("error", () => {});
    client.on("authentication", (attempt) => {
      attempts++;
      const found =
        attempt.method === "publickey"
          ? authorized.find(({ key }) => key.getPublicSSH().equals(attempt.key.data))
          : undefined;
      if (attempt.method !== "publickey" || found === undefined) return attempt.reject(["publickey"]);
      if (attempt.signature !== undefined) {
        const { hashAlgo } = attempt as { readonly hashAlgo?: string };
        if (!found.key.verify(attempt.blob ?? Buffer.alloc(0), attempt.signature, hashAlgo)) return attempt.reject();
        signatures.push(`${attempt.key.algo} ${hashAlgo ?? ""}`.trim());
        logins++;
      }
      readOnly = found.readOnly ?? false;
      attempt.accept();
    });
    client.on("session", (accept) => {
      const session = accept();
      const env: Record<string, string> = {};
      session.on("env", (take, _reject, { key, val }) => {
        if (key === "GIT_PROTOCOL" && options.acceptProtocol !== false) env[key] = val;
        (take as (() => void) | undefined)?.();
      });
      session.on("exec", (take, _reject, { command }) => {
        commands.push(command);
        const channel = take();
        mostCommands = Math.max(mostCommands, ++running);
        channel.once("close", () => void running--);
        channel.on("error", () => {});
        const answering = answer;
        answer = undefined;
        if (answering !== undefined) return answering(channel);
        if (!readOnly || command.startsWith("git-upload-pack ")) return run(client, channel, command, env);
        channel.stderr.write("ERROR: The key you are authenticating with has been marked as read only.\n");
        channel.exit(1);
        channel.end();
      });
    });
  });
  const listener = (server as unknown as { _srv: NetServer })._srv;
  listener.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cutAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    username: "git",
    knownHosts: hostKeys.map(({ publicKey }) => `[127.0.0.1]:${port} ${publicKey}\n`).join(""),
    commands,
    signatures,
    get logins() {
      return logins;
    },
    get attempts() {
      return attempts;
    },
    get mostCommands() {
      return mostCommands;
    },
    createRepository: (name, made) => shelf.create(name, `ssh://git@127.0.0.1:${port}`, made),
    connections: async () => sockets.size,
    cut: async () => cutAll(),
    answerOnce(next) {
      answer = next;
    },
    cutOnce(fits, { printed = Infinity, taken = Infinity }) {
      cut = { fits, printed, taken };
    },
    async stop() {
      cutAll();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
      await Promise.all([...children].map((child) => new Promise((resolve) => child.once("close", resolve))));
      await shelf.remove();
    },
  };
}

function parsed(publicKey: string): ParsedKey {
  const key = ssh2.utils.parseKey(publicKey);
  if (key instanceof Error) throw key;
  return key;
}
