import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import type { TestRepository } from "../../test/git/test-repository.ts";
import { Failure } from "../failures.ts";
import type { Credentials, Repository } from "../ports.ts";
import type { CommitId, FileChange, RefName, RefOutcome, Signature } from "../values.ts";
import { type ClosableRepositories, createRepositories } from "./index.ts";

const main = "refs/heads/main";
const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const who: Signature = { name: "Alice", email: "alice@example.com", at: 1_760_000_000 };
const manifests = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`flat/configmap-${i}.yaml`, `kind: ConfigMap\nname: c${i}\n`]),
);

let server: GitServer;
let remote: TestRepository;
let repositories: ClosableRepositories;
let repository: Repository;
let tip: CommitId;

const open = (credentials: Credentials = { type: "None" }, timeoutMs = 5_000): Repository =>
  repositories.open({ url: remote.url, credentials, ca: undefined, timeoutMs });

const commit = async (
  parent: CommitId | undefined,
  files: Readonly<Record<string, FileChange["content"]>>,
  message = "m\n",
): Promise<CommitId> => {
  const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
  return await repository.commit({ parent, changes, author: who, committer: who, message });
};

const push = async (from: CommitId | undefined, to: CommitId, ref: RefName = main): Promise<RefOutcome | undefined> =>
  (await repository.push([{ ref, from, to }], { atomic: false })).get(ref);

const start = async (options: Parameters<GitServer["createRepository"]>[1] = {}): Promise<void> => {
  remote = await server.createRepository("acme/demo", options);
  repository = open();
  tip = (await repository.fetch([main])).refs.get(main) ?? "";
};

beforeEach(async () => {
  server = await startGitServer();
  repositories = createRepositories({ policy, version: "1.2.3" });
});
afterEach(async () => {
  await repositories.close();
  const complaints = await remote.fsck();
  await server.stop();
  assert.deepEqual(complaints, []);
});

