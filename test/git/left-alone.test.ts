/** What a repository may hold besides plain files: it is never followed or interpreted, and stays as it is. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ClosableRepositories, createRepositories } from "../../operator/git/index.ts";
import type { Repository } from "../../operator/ports.ts";
import { readSource, type SourceView } from "../../operator/sync/source-view.ts";
import { isolatedEnvironment, runGit } from "./git-cli.ts";
import { type GitServer, startGitServer } from "./git-server.ts";
import type { TestRepository } from "./test-repository.ts";
import { treeOf } from "./toxic-packs.ts";

const main = "refs/heads/main";
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"4".repeat(64)}\nsize 12345\n`;
const attributes = "* text eol=crlf ident filter=lfs diff=lfs merge=lfs working-tree-encoding=UTF-16\n";
const modules = '[submodule "sub"]\n\tpath = apps/sub\n\turl = https://example.invalid/sub.git\n';
const manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";
const person = { name: "a", email: "a@example.invalid", at: 1_700_000_000_000 };

let server: GitServer;
let remote: TestRepository;
let repositories: ClosableRepositories;
let repository: Repository;
let tip: string;

async function object(type: "blob" | "tree" | "commit", data: string | Buffer): Promise<string> {
  // What fsck would not let in is there all the same: repositories are old.
  const options = { cwd: remote.path, env: isolatedEnvironment(server.root), input: data };
  return (await runGit(["hash-object", "-t", type, "--literally", "-w", "--stdin"], options)).stdout.trim();
}

/** All entries, folders too: `mode oid` by path. */
async function entriesOf(commit: string): Promise<Map<string, string>> {
  const listed = await remote.git("ls-tree", "-r", "-t", "-z", commit);
  return new Map(
    listed
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const [facts = "", path = ""] = line.split("\t");
        return [path, facts.replace(/^(\d+) \w+ /, "$1 ")];
      }),
  );
}

const edit = async (changes: Readonly<Record<string, string | null>>): Promise<string> =>
  await repository.commit({
    parent: tip,
    changes: Object.entries(changes).map(([path, content]) => ({ path, content })),
    author: person,
    committer: person,
    message: "edit\n",
  });

before(async () => {
  server = await startGitServer();
  remote = await server.createRepository("acme/odd", { files: { "README.md": "x" } });
  const file = await object("blob", manifest);
  const folder = await object("tree", treeOf([["100644", "a.yaml", file]]));
  const apps = await object(
    "tree",
    treeOf([
      ["100644", ".gitattributes", await object("blob", attributes)],
      ["100664", "group.yaml", file],
      ["120000", "here", await object("blob", "plain")],
      ["120000", "link.yaml", await object("blob", "../../../../etc/passwd")],
      ["100644", "model.bin", await object("blob", pointer)],
      ["120000", "outside", await object("blob", "/etc")],
      ["40000", "plain", folder],
      ["100755", "run.sh", file],
      ["160000", "sub", "1".repeat(40)],
    ]),
  );
  const root = await object(
    "tree",
    treeOf([
      ["100644", ".gitattributes", await object("blob", attributes)],
      ["100644", ".gitmodules", await object("blob", modules)],
      ["40000", "apps", apps],
      ["120000", "elsewhere", await object("blob", "apps/plain")],
      ["40000", "plain", folder],
    ]),
  );
  const commit = (await remote.git("commit-tree", root, "-m", "odd")).trim();
  await remote.git("update-ref", main, commit);
  const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
  repositories = createRepositories({ policy, version: "test" });
  repository = repositories.open({
    url: remote.url,
    credentials: { type: "None" },
    ca: undefined,
    timeoutMs: 5_000,
  });
  tip = (await repository.fetch([main])).refs.get(main) ?? "";
});
after(async () => {
  await repositories.close();
  await server.stop();
});

