import { spawn } from "node:child_process";
import type { IncomingMessage } from "node:http";
import type { Readable, Writable } from "node:stream";

export interface HttpBackendOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly projectRoot: string;
  readonly request: IncomingMessage;
  /** Path below `projectRoot`, with a leading slash. */
  readonly path: string;
  readonly query: string;
  /** Who authenticated; empty: nobody. */
  readonly user: string;
  /** The body is handed over decoded, with its length unknown, whatever the request's headers say. */
  readonly decoded?: boolean;
}

/** Status line and headers that the CGI program printed. */
export interface CgiHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/** A running `git http-backend` and, with it, the git processes that it starts. */
export interface HttpBackend {
  readonly stdin: Writable;
  /** Resolves with the head, after which `stdout` yields the body alone. Rejects if the program ends before it. */
  readonly head: Promise<CgiHead>;
  readonly stdout: Readable;
  /** Exit code, once the program and its children have closed their output. -1: ended by a signal or not started. */
  readonly exited: Promise<number>;
  readonly stderr: () => string;
  /** Ends the program and its children so that they remove their locks and temporary files. */
  terminate(signal?: NodeJS.Signals): void;
}

/**
 * Starts `git http-backend` (RFC 3875) for one request. It reads a body of unknown length to the end of input when
 * CONTENT_LENGTH is missing, and inflates gzip bodies itself. The caller writes the body and ends `stdin`.
 */
export function startHttpBackend(options: HttpBackendOptions): HttpBackend {
  // A process group of its own: git receive-pack and index-pack are ended together with the program.
  const child = spawn("git", ["http-backend"], {
    env: cgiEnvironment(options),
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let stderr = "";
  let ended = false;
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-4096);
  });
  // A program that answers before it has read everything closes its input: its exit code tells what happened.
  child.stdin.on("error", () => {});
  const exited = new Promise<number>((resolve) => {
    child.once("error", () => resolve(-1));
    child.once("close", (code) => {
      ended = true;
      resolve(code ?? -1);
    });
  });
  const head = readHead(child.stdout);
  head.catch(() => {});
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    head,
    exited,
    stderr: () => stderr,
    terminate(signal = "SIGTERM") {
      if (ended || child.pid === undefined) return;
      try {
        process.kill(-child.pid, signal);
      } catch {
        // The group has ended in this very moment.
      }
    },
  };
}

/** Writes `chunks` with back-pressure and ends the input. Returns early when the program has closed its input. */
export async function feed(stdin: Writable, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  for await (const chunk of chunks) {
    if (stdin.destroyed) continue;
    if (!stdin.write(chunk)) await anyOf(stdin, ["drain", "close"]);
  }
  stdin.end();
}

function cgiEnvironment(options: HttpBackendOptions): NodeJS.ProcessEnv {
  const { request } = options;
  const header = (name: string): string => String(request.headers[name] ?? "");
  const env: NodeJS.ProcessEnv = {
    ...options.env,
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    REQUEST_METHOD: request.method,
    GIT_PROJECT_ROOT: options.projectRoot,
    GIT_HTTP_EXPORT_ALL: "1",
    PATH_INFO: options.path,
    QUERY_STRING: options.query,
    CONTENT_TYPE: header("content-type"),
    REMOTE_ADDR: request.socket.remoteAddress ?? "127.0.0.1",
    REMOTE_USER: options.user,
  };
  if (request.headers["git-protocol"]) env["HTTP_GIT_PROTOCOL"] = header("git-protocol");
  if (!options.decoded) {
    if (request.headers["content-length"]) env["CONTENT_LENGTH"] = header("content-length");
    if (request.headers["content-encoding"]) env["HTTP_CONTENT_ENCODING"] = header("content-encoding");
  }
  // The identity of the person of the tests is not the server's: http-backend takes REMOTE_USER for its reflogs.
  delete env["GIT_COMMITTER_NAME"];
  delete env["GIT_COMMITTER_EMAIL"];
  return env;
}

async function readHead(stdout: Readable): Promise<CgiHead> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const end = bytes.indexOf("\r\n\r\n");
    if (end >= 0) {
      if (bytes.length > end + 4) stdout.unshift(bytes.subarray(end + 4));
      return parseHead(bytes.toString("latin1", 0, end));
    }
    const chunk = stdout.read() as Buffer | null;
    if (chunk) bytes = Buffer.concat([bytes, chunk]);
    else if (stdout.readableEnded || stdout.destroyed) throw new Error("git http-backend ended without an answer");
    else await anyOf(stdout, ["readable", "end", "close"]);
  }
}

/** Resolves with the first of these events. */
export async function anyOf(emitter: NodeJS.EventEmitter, events: readonly string[]): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      for (const event of events) emitter.off(event, done);
      resolve();
    };
    for (const event of events) emitter.on(event, done);
  });
}

function parseHead(head: string): CgiHead {
  let status = 200;
  const headers: [string, string][] = [];
  for (const line of head.split("\r\n")) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else headers.push([name, value]);
  }
  return { status, headers };
}
