/** What every implementation of the port `Repository` must do, against its own server. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "node:test";
import { Failure } from "../../operator/failures.ts";
import type { Repository } from "../../operator/ports.ts";
import type { CommitDraft, CommitId, FileChange, RefName, Signature, Tree } from "../../operator/values.ts";

/** A server with one repository, and what a test does to it behind the port's back. */
export interface ContractServer {
  /** A Repository that knows nothing yet. */
  open(): Repository;
  /** Puts a commit on a branch (its full ref name) as a person; null removes a file. */
  commitAsPerson(ref: RefName, files: Readonly<Record<string, string | null>>): Promise<CommitId>;
  /** Moves a ref to a commit that the server has, as a person's forced push does. */
  forceRef(ref: RefName, to: CommitId): Promise<void>;
  tip(ref: RefName): Promise<CommitId | undefined>;
  show(ref: RefName, path: string): Promise<string | undefined>;
  /** All paths at a ref, in any order. */
  files(ref: RefName): Promise<readonly string[]>;
  /** Messages of a ref's commits, oldest first. */
  messages(ref: RefName): Promise<readonly string[]>;
  refuse(ref: RefName, message: string): Promise<void>;
  acceptAll(): Promise<void>;
  /** The next push is performed and its answer lost. */
  loseAnswer(): void;
  /** Complaints about what the server holds; none where it cannot tell. */
  check(): Promise<readonly string[]>;
  /** It does not tell what a HEAD without commits points to. */
  readonly hidesUnborn?: boolean;
  /** It sends commits only with all that they hold: what is not known anyway stays untold. */
  readonly lacksFilter?: boolean;
  close(): Promise<void>;
}

const main = "refs/heads/main";
const record = "refs/clickscribe/dev/c/shop/shop";
const alice: Signature = { name: "Alice Example", email: "alice@example.com", at: 1_760_000_000 };
const bot: Signature = { name: "clickscribe", email: "bot@example.com", at: 1_760_000_001 };

