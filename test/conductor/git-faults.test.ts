/**
 * Whole deliveries to a real git server through a proxy with faults: what is in the cluster arrives once the fault is
 * gone, in one commit for each change, whatever became of the attempts.
 */
import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import { type Fault, type FaultProxy, type Phase, startFaultProxy } from "../git/fault-proxy.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { createWorld, type Operator, recordRef, type World } from "./world.ts";

let server: GitServer;
let proxy: FaultProxy;
let repositories: ClosableRepositories;
let remote: TestRepository;
let world: World;
let operator: Operator;

/** Lets the fake clock run, with time for real requests in between, until it is so. */
async function until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (await isSo()) return;
    await sleep(20);
    await world.clock.advance(200);
  }
  assert.fail(`not so: ${what}: ${JSON.stringify(world.status())}`);
}

const file = (name: string): string => `apps/shop/configmap-${name}.yaml`;
const isThere = async (name: string, value: string): Promise<boolean> =>
  (await remote.show("main", file(name)))?.includes(`value: ${value}\n`) ?? false;

/** One commit on the branch and one of the record's `live` for each value that the ConfigMap had. */
async function isOnce(name: string, values: number): Promise<void> {
  const places = [
    ["refs/heads/main", (path: string) => path === file(name)],
    [recordRef, (path: string) => path.startsWith("live/") && path.endsWith(`/${name}.yaml`)],
  ] as const;
  for (const [ref, isOf] of places) {
    const commits = (await remote.log(ref)).filter(({ files }) => files.some(isOf));
    assert.equal(commits.length, values, `${ref}: ${commits.map(({ subject }) => subject).join()}`);
  }
}

async function begin({ atomic }: { readonly atomic: boolean }): Promise<void> {
  server = await startGitServer();
  proxy = await startFaultProxy();
  remote = await server.createRepository("shop", { files: { "README.md": "shop\n" } });
  await remote.git("config", "receive.advertiseAtomic", `${atomic}`);
  const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
  repositories = createRepositories({ policy, version: "1.2.3", now: () => world.clock.now() });
  world = createWorld({}, undefined, repositories);
  world.gitRemote({ url: proxy.through(remote.url), timeout: "1s" });
  world.capture();
  operator = await world.start();
  world.configMap("web", { value: "one" });
  await until("the first change is there", () => isThere("web", "one"));
  await until("it is ready", () => world.ready().status === "True");
}

async function end(): Promise<void> {
  await operator?.kill();
  await repositories?.close();
  await proxy?.close();
  try {
    assert.deepEqual(await remote.fsck(), []);
  } finally {
    await server?.stop();
  }
}

beforeEach(() => begin({ atomic: true }));
afterEach(end);

const cases: Readonly<Record<string, readonly [Phase, Fault, number]>> = {
  "a connection that is reset before the push": ["push", { type: "ResetAtHeaders" }, 2],
  "a connection that is reset in the middle of the push": ["push", { type: "ResetInRequest", bytes: 150 }, 2],
  "an answer that is lost after the push was accepted": ["push", { type: "LoseAnswer" }, 1],
  "an answer that is lost again and again": ["push", { type: "LoseAnswer" }, 3],
  "a report that is cut off": ["push", { type: "CutAnswer", bytes: 20, end: "close" }, 1],
  "a push that is never answered": ["push", { type: "Silence" }, 1],
  "an answer that comes bit by bit": ["push", { type: "Drip", bytes: 3, everyMs: 10 }, 1],
  "credentials that are refused for a while": ["push", { type: "Status", code: 401 }, 2],
  "a push that is forbidden for a while": ["push", { type: "Status", code: 403 }, 2],
  "a repository that is gone for a while": ["push", { type: "Status", code: 404 }, 2],
  "a conflict that the server tells of": ["push", { type: "Status", code: 409 }, 2],
  "a limit of size for a while": ["push", { type: "Status", code: 413 }, 2],
  "a rate limit": ["push", { type: "Status", code: 429, headers: { "retry-after": "3" } }, 2],
  "a server that fails": ["push", { type: "Status", code: 500 }, 2],
  "a gateway that fails": ["push", { type: "Status", code: 502 }, 2],
};

describe("a delivery through", () => {
  for (const [name, [phase, fault, times]] of Object.entries(cases)) {
    it(`${name}: once, and ready again`, async () => {
      proxy.add(phase, fault, times);
      const done = proxy.done;
      world.configMap("web", { value: "two" });
      await until("the second change is there", () => isThere("web", "two"));
      await until("it is ready", () => world.ready().status === "True");
      assert.ok(proxy.done > done);
      proxy.clear();
      world.configMap("web", { value: "three" });
      await until("the third change is there", () => isThere("web", "three"));
      await isOnce("web", 3);
    });
  }

  it("an outage, the operator killed and started anew in it: once", async () => {
    for (const phase of ["discover-fetch", "fetch", "discover-push", "push"] as const) {
      proxy.add(phase, { type: "ResetAtHeaders" }, 1_000);
    }
    world.configMap("web", { value: "two" });
    await until("a push was tried", () => proxy.done > 0);
    await operator.kill();
    operator = await world.start();
    await until("it is not ready", () => world.ready().status !== "True");
    proxy.clear();
    await until("the second change is there", () => isThere("web", "two"));
    await isOnce("web", 2);
  });

  it("a lost answer, the operator killed before it asks again: once", async () => {
    proxy.add("push", { type: "LoseAnswer" }, 1);
    const done = proxy.done;
    world.configMap("web", { value: "two" });
    await until("the answer is lost", () => proxy.done > done);
    await operator.kill();
    operator = await world.start();
    await until("the second change is there", () => isThere("web", "two"));
    await until("it is ready", () => world.ready().status === "True");
    world.configMap("web", { value: "three" });
    await until("the third change is there", () => isThere("web", "three"));
    await isOnce("web", 3);
  });

  for (const atomic of [true, false]) {
    it(`a hook that refuses the branch, ${atomic ? "with" : "without"} pushes of all or none: once, when it is let in`, async () => {
      await end();
      await begin({ atomic });
      await remote.rejectRef("refs/heads/main", "protected: ask the platform team");
      world.configMap("web", { value: "two" });
      const told = (): boolean => /ask the platform team/.test(JSON.stringify(world.status().conditions));
      await until("the server's words are in the status", told);
      await world.clock.advance(60_000);
      await remote.acceptAll();
      await until("the second change is there", () => isThere("web", "two"));
      await until("it is ready", () => world.ready().status === "True");
      await isOnce("web", 2);
    });
  }

  it("a server that cannot unpack what it gets: once, when it can", async () => {
    await remote.git("config", "receive.maxInputSize", "10");
    world.configMap("web", { value: "two" });
    await until("it is not ready", () => world.ready().status !== "True");
    await world.clock.advance(60_000);
    await remote.git("config", "--unset", "receive.maxInputSize");
    await until("the second change is there", () => isThere("web", "two"));
    await isOnce("web", 2);
  });

  it("another repository in its place: all that is in the cluster, once", async () => {
    const other = await server.createRepository("other", { files: { "README.md": "another\n" } });
    await rename(remote.path, `${remote.path}.old`);
    await rename(other.path, remote.path);
    world.configMap("web", { value: "two" });
    await until("the second change is there", () => isThere("web", "two"));
    assert.equal((await remote.log()).filter(({ files }) => files.includes(file("web"))).length, 1);
    assert.equal(await remote.show("main", "README.md"), "another\n");
  });
});
