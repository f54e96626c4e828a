import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { isolatedEnvironment, runGit } from "../../../test/git/git-cli.ts";
import { type GitServer, startGitServer } from "../../../test/git/git-server.ts";
import { makeSigningKeys, type SigningKeys } from "../../../test/git/signing-keys.ts";
import type { TestRepository } from "../../../test/git/test-repository.ts";
import type { Repository, SigningKey } from "../../ports.ts";
import type { CommitDraft, CommitId } from "../../values.ts";
import { type ClosableRepositories, createRepositories } from "../index.ts";
import { createSigner, createSigners } from "./create-signer.ts";

const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const ref = "refs/heads/main";
const draftOf = (parent: CommitId | undefined, message = "scale web\n\nBody\n"): CommitDraft => ({
  parent,
  changes: [{ path: "a.yaml", content: `kind: ${crypto.randomUUID()}\n` }],
  author: { name: "Zoë Example", email: "zoe@example.com", at: 1_760_000_000 },
  committer: { name: "clickscribe", email: "bot@example.com", at: 1_760_000_001 },
  message,
});

describe("keys that sign commits", () => {
  let keys: SigningKeys;
  let server: GitServer;
  let remote: TestRepository;
  let repositories: ClosableRepositories;
  let repository: Repository;
  before(async () => {
    keys = await makeSigningKeys();
    server = await startGitServer();
    remote = await server.createRepository("acme/demo");
    repositories = createRepositories({ policy, version: "test" });
    repository = repositories.open({ url: remote.url, credentials: { type: "None" }, ca: undefined, timeoutMs: 5_000 });
  });
  after(async () => {
    assert.deepEqual(await remote.fsck(), []);
    await repositories.close();
    await server.stop();
    await keys[Symbol.asyncDispose]();
  });

  const push = async (key: SigningKey, message?: string): Promise<CommitId> => {
    const from = (await repository.fetch([ref])).refs.get(ref);
    const to = await repository.commit(draftOf(from, message), await createSigner(key));
    assert.deepEqual((await repository.push([{ ref, from, to }], { atomic: false })).get(ref), { outcome: "Accepted" });
    return to;
  };
  /** Answers the id of a commit with these bytes. */
  const store = async (text: string): Promise<CommitId> => {
    const options = { cwd: remote.path, env: isolatedEnvironment(remote.path), input: text };
    return (await runGit(["hash-object", "-t", "commit", "-w", "--stdin"], options)).stdout.trim();
  };
  const refused = async (key: SigningKey): Promise<string> => {
    const failure = await createSigner(key).then(
      () => assert.fail("a signer was made"),
      (error: unknown) => error as { readonly class: string; readonly code: string; readonly message: string },
    );
    assert.deepEqual([failure.class, failure.code], ["Stalled", "SecretInvalid"]);
    assert.doesNotMatch(failure.message, /\n|s3cret/);
    return failure.message;
  };

  const sshTypes = [
    ["ed25519", {}],
    ["ed25519", { passphrase: "s3cret words" }],
    ["ecdsa", { bits: 256 }],
    ["ecdsa", { bits: 384, passphrase: "s3cret" }],
    ["ecdsa", { bits: 521 }],
    ["ecdsa", { bits: 256, format: "PEM" }],
    ["rsa", { bits: 2048 }],
    ["rsa", { bits: 2048, format: "PEM", passphrase: "s3cret" }],
  ] as const;
  for (const [type, options] of sshTypes) {
    it(`git verifies what SSH's ${type} ${JSON.stringify(options)} signed`, async () => {
      const { privateKey, publicKey } = await keys.ssh(type, options);
      const key: SigningKey = {
        type: "SSH",
        privateKey,
        passphrase: "passphrase" in options ? options.passphrase : undefined,
      };
      const signer = await createSigner(key);
      assert.equal(publicKey, `${signer.publicKey} bot`);
      // The numbers of an ECDSA signature are of another length each time.
      for (let i = 0; i < (type === "ecdsa" ? 12 : 1); i++) {
        assert.equal(await keys.verify(remote.path, await push(key)), undefined);
      }
    });
  }

  const openPgpTypes = [
    { algorithm: "ed25519" },
    { algorithm: "ed25519", passphrase: "s3cret wörds" },
    { algorithm: "rsa2048" },
    { algorithm: "nistp256", usage: "sign" },
  ];
  for (const options of openPgpTypes) {
    it(`git verifies what OpenPGP's ${JSON.stringify(options)} signed`, async () => {
      const { privateKey, fingerprint } = await keys.openPgp(options);
      const key: SigningKey = { type: "OpenPGP", privateKey, passphrase: options.passphrase };
      const signer = await createSigner(key);
      assert.equal(signer.fingerprint, fingerprint);
      assert.match(signer.publicKey, /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n/);
      assert.equal(await keys.verify(remote.path, await push(key)), undefined);
    });
  }

  it("a subkey that signs is taken, also where the primary key is not there", async () => {
    const { fingerprint } = await keys.openPgp({ usage: "cert" });
    await keys.gpg("--passphrase", "", "--quick-add-key", fingerprint, "ed25519", "sign", "1y");
    for (const what of ["--export-secret-keys", "--export-secret-subkeys"]) {
      const privateKey = await keys.gpg("--armor", what, fingerprint);
      const commit = await push({ type: "OpenPGP", privateKey, passphrase: undefined });
      assert.equal(await keys.verify(remote.path, commit), undefined);
    }
  });

  it("the same key and passphrase give the same signer", async () => {
    const { privateKey } = await keys.ssh("ed25519", { passphrase: "s3cret" });
    const signers = createSigners();
    const key: SigningKey = { type: "SSH", privateKey, passphrase: "s3cret" };
    assert.equal(await signers(key), await signers({ ...key }));
    await assert.rejects(signers({ ...key, passphrase: "other" }), { code: "SecretInvalid" });
    const others = await Promise.all(Array.from({ length: 100 }, () => keys.ssh("ed25519")));
    const first = await signers(key);
    for (const other of others) await signers({ type: "SSH", privateKey: other.privateKey, passphrase: undefined });
    assert.notEqual(await signers(key), first);
  });

  it("a message is signed as it is stored", async () => {
    const ssh = { type: "SSH", ...(await keys.ssh("ed25519")), passphrase: undefined } as const;
    const openPgp = { type: "OpenPGP", ...(await keys.openPgp()), passphrase: undefined } as const;
    for (const message of [
      "one\r\ntwo\r\n",
      "no end",
      "größer: 名前 👍\n",
      "",
      "\n\nblank above\n\n\n",
      "a\0b\n",
      "trailing \n",
    ]) {
      for (const key of [ssh, openPgp]) {
        assert.equal(await keys.verify(remote.path, await push(key, message)), undefined, JSON.stringify(message));
      }
    }
  });

  it("a signed commit is read as others are, and one that was changed afterwards does not verify", async () => {
    for (const key of [
      { type: "SSH", ...(await keys.ssh("ed25519")), passphrase: undefined } as const,
      { type: "OpenPGP", ...(await keys.openPgp()), passphrase: undefined } as const,
    ]) {
      const id = await push(key);
      const fresh = createRepositories({ policy, version: "test" });
      const access = { url: remote.url, credentials: { type: "None" }, ca: undefined, timeoutMs: 5_000 } as const;
      const [commit] = await fresh.open(access).history(id, 1);
      await fresh.close();
      const { author, message } = draftOf(undefined);
      assert.deepEqual([commit?.author, commit?.message], [author, message]);
      const text = await remote.git("cat-file", "commit", id);
      for (const [from, to] of [
        ["scale web", "scale wxb"],
        ["Zoë Example", "Eve Example"],
        [/^tree .*$/m, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904"],
      ] as const) {
        assert.notEqual(text.replace(from, to), text);
        const tampered = await store(text.replace(from, to));
        assert.notEqual(await keys.verify(remote.path, tampered), undefined);
      }
      assert.equal(await keys.verify(remote.path, id), undefined);
    }
  });

  it("what is no SSH key that signs is refused in words that name the Secret's keys", async () => {
    const { privateKey, publicKey } = await keys.ssh("ed25519", { passphrase: "s3cret" });
    const refusal = (text: string, passphrase?: string): Promise<string> =>
      refused({ type: "SSH", privateKey: text, passphrase });
    assert.match(await refusal(privateKey), /identity has a passphrase.*password/);
    assert.match(await refusal(privateKey, "s3cret!"), /^password .*identity/);
    const pem = await keys.ssh("rsa", { bits: 2048, format: "PEM", passphrase: "s3cret" });
    assert.match(await refusal(pem.privateKey), /identity has a passphrase.*password/);
    assert.match(await refusal(pem.privateKey, "s3cret!"), /^password .*identity/);
    assert.match(await refusal(publicKey), /^identity .*public key/);
    for (const text of ["", "no key", privateKey.slice(0, 120), privateKey.replaceAll("\n", " ")]) {
      assert.match(await refusal(text, "s3cret"), /^identity .*no private key/);
    }
    const pkcs8 = await keys.ssh("rsa", { bits: 2048, format: "PKCS8" });
    assert.match(await refusal(pkcs8.privateKey), /^identity .*PKCS #8/);
    const slow = await keys.ssh("ed25519", { passphrase: "s3cret", rounds: 300 });
    assert.match(await refusal(slow.privateKey, "s3cret"), /^identity .*rounds/);
    assert.match(await refusal(securityKey(), "s3cret"), /^identity .*sk-/);
    assert.match(await refusal("sk-ssh-ed25519@openssh.com AAAA bot"), /^identity .*sk-/);
  });

  it("what is no OpenPGP key that signs is refused in words that name the Secret's keys", async () => {
    const { privateKey, fingerprint } = await keys.openPgp({ passphrase: "s3cret" });
    const refusal = (text: string, passphrase?: string): Promise<string> =>
      refused({ type: "OpenPGP", privateKey: text, passphrase });
    assert.match(await refusal(privateKey), /git\.asc has a passphrase.*passphrase/);
    assert.match(await refusal(privateKey, "s3cret!"), /^passphrase .*git\.asc/);
    assert.match(await refusal(await keys.gpg("--armor", "--export", fingerprint)), /^git\.asc .*public key/);
    for (const text of ["", "no key", privateKey.slice(0, 120)]) {
      assert.match(await refusal(text, "s3cret"), /^git\.asc .*no armored/);
    }
    const encrypts = await keys.openPgp({ algorithm: "rsa2048", usage: "cert" });
    assert.match(await refusal(encrypts.privateKey), /^git\.asc .*no key that may sign now/);
    const old = await keys.openPgp({ madeAt: "20200101T000000" });
    assert.match(await refusal(old.privateKey), /^git\.asc .*no key that may sign now \(.*expired/);
    const revoked = await keys.openPgp();
    await keys.revoke(revoked.fingerprint);
    const gone = await keys.gpg("--armor", "--export-secret-keys", revoked.fingerprint);
    assert.match(await refusal(gone), /^git\.asc .*no key that may sign now \(.*revoked/);
  });
});

/** A private key file of OpenSSH for a security key, with nothing in it but its public half. */
function securityKey(): string {
  const string = (text: string | Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.from(text).length);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const half = Buffer.concat([string("sk-ssh-ed25519@openssh.com"), string(Buffer.alloc(32)), string("ssh:")]);
  const fields = ["none", "none", ""].map(string);
  const body = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...fields,
    Buffer.from([0, 0, 0, 1]),
    string(half),
    string("x".repeat(64)),
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString("base64")}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
