import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { startProxy } from "../../../test/git/proxy.ts";
import { accessTo, identityFor, policy } from "../../../test/git/ssh-contract.ts";
import { type KeyPair, makeKey, type SshServerOptions } from "../../../test/git/ssh-protocol.ts";
import { type InProcessSshServer, startSsh2Server } from "../../../test/git/ssh2-server.ts";
import type { TestRepository } from "../../../test/git/test-repository.ts";
import { waitFor } from "../../../test/harness/wait-for.ts";
import { Failure } from "../../failures.ts";
import type { RemoteAccess, Repository, SshIdentity } from "../../ports.ts";
import { type ClosableRepositories, createRepositories } from "../index.ts";

const main = "refs/heads/main";
const bot = { name: "bot", email: "bot@example.invalid", at: 1_760_000_000 };

let key: KeyPair;
let server: InProcessSshServer;
let remote: TestRepository;
let repositories: ClosableRepositories;
let timers: NodeJS.Timeout[];

async function start(options: Partial<SshServerOptions> = {}, files = { "a.yaml": "a: 0\n" }): Promise<void> {
  key = await makeKey();
  server = await startSsh2Server({ authorized: [key], ...options });
  remote = await server.createRepository("acme/demo", { files });
}

function open(identity: Partial<SshIdentity> = {}, access: Partial<RemoteAccess> = {}): Repository {
  const credentials = { ...identityFor(server, key), ...identity };
  return repositories.open({ ...accessTo(remote.url, credentials), ...access });
}

async function tipOf(repository: Repository): Promise<string> {
  return (await repository.fetch([main])).refs.get(main) ?? "none";
}