describe("a push", () => {
  it("is one request once the server is known, and holds exactly what changed", async () => {
    await start({ files: manifests });
    let at = tip;
    await push(at, (at = await commit(at, { "flat/configmap-7.yaml": "kind: ConfigMap\nname: new\n" })));
    const before = { ...server.requests };
    const to = await commit(
      at,
      { "flat/configmap-9.yaml": "changed: 9\n", "other/new.yaml": "new: 1\n" },
      "two files\n",
    );
    assert.deepEqual(await push(at, to), { outcome: "Accepted" });
    const { receivePack, ...rest } = server.requests;
    assert.equal(receivePack, before.receivePack + 1);
    assert.deepEqual({ ...rest, receivePack: before.receivePack }, before);
    const stat = await remote.git("show", "--stat", "--format=%an <%ae> %at", to);
    assert.match(
      stat,
      /^Alice <alice@example\.com> 1760000000\n\n flat\/configmap-9\.yaml \|.*\n other\/new\.yaml +\|.*\n 2 files/,
    );
    // The commit, the root, two folders, two blobs; as loose objects, since few.
    const before2 = await objects();
    await push(to, await commit(to, { "flat/configmap-9.yaml": "changed: 10\n" }));
    assert.equal((await objects()) - before2, 4);
  });

  const objects = async (): Promise<number> => {
    const counts = await remote.git("count-objects", "-v");
    return Number(/^count: (\d+)/m.exec(counts)?.[1]) + Number(/^in-pack: (\d+)/m.exec(counts)?.[1]);
  };

  it("of few objects or of many is taken with its thin deltas: unpacked, and as a pack", async () => {
    for (const unpackLimit of ["1", "10000"]) {
      remote = await server.createRepository(`limit-${unpackLimit}`, {
        files: manifests,
        config: { "receive.unpackLimit": unpackLimit },
      });
      repository = open();
      tip = (await repository.fetch([main])).refs.get(main) ?? "";
      let at = tip;
      for (let i = 0; i < 60; i++) at = await commit(at, { [`flat/configmap-${i}.yaml`]: `changed: ${i}\n` });
      assert.deepEqual(await push(tip, at), { outcome: "Accepted" });
      assert.deepEqual(await remote.fsck(), []);
      assert.equal((await remote.log()).length, 61);
      assert.equal(await remote.show(main, "flat/configmap-59.yaml"), "changed: 59\n");
      assert.equal((await remote.files()).length, 300);
    }
  });

  it("of thousands of files is streamed, and the server holds them all", async () => {
    await start({ empty: true });
    const files = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [
        `ns-${i % 7}/x-${i}.yaml`,
        `v: ${i}\n${crypto.randomUUID().repeat(20)}\n`,
      ]),
    );
    const to = await commit(undefined, files);
    assert.deepEqual(await push(undefined, to), { outcome: "Accepted" });
    assert.equal((await remote.files()).length, 3_000);
    assert.equal(await remote.show(main, "ns-1/x-1.yaml"), files["ns-1/x-1.yaml"]);
  });

  it("tells what hooks say, per ref", async () => {
    await start();
    await remote.rejectRef("refs/heads/*", "GL-HOOK-ERR: \u001b[31myou may not push\u001b[0m to https://bot:pw@host/x");
    const to = await commit(tip, { "a.yaml": "a: 1\n" });
    assert.deepEqual(await push(tip, to), {
      outcome: "Refused",
      message: "hook declined: GL-HOOK-ERR: you may not push to https://host/x",
    });
    await remote.acceptAll();
    await remote.rejectRef("refs/heads/*", "protected", "pre-receive");
    assert.deepEqual(await push(tip, await commit(tip, { "a.yaml": "a: 1\n" })), {
      outcome: "Refused",
      message: "pre-receive hook declined: protected",
    });
  });

  it("of a ref that lies below another is Refused, not Stale", async () => {
    await start();
    const to = await commit(tip, { "a.yaml": "a: 1\n" });
    const outcome = await push(undefined, to, "refs/heads/main/below");
    assert.equal(outcome?.outcome, "Refused");
    assert.match(outcome?.outcome === "Refused" ? outcome.message : "", /main/);
  });

  it("of refs together names the one that failed", async () => {
    await start();
    const updates = [
      { ref: "refs/heads/fine", from: undefined, to: await commit(tip, { "a.yaml": "a: 1\n" }) },
      { ref: "refs/heads/main/below", from: undefined, to: await commit(tip, { "b.yaml": "a: 1\n" }) },
    ];
    const outcome = await repository.push(updates, { atomic: true });
    assert.deepEqual(outcome.get("refs/heads/fine"), { outcome: "RolledBack" });
    assert.equal(outcome.get("refs/heads/main/below")?.outcome, "Refused");
  });

  it("of refs together is not sent where the server cannot take it", async () => {
    await start({ config: { "receive.advertiseAtomic": "false" } });
    assert.equal((await repository.fetch([main])).atomic, false);
    const to = await commit(tip, { "a.yaml": "a: 1\n" });
    await assert.rejects(repository.push([{ ref: main, from: tip, to }], { atomic: true }), { code: "RemoteInvalid" });
    assert.equal(server.requests.receivePack, 0);
  });

  it("whose answer does not come is a Retry, and nobody waits for ever", async () => {
    await start();
    repository = open(undefined, 300);
    await repository.fetch([main]);
    const hang = remote.hangPushes(1);
    const to = await commit(tip, { "a.yaml": "a: 1\n" });
    await assert.rejects(push(tip, to), { class: "Retry", code: "RemoteUnreachable" });
    await hang.arrived;
    assert.equal((await repository.fetch([main])).refs.get(main), tip);
    hang.release();
  });

  it("goes on after the server was away, and after its connections were cut", async () => {
    await start();
    const one = await commit(tip, { "a.yaml": "a: 1\n" });
    await server.down();
    await assert.rejects(push(tip, one), { class: "Retry", code: "RemoteUnreachable" });
    await assert.rejects(repository.fetch([main]), { class: "Retry", code: "RemoteUnreachable" });
    await server.up();
    assert.equal((await repository.fetch([main])).refs.get(main), tip);
    assert.deepEqual(await push(tip, await commit(tip, { "a.yaml": "a: 2\n" })), { outcome: "Accepted" });
  });

  it("refuses what could say something else on the wire", async () => {
    await start();
    const to = await commit(tip, { "a.yaml": "a: 1\n" });
    for (const ref of [
      "main",
      "refs/heads/a b",
      "refs/heads/a\n0000",
      "refs/heads/../x",
      "refs/heads/a\0x",
      "-x",
      "refs/heads/x.lock",
    ]) {
      await assert.rejects(push(tip, to, ref), { code: "BranchInvalid" }, ref);
      await assert.rejects(repository.fetch([ref]), { code: "BranchInvalid" }, ref);
    }
    await assert.rejects(push("not an id", to), Failure);
    await assert.rejects(push(tip, "3".repeat(40)), { class: "Retry" });
    await assert.rejects(repository.blobs(["x\nhave y"]), Failure);
  });

  it("heals when the server has lost objects that it was taken to have", async () => {
    await start({ files: { "a.yaml": "a: 1\n" } });
    const record = "refs/clickscribe/dev";
    const live = await commit(undefined, { "live/a.yaml": "text: lost\n" });
    assert.deepEqual(await push(undefined, live, record), { outcome: "Accepted" });
    const blob = (await repository.tree(live)).entry("live/a.yaml")?.oid ?? "";
    await remote.git("update-ref", "-d", record);
    await remote.git("prune", "--expire=now");
    const again = await commit(undefined, { "live/b.yaml": { blob } });
    await assert.rejects(push(undefined, again, record), { class: "Retry" });
    await repository.fetch([main, record]);
    assert.deepEqual(await push(undefined, await commit(undefined, { "live/b.yaml": "text: lost\n" }), record), {
      outcome: "Accepted",
    });
  });

  it("carries the credentials of its Repository, and what they may not do is told", async () => {
    server.setAuth({ username: "bot", password: "right" });
    remote = await server.createRepository("private");
    const right: Credentials = { type: "Basic", username: "bot", password: "right" };
    repository = open(right);
    assert.equal(open(right), repository);
    assert.notEqual(open({ ...right, password: "wrong" }), repository);
    tip = (await repository.fetch([main])).refs.get(main) ?? "";
    assert.deepEqual(await push(tip, await commit(tip, { "a.yaml": "a: 1\n" })), { outcome: "Accepted" });
    const wrong = open({ ...right, password: "wrong" });
    await assert.rejects(wrong.fetch([main]), { class: "Stalled", code: "AuthenticationFailed" });
    await assert.rejects(open().fetch([main]), { code: "AuthenticationFailed", message: /spec\.secretRef/ });
    server.setAuth({ bearerToken: "token-1" });
    const bearer = open({ type: "Bearer", token: "token-1" });
    assert.equal((await bearer.fetch([main])).refs.get(main), await remote.tip());
    // Credentials that may read and not push are no use here.
    server.status(403, { service: "git-receive-pack" });
    await assert.rejects(open({ type: "Bearer", token: "token-1" }, 4_000).fetch([main]), {
      code: "AuthenticationFailed",
    });
  });
});
