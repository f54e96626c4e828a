import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { after, before, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import type { TestRepository } from "../../test/git/test-repository.ts";
import type { RemoteAccess } from "../ports.ts";
import { type ClosableRepositories, createRepositories } from "./index.ts";
import { encodePacket, flushPacket } from "./pkt-line.ts";
import type { Transport } from "./transport.ts";
import { tryRef } from "./try-ref.ts";

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

  it("sends no pack where a ref is only removed (gitprotocol-pack)", async () => {
    const bodies: Buffer[] = [];
    const advertised = [
      "# service=git-receive-pack\n",
      undefined,
      `${"0".repeat(40)} capabilities^{}\0report-status delete-refs\n`,
      undefined,
    ];
    const packets = (lines: readonly (string | undefined)[]): Buffer =>
      Buffer.concat(lines.map((line) => (line === undefined ? flushPacket : encodePacket(line))));
    const transport: Transport = {
      admit: () => undefined,
      async send({ method, url, body }) {
        if (Buffer.isBuffer(body)) bodies.push(body);
        const answer = packets(method === "GET" ? advertised : ["unpack ok\n", `ok ${ref}\n`, undefined]);
        const contentType = `application/x-git-receive-pack-${method === "GET" ? "advertisement" : "result"}`;
        return Promise.resolve({ url, contentType, date: undefined, body: Readable.from([answer]) });
      },
    };
    const input = { url: "https://h/r.git", ref, committer, agent: "x" };
    assert.deepEqual(await tryRef(transport, input), { outcome: "Accepted" });
    assert.deepEqual(
      bodies.map((body) => body.includes("PACK")),
      [true, false],
    );
  });

  it("tells the server's clock", async () => {
    const remote = await server.createRepository("acme/clock");
    const date = (await repositories.clockOf(accessOf(remote))) ?? 0;
    assert.ok(Math.abs(date - Date.now()) < 10_000);
  });
});