/** `start(files)` makes a server whose HEAD is `refs/heads/main`, with a first commit of these files, or none at all. */
export function repositoryContract(
  name: string,
  start: (files: Readonly<Record<string, string>> | undefined) => Promise<ContractServer>,
): void {
  describe(`${name}: an empty repository`, () => {
    let server: ContractServer;
    beforeEach(async () => {
      server = await start(undefined);
    });
    afterEach(async () => {
      const complaints = await server.check();
      await server.close();
      assert.deepEqual(complaints, []);
    });

    it("has no refs, an unborn HEAD, and takes a first push", async () => {
      const repository = server.open();
      const fetched = await repository.fetch([main]);
      assert.deepEqual([...fetched.refs], [[main, undefined]]);
      assert.equal(fetched.head, server.hidesUnborn ? undefined : main);
      const commit = await repository.commit(draft(undefined, { "apps/web.yaml": "kind: A\n" }));
      const outcome = await repository.push([{ ref: main, from: undefined, to: commit }], { atomic: false });
      assert.deepEqual([...outcome], [[main, { outcome: "Accepted" }]]);
      assert.equal(await server.tip(main), commit);
      assert.equal(await server.show(main, "apps/web.yaml"), "kind: A\n");
    });
  });

  describe(`${name}: a repository with files`, () => {
    let server: ContractServer;
    let repository: Repository;
    let tip: CommitId;
    const first = {
      "README.md": "# demo\n",
      "apps/shop/a.yaml": "kind: A\n",
      "apps/shop/b.yaml": "kind: B\n",
      "apps/shop.yaml": "kind: S\n",
      "apps-old/z.yaml": "kind: Z\n",
    };
    beforeEach(async () => {
      server = await start(first);
      repository = server.open();
      tip = known((await repository.fetch([main])).refs.get(main));
    });
    afterEach(async () => {
      const complaints = await server.check();
      await server.close();
      assert.deepEqual(complaints, []);
    });

    const push = async (to: CommitId, at: { from?: CommitId | undefined; ref?: RefName } = {}): Promise<string> => {
      const { from, ref } = { from: tip, ref: main, ...at };
      const outcome = await repository.push([{ ref, from, to }], { atomic: false });
      assert.equal(outcome.size, 1);
      return known(outcome.get(ref)).outcome;
    };

    it("fetches the refs that exist and tells those that do not", async () => {
      const fetched = await repository.fetch([main, record]);
      assert.equal(fetched.refs.get(main), await server.tip(main));
      assert.ok(fetched.refs.has(record));
      assert.equal(fetched.refs.get(record), undefined);
      assert.equal(fetched.head, main);
      assert.equal(fetched.atomic, true);
      assert.deepEqual((await repository.fetch([])).refs, new Map());
    });

    it("reads the tree of a fetched commit", async () => {
      const tree = await repository.tree(tip);
      assert.deepEqual(
        [...tree.files("")].map(([path]) => path),
        ["README.md", "apps-old/z.yaml", "apps.yaml", "apps/shop.yaml", "apps/shop/a.yaml", "apps/shop/b.yaml"].filter(
          (path) => path in first,
        ),
      );
      assert.deepEqual(
        [...tree.files("apps/shop")].map(([path, { mode, oid }]) => [path, mode, oid]),
        [
          ["apps/shop/a.yaml", "100644", blobId("kind: A\n")],
          ["apps/shop/b.yaml", "100644", blobId("kind: B\n")],
        ],
      );
      assert.deepEqual([...tree.list("apps").keys()].toSorted(), ["shop", "shop.yaml"]);
      assert.equal(tree.list("apps").get("shop")?.mode, "40000");
      assert.equal(tree.list("nowhere").size, 0);
      assert.equal(tree.list("README.md").size, 0);
      assert.deepEqual(tree.entry("apps/shop/a.yaml"), { mode: "100644", oid: blobId("kind: A\n") });
      assert.equal(tree.entry("apps/shop")?.mode, "40000");
      assert.equal(tree.entry("apps/shop/none.yaml"), undefined);
      assert.equal(tree.entry("README.md/none"), undefined);
      assert.deepEqual([...tree.files("nowhere")], []);
    });

    it("reads blobs, from the server and from what it wrote, and throws for one that is nowhere", async () => {
      const a = blobId("kind: A\n");
      const b = blobId("kind: B\n");
      assert.deepEqual(
        await repository.blobs([a, b, a]),
        new Map([
          [a, "kind: A\n"],
          [b, "kind: B\n"],
        ]),
      );
      await repository.commit(draft(tip, { "new.yaml": "ünï\n" }));
      assert.deepEqual(await repository.blobs([blobId("ünï\n")]), new Map([[blobId("ünï\n"), "ünï\n"]]));
      assert.deepEqual(await repository.blobs([]), new Map());
      await assert.rejects(repository.blobs(["1234567890123456789012345678901234567890"]), Failure);
    });

    it("pushes one changed file, and another on top without a fetch", async () => {
      const one = await repository.commit(draft(tip, { "apps/shop/a.yaml": "kind: A2\n" }, "one"));
      assert.equal(await server.tip(main), tip, "a draft must not be sent");
      assert.equal(await push(one), "Accepted");
      const two = await repository.commit(draft(one, { "apps/shop/c.yaml": "kind: C\n" }, "two"));
      assert.equal(await push(two, { from: one }), "Accepted");
      assert.equal(await server.tip(main), two);
      assert.equal(await server.show(main, "apps/shop/a.yaml"), "kind: A2\n");
      assert.deepEqual((await server.files(main)).toSorted(), [...Object.keys(first), "apps/shop/c.yaml"].toSorted());
      assert.deepEqual((await server.messages(main)).slice(1), ["one\n", "two\n"]);
      assert.equal((await repository.tree(two)).entry("apps/shop/c.yaml")?.oid, blobId("kind: C\n"));
      assert.equal((await repository.tree(tip)).entry("apps/shop/c.yaml"), undefined);
    });

    it("pushes several drafts in a row at once", async () => {
      let at = tip;
      for (let i = 0; i < 5; i++) at = await repository.commit(draft(at, { [`n/${i}.yaml`]: `n: ${i}\n` }, `c${i}`));
      assert.equal(await push(at), "Accepted");
      assert.equal((await server.messages(main)).length, 6);
      assert.deepEqual(
        [...(await repository.tree(at)).files("n")].map(([path]) => path),
        [0, 1, 2, 3, 4].map((i) => `n/${i}.yaml`),
      );
    });

    it("removes files; a folder without files is gone", async () => {
      const to = await repository.commit(
        draft(tip, { "apps/shop/a.yaml": null, "apps/shop/b.yaml": null, "apps/none.yaml": null }),
      );
      const tree = await repository.tree(to);
      assert.equal(tree.entry("apps/shop"), undefined);
      assert.deepEqual([...tree.list("apps").keys()], ["shop.yaml"]);
      assert.equal(await push(to), "Accepted");
      assert.deepEqual((await server.files(main)).toSorted(), ["README.md", "apps-old/z.yaml", "apps/shop.yaml"]);
    });

    it("copies what the repository has by its blob id", async () => {
      const blob = blobId("kind: A\n");
      const one = await repository.commit(draft(tip, { "copy/a.yaml": { blob }, "copy/new.yaml": "new: 1\n" }));
      const two = await repository.commit(draft(one, { "copy/b.yaml": { blob: blobId("new: 1\n") } }));
      assert.equal(await push(two), "Accepted");
      assert.equal(await server.show(main, "copy/a.yaml"), "kind: A\n");
      assert.equal(await server.show(main, "copy/b.yaml"), "new: 1\n");
    });

    it("refuses a file where a folder is, a folder where a file is, and paths that are none", async () => {
      const bad = ["apps/shop", "README.md/x.yaml", "../x", "/x", "x/", "a//b", ".git/config", "a/.GIT/x", ""];
      for (const path of bad) {
        await assert.rejects(repository.commit(draft(tip, { [path]: "x\n" })), Failure, path);
      }
      const swapped = await repository.commit(draft(tip, { "README.md": null, "README.md/x.yaml": "x\n" }));
      assert.deepEqual([...(await repository.tree(swapped)).list("README.md").keys()], ["x.yaml"]);
    });

    it("answers Stale when the ref has moved, is there already, or is gone", async () => {
      const theirs = await server.commitAsPerson(main, { "person.yaml": "by: hand\n" });
      const mine = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(mine), "Stale");
      assert.equal(await server.tip(main), theirs);
      const root = await repository.commit(draft(undefined, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(root, { from: undefined }), "Stale");
      const again = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(again, { ref: "refs/heads/other" }), "Stale");
    });

    it("takes in what others pushed, and goes on from there", async () => {
      await repository.commit(draft(tip, { "dropped.yaml": "d: 1\n" }));
      await server.commitAsPerson(main, { "person.yaml": "by: hand\n", "apps/shop/a.yaml": null });
      const theirs = await server.commitAsPerson(main, { "apps/shop/b.yaml": "kind: B2\n" });
      assert.equal((await repository.fetch([main])).refs.get(main), theirs);
      const tree = await repository.tree(theirs);
      assert.deepEqual([...tree.list("apps/shop").keys()], ["b.yaml"]);
      assert.equal(tree.entry("person.yaml")?.oid, blobId("by: hand\n"));
      const mine = await repository.commit(draft(theirs, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(mine, { from: theirs }), "Accepted");
      assert.ok((await server.files(main)).includes("person.yaml"));
      assert.ok(!(await server.files(main)).includes("dropped.yaml"));
    });

    it("refuses in the server's words, and goes on when it is admitted", async () => {
      await server.refuse(main, "this branch is protected");
      const one = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      const outcome = known((await repository.push([{ ref: main, from: tip, to: one }], { atomic: false })).get(main));
      assert.equal(outcome.outcome, "Refused");
      assert.match(outcome.outcome === "Refused" ? outcome.message : "", /this branch is protected/);
      await server.acceptAll();
      const two = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(two), "Accepted");
    });

    it("moves two refs at once, or none of them", async () => {
      const source = await repository.commit(draft(tip, { "apps/shop/a.yaml": "kind: A2\n" }));
      const live = await repository.commit(draft(undefined, { "live/a.yaml": "kind: A2\n" }));
      const updates = [
        { ref: record, from: undefined, to: live },
        { ref: main, from: tip, to: source },
      ];
      const accepted = await repository.push(updates, { atomic: true });
      assert.deepEqual([...accepted.values()], [{ outcome: "Accepted" }, { outcome: "Accepted" }]);
      assert.equal(await server.show(record, "live/a.yaml"), "kind: A2\n");

      await server.refuse(main, "protected");
      const next = await repository.commit(draft(source, { "apps/shop/a.yaml": "kind: A3\n" }));
      const entry = await repository.commit(draft(live, { "live/a.yaml": "kind: A3\n" }));
      const refused = await repository.push(
        [
          { ref: record, from: live, to: entry },
          { ref: main, from: source, to: next },
        ],
        { atomic: true },
      );
      assert.deepEqual(refused.get(record), { outcome: "RolledBack" });
      assert.equal(refused.get(main)?.outcome, "Refused");
      assert.equal(await server.tip(record), live);

      const alone = await repository.commit(draft(live, { "live/a.yaml": { blob: blobId("kind: A3\n") } }));
      assert.equal(await push(alone, { from: live, ref: record }), "Accepted");
      assert.equal(await server.show(record, "live/a.yaml"), "kind: A3\n");

      await server.acceptAll();
      const theirs = await server.commitAsPerson(main, { "person.yaml": "by: hand\n" });
      const late = await repository.commit(draft(source, { "mine.yaml": "m: 1\n" }));
      const later = await repository.commit(draft(alone, { "live/b.yaml": "b: 1\n" }));
      const stale = await repository.push(
        [
          { ref: record, from: alone, to: later },
          { ref: main, from: source, to: late },
        ],
        { atomic: true },
      );
      assert.deepEqual(Object.fromEntries(stale), {
        [record]: { outcome: "RolledBack" },
        [main]: { outcome: "Stale" },
      });
      assert.equal(await server.tip(main), theirs);
    });

    it("moves each ref for itself when not atomic", async () => {
      await server.refuse(main, "protected");
      const source = await repository.commit(draft(tip, { "apps/shop/a.yaml": "kind: A2\n" }));
      const live = await repository.commit(draft(undefined, { "live/a.yaml": "kind: A2\n" }));
      const outcome = await repository.push(
        [
          { ref: record, from: undefined, to: live },
          { ref: main, from: tip, to: source },
        ],
        { atomic: false },
      );
      assert.equal(outcome.get(record)?.outcome, "Accepted");
      assert.equal(outcome.get(main)?.outcome, "Refused");
      assert.equal(await server.tip(record), live);
      assert.equal(await server.tip(main), tip);
    });

    it("never forces: what does not follow the old commit is not sent", async () => {
      const root = await repository.commit(draft(undefined, { "mine.yaml": "m: 1\n" }));
      await assert.rejects(push(root), Failure);
      assert.equal(await server.tip(main), tip);
    });

    it("makes a branch at a commit that the server has", async () => {
      assert.equal(await push(tip, { from: undefined, ref: "refs/heads/copy" }), "Accepted");
      assert.equal(await server.tip("refs/heads/copy"), tip);
    });

    it("throws when the answer is lost; the next fetch tells what became of it", async () => {
      const to = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      server.loseAnswer();
      await assert.rejects(
        repository.push([{ ref: main, from: tip, to }], { atomic: false }),
        (error: unknown) => error instanceof Failure && error.class === "Retry" && error.code === "RemoteUnreachable",
      );
      assert.equal((await repository.fetch([main])).refs.get(main), to);
      assert.equal((await repository.tree(to)).entry("mine.yaml")?.oid, blobId("m: 1\n"));
      const next = await repository.commit(draft(to, { "mine.yaml": "m: 2\n" }));
      assert.equal(await push(next, { from: to }), "Accepted");
    });

    it("tells the history: newest first, first parents, messages and people, trees readable", async () => {
      let at = tip;
      for (let i = 0; i < 4; i++) {
        at = await repository.commit(draft(at, { "n.yaml": `n: ${i}\n` }, `change ${i}\n\nBody ü\n\nKey: ${i}\n`));
      }
      assert.equal(await push(at), "Accepted");
      for (const reader of [repository, server.open()]) {
        await reader.fetch([main]);
        const history = await reader.history(at, 3);
        assert.deepEqual(
          history.map(({ message }) => message),
          [3, 2, 1].map((i) => `change ${i}\n\nBody ü\n\nKey: ${i}\n`),
        );
        assert.equal(history[0]?.id, at);
        assert.deepEqual(history[0]?.parents, [history[1]?.id]);
        assert.deepEqual(history[0]?.author, alice);
        assert.deepEqual(history[0]?.committer, bot);
        for (const [index, { id }] of history.entries()) {
          assert.equal((await reader.tree(id)).entry("n.yaml")?.oid, blobId(`n: ${3 - index}\n`));
        }
        const all = await reader.history(at, 100);
        assert.equal(all.length, 5);
        assert.deepEqual(all.at(-1)?.parents, []);
      }
    });

    it("tells whether a branch still holds what it held, to who has seen it all and to who has not", async () => {
      const seen = server.open();
      await seen.fetch([main]);
      const first = tip;
      const second = await server.commitAsPerson(main, { "a.yaml": "a: 1\n" });
      await seen.fetch([main]);
      const third = await server.commitAsPerson(main, { "a.yaml": "a: 2\n" });
      const tells = async (ancestor: CommitId, at: CommitId, expected: boolean): Promise<void> => {
        for (const reader of [seen, server.open()]) {
          await reader.fetch([main]);
          const told = await reader.isAncestor(ancestor, at);
          if (told !== undefined || !server.lacksFilter) assert.equal(told, expected);
        }
      };
      await tells(third, third, true);
      await tells(second, third, true);
      await tells(first, third, true);
      await server.forceRef(main, second);
      await tells(third, second, false);
      const theirs = await server.commitAsPerson(main, { "b.yaml": "b: 1\n" });
      await tells(third, theirs, false);
      await tells(first, theirs, true);
      const apart = await server.commitAsPerson("refs/heads/apart", { "c.yaml": "c: 1\n" });
      await server.forceRef(main, apart);
      await tells(theirs, apart, false);
    });

    it("serves two who know the same repository and different commits of it", async () => {
      const other = server.open();
      await other.fetch([main]);
      const theirs = await other.commit(draft(tip, { "theirs.yaml": "t: 1\n" }));
      assert.equal(
        (await other.push([{ ref: main, from: tip, to: theirs }], { atomic: false })).get(main)?.outcome,
        "Accepted",
      );
      const mine = await repository.commit(draft(tip, { "mine.yaml": "m: 1\n" }));
      assert.equal(await push(mine), "Stale");
      assert.equal((await repository.fetch([main])).refs.get(main), theirs);
      assert.equal((await repository.tree(theirs)).entry("theirs.yaml")?.oid, blobId("t: 1\n"));
    });

    it("keeps a tree that somebody holds, however far its branch moves", async () => {
      const held: Tree = await repository.tree(tip);
      let at = tip;
      for (let i = 0; i < 5; i++) {
        const next = await repository.commit(draft(at, { "apps/shop/a.yaml": `a: ${i}\n` }));
        assert.equal(await push(next, { from: at }), "Accepted");
        at = next;
      }
      assert.equal(held.entry("apps/shop/a.yaml")?.oid, blobId("kind: A\n"));
      assert.equal([...held.files("")].length, Object.keys(first).length);
      assert.equal((await repository.tree(tip)).entry("apps/shop/a.yaml")?.oid, blobId("kind: A\n"));
    });
  });
}

function draft(
  parent: CommitId | undefined,
  files: Readonly<Record<string, FileChange["content"]>>,
  message = "a change",
): CommitDraft {
  const changes = Object.entries(files).map(([path, content]) => ({ path, content }));
  return { parent, changes, author: alice, committer: bot, message: message.endsWith("\n") ? message : `${message}\n` };
}

function known<T>(value: T | undefined): T {
  assert.ok(value !== undefined);
  return value;
}

function blobId(text: string): string {
  const bytes = Buffer.from(text);
  return createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
}
