import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import { makeSigningKeys, type SigningKeys } from "../../test/git/signing-keys.ts";
import type { TestRepository } from "../../test/git/test-repository.ts";
import type { RemoteAccess, Signer } from "../ports.ts";
import { type ClosableRepositories, createRepositories, type RefHistory } from "./index.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const ref = "refs/heads/main";
const who = { name: "Paula Person", email: "paula@example.invalid", at: 1_760_000_000 };
const last = { author: who, committer: who, message: "on top\n" };
/** Enough of them that trees go as deltas. */
const others = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`live/n/file-${i}.yaml`, `kind: ${i}\n`]));
const secret = "hunter2-is-the-secret";

describe("a rewritten history", () => {
  let server: GitServer;
  let repositories: ClosableRepositories;
  let keys: SigningKeys;
  let remote: TestRepository;
  let count = 0;
  before(async () => {
    keys = await makeSigningKeys();
    server = await startGitServer();
    repositories = createRepositories({ policy, version: "test" });
  });
  after(async () => {
    await repositories.close();
    await server.stop();
    await keys[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    remote = await server.createRepository(`acme/${++count}`, { files: others });
  });

  const access = (): RemoteAccess => ({
    url: remote.url,
    credentials: { type: "None" },
    ca: undefined,
    timeoutMs: 5_000,
  });
  const read = async (): Promise<RefHistory> => {
    const found = await repositories.history(access(), ref);
    assert.ok(found);
    return found;
  };
  const removes = (path: string): boolean => path.startsWith("live/leak/");
  const message = ({ message: said }: { readonly message: string }): string => said.replaceAll(secret, "(purged)");
  /** Whether anything that the server can still reach holds it. */
  const leaks = async (): Promise<boolean> => {
    const ids = (await remote.git("rev-list", "--objects", "--all")).split("\n").map((line) => line.slice(0, 40));
    for (const id of ids.filter(Boolean)) {
      const type = (await remote.git("cat-file", "-t", id)).trim();
      if ((await remote.git("cat-file", type, id)).includes(secret)) return true;
    }
    return false;
  };
  const leak = async (): Promise<void> => {
    await remote.commitAsPerson({ files: { "live/leak/a.yaml": `password: ${secret}\n` }, message: `set ${secret}` });
    await remote.commitAsPerson({ files: { "live/n/file-1.yaml": "kind: other\n" }, message: "something else" });
    await remote.commitAsPerson({ files: { "live/leak/a.yaml": "password: b\n", "live/n/file-2.yaml": "k: 2\n" } });
    await remote.commitAsPerson({ files: { "live/leak/a.yaml": null } });
  };

  it("has nothing of the files, and all the rest as it was", async () => {
    await leak();
    const before = await remote.log();
    const history = await read();
    assert.equal(history.commits.length, 5);
    assert.deepEqual(
      [...history.files()].map(([path]) => path).filter((path) => path.includes("leak")),
      ["live/leak/a.yaml", "live/leak/a.yaml"],
    );
    const rewritten = await history.rewrite({ removes, message, last, signer: undefined });
    assert.deepEqual([rewritten.rewritten, rewritten.dropped, rewritten.blobs.size], [2, 2, 2]);
    assert.equal(await remote.tip(), history.tip, "nothing is sent yet");
    assert.equal(await leaks(), true);
    assert.deepEqual(await rewritten.push(), { outcome: "Accepted" });
    assert.equal(await remote.tip(), rewritten.tip);
    assert.equal(await leaks(), false);
    assert.deepEqual(await remote.fsck(), []);
    const now = await remote.log();
    const told = (log: typeof now) => log.map(({ author, committer, subject }) => ({ author, committer, subject }));
    assert.deepEqual(told(now).slice(0, -1), told(before.filter((_, i) => i !== 1 && i !== 4)));
    assert.equal(now[0]?.oid, before[0]?.oid, "what came before is left alone");
    assert.deepEqual([now.at(-1)?.subject, now.at(-1)?.files], ["on top", []]);
    assert.deepEqual((await remote.files()).toSorted(), Object.keys(others).toSorted());
    assert.equal(await remote.show("main", "live/n/file-2.yaml"), "k: 2\n");
  });

  it("is not pushed over what somebody else pushed meanwhile", async () => {
    await leak();
    const rewritten = await (await read()).rewrite({ removes, message, last, signer: undefined });
    const tip = await remote.commitAsPerson({ files: { "new.yaml": "a: b\n" } });
    assert.deepEqual(await rewritten.push(), { outcome: "Stale" });
    assert.equal(await remote.tip(), tip);
  });

  it("is refused in the server's words where it takes none", async () => {
    await leak();
    await remote.git("config", "receive.denyNonFastForwards", "true");
    const rewritten = await (await read()).rewrite({ removes, message, last, signer: undefined });
    const outcome = await rewritten.push();
    assert.equal(outcome.outcome, "Refused");
    assert.match(outcome.outcome === "Refused" ? outcome.message : "", /non-fast-forward/);
  });

  it("loses the signatures of what was changed, and has new ones where there is a key", async () => {
    const { privateKey } = await keys.ssh("ed25519");
    const signer: Signer = await repositories.signer({ type: "SSH", privateKey, passphrase: undefined });
    const repository = repositories.open(access());
    let from = (await repository.fetch([ref])).refs.get(ref);
    for (const path of ["live/n/file-1.yaml", "live/leak/a.yaml", "live/n/file-2.yaml"]) {
      const changes = [{ path, content: `password: ${secret.slice(0, path.includes("leak") ? 99 : 3)}\n` }];
      const to = await repository.commit({ parent: from, changes, author: who, committer: who, message: path }, signer);
      await repository.push([{ ref, from, to }], { atomic: false });
      from = to;
    }
    const signed = async (): Promise<readonly boolean[]> =>
      Promise.all((await remote.log()).map(async ({ oid }) => (await keys.verify(remote.path, oid)) === undefined));
    assert.deepEqual(await signed(), [false, true, true, true]);
    await (await (await read()).rewrite({ removes, message, last, signer: undefined })).push();
    assert.deepEqual(await signed(), [false, true, false, false]);
    assert.doesNotMatch(await remote.git("cat-file", "commit", `${ref}~1`), /gpgsig/);
    await remote.commitAsPerson({ files: { "live/leak/b.yaml": `p: ${secret}\n`, "x.yaml": "a: b\n" } });
    await (await (await read()).rewrite({ removes, message, last, signer })).push();
    assert.deepEqual(await signed(), [false, true, false, false, true, true]);
    assert.equal(await leaks(), false);
    assert.deepEqual(await remote.fsck(), []);
  });

  it("keeps merges, other encodings and a first commit of which nothing is left", async () => {
    remote = await server.createRepository(`acme/${++count}`, { files: { "live/leak/a.yaml": `p: ${secret}\n` } });
    const foot = await remote.tip();
    const side = await remote.commitAsPerson({ files: { "a.yaml": "a: 1\n" }, branch: "side" });
    const tree = (await remote.git("rev-parse", `${side}^{tree}`)).trim();
    const main = await remote.commitAsPerson({ files: { "b.yaml": "b: 1\n" } });
    const config = ["-c", "i18n.commitEncoding=ISO-8859-1", "-c", "user.name=Z", "-c", "user.email=z@example.com"];
    const merge = await remote.git(...config, "commit-tree", tree, "-p", main, "-p", side, "-m", "merge f\u00fcr");
    await remote.git("update-ref", ref, merge.trim());
    await remote.git("update-ref", "-d", "refs/heads/side");
    const rewritten = await (await read()).rewrite({ removes, message, last, signer: undefined });
    assert.deepEqual(await rewritten.push(), { outcome: "Accepted" });
    assert.deepEqual([rewritten.rewritten, rewritten.dropped], [3, 0]);
    assert.equal(await leaks(), false);
    assert.deepEqual(await remote.fsck(), []);
    assert.match(await remote.git("log", "-1", "--format=%P|%s", `${ref}~1`), /^\w{40} \w{40}\|merge/);
    assert.notEqual(await remote.tip(`${ref}~3`), foot);
  });

  it("is none where there is no such ref", async () => {
    assert.equal(await repositories.history(access(), "refs/clickscribe/none"), undefined);
  });
});
