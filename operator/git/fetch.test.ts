import assert from "node:assert/strict";
import diagnostics from "node:diagnostics_channel";
import { rm } from "node:fs/promises";
import { afterEach, beforeEach, describe, it } from "node:test";
import { isolatedEnvironment, runGit } from "../../test/git/git-cli.ts";
import { type GitServer, startGitServer } from "../../test/git/git-server.ts";
import type { TestRepository } from "../../test/git/test-repository.ts";
import type { Repository } from "../ports.ts";
import { type ClosableRepositories, createRepositories, type RepositoriesOptions } from "./index.ts";
import { objectId } from "./object-id.ts";

const main = "refs/heads/main";
const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
const files = Object.fromEntries(
  Array.from({ length: 60 }, (_, i) => [`ns-${i % 12}/f-${i}.yaml`, `kind: A\nv: ${i}\n`]),
);

let server: GitServer;
let remote: TestRepository;
const opened: ClosableRepositories[] = [];

function open(options: Partial<RepositoriesOptions> = {}): Repository {
  const repositories = createRepositories({ policy, version: "1.2.3", ...options });
  opened.push(repositories);
  return repositories.open({ url: remote.url, credentials: { type: "None" }, ca: undefined, timeoutMs: 5_000 });
}

/** Every path with its blob, as the git CLI has it and as the Repository has it. */
async function same(repository: Repository, commit: string): Promise<void> {
  const listed = await remote.git("ls-tree", "-r", "-z", commit);
  const expected = listed
    .split("\0")
    .filter(Boolean)
    .map((line) => line.replace(/^(\d+) \w+ (\w+)\t/, "$1 $2 "));
  const tree = await repository.tree(commit);
  assert.deepEqual(
    [...tree.files("")].map(([path, { mode, oid }]) => `${mode} ${oid} ${path}`),
    expected,
  );
}

const blobOf = (text: string): string => objectId("blob", Buffer.from(text));

beforeEach(async () => {
  server = await startGitServer();
  remote = await server.createRepository("acme/demo", { files });
});
afterEach(async () => {
  for (const repositories of opened.splice(0)) await repositories.close();
  await server.stop();
});