describe("what is no plain file", () => {
  it("is told by its mode, and nothing is found below it", async () => {
    const tree = await repository.tree(tip);
    assert.equal(tree.entry("apps/here")?.mode, "120000");
    assert.equal(tree.entry("apps/sub")?.mode, "160000");
    for (const path of ["apps/here", "apps/outside", "apps/sub", "elsewhere"]) {
      assert.equal(tree.entry(`${path}/a.yaml`), undefined);
      assert.equal(tree.list(path).size, 0);
      assert.deepEqual([...tree.files(path)], []);
    }
    // git shows an odd mode as the one that it takes it for.
    const shown = (mode: string): string => (mode === "100664" ? "100644" : mode);
    const listed = [...tree.files("")].map(([path, { mode, oid }]) => [path, `${shown(mode)} ${oid}`]);
    const expected = [...(await entriesOf(tip))].filter(([, facts]) => !facts.startsWith("040000"));
    assert.deepEqual(listed, expected);
    assert.equal(tree.entry("apps/group.yaml")?.mode, "100664");
  });

  it("is content as it stands: a pointer is not resolved, no filter runs", async () => {
    const tree = await repository.tree(tip);
    const texts = await repository.blobs(
      ["apps/model.bin", "apps/link.yaml", "apps/.gitattributes"].map((path) => tree.entry(path)?.oid ?? ""),
    );
    assert.deepEqual([...texts.values()].toSorted(), ["../../../../etc/passwd", pointer, attributes].toSorted());
  });

  it("is named where it lies among objects, and is no folder for them", async () => {
    const look = async (path: string): Promise<SourceView> => {
      const view = await readSource({
        repository,
        ref: main,
        tip,
        parent: tip,
        path,
        namespace: "demo",
        vouched: () => false,
        parsed: new Map(),
      });
      assert.ok(view.refusal === undefined || view.index.homes.size === 0);
      return view;
    };
    const refusal = async (path: string): Promise<string> => (await look(path)).refusal ?? "none";
    assert.equal(await refusal("plain"), "none");
    assert.match(await refusal("elsewhere"), /^elsewhere is no folder$/);
    assert.match(await refusal("apps/outside/demo"), /^apps\/outside is no folder$/);
    assert.match(await refusal("apps/sub/demo"), /^apps\/sub is no folder$/);
    const apps = await look("apps");
    assert.equal(apps.refusal, undefined);
    const named = apps.leftAlone().map(({ path, why }) => `${path}: ${why}`);
    assert.ok(named.includes("apps/here: it is a symbolic link"), named.join("\n"));
  });

  it("is neither written to, nor below, nor removed", async () => {
    const cases: readonly (readonly [Readonly<Record<string, string | null>>, RegExp])[] = [
      [{ "apps/link.yaml": "x" }, /^apps\/link\.yaml is a symbolic link, which is left alone$/],
      [{ "apps/link.yaml": null }, /^apps\/link\.yaml is a symbolic link, which is left alone$/],
      [{ "apps/here/a.yaml": "x" }, /^apps\/here is a symbolic link, so nothing can be written below it$/],
      [{ "apps/outside/cron.d/x": "x" }, /^apps\/outside is a symbolic link, so nothing can be written below it$/],
      [{ "elsewhere/a.yaml": "x", elsewhere: null }, /^elsewhere is a symbolic link/],
      [{ "apps/sub": "x" }, /^apps\/sub is a submodule, which is left alone$/],
      [{ "apps/sub": null }, /^apps\/sub is a submodule, which is left alone$/],
      [{ "apps/sub/deep/a.yaml": "x" }, /^apps\/sub is a submodule, so nothing can be written below it$/],
    ];
    for (const [changes, message] of cases) {
      await assert.rejects(edit(changes), { class: "Stalled", code: "PathInvalid", message }, JSON.stringify(changes));
    }
    assert.equal(await remote.tip(), tip);
  });

  it("stays byte for byte the same beside what is changed, and what is written is written as it is", async () => {
    const text = "kind: ConfigMap\r\ntext: $Id$\n";
    const before = await entriesOf(tip);
    const changes = { "apps/new.yaml": text, "apps/group.yaml": text, "apps/run.sh": text, "plain/b.yaml": text };
    const to = await edit({ ...changes, "apps/plain/a.yaml": null });
    const outcome = await repository.push([{ ref: main, from: tip, to }], { atomic: false });
    assert.deepEqual(outcome.get(main), { outcome: "Accepted" });
    const now = await entriesOf(to);
    const changed = ["apps", "plain", ...Object.keys(changes), "apps/plain", "apps/plain/a.yaml"];
    for (const path of changed) {
      before.delete(path);
      now.delete(path);
    }
    assert.deepEqual(now, before);
    assert.ok(before.size >= 9);
    const raw = await remote.git("cat-file", "tree", `${to}:apps`);
    for (const entry of ["100664 group.yaml", "100755 run.sh", "100644 new.yaml"])
      assert.ok(raw.includes(`${entry}\0`));
    for (const path of Object.keys(changes)) assert.equal(await remote.git("cat-file", "blob", `${to}:${path}`), text);
    // Of the mode that stood there before, and was kept.
    const complaints = (await remote.fsck()).filter((line) => !line.startsWith("warning") || !/badFilemode/.test(line));
    assert.deepEqual(complaints, []);
    tip = to;
  });
});