/** Pushes a commit with this content of a.yaml; answers what became of it. */
async function push(repository: Repository, from: string, content: string): Promise<string | undefined> {
  const changes = [{ path: "a.yaml", content }];
  const to = await repository.commit({ parent: from, changes, author: bot, committer: bot, message: "change\n" });
  return (await repository.push([{ ref: main, from, to }], { atomic: false })).get(main)?.outcome;
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error: unknown = await promise.then(
    () => "no failure",
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

async function fails(promise: Promise<unknown>, kind: string, code: string, words: RegExp): Promise<void> {
  const error = await failure(promise);
  assert.deepEqual([error.class, error.code], [kind, code], error.message);
  assert.match(error.message, words);
  assert.doesNotMatch(error.message, /[\n\r\t]/);
}

beforeEach(() => {
  timers = [];
  repositories = createRepositories({ policy, version: "test", limits: { wholeRequestFactor: 3 } });
});
afterEach(async () => {
  for (const timer of timers) clearInterval(timer);
  await repositories.close();
  await waitFor("all connections to end", async () => (await server.connections()) === 0 || undefined);
  assert.deepEqual(await remote.fsck(), []);
  await server.stop();
});

describe("keys of SSH", () => {
  for (const [name, made, algorithm] of [
    ["ed25519", {}, "ssh-ed25519"],
    ["ed25519 with a passphrase", { passphrase: "s3cret words" }, "ssh-ed25519"],
    ["ecdsa", { type: "ecdsa", bits: 384 }, "ecdsa-sha2-nistp384"],
    ["ecdsa in PEM", { type: "ecdsa", format: "PEM" }, "ecdsa-sha2-nistp256"],
    ["rsa", { type: "rsa", bits: 2_048 }, "ssh-rsa sha256"],
    [
      "rsa in PEM with a passphrase",
      { type: "rsa", bits: 2_048, format: "PEM", passphrase: "s3cret" },
      "ssh-rsa sha256",
    ],
  ] as const) {
    it(`log in: ${name}`, async () => {
      const own = await makeKey(made);
      await start({ authorized: [own] });
      const passphrase = "passphrase" in made ? made.passphrase : undefined;
      const repository = open({ privateKey: own.privateKey, passphrase });
      const tip = await tipOf(repository);
      assert.equal(tip, await remote.tip());
      assert.equal(await push(repository, tip, "a: 1\n"), "Accepted");
      assert.equal(await remote.show(main, "a.yaml"), "a: 1\n");
      assert.deepEqual(server.signatures, [algorithm]);
    });
  }

  it("that cannot be read are told, and no server is asked", async () => {
    await start();
    const locked = await makeKey({ passphrase: "right" });
    const pem = await makeKey({ type: "rsa", bits: 2_048, format: "PEM", passphrase: "right" });
    const says = async (identity: Partial<SshIdentity>, words: RegExp): Promise<void> =>
      await fails(tipOf(open(identity)), "Stalled", "SecretInvalid", words);
    for (const { privateKey } of [locked, pem]) {
      await says({ privateKey }, /identity has a passphrase: give it in the key password/);
      await says({ privateKey, passphrase: "wrong" }, /^password in the Secret is not the passphrase/);
    }
    await says({ privateKey: "nonsense" }, /^identity in the Secret holds no private key/);
    await says({ privateKey: key.publicKey }, /^identity in the Secret holds a public key/);
    assert.equal(server.attempts, 0);
  });

  it("that the server does not know are refused once, with their fingerprint", async () => {
    await start();
    const other = await makeKey();
    const repository = open({ privateKey: other.privateKey });
    await fails(tipOf(repository), "Stalled", "AuthenticationFailed", /refused the key SHA256:\S+ of git/);
    const { attempts } = server;
    await failure(tipOf(repository));
    assert.equal(server.attempts, attempts);
    assert.equal(await tipOf(open()), await remote.tip());
  });
});

describe("host keys of SSH", () => {
  const untrusted = async (knownHosts: string, words: RegExp): Promise<void> => {
    await fails(tipOf(open({ knownHosts })), "Stalled", "HostKeyUntrusted", words);
    assert.equal(server.attempts, 0);
  };

  it("must be known: else nothing is sent, and the fingerprint told", async () => {
    const [own, other] = [await makeKey(), await makeKey()];
    await start({ hostKeys: [own] });
    const host = `[127.0.0.1]:${server.port}`;
    await untrusted("", /does not name \[127\.0\.0\.1\]:\d+, which shows the key ssh-ed25519 SHA256:\S{43}:/);
    await untrusted(`127.0.0.1 ${own.publicKey}`, /does not name/);
    await untrusted(`${host} ${other.publicKey}`, /the host key of \S+ changed: it shows ssh-ed25519 SHA256:\S{43},/);
    await untrusted(`${server.knownHosts}@revoked * ${own.publicKey}`, /marks as @revoked/);
    await untrusted(`@cert-authority * ${other.publicKey}`, /@cert-authority is not supported/);
    assert.equal(await tipOf(open()), await remote.tip());
  });

  it("may be of several types, of which one is known", async () => {
    const [ed25519, rsa] = [await makeKey(), await makeKey({ type: "rsa", bits: 2_048 })];
    await start({ hostKeys: [ed25519, rsa] });
    const host = `[127.0.0.1]:${server.port}`;
    for (const { publicKey } of [ed25519, rsa]) {
      assert.equal(await tipOf(open({ knownHosts: `${host} ${publicKey}` })), await remote.tip());
    }
  });

  it("that changed their type have changed", async () => {
    const rsa = await makeKey({ type: "rsa", bits: 2_048 });
    await start();
    await untrusted(`[127.0.0.1]:${server.port} ${rsa.publicKey}`, /the host key of \S+ changed: it has none/);
  });
});

describe("a session of SSH", () => {
  it("is one for all repositories of an identity, with few commands at a time", async () => {
    await start();
    const remotes = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => server.createRepository(`r${n}`)));
    const tips = await Promise.all(remotes.map(({ url }) => tipOf(open({}, { url }))));
    assert.deepEqual(tips, await Promise.all(remotes.map((each) => each.tip())));
    assert.equal(server.logins, 1);
    assert.ok(server.mostCommands <= 6, `${server.mostCommands} commands`);
  });

  it("is made again where the server has ended it", async () => {
    await start();
    const repository = open();
    await tipOf(repository);
    await server.cut();
    assert.equal(await tipOf(repository), await remote.tip());
    assert.equal(server.logins, 2);
  });

  it("goes through a proxy", async () => {
    await start();
    const proxy = await startProxy({ auth: { username: "u", password: "p" } });
    try {
      const by = { proxy: { url: proxy.url, username: "u", password: "p" } };
      assert.equal(await tipOf(open({}, by)), await remote.tip());
      assert.deepEqual(proxy.tunnels, [`127.0.0.1:${server.port}`]);
      await repositories.close();
    } finally {
      await proxy.stop();
    }
  });

  it("carries packs that are larger than its windows, both ways", async () => {
    await start();
    const repository = open();
    const large = randomBytes(6 * 2 ** 20).toString("base64");
    assert.equal(await push(repository, await tipOf(repository), large), "Accepted");
    assert.equal(await remote.show(main, "a.yaml"), large);
    const reader = open({}, { timeoutMs: 10_001 });
    const tree = await reader.tree(await tipOf(reader));
    const oid = tree.entry("a.yaml")?.oid ?? "";
    assert.equal((await reader.blobs([oid])).get(oid), large);
  });

  it("speaks the old protocol with a server that knows no other", async () => {
    await start({ acceptProtocol: false });
    const repository = open();
    const tip = await tipOf(repository);
    assert.equal(await push(repository, tip, "a: 1\n"), "Accepted");
    await remote.commitAsPerson({ files: { "b.yaml": "b: 1\n" } });
    const tree = await repository.tree(await tipOf(repository));
    assert.deepEqual([tree.entry("a.yaml") !== undefined, tree.entry("b.yaml") !== undefined], [true, true]);
  });
});

