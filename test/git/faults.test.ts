import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { runGit } from "./git-cli.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import { createTestClient, type TestClient } from "./test-client.ts";
import type { TestRepository } from "./test-repository.ts";

let server: GitServer;
let repository: TestRepository;
let client: TestClient;
let count = 0;

before(async () => {
  server = await startGitServer();
});
after(async () => {
  await server.stop();
});
beforeEach(async () => {
  server.clearFaults();
  repository = await server.createRepository(`repository-${++count}`);
  client = createTestClient(await repository.clone(), server.clientEnvironment());
});

async function listRemote(url: string): Promise<{ code: number; stderr: string }> {
  return await runGit(["ls-remote", url], { env: server.clientEnvironment(), allowFailure: true });
}

/** The client of a push that can be killed like a crashing process. */
async function pushUntil(signal: AbortSignal): Promise<void> {
  const killed = createTestClient(client.folder, server.clientEnvironment(), signal);
  await assert.rejects(killed.git("push", "origin", "main"), { name: "AbortError" });
}

describe("down and up", () => {
  it("refuses connections, cuts those that are open, and comes back on the same port", async () => {
    const oid = await client.commit({ a: "1" });
    const hang = repository.hangPushes(1);
    const cut = client.git("push", "origin", "main");
    await hang.arrived;
    await server.down();
    assert.notEqual((await cut).code, 0);
    await assert.rejects(fetch(server.url), (error: Error) => /ECONNREFUSED/.test(String(error.cause)));
    hang.release();
    await server.up();
    assert.equal((await client.git("push", "origin", "main")).code, 0);
    assert.equal(await repository.tip(), oid);
    assert.deepEqual(
      repository.pushes.map(({ completed }) => completed),
      [false, true],
    );
  });
});

describe("slow", () => {
  it("waits before it answers, for one repository only", async () => {
    repository.slow(300);
    const start = performance.now();
    assert.equal((await listRemote(repository.url)).code, 0);
    assert.ok(performance.now() - start >= 300);
    repository.slow(0);
    const again = performance.now();
    assert.equal((await listRemote(repository.url)).code, 0);
    assert.ok(performance.now() - again < 300);
  });
});

