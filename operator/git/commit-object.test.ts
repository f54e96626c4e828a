import assert from "node:assert/strict";
import { describe, it } from "node:test";
import git from "isomorphic-git";
import type { CommitDraft } from "../values.ts";
import { parseCommit, serializeCommit } from "./commit-object.ts";
import { objectId } from "./object-id.ts";

const tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
const parent = "1".repeat(40);
const draft: CommitDraft = {
  parent,
  changes: [],
  author: { name: "Zoë Example", email: "zoe@example.com", at: 1_760_000_000 },
  committer: { name: "clickscribe", email: "bot@example.com", at: 1_760_000_001 },
  message: "scale web\n\nBody\n\nKey: value\n",
};

describe("commit objects", () => {
  it("have the bytes and the id that git gives them", () => {
    const data = serializeCommit(tree, draft);
    assert.equal(
      data.toString(),
      `tree ${tree}\nparent ${parent}\nauthor Zoë Example <zoe@example.com> 1760000000 +0000\n` +
        "committer clickscribe <bot@example.com> 1760000001 +0000\n\nscale web\n\nBody\n\nKey: value\n",
    );
    const { commit, tree: read } = parseCommit("2".repeat(40), data);
    const { author, committer, message } = draft;
    assert.deepEqual(commit, { id: "2".repeat(40), parents: [parent], author, committer, message });
    assert.equal(read, tree);
  });

  it("keep a header from being ended by a name", () => {
    const name = "a\nparent 2222222222222222222222222222222222222222 <x> \0b";
    const data = serializeCommit(tree, {
      ...draft,
      parent: undefined,
      author: { name, email: "<e>\n", at: -5 },
      message: "m\0",
    });
    const { commit } = parseCommit("2".repeat(40), data);
    assert.deepEqual(commit.parents, []);
    assert.equal(commit.author.name, "aparent 2222222222222222222222222222222222222222 x b");
    assert.deepEqual([commit.author.email, commit.author.at, commit.message], ["e", 0, "m\n"]);
  });

  it("are read with signatures, other time zones, and old encodings", () => {
    const signed = Buffer.from(
      `tree ${tree}\nparent ${parent}\nparent ${"3".repeat(40)}\nauthor A <a@b> 1 +0200\ncommitter B <> 2 -0700\n` +
        "gpgsig -----BEGIN SSH SIGNATURE-----\n tree deadbeef\n -----END SSH SIGNATURE-----\n\nsubject\n",
    );
    const { commit } = parseCommit("2".repeat(40), signed);
    assert.deepEqual(commit.parents, [parent, "3".repeat(40)]);
    assert.deepEqual([commit.author.at, commit.committer.email, commit.message], [1, "", "subject\n"]);
    const old = `tree ${tree}\nauthor J\u00fcrgen <a@b> 1 +0000\ncommitter B <> 2 +0000\nencoding ISO-8859-1\n\n\u00e4\n`;
    assert.equal(parseCommit("2".repeat(40), Buffer.from(old, "latin1")).commit.author.name, "Jürgen");
  });

  it("are refused when they are none", () => {
    for (const text of ["", "tree\n\n", "tree zz\nauthor a <> 1\ncommitter a <> 1\n\n", `tree ${tree}\n\nm`]) {
      assert.throws(() => parseCommit("2".repeat(40), Buffer.from(text)), { code: "RemoteInvalid" });
    }
  });
});

describe("object ids", () => {
  it("are those of git", async () => {
    for (const text of ["", "kind: A\n", "x".repeat(100_000)]) {
      const { oid } = await git.hashBlob({ object: text });
      assert.equal(objectId("blob", Buffer.from(text)), oid);
    }
  });
});
