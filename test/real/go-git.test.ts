/** What we push, as go-git reads it, the library of Flux: every object with the bytes that its id says. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import type { Repository, Signer } from "../../operator/ports.ts";
import type { CommitId, FileChange, Signature } from "../../operator/values.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import { makeSigningKeys, type SigningKeys } from "../git/signing-keys.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { resolvePart } from "./parts/parts.ts";

const main = "refs/heads/main";
const alice: Signature = { name: "Ålice Example", email: "alice@example.invalid", at: 1_760_000_000 };
const bot: Signature = { name: "clickscribe", email: "bot@example.invalid", at: 1_760_000_001 };
const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };

/** What go-git-read prints. */
interface Read {
  readonly commits: number;
  readonly trees: number;
  readonly blobs: number;
  /** Of the blobs. */
  readonly bytes: number;
  readonly last: {
    readonly id: CommitId;
    readonly author: string;
    readonly committer: string;
    readonly message: string;
    readonly signed: boolean;
    /** Blob by path. */
    readonly files: Readonly<Record<string, string>>;
  };
}

describe("go-git", { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  let program: string;
  let server: GitServer;
  let keys: SigningKeys;
  let repositories: ClosableRepositories;
  before(async () => {
    program = await resolvePart("go-git-read");
    server = await startGitServer();
    stack.defer(() => server.stop());
    keys = stack.use(await makeSigningKeys());
    repositories = createRepositories({ policy, version: "test" });
    stack.defer(() => repositories.close());
  });
  after(() => stack.disposeAsync());

  let count = 0;
  let remote: TestRepository;
  let repository: Repository;
  let tip: CommitId | undefined;
  beforeEach(async () => {
    count += 1;
    remote = await server.createRepository(`demo-${count}`, { empty: true, config: { "receive.unpackLimit": "1" } });
    repository = repositories.open({
      url: remote.url,
      credentials: { type: "None" },
      ca: undefined,
      timeoutMs: 10_000,
    });
    tip = (await repository.fetch([main])).refs.get(main);
  });

  async function push(files: Readonly<Record<string, FileChange["content"]>>, signer?: Signer): Promise<void> {
    const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
    const message = "Subject ü\n\nBody\n\nKey: value\n";
    const to = await repository.commit({ parent: tip, changes, author: alice, committer: bot, message }, signer);
    const outcome = await repository.push([{ ref: main, from: tip, to }], { atomic: false });
    assert.deepEqual(outcome.get(main), { outcome: "Accepted" });
    tip = to;
  }
  async function read(from: string, ...publicKeys: readonly string[]): Promise<Read> {
    const { stdout } = await promisify(execFile)(program, [from, main, ...publicKeys], { maxBuffer: 1e8 });
    return JSON.parse(stdout) as Read;
  }

  /** The same, as the git CLI counts it. */
  async function readByGit(): Promise<Omit<Read, "last"> & { readonly files: Read["last"]["files"] }> {
    const kinds = (await remote.git("cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize)"))
      .trim()
      .split("\n")
      .map((line) => line.split(" "));
    const of = (kind: string): readonly (readonly string[])[] => kinds.filter(([type]) => type === kind);
    const listed = (await remote.git("ls-tree", "-r", "-z", main)).split("\0").filter(Boolean);
    return {
      commits: of("commit").length,
      trees: of("tree").length,
      blobs: of("blob").length,
      bytes: of("blob").reduce((sum, [, size]) => sum + Number(size), 0),
      files: Object.fromEntries(
        listed.map((line) => {
          const [about = "", path = ""] = line.split("\t");
          return [path, about.split(" ")[2] ?? ""];
        }),
      ),
    };
  }

  it("reads 61 packs of objects whole and as deltas, from the server and from the packs as they came, as git does", async () => {
    const flat = Array.from({ length: 300 }, (_, i) => [`apps/flat/configmap-${i}.yaml`, `name: c${i}\n`]);
    await push({
      ...Object.fromEntries(flat),
      "README.md": "# ü\n",
      "apps.yaml": "a: 1\n",
      "big.yaml": "x".repeat(1e6),
    });
    for (let i = 0; i < 60; i++) {
      const gone = `apps/flat/configmap-${i}.yaml`;
      const held = `deep/${i % 7}/${"n/".repeat(i % 5)}secret-${i}.yaml`;
      await push({ [gone]: null, [held]: `i: ${i}\n`, [`apps/flat/configmap-${i + 100}.yaml`]: `i: ${i}\n` });
    }
    const { files, ...counts } = await readByGit();
    assert.equal(counts.commits, 61);
    const packs = (await readdir(join(remote.path, "objects/pack"))).filter((name) => name.endsWith(".pack"));
    assert.equal(packs.length, 61);
    const packed = await Promise.all(packs.map((name) => remote.git("verify-pack", "-v", `objects/pack/${name}`)));
    assert.match(packed.join(""), /^chain length = 1: /m, "no pack holds a delta");
    const expected = {
      ...counts,
      last: {
        id: tip,
        author: "Ålice Example <alice@example.invalid>",
        committer: "clickscribe <bot@example.invalid>",
        message: "Subject ü\n\nBody\n\nKey: value\n",
        signed: false,
        files,
      },
    };
    assert.deepEqual(await read(remote.url), expected);
    assert.deepEqual(await read(remote.path), expected);
  });

  it("verifies what OpenPGP signed, by the public key that the GitRemote's status shows, and by no other", async () => {
    const [mine, theirs] = await Promise.all(
      [await keys.openPgp(), await keys.openPgp()].map(({ privateKey }) =>
        repositories.signer({ type: "OpenPGP", privateKey, passphrase: undefined }),
      ),
    );
    assert.ok(mine && theirs);
    await push({ "a.yaml": "a: 1\n" }, mine);
    const { last } = await read(remote.url, mine.publicKey);
    assert.deepEqual([last.id, last.signed], [tip, true]);
    await assert.rejects(read(remote.url, theirs.publicKey), /signature: /);
  });

  it("reads what an SSH key signed", async () => {
    const { privateKey } = await keys.ssh("ed25519");
    const signer = await repositories.signer({ type: "SSH", privateKey, passphrase: undefined });
    await push({ "a.yaml": "a: 1\n" }, signer);
    const { last } = await read(remote.path);
    assert.deepEqual([last.id, last.signed, last.message], [tip, true, "Subject ü\n\nBody\n\nKey: value\n"]);
  });
});