describe("rejectRef", () => {
  it("declines the refs that fit, in the hook's words, and takes the others", async () => {
    await repository.rejectRef("refs/heads/ma*", "it's protected: $HOME `id`");
    await client.commit({ a: "1" });
    const { code, stderr } = await client.git("push", "origin", "main", "main:refs/notes/x");
    assert.equal(code, 1);
    assert.match(stderr, /remote: it's protected: \$HOME `id`/);
    assert.match(stderr, /\[remote rejected\] main -> main \(hook declined\)/);
    assert.deepEqual(
      repository.pushes[0]?.refs.map(({ ref, status, reason }) => ({ ref, status, reason })),
      [
        { ref: "refs/heads/main", status: "ng", reason: "hook declined" },
        { ref: "refs/notes/x", status: "ok", reason: undefined },
      ],
    );
    await repository.acceptAll();
    assert.equal((await client.git("push", "origin", "main")).code, 0);
  });

  it("declines the whole push by a pre-receive hook", async () => {
    await repository.rejectRef("refs/heads/main", "protected branch", "pre-receive");
    await client.commit({ a: "1" });
    const { stderr } = await client.git("push", "origin", "main", "main:refs/notes/x");
    assert.match(stderr, /main -> refs\/notes\/x \(pre-receive hook declined\)/);
    assert.equal((await client.git("push", "origin", "main:refs/notes/x")).code, 0);
  });

  it("tells nobody of a push of which nothing was accepted", async () => {
    let events = 0;
    const end = server.onPostReceive(() => events++);
    await repository.rejectRef("*", "no");
    await client.commit({ a: "1" });
    await client.git("push", "origin", "main");
    assert.equal(events, 0);
    await repository.acceptAll();
    await client.git("push", "origin", "main");
    assert.equal(events, 1);
    end();
    await client.git("push", "origin", "main:other");
    assert.equal(events, 1);
  });
});

describe("hangPushes", () => {
  it("answers only when released", async () => {
    const hang = repository.hangPushes(1);
    const oid = await client.commit({ a: "1" });
    const push = client.git("push", "origin", "main");
    const arrived = await hang.arrived;
    assert.equal(arrived.refs[0]?.new, oid);
    assert.equal(await Promise.race([push, sleep(200, "hangs")]), "hangs");
    assert.notEqual(await repository.tip(), oid);
    hang.release();
    assert.equal((await push).code, 0);
    assert.equal(await repository.tip(), oid);
  });

  it("hangs so many and no more, or those that fit", async () => {
    const hang = repository.hangPushes((push) => push.refs.some(({ ref }) => ref === "refs/heads/slow"));
    await client.commit({ a: "1" });
    assert.equal((await client.git("push", "origin", "main")).code, 0);
    const slow = client.git("push", "origin", "main:slow");
    await hang.arrived;
    hang.release();
    assert.equal((await slow).code, 0);
    assert.equal((await client.git("push", "origin", ":slow")).code, 0);
  });

  it("performs nothing of a push whose client has gone", async () => {
    const hang = repository.hangPushes(1);
    const old = await repository.tip();
    await client.commit({ a: "1" });
    const killer = new AbortController();
    const push = pushUntil(killer.signal);
    await hang.arrived;
    killer.abort();
    await push;
    await sleep(50);
    hang.release();
    await sleep(200);
    assert.equal(await repository.tip(), old);
    assert.equal(repository.pushes[0]?.completed, false);
  });
});

describe("hangPushes, with a gzip body", () => {
  it("performs nothing of a push whose client has gone", async () => {
    const hang = repository.hangPushes(1);
    const tip = (await repository.tip()) ?? "";
    const line = `${tip} ${"0".repeat(40)} refs/heads/main\0 report-status delete-refs`;
    await repository.git("config", "receive.denyDeleteCurrent", "ignore");
    const body = gzipSync(`${(line.length + 4).toString(16).padStart(4, "0")}${line}0000`);
    const killer = new AbortController();
    const headers = { "content-type": "application/x-git-receive-pack-request", "content-encoding": "gzip" };
    const url = `${repository.url}/git-receive-pack`;
    const push = fetch(url, { method: "POST", body, headers, signal: killer.signal });
    const { refs } = await hang.arrived;
    assert.equal(refs[0]?.old, tip);
    killer.abort();
    await assert.rejects(push, { name: "AbortError" });
    await sleep(50);
    hang.release();
    await sleep(200);
    assert.equal(await repository.tip(), tip);
    assert.equal(repository.pushes[0]?.completed, false);
  });
});

describe("loseAnswer", () => {
  it("performs the push and destroys the connection", async () => {
    repository.loseAnswer(1);
    const oid = await client.commit({ a: "1" });
    const { code } = await client.git("push", "origin", "main");
    assert.notEqual(code, 0);
    assert.equal(await repository.tip(), oid);
    assert.equal(repository.pushes[0]?.completed, true);
    const again = await client.git("push", "origin", "main:other");
    assert.equal(again.code, 0, "only one answer is lost");
  });
});

describe("status", () => {
  for (const code of [401, 403, 404, 500, 503]) {
    it(`answers ${code}`, async () => {
      repository.status(code, { retryAfter: 7 });
      const response = await fetch(`${repository.url}/info/refs?service=git-upload-pack`);
      assert.equal(response.status, code);
      assert.equal(response.headers.get("retry-after"), "7");
      assert.equal(response.headers.has("www-authenticate"), code === 401);
      assert.notEqual((await listRemote(repository.url)).code, 0);
      repository.status(undefined);
      assert.equal((await listRemote(repository.url)).code, 0);
    });
  }

  it("of one service leaves the other alone", async () => {
    server.status(403, { service: "git-receive-pack", body: "read only\n" });
    await client.commit({ a: "1" });
    assert.equal((await client.git("fetch")).code, 0);
    assert.match((await client.git("push", "origin", "main")).stderr, /403/);
    assert.deepEqual(repository.pushes, []);
  });
});

describe("redirectTo", () => {
  it("sends clients of a repository to another, and clients of a server to the same path elsewhere", async () => {
    const other = await server.createRepository(`repository-${++count}`);
    const oid = await other.commitAsPerson({ files: { moved: "1" } });
    repository.redirectTo(other.url);
    const { stdout } = await client.git("ls-remote", "origin", "main");
    assert.equal(stdout, `${oid}\trefs/heads/main\n`);
    repository.redirectTo(undefined);
    server.redirectTo("http://127.0.0.1:1/elsewhere/");
    const response = await fetch(`${repository.url}/info/refs?service=git-upload-pack`, { redirect: "manual" });
    const path = `/elsewhere/${repository.name}.git/info/refs?service=git-upload-pack`;
    assert.equal(response.headers.get("location"), `http://127.0.0.1:1${path}`);
  });
});

describe("hold", () => {
  it("before the push is performed; released after the client's death it is performed", async () => {
    const old = await repository.tip();
    const hold = repository.hold();
    const oid = await client.commit({ a: "1" });
    const killer = new AbortController();
    const push = pushUntil(killer.signal);
    await hold.arrived;
    assert.equal(await repository.tip(), old);
    killer.abort();
    await push;
    hold.release();
    assert.equal((await hold.finished).completed, true);
    assert.equal(await repository.tip(), oid);
  });

  it("before the push is performed; dropped it never is", async () => {
    const old = await repository.tip();
    const hold = repository.hold();
    await client.commit({ a: "1" });
    const push = client.git("push", "origin", "main");
    await hold.arrived;
    // curl tries again by itself on a reused connection that dies without an answer.
    repository.status(503);
    hold.drop();
    assert.notEqual((await push).code, 0);
    assert.equal((await hold.finished).completed, false);
    assert.equal(await repository.tip(), old);
    repository.status(undefined);
    assert.equal((await client.git("push", "origin", "main")).code, 0, "one call holds one push");
  });

  it("after it is performed and before it is answered", async () => {
    const hold = server.hold(({ refs }) => refs[0]?.ref === "refs/heads/main", "performed");
    const oid = await client.commit({ a: "1" });
    assert.equal((await client.git("push", "origin", "main:other")).code, 0);
    const push = client.git("push", "origin", "main");
    const held = await hold.arrived;
    assert.equal(held.completed, true);
    assert.equal(await repository.tip(), oid);
    assert.equal(await Promise.race([push, sleep(100, "held")]), "held");
    hold.release();
    assert.equal((await push).code, 0);
  });

  it("is let go by clearFaults, and stop drops it", async () => {
    const hold = repository.hold();
    await client.commit({ a: "1" });
    const push = client.git("push", "origin", "main");
    await hold.arrived;
    repository.clearFaults();
    assert.equal((await push).code, 0);

    const stopped = await startGitServer();
    const dropped = await stopped.createRepository("dropped", { empty: true });
    const never = dropped.hold();
    const lost = client.git("push", dropped.url, "main");
    await never.arrived;
    await stopped.stop();
    assert.equal((await never.finished).completed, false);
    assert.notEqual((await lost).code, 0);
  });
});