describe("what an SSH server refuses", () => {
  it("is a push by a key that may only read, in its words; the key goes on reading", async () => {
    const reader = await makeKey();
    await start({ authorized: [{ ...reader, readOnly: true }] });
    const writer = open({ privateKey: reader.privateKey });
    await fails(tipOf(writer), "Stalled", "AuthenticationFailed", /marked as read only/);
    const repository = open({ privateKey: reader.privateKey }, { readOnly: true });
    const tip = await tipOf(repository);
    assert.equal(tip, await remote.tip());
    await fails(push(repository, tip, "a: 1\n"), "Stalled", "AuthenticationFailed", /marked as read only/);
  });

  it("is a repository that is not there", async () => {
    await start();
    const lost = open({}, { url: remote.url.replace("demo", "lost") });
    await fails(tipOf(lost), "Stalled", "RepositoryNotFound", /does not appear to be a git repository/);
  });

  for (const [name, stdout, stderr, code, reason, words] of [
    ["no git", "", "sh: 1: git-upload-pack: not found\n", 127, "RemoteInvalid", /has no git-upload-pack/],
    ["a greeting", "Welcome to this host!\n", "", 0, "RemoteInvalid", /prints what is not git's answer: Welcome/],
    ["an ERR packet", "0024ERR access denied: no repository", "", 1, "RepositoryNotFound", /access denied/],
    ["a host's words", "", "ERROR: Repository not found.\n", 1, "RepositoryNotFound", /: Repository not found\.$/],
    ["a right that lacks", "", "remote: ERROR: Permission denied\n", 1, "AuthenticationFailed", /Permission denied/],
    ["some words", "", "\u001b[31mbusy\u202e\n", 1, "RemoteUnreachable", /ended early \(exit code 1\): busy$/],
    ["no words", "", "", 3, "RemoteUnreachable", /ended early \(exit code 3\)$/],
  ] as const) {
    it(`is told: ${name}`, async () => {
      await start();
      server.answerOnce((channel) => {
        channel.write(stdout);
        channel.stderr.write(stderr);
        channel.exit(code);
        channel.end();
      });
      const kind = reason === "RemoteUnreachable" ? "Retry" : "Stalled";
      await fails(tipOf(open()), kind, reason, words);
    });
  }
});

describe("what happens on the way to an SSH server", () => {
  it("is a cut in the middle of a fetch: tried again, nothing lost", async () => {
    await start({}, { "a.yaml": randomBytes(2 ** 20).toString("base64") });
    const repository = open();
    for (const printed of [1, 100, 200]) {
      server.cutOnce(/upload-pack/, { printed });
      await fails(tipOf(repository), "Retry", "RemoteUnreachable", /cannot be reached|ended early|ended in the middle/);
    }
    const tree = await repository.tree(await tipOf(repository));
    const oid = tree.entry("a.yaml")?.oid ?? "";
    server.cutOnce(/upload-pack/, { printed: 100_000 });
    assert.equal((await failure(repository.blobs([oid]))).class, "Retry");
    assert.ok((await repository.blobs([oid])).has(oid));
  });

  it("is a cut in the middle of a push: nothing moved, and the next one goes", async () => {
    await start();
    const repository = open();
    const tip = await tipOf(repository);
    const large = randomBytes(3 * 2 ** 20).toString("base64");
    for (const taken of [1, 5, 1_000_000]) {
      server.cutOnce(/receive-pack/, { taken });
      await fails(push(repository, tip, large), "Retry", "RemoteUnreachable", /cannot be reached|did not say/);
      assert.equal(await remote.tip(), tip);
    }
    assert.equal(await push(repository, await tipOf(repository), large), "Accepted");
  });

  it("is a server that is gone, or is none of SSH", async () => {
    await start();
    const { port } = server;
    const at = (other: number): Repository =>
      open({}, { url: remote.url.replace(String(port), String(other)), timeoutMs: 400 });
    const silent = createServer((socket) => void socket.resume());
    const web = createServer((socket) => void socket.resume().end("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(2_000)));
    const shut = createServer((socket) => void socket.destroy());
    const ports: number[] = [];
    for (const each of [silent, web, shut]) {
      each.listen(0, "127.0.0.1");
      await once(each, "listening");
      ports.push((each.address() as AddressInfo).port);
    }
    const [quiet = 0, http = 0, closing = 0] = ports;
    await fails(tipOf(at(quiet)), "Retry", "RemoteUnreachable", /no SSH session in time/);
    await fails(tipOf(at(http)), "Stalled", "RemoteInvalid", /does not speak SSH/);
    await fails(tipOf(at(closing)), "Retry", "RemoteUnreachable", /the connection was closed/);
    await Promise.all([silent, web, shut].map(async (each) => await once(each.close(), "close")));
    await fails(tipOf(at(closing)), "Retry", "RemoteUnreachable", /nothing listens there/);
  });

  it("is silence, a flood of refs, and a flood of words: each ends", async () => {
    await start();
    const repository = open({}, { timeoutMs: 400 });
    server.answerOnce(() => undefined);
    await fails(tipOf(repository), "Retry", "RemoteUnreachable", /no answer in time/);
    const flood = (put: (channel: Parameters<Parameters<typeof server.answerOnce>[0]>[0]) => boolean): void => {
      server.answerOnce((channel) => {
        timers.push(setInterval(() => put(channel), 5));
      });
    };
    const line = `${"0".repeat(40)} refs/heads/x\n`;
    flood((channel) => channel.write(`${(line.length + 4).toString(16).padStart(4, "0")}${line}`));
    await fails(tipOf(repository), "Retry", "RemoteUnreachable", /took too long/);
    flood((channel) => channel.stderr.write("x".repeat(1_000)));
    await fails(tipOf(repository), "Retry", "RemoteUnreachable", /took too long/);
    assert.equal(await tipOf(open()), await remote.tip());
  });

  it("is the end of all connections: what is under way fails", async () => {
    await start();
    const repository = open();
    await tipOf(repository);
    server.answerOnce(() => void repositories.close());
    await fails(tipOf(repository), "Retry", "RemoteUnreachable", /cannot be reached/);
    await fails(tipOf(repository), "Retry", "RemoteUnreachable", /cannot be reached/);
  });
});
