/** A repository of the real git server, used through a proxy with faults as a careful user of the port uses it. */
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { asFailure, type Failure } from "../../operator/failures.ts";
import { type ClosableRepositories, createRepositories, type RepositoriesOptions } from "../../operator/git/index.ts";
import type { Repository } from "../../operator/ports.ts";
import type { RefName, Signature } from "../../operator/values.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import type { TestRepository } from "./test-repository.ts";

export const main: RefName = "refs/heads/main";
export const record: RefName = "refs/heads/clickscribe";

export interface FaultWorld extends AsyncDisposable {
  readonly server: GitServer;
  readonly remote: TestRepository;
  readonly proxy: FaultProxy;
  readonly repositories: ClosableRepositories;
  repository: Repository;
  /** Sets the clock of the repositories forward, in milliseconds. */
  later(ms: number): void;
  /** Another client of the same remote that knows nothing yet. */
  fresh(): Repository;
  /**
   * Fetches, and unless the change is on the branch already, drafts it there and pushes it with its record. Answers
   * whether it had to be pushed. Throws what the repository throws, or an Error with what was refused.
   */
  deliver(name: string): Promise<boolean>;
  /** The failure of an attempt. */
  fails(name: string): Promise<Failure>;
  /** Delivers it, trying again up to so many times; then it must be on the branch, once, and the repository sound. */
  arrives(name: string, attempts?: number): Promise<void>;
  /** File handles and active resources of this process are back to those of now. */
  noteResources(): Promise<() => Promise<void>>;
}

export const timeoutMs = 1_000;
const who: Signature = { name: "Alice", email: "alice@example.com", at: 1_760_000_000 };

export async function startFaultWorld(options: Partial<RepositoriesOptions> = {}): Promise<FaultWorld> {
  await using starting = new AsyncDisposableStack();
  const server = await startGitServer();
  starting.defer(() => server.stop());
  const proxy = await startFaultProxy();
  starting.defer(() => proxy.close());
  const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`apps/c${i}.yaml`, `kind: A\nname: c${i}\n`]));
  const remote = await server.createRepository("acme/demo", { files });
  const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
  let later = 0;
  const now = (): number => performance.now() + later;
  const repositories = createRepositories({ policy, version: "1.2.3", now, ...options });
  starting.defer(() => repositories.close());
  const url = proxy.through(remote.url);
  let opened = 0;
  const open = (): Repository =>
    repositories.open({
      url,
      // Every one a Repository of its own.
      credentials: { type: "Basic", username: "alice", password: `${opened++}` },
      ca: undefined,
      timeoutMs,
    });

  const deliver = async (name: string): Promise<boolean> => {
    const { repository } = world;
    const { refs, atomic } = await repository.fetch([main, record]);
    const [tip, recorded] = [refs.get(main), refs.get(record)];
    const path = `apps/${name}.yaml`;
    const content = `kind: A\nname: ${name}\n`;
    const has = async (parent: string | undefined): Promise<boolean> => {
      const id = parent === undefined ? undefined : (await repository.tree(parent)).entry(path)?.oid;
      return id !== undefined && (await repository.blobs([id])).get(id) === content;
    };
    const draft = { changes: [{ path, content }], author: who, committer: who };
    const updates = [];
    for (const [ref, from] of [
      [record, recorded],
      [main, tip],
    ] as const) {
      if (await has(from)) continue;
      const to = await repository.commit({ ...draft, parent: from, message: `${name}\n\nRef: ${ref}\n` });
      updates.push({ ref, from, to });
    }
    if (updates.length === 0) return false;
    const outcome = await repository.push(updates, { atomic: atomic && updates.length > 1 });
    const refused = [...outcome].filter(([, { outcome: what }]) => what !== "Accepted");
    if (refused.length > 0) throw new Error(JSON.stringify(refused));
    return true;
  };

  const stack = starting.move();
  const world: FaultWorld = {
    server,
    remote,
    proxy,
    repositories,
    later: (ms) => {
      later += ms;
    },
    repository: open(),
    fresh: open,
    deliver,
    async fails(name) {
      const failed = await deliver(name).then(() => undefined, asFailure);
      assert.ok(failed, `${name} arrived`);
      return failed;
    },
    async arrives(name, attempts = 1) {
      for (let attempt = 1; ; attempt++) {
        try {
          await deliver(name);
          break;
        } catch (error) {
          if (attempt >= attempts) throw error;
        }
      }
      for (const ref of [main, record]) {
        const subjects = (await remote.log(ref)).map(({ subject }) => subject);
        assert.equal(subjects.filter((subject) => subject === name).length, 1, `${name} on ${ref}: ${subjects.join()}`);
        assert.equal(await remote.show(ref, `apps/${name}.yaml`), `kind: A\nname: ${name}\n`);
      }
    },
    async noteResources() {
      const settle = async (): Promise<Resources> => {
        // Kept connections are none that is held.
        proxy.closeIdle();
        await sleep(20);
        return await resources();
      };
      await settle();
      const before = await settle();
      return async () => {
        let after = await settle();
        for (let waited = 0; after.total > before.total && waited < 5_000; waited += 20) after = await settle();
        assert.ok(after.total <= before.total, `${after.words} where there were ${before.words}`);
      };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  return world;
}

interface Resources {
  readonly total: number;
  readonly words: string;
}

/** File handles of this process, and what keeps it running but for timers that have fallen due. */
async function resources(): Promise<Resources> {
  const handles = (await readdir("/proc/self/fd")).length;
  const active = process.getActiveResourcesInfo();
  const counts = Object.entries(Object.groupBy(active, (name) => name)).map(([name, all]) => `${all?.length} ${name}`);
  return { total: handles + active.length, words: `${handles} file handles, ${counts.join(", ")}` };
}

/** Bytes in use after a garbage collection: heap and buffers. */
export function usedMemory(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
