/**
 * The SSH connections of all repositories: one per server and identity, kept while it is used and a little longer, with a
 * bounded number of commands at a time.
 */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Client, ClientChannel } from "ssh2";
import { type Failure, stalled } from "../../failures.ts";
import { type Destination, failureOfError } from "../../net/classify.ts";
import type { Connections } from "../../net/connections.ts";
import type { RemoteAccess } from "../../ports.ts";
import { createExecChannel, type ExecChannel } from "./exec-channel.ts";
import type { Session } from "./open-session.ts";
import { connectionClosed } from "./ssh-failures.ts";
import type { SshRequest } from "./ssh-request.ts";

export interface Sessions {
  /** Starts the command. `environment` is asked for: servers take what they are told to. Throws Failure. */
  exec(access: RemoteAccess, request: SshRequest, options: ExecOptions): Promise<ExecChannel>;
  /** Ends all connections; what is under way fails. */
  close(): Promise<void>;
}

export interface ExecOptions {
  readonly at: Destination;
  readonly environment: Readonly<Record<string, string>>;
  /** Without a byte in either direction while one is waited for. */
  readonly idleMs: number;
  /** From the command's start to the end of what it prints. */
  readonly wholeMs: number;
}

interface Kept {
  readonly session: Session;
  readonly channels: Set<ExecChannel>;
  /** Commands that are being started. */
  starting: number;
  /** Takes no more commands. */
  retired: boolean;
  idle: NodeJS.Timeout | undefined;
}

/** What commands of one identity on one server go through. */
interface Line {
  kept: Kept | undefined;
  connecting: Promise<Kept> | undefined;
  running: number;
  readonly waiting: (() => void)[];
}

const idleMs = 60_000;
/** Below the 10 that OpenSSH's sshd admits (MaxSessions). */
const maxCommands = 6;
/** Keys are renewed again and again: what was not used for long goes. */
const maxLines = 1_000;

export function createSessions(connections: Connections): Sessions {
  const lines = new Map<string, Line>();
  const open = new Set<Kept>();
  let isClosed = false;

  const end = (kept: Kept): void => {
    kept.retired = true;
    clearTimeout(kept.idle);
    open.delete(kept);
    kept.session.client.end();
    kept.session.socket.destroySoon();
  };
  const rest = (kept: Kept): void => {
    if (kept.channels.size + kept.starting > 0) return;
    if (kept.retired || isClosed) end(kept);
    else kept.idle = setTimeout(() => end(kept), idleMs).unref();
  };

  const connect = async (access: RemoteAccess, { host, port }: SshRequest, at: Destination): Promise<Kept> => {
    const { credentials: identity, timeoutMs } = access;
    if (identity.type !== "Ssh") {
      throw stalled(
        "SecretInvalid",
        "a URL with ssh:// needs identity and known_hosts in the Secret of spec.secretRef",
      );
    }
    // Who uses no SSH does not load it.
    const { openSession } = await import("./open-session.ts");
    const { lookup } = connections;
    const tunnel = connections.tunnels(access);
    const session = await openSession({ host, port, at, identity, lookup, tunnel, timeoutMs });
    const kept: Kept = { session, channels: new Set(), starting: 0, retired: isClosed, idle: undefined };
    open.add(kept);
    const cut = (error: Error): void => {
      kept.retired = true;
      for (const channel of kept.channels) channel.cut(failureOfError(error, at));
    };
    session.client.on("error", cut);
    session.client.on("end", () => {
      kept.retired = true;
    });
    session.client.on("close", () => {
      cut(connectionClosed());
      end(kept);
    });
    if (isClosed) end(kept);
    return kept;
  };

  const lineOf = (access: RemoteAccess, { host, port }: SshRequest): Line => {
    const { credentials, proxy, ca } = access;
    const key = createHash("sha256")
      .update(JSON.stringify([host, port, credentials, proxy ?? null, ca ?? null]))
      .digest("hex");
    const line = lines.get(key) ?? { kept: undefined, connecting: undefined, running: 0, waiting: [] };
    lines.delete(key);
    lines.set(key, line);
    for (const [old, { running }] of lines) {
      if (lines.size <= maxLines) break;
      if (running === 0) lines.delete(old);
    }
    return line;
  };
  const take = async (line: Line): Promise<void> => {
    if (line.running < maxCommands) line.running++;
    else await new Promise<void>((resolve) => void line.waiting.push(resolve));
  };
  const release = (line: Line): void => {
    const next = line.waiting.shift();
    if (next === undefined) line.running--;
    else next();
  };

  const start = async (line: Line, kept: Kept, request: SshRequest, options: ExecOptions): Promise<ExecChannel> => {
    const { at, environment: env, idleMs: patience, wholeMs } = options;
    clearTimeout(kept.idle);
    kept.starting++;
    try {
      return await startCommand(kept.session.client, request.command, env, patience, (raw) => {
        const onOver = (sound: boolean): void => {
          kept.channels.delete(channel);
          if (!sound) kept.retired = true;
          rest(kept);
          release(line);
        };
        const channel = createExecChannel(raw, { host: at.host, idleMs: patience, wholeMs, onOver });
        kept.channels.add(channel);
        return channel;
      });
    } catch (error) {
      kept.retired = true;
      throw error;
    } finally {
      kept.starting--;
      rest(kept);
    }
  };

  /** Once more, on a new connection, where the kept one turns out to be dead: nothing was asked for yet. */
  const startAlive = async (line: Line, access: RemoteAccess, request: SshRequest, options: ExecOptions) => {
    const { kept } = line;
    if (kept !== undefined && !kept.retired) {
      const channel = await start(line, kept, request, options).catch(() => undefined);
      if (channel !== undefined) return channel;
    }
    line.connecting ??= connect(access, request, options.at).finally(() => {
      line.connecting = undefined;
    });
    line.kept = await line.connecting;
    return await start(line, line.kept, request, options);
  };

  return {
    async exec(access, request, options) {
      const line = lineOf(access, request);
      await take(line);
      try {
        if (isClosed) throw connectionClosed();
        return await startAlive(line, access, request, options);
      } catch (error) {
        release(line);
        throw failureOfStart(error, options.at);
      }
    },
    async close() {
      isClosed = true;
      await Promise.all(
        [...open].map(async (kept) => {
          for (const channel of kept.channels) channel.fail(connectionClosed());
          end(kept);
          kept.session.socket.destroy();
          if (!kept.session.socket.closed) await once(kept.session.socket, "close");
        }),
      );
    },
  };
}

/** `take` is called at once: what the command ends with may come in the same packet as what it begins with. */
async function startCommand(
  client: Client,
  command: string,
  env: Readonly<Record<string, string>>,
  patience: number,
  take: (channel: ClientChannel) => ExecChannel,
): Promise<ExecChannel> {
  return await new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(Object.assign(new Error("no answer in time"), { code: "UND_ERR_HEADERS_TIMEOUT" }));
    }, patience);
    client.exec(command, { env: { ...env } }, (error, channel) => {
      clearTimeout(timer);
      if (error) reject(error);
      else if (late) channel.close();
      else resolve(take(channel));
    });
  });
}

function failureOfStart(error: unknown, at: Destination): Failure {
  const text = error instanceof Error ? error.message : "";
  if (text === "Unable to exec")
    return stalled("RemoteInvalid", `${at.host} runs no commands of git`, { host: at.host });
  if (text === "Not connected" || text === "No response from server") return failureOfError(connectionClosed(), at);
  return failureOfError(error, at);
}
