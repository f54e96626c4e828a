/**
 * One command on an SSH connection: bytes go in, bytes come out, in bounded time and memory.
 *
 * Invariant: it is over once, whether the command ended, the connection was cut, time ran out or nobody wants the rest.
 */
import type { ClientChannel } from "ssh2";
import { type Failure, retry } from "../../failures.ts";
import type { Exit } from "./ssh-failures.ts";

export interface ExecChannel {
  /** What the command prints, as it comes; undefined once it has ended. Throws Failure, or the error of the connection. */
  read(): Promise<Buffer | undefined>;
  /** Writes all, at the pace of the server, and then says that no more comes. Ends early where the command does. */
  write(body: Buffer | AsyncIterable<Uint8Array>): Promise<void>;
  /** Of a command that has ended. */
  exit(): Exit;
  /** Ends it; nobody reads the rest. */
  close(): void;
  /** Ends it; the next `read` throws `error`. */
  fail(error: unknown): void;
  /** The connection is gone. What came is still read; unless the command had ended, `error` follows it. */
  cut(error: unknown): void;
}

export interface ExecChannelOptions {
  readonly host: string;
  /** Without a byte in either direction while one is waited for. */
  readonly idleMs: number;
  readonly wholeMs: number;
  /** Called once. `sound`: the connection can be used for another command. */
  readonly onOver: (sound: boolean) => void;
}

const maxStderr = 8_192;

export function createExecChannel(channel: ClientChannel, options: ExecChannelOptions): ExecChannel {
  let over = false;
  let fault: unknown;
  let lost: unknown;
  let code: number | undefined;
  let signal: string | undefined;
  let active = performance.now();
  const stderr: Buffer[] = [];
  let stderrSize = 0;
  let wake = (): void => undefined;
  let whenOver = (): void => undefined;
  const isOver = new Promise<void>((resolve) => {
    whenOver = resolve;
  });

  const finish = (error: unknown): void => {
    if (over) return;
    over = true;
    fault = error;
    clearTimeout(wholeTimer);
    whenOver();
    wake();
    options.onOver(error === undefined);
  };
  const late = (what: string): Failure =>
    retry("RemoteUnreachable", `${options.host} cannot be reached: ${what}`, { host: options.host });
  const end = (error?: unknown): void => {
    finish(error);
    channel.close();
  };
  const wholeTimer = setTimeout(() => end(late("its answer took too long")), options.wholeMs).unref();

  channel.on("readable", () => wake());
  channel.on("end", () => wake());
  channel.on("exit", (status: number | null, name?: string) => {
    code = status ?? undefined;
    signal = name;
  });
  channel.on("close", () => finish(code === undefined ? lost : undefined));
  channel.on("error", end);
  channel.stderr.on("data", (chunk: Buffer) => {
    active = performance.now();
    if (stderrSize < maxStderr) stderr.push(chunk.subarray(0, maxStderr - stderrSize));
    stderrSize += chunk.length;
  });

  const changed = async (): Promise<void> => {
    const rest = active + options.idleMs - performance.now();
    if (rest <= 0) return end(late("no answer in time"));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, rest);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    wake = () => undefined;
  };
  const put = async (chunk: Uint8Array): Promise<void> => {
    const written = new Promise<void>((resolve) => void channel.write(chunk, () => resolve()));
    await Promise.race([written, isOver]);
    active = performance.now();
  };

  return {
    async read() {
      active = performance.now();
      for (;;) {
        if (fault !== undefined) throw fault;
        const chunk = channel.read() as Buffer | null;
        if (chunk !== null) return chunk;
        // What the command ended with comes after the end of what it prints.
        if (over) return undefined;
        await changed();
      }
    },
    async write(body) {
      if (Buffer.isBuffer(body)) await put(body);
      else {
        for await (const chunk of body) {
          if (over) return;
          await put(chunk);
        }
      }
      if (!over) channel.end();
    },
    exit: () => ({ code, signal, stderr: Buffer.concat(stderr).toString("utf8") }),
    close: () => end(),
    fail: end,
    cut(error) {
      lost = error;
    },
  };
}
