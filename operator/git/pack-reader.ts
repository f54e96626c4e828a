/**
 * Reads packs that servers sent: small ones here, others in threads with heaps of their own. A thread that takes too
 * long or too much is killed, and one that found nothing to do for a while ends.
 */
import { extname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { type Failure, retry, stalled } from "../failures.ts";
import type { ObjectId } from "../values.ts";
import type { Limits } from "./limits.ts";
import type { GitObject } from "./object-id.ts";
import type { PackAnswer, PackJob } from "./pack-worker.ts";
import { unpackObjects } from "./packed-objects.ts";
import { readSmallPack } from "./read-pack.ts";

export interface PackReader {
  /** All objects by their ids. The pack's memory goes to the thread: it is empty afterwards. Throws RemoteInvalid. */
  read(pack: Buffer): Promise<ReadonlyMap<ObjectId, GitObject>>;
  /** Kills all threads; what is being read fails, and whatever is still to be read. */
  close(): Promise<void>;
}

/** Handing a pack of less than this many bytes to a thread costs more than reading it. */
const smallPackBytes = 2 ** 18;
/** What a small pack may inflate to, in bytes. */
const smallInflatedBytes = 4 * 2 ** 20;
const maxThreads = 2;
/** How long a thread without work is kept, in milliseconds. */
const idleMs = 10_000;

export function createPackReader(limits: Limits): PackReader {
  const threads = new Set<Worker>();
  const idle = new Map<Worker, NodeJS.Timeout>();
  const queue: (() => void)[] = [];
  let busy = 0;
  let closed = false;

  /** Waits for its turn, oldest first. */
  const turn = async (): Promise<Disposable> => {
    if (busy === maxThreads) await new Promise<void>((resolve) => queue.push(resolve));
    else busy++;
    return {
      [Symbol.dispose]: () => {
        const next = queue.shift();
        if (next === undefined) busy--;
        else next();
      },
    };
  };

  const end = async (worker: Worker): Promise<void> => {
    clearTimeout(idle.get(worker));
    idle.delete(worker);
    await worker.terminate();
    threads.delete(worker);
  };

  const take = (): Worker => {
    for (const [worker, timer] of idle) {
      clearTimeout(timer);
      idle.delete(worker);
      worker.ref();
      return worker;
    }
    const worker = startWorker(limits);
    threads.add(worker);
    worker.once("exit", () => void end(worker));
    return worker;
  };

  const rest = (worker: Worker): void => {
    // Neither keeps the program alive.
    worker.unref();
    idle.set(worker, setTimeout(() => void end(worker), idleMs).unref());
  };

  const readInThread = async (pack: Buffer): Promise<ReadonlyMap<ObjectId, GitObject>> => {
    using _ = await turn();
    if (closed) throw ended();
    const worker = take();
    const done = new AbortController();
    try {
      const answer = await Promise.race([ask(worker, pack, limits, done.signal), timeUp(limits, done.signal)]);
      if (answer.type === "Refused") throw stalled("RemoteInvalid", answer.message);
      rest(worker);
      return await unpackObjects(answer.objects);
    } catch (error) {
      await end(worker);
      throw closed ? ended() : error;
    } finally {
      done.abort();
    }
  };

  return {
    async read(pack) {
      if (closed) throw ended();
      const small = pack.length < smallPackBytes ? await readSmallPack(pack, limits, smallInflatedBytes) : undefined;
      return small ?? (await readInThread(pack));
    },
    async close() {
      closed = true;
      await Promise.all([...threads].map(end));
    },
  };
}

function startWorker(limits: Limits): Worker {
  // Beside this file, and of its kind: TypeScript as it is written, or JavaScript as it is built.
  const file = new URL(`./pack-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, {
    name: "pack",
    // No secrets reach it that it has no use for.
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: limits.packHeapMegabytes },
  });
  // Whoever waits for its answer is told.
  worker.on("error", () => {});
  return worker;
}

/** Throws Failure for a thread that ends without an answer. */
async function ask(worker: Worker, pack: Buffer, limits: Limits, signal: AbortSignal): Promise<PackAnswer> {
  const answered = Promise.withResolvers<PackAnswer>();
  const failed = (error: unknown): void => answered.reject(failureOf(error, limits));
  const exited = (): void => answered.reject(retry("InternalError", "the thread that reads packs ended"));
  worker.on("message", answered.resolve).on("error", failed).on("exit", exited);
  signal.addEventListener("abort", () => {
    worker.off("message", answered.resolve).off("error", failed).off("exit", exited);
  });
  const bytes = pack.byteLength === pack.buffer.byteLength ? pack : new Uint8Array(pack);
  worker.postMessage({ pack: bytes, limits } satisfies PackJob, [bytes.buffer as ArrayBuffer]);
  return await answered.promise;
}

function failureOf(error: unknown, limits: Limits): Failure {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY") {
    return stalled("RemoteInvalid", `the server's pack takes more than ${limits.packHeapMegabytes} MiB to be read`);
  }
  const words = error instanceof Error ? error.message : String(error);
  return retry("InternalError", `the thread that reads packs failed: ${words}`, undefined, error);
}

async function timeUp(limits: Limits, signal: AbortSignal): Promise<never> {
  await sleep(limits.packSeconds * 1_000, undefined, { signal });
  throw stalled("RemoteInvalid", `the server's pack takes more than ${limits.packSeconds} s to be read`);
}

function ended(): Failure {
  return retry("InternalError", "no packs are read any more: the program ends");
}