describe("a fetch", () => {
  it("goes over the connections that are there", async () => {
    const repository = open();
    await repository.fetch([main]);
    let made = 0;
    const count = (): void => void made++;
    diagnostics.subscribe("net.server.socket", count);
    try {
      for (let i = 0; i < 10; i++) {
        const tip = await remote.commitAsPerson({ files: { "ns-1/f-1.yaml": `kind: B\nv: ${i}\n` } });
        assert.equal((await repository.fetch([main])).refs.get(main), tip);
        assert.deepEqual(
          [...(await repository.blobs([blobOf(`kind: B\nv: ${i}\n`)])).values()],
          [`kind: B\nv: ${i}\n`],
        );
      }
    } finally {
      diagnostics.unsubscribe("net.server.socket", count);
    }
    assert.ok(made <= 1, `${made} connections for 30 requests`);
  });

  it("reads the trees and no blob; one more of what did not move is one request", async () => {
    const repository = open();
    const tip = (await repository.fetch([main])).refs.get(main) ?? "";
    await same(repository, tip);
    const before = { ...server.requests };
    await repository.fetch([main]);
    assert.deepEqual({ ...server.requests }, { ...before, uploadPack: before.uploadPack + 1 });
    await repository.blobs([...(await repository.tree(tip)).files("")].map(([, { oid }]) => oid));
    assert.equal(server.requests.uploadPack, before.uploadPack + 2, "all blobs come by one request, and none before");
    await repository.blobs([...(await repository.tree(tip)).files("ns-1")].map(([, { oid }]) => oid));
    assert.equal(server.requests.uploadPack, before.uploadPack + 2, "blobs that were read are remembered");
  });

  it("takes in linear work, merges of old branches, and reverts", async () => {
    const repository = open();
    const old = (await repository.fetch([main])).refs.get(main) ?? "";
    await remote.git("branch", "side", old);
    for (let i = 0; i < 5; i++)
      await remote.commitAsPerson({ files: { [`ns-1/f-1.yaml`]: `v: ${i}\n`, [`new/${i}`]: "x" } });
    const moved = (await repository.fetch([main])).refs.get(main) ?? "";
    await same(repository, moved);
    assert.deepEqual((await repository.history(moved, 3)).length, 3);

    await remote.commitAsPerson({ branch: "side", files: { "side/one": "1", "ns-2/f-2.yaml": null } });
    const mergedTree = (await remote.git("merge-tree", "--write-tree", "main", "side")).trim();
    const merge = (await remote.git("commit-tree", mergedTree, "-p", "main", "-p", "side", "-m", "merge")).trim();
    await remote.git("update-ref", main, merge);
    assert.equal((await repository.fetch([main])).refs.get(main), merge);
    await same(repository, merge);

    // Back to trees that only the history has: a server with bitmaps leaves out what we must have had.
    await remote.git("repack", "-adbq");
    const late = open();
    await late.fetch([main]);
    const revert = (await remote.git("commit-tree", `${old}^{tree}`, "-p", merge, "-m", "revert")).trim();
    await remote.git("update-ref", main, revert);
    const before = server.requests.uploadPack;
    assert.equal((await late.fetch([main])).refs.get(main), revert);
    assert.equal(server.requests.uploadPack, before + 3, "refs, what is new, and the whole tree");
    await same(late, revert);
    await repository.fetch([main]);
    await same(repository, revert);
  });

  it("gives an increment up that is larger than the whole", async () => {
    const repository = open({ limits: { incrementalObjects: 50 } });
    await repository.fetch([main]);
    for (let i = 0; i < 20; i++) await remote.commitAsPerson({ files: { [`ns-1/new-${i}`]: String(i) } });
    const before = server.requests.uploadPack;
    const tip = (await repository.fetch([main])).refs.get(main) ?? "";
    assert.equal(server.requests.uploadPack, before + 3);
    await same(repository, tip);
  });

  it("takes in a rewritten branch, and one that went and came back", async () => {
    const repository = open();
    await repository.fetch([main]);
    const root = (await remote.git("commit-tree", "main^{tree}", "-m", "rewritten")).trim();
    await remote.git("update-ref", main, root);
    assert.equal((await repository.fetch([main])).refs.get(main), root);
    await same(repository, root);
    await remote.git("update-ref", "-d", main);
    assert.equal((await repository.fetch([main])).refs.get(main), undefined);
    await remote.commitAsPerson({ files: { only: "1" } });
    const back = (await repository.fetch([main])).refs.get(main) ?? "";
    await same(repository, back);
  });

  it("works where the server leaves no blobs out", async () => {
    remote = await server.createRepository("no/filter", { files, config: { "uploadpack.allowFilter": "false" } });
    const repository = open();
    const tip = (await repository.fetch([main])).refs.get(main) ?? "";
    await same(repository, tip);
    const before = server.requests.uploadPack;
    const entry = (await repository.tree(tip)).entry("ns-0/f-0.yaml");
    assert.deepEqual([...(await repository.blobs([entry?.oid ?? ""])).values()], ["kind: A\nv: 0\n"]);
    assert.equal(server.requests.uploadPack, before, "the blobs came along");
  });

  it("refuses a repository of another object format", async () => {
    await rm(remote.path, { recursive: true });
    await runGit(["init", "-q", "--bare", "--object-format=sha256", remote.path], {
      env: isolatedEnvironment(server.root),
    });
    await assert.rejects(open().fetch([main]), { class: "Stalled", code: "RemoteInvalid", message: /sha256/ });
  });

  it("keeps within its limits", async () => {
    await assert.rejects(open({ limits: { packObjects: 5 } }).fetch([main]), { code: "RemoteInvalid" });
    await assert.rejects(open({ limits: { packBytes: 100 } }).fetch([main]), { code: "RemoteInvalid" });
    await remote.git("branch", "main-2");
    await assert.rejects(open({ limits: { refs: 2 } }).fetch([main]), { code: "RemoteInvalid" });
  });

  it("reads a commit again that was let go", async () => {
    const repository = open();
    const old = (await remote.tip()) ?? "";
    await remote.commitAsPerson({ files: { "ns-1/f-1.yaml": "v: new\n" } });
    await repository.fetch([main]);
    await same(repository, old);
    await assert.rejects(repository.tree("1".repeat(40)), { class: "Retry" });
  });

  it("is served from a history of thousands of commits without reading it", async () => {
    for (let i = 0; i < 12; i++) await remote.commitAsPerson({ files: { n: String(i) }, message: `n ${i}` });
    const repository = open();
    const tip = (await repository.fetch([main])).refs.get(main) ?? "";
    const history = await repository.history(tip, 4);
    assert.deepEqual(
      history.map(({ message }) => message.trim()),
      ["n 11", "n 10", "n 9", "n 8"],
    );
    for (const { id } of history) await same(repository, id);
    const before = server.requests.uploadPack;
    await repository.history(tip, 4);
    assert.equal(server.requests.uploadPack, before);
  });
});
