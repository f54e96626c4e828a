import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import type { TestRepository } from "../../test/git/test-repository.ts";
import type { RemoteAccess } from "../ports.ts";
import { type ClosableRepositories, createRepositories } from "./index.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const committer = { name: "clickscribe", email: "clickscribe@clickscribe.invalid", at: 1_760_000_000 };
const ref = "refs/clickscribe/prod/check";

describe("a trial of a ref", () => {
  let server: GitServer;
  let repositories: ClosableRepositories;

  before(async () => {
    server = await startGitServer();
    repositories = createRepositories({ policy, version: "1.2.3" });
  });
  after(async () => {
    await repositories.close();
    await server.stop();
  });

  const accessOf = ({ url }: TestRepository): RemoteAccess => ({
    url,
    credentials: { type: "None" },
    ca: undefined,
    timeoutMs: 5_000,
  });

  it("makes the ref and removes it again", async () => {
    const remote = await server.createRepository("acme/takes");
    const before = await remote.refs();
    assert.deepEqual(await repositories.tryRef(accessOf(remote), ref, committer), { outcome: "Accepted" });
    assert.deepEqual(await remote.refs(), before);
    const moves = remote.pushes.map(({ refs }) => refs.map((moved) => [moved.ref, /^0+$/.test(moved.new)]));
    assert.deepEqual(moves, [[[ref, false]], [[ref, true]]]);
    assert.deepEqual(await remote.fsck(), []);
  });

  it("tells a refusal in the server's words, and has left nothing behind", async () => {
    const remote = await server.createRepository("acme/refuses");
    await remote.rejectRef("refs/clickscribe/*", "only branches and tags here");
    const trial = await repositories.tryRef(accessOf(remote), ref, committer);
    assert.equal(trial.outcome, "Refused");
    assert.match(trial.outcome === "Refused" ? trial.message : "", /only branches and tags here/);
    assert.equal((await remote.refs())[ref], undefined);
  });

  it("says so where the ref was made and cannot be removed", async () => {
    const branch = "refs/heads/clickscribe/prod/check";
    const remote = await server.createRepository("acme/keeps", { config: { "receive.denyDeletes": "true" } });
    const trial = await repositories.tryRef(accessOf(remote), branch, committer);
    assert.equal(trial.outcome, "NotRemoved");
    assert.notEqual((await remote.refs())[branch], undefined);
  });

  it("tells the server's clock", async () => {
    const remote = await server.createRepository("acme/clock");
    const date = (await repositories.clockOf(accessOf(remote))) ?? 0;
    assert.ok(Math.abs(date - Date.now()) < 10_000);
  });
});
