import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createGunzip } from "node:zlib";
import type { FaultPlan, HeldPush, HoldStage, Push } from "./faults.ts";
import { feed, type HttpBackend } from "./http-backend.ts";
import { readPushHead, readReport } from "./receive-pack.ts";

export interface ServePushDeps {
  readonly repository: string;
  readonly plan: FaultPlan;
  /** Starts http-backend for this request; its body comes decoded and without a length. */
  readonly start: () => HttpBackend;
  readonly onReceived: (push: Push) => void;
  readonly onPerformed: (push: Push) => void;
}

/** Milliseconds since the epoch, with fractions, not moved by changes of the wall clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Serves one POST to git-receive-pack. Reads the commands, follows the faults, has http-backend perform the push, and
 * answers when http-backend has ended: who has the answer finds the push completed.
 *
 * A client that goes away before its body was read in full has pushed nothing. Afterwards the push is performed all
 * the same, as a server would.
 */
export async function servePush(
  request: IncomingMessage,
  response: ServerResponse,
  deps: ServePushDeps,
): Promise<void> {
  const { plan } = deps;
  const body = readBody(request);
  const head = await readPushHead(body);
  const push: Push = { at: now(), repository: deps.repository, refs: head.refs, completed: false };
  const isPush = push.refs.length > 0;
  if (isPush) {
    deps.onReceived(push);
    const hanging = plan.hangs(push);
    if (hanging) {
      await hanging;
      if (request.socket.destroyed) return;
    }
  }
  let rest: AsyncIterable<Buffer> | Iterable<Buffer> = resume(head.consumed, body);
  const held: HeldPush[] = [];
  const passes = async (stage: HoldStage): Promise<boolean> => {
    const hold = isPush ? plan.holds(push, stage) : undefined;
    if (!hold) return true;
    held.push(hold);
    if (stage === "received") rest = await collect(rest);
    return (await hold.wait()) === "release";
  };
  try {
    if (!(await passes("received"))) return void request.socket.destroy();
    const answer = await perform(deps.start(), rest);
    if (isPush && answer.code === 0) {
      readReport(answer.body, head.capabilities, push.refs);
      push.completed = true;
      deps.onPerformed(push);
    }
    if (!(await passes("performed")) || (isPush && plan.losesAnswer(push))) return void request.socket.destroy();
    response.writeHead(answer.status, [...answer.headers.flat(), "Content-Length", String(answer.body.length)]);
    response.end(answer.body);
  } finally {
    for (const hold of held) hold.finish();
  }
}

interface Answer {
  readonly code: number;
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

async function perform(backend: HttpBackend, chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Answer> {
  const answered = backend.head.then(async (head) => ({ ...head, body: await buffer(backend.stdout) }));
  answered.catch(() => {});
  try {
    await feed(backend.stdin, chunks);
  } catch (error) {
    // The client has gone in the middle of its body. An end of input would look like a short pack.
    backend.terminate();
    await backend.exited;
    throw error;
  }
  const code = await backend.exited;
  return { code, ...(await answered) };
}

function readBody(request: IncomingMessage): AsyncIterator<Buffer> {
  if (!/^(x-)?gzip$/.test(request.headers["content-encoding"] ?? "")) return request[Symbol.asyncIterator]();
  const inflated = pipeline(request, createGunzip(), () => {});
  return inflated[Symbol.asyncIterator]();
}

async function* resume(consumed: Buffer, body: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (consumed.length > 0) yield consumed;
  for (;;) {
    const next = await body.next();
    if (next.done) return;
    yield next.value;
  }
}

async function collect(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Buffer[]> {
  const result: Buffer[] = [];
  for await (const chunk of chunks) result.push(chunk);
  return result;
}
