/** The operator's Git against OpenSSH's own server with a forced command. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Failure } from "../../operator/failures.ts";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import type { Repository, SshIdentity } from "../../operator/ports.ts";
import { repositoryContract } from "../contract/repository.ts";
import { accessTo, identityFor, policy, sshContractServer } from "../git/ssh-contract.ts";
import { type KeyOptions, type KeyPair, makeKey, type SshServerOptions } from "../git/ssh-protocol.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type OpenSshServer, startOpenSshServer } from "./openssh-server.ts";

for (const acceptProtocol of [true, false]) {
  const name = acceptProtocol ? "git over OpenSSH" : "git over OpenSSH that lets no environment pass";
  repositoryContract(name, async (files) => {
    const key = await makeKey();
    const server = await startOpenSshServer({ authorized: [key], acceptProtocol });
    return await sshContractServer(server, key, files, !acceptProtocol);
  });
}

describe("OpenSSH", { timeout: 120_000 }, () => {
  const main = "refs/heads/main";
  const bot = { name: "bot", email: "bot@example.invalid", at: 1_760_000_000 };
  let server: OpenSshServer;
  let remote: TestRepository;
  let repositories: ClosableRepositories;
  beforeEach(() => {
    repositories = createRepositories({ policy, version: "test" });
  });
  afterEach(async () => {
    await repositories.close();
    await waitFor("all sessions to end", async () => (await server.connections()) === 0 || undefined);
    assert.deepEqual(await remote.fsck(), []);
    await server.stop();
  });

  async function start(options: SshServerOptions): Promise<void> {
    server = await startOpenSshServer(options);
    remote = await server.createRepository("acme/demo", { files: { "a.yaml": "a: 0\n" } });
  }
  const open = (key: KeyPair, changed: Partial<SshIdentity> = {}): Repository =>
    repositories.open(accessTo(remote.url, { ...identityFor(server, key), ...changed }));
  const tipOf = async (repository: Repository): Promise<string> =>
    (await repository.fetch([main])).refs.get(main) ?? "none";
  async function push(repository: Repository, content: string): Promise<string | undefined> {
    const from = await tipOf(repository);
    const changes = [{ path: "a.yaml", content }];
    const to = await repository.commit({ parent: from, changes, author: bot, committer: bot, message: "change\n" });
    return (await repository.push([{ ref: main, from, to }], { atomic: true })).get(main)?.outcome;
  }
  async function fails(work: Promise<unknown>, code: string, words: RegExp): Promise<void> {
    await assert.rejects(work, (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, words);
      return true;
    });
  }

  const kinds: readonly (KeyOptions & { readonly says: string; readonly signs: string })[] = [
    { says: "ed25519", type: "ed25519", signs: "ED25519" },
    { says: "ecdsa", type: "ecdsa", bits: 384, signs: "ECDSA" },
    { says: "rsa with a passphrase", type: "rsa", bits: 3072, passphrase: "öpen sesame", signs: "RSA" },
    { says: "rsa in PEM", type: "rsa", bits: 2048, format: "PEM", signs: "RSA" },
  ];
  for (const { says, signs, ...kind } of kinds) {
    it(`lets a key log in, and takes its push: ${says}`, async () => {
      const key = await makeKey(kind);
      await start({ authorized: [key] });
      assert.equal(await push(open(key, { passphrase: kind.passphrase }), "a: 1\n"), "Accepted");
      assert.equal(await remote.show(main, "a.yaml"), "a: 1\n");
      assert.match(server.log(), new RegExp(`Accepted key ${signs}`));
    });
  }

  for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
    it(`is known by a host key of type ${type}, and by no other`, async () => {
      const [key, hostKey] = [await makeKey(), await makeKey({ type })];
      await start({ authorized: [key], hostKeys: [hostKey] });
      await tipOf(open(key));
      const before = server.knownHosts;
      await repositories.close();
      repositories = createRepositories({ policy, version: "test" });
      await server.restart([await makeKey({ type })]);
      await fails(tipOf(open(key, { knownHosts: before })), "HostKeyUntrusted", /changed.*SHA256:/s);
      assert.doesNotMatch(server.log(), /Accepted/);
      assert.equal(await tipOf(open(key)), await remote.tip());
    });
  }

  it("refuses a key that it does not know", async () => {
    await start({ authorized: [await makeKey()] });
    await fails(tipOf(open(await makeKey())), "AuthenticationFailed", /SHA256:/);
  });

  it("lets a key that may only read fetch, and refuses its push in the forced command's words", async () => {
    const key = await makeKey();
    await start({ authorized: [{ ...key, readOnly: true }] });
    await fails(tipOf(open(key)), "AuthenticationFailed", /marked as read only/);
    const access = accessTo(remote.url, identityFor(server, key));
    const reader = repositories.open({ ...access, readOnly: true });
    assert.equal(await tipOf(reader), await remote.tip());
    await fails(push(reader, "a: 1\n"), "AuthenticationFailed", /marked as read only/);
  });

  it("goes on after it was started again, and after its sessions were killed", async () => {
    const key = await makeKey();
    await start({ authorized: [key] });
    const repository = open(key);
    assert.equal(await push(repository, "a: 1\n"), "Accepted");
    await server.restart();
    assert.equal(await push(repository, "a: 2\n"), "Accepted");
    await server.cut();
    assert.equal(await push(repository, "a: 3\n"), "Accepted");
    assert.equal(await remote.show(main, "a.yaml"), "a: 3\n");
  });

  it("takes and gives packs that are larger than its windows", async () => {
    const key = await makeKey();
    await start({ authorized: [key] });
    const large = `${randomBytes(3_000_000).toString("base64")}\n`;
    assert.equal(await push(open(key), large), "Accepted");
    await repositories.close();
    repositories = createRepositories({ policy, version: "test" });
    const repository = open(key);
    const tree = await repository.tree(await tipOf(repository));
    const blob = tree.entry("a.yaml")?.oid ?? "";
    assert.equal((await repository.blobs(new Set([blob]))).get(blob), large);
  });
});
