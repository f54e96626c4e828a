import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import type { CommitDraft, CommitId, Signature } from "../values.ts";
import { applyDelta } from "./delta.ts";
import { ObjectStore } from "./object-store.ts";
import { packEntries } from "./pack-entries.ts";

const who: Signature = { name: "a", email: "a@example.com", at: 1 };
const draft = (parent: CommitId | undefined, files: Readonly<Record<string, string>>): CommitDraft => ({
  parent,
  changes: Object.entries(files).map(([path, content]) => ({ path, content })),
  author: who,
  committer: who,
  message: "m\n",
});
const many = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`d/file-${i}`, `text ${i}`]));

describe("what is sent", () => {
  let store: ObjectStore;
  const commit = async (parent: CommitId | undefined, files: Readonly<Record<string, string>>): Promise<CommitId> =>
    await store.draft(draft(parent, files), parent === undefined ? undefined : store.root(parent));
  const kinds = (to: CommitId, thin: boolean): string =>
    packEntries(store.chain(to), thin)
      .map(({ type }) => type)
      .toSorted()
      .join(" ");

  beforeEach(() => {
    store = new ObjectStore({ blobCacheBytes: 2 ** 20, now: () => 0 });
  });

  it("is each new object once", async () => {
    const one = await commit(undefined, { "a/x": "same", "b/x": "same", c: "same" });
    // Two folders of equal content are one tree.
    assert.equal(kinds(one, true), "blob commit tree tree");
    store.accept(one);
    assert.equal(kinds(one, true), "");
    assert.equal(kinds(await commit(one, { "a/x": "other" }), true), "blob commit tree tree");
    const back = await commit(one, { "new/x": "same" });
    assert.equal(kinds(back, true), "commit tree", "what the server has is not sent again");
  });

  it("is a delta for a large tree of which the server has the one before, where thin packs are taken", async () => {
    const one = await commit(undefined, many);
    store.accept(one);
    const two = await commit(one, { "d/file-7": "changed" });
    assert.equal(kinds(two, true), "blob commit delta tree");
    assert.equal(kinds(two, false), "blob commit tree tree");
    const entry = packEntries(store.chain(two), true).find(({ type }) => type === "delta");
    const before = store.root(one)?.folders.get("d");
    const after = store.root(two)?.folders.get("d");
    assert.ok(entry?.type === "delta" && before && after);
    assert.equal(entry.base, before.oid);
    assert.ok(applyDelta(entry.data(), before.raw, 2 ** 20).equals(after.raw));
    assert.ok(entry.data().length < 100);
  });

  it("is a delta for a folder of a few files, and whole where there are next to none", async () => {
    const few = (count: number): Readonly<Record<string, string>> =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`file-${i}`, `text ${i}`]));
    for (const [count, expected] of [
      [20, "blob commit delta"],
      [3, "blob commit tree"],
    ] as const) {
      const one = await commit(undefined, few(count));
      store.accept(one);
      assert.equal(kinds(await commit(one, { "file-1": "changed" }), true), expected);
    }
  });

  it("is a delta within the pack too, for drafts in a row, up to a depth", async () => {
    let at = await commit(undefined, many);
    for (let i = 0; i < 120; i++) at = await commit(at, { "d/file-7": `changed ${i}` });
    const large = packEntries(store.chain(at), false).filter(({ data }) => data().length > 5_000);
    // The first one, and one after each 50 deltas on each other.
    assert.equal(large.length, 3);
  });

  it("names blobs of another draft that the server has not got", async () => {
    const source = await commit(undefined, { "web.yaml": "kind: A" });
    const blob = store.root(source)?.find("web.yaml")?.oid ?? "";
    const content = { blob };
    const record = await store.draft(
      { ...draft(undefined, {}), changes: [{ path: "live/web.yaml", content }] },
      undefined,
    );
    assert.equal(kinds(record, true), "blob commit tree tree");
    store.drop(source);
    assert.equal(kinds(record, true), "blob commit tree tree");
  });
});

describe("what stays in memory", () => {
  it("is a draft until the server answered, or for ten minutes", async () => {
    let now = 0;
    const store = new ObjectStore({ blobCacheBytes: 0, now: () => now });
    const one = await store.draft(draft(undefined, { a: "1" }), undefined);
    const id = store.root(one)?.find("a")?.oid ?? "";
    assert.equal(store.text(id), "1");
    now = 599_999;
    await store.draft(draft(undefined, { b: "1" }), undefined);
    assert.ok(store.isDraft(one));
    now = 600_000;
    const two = await store.draft(draft(undefined, { c: "2" }), undefined);
    assert.ok(!store.isDraft(one));
    assert.equal(store.root(one), undefined);
    store.drop(two);
    assert.equal(store.root(two), undefined);
    assert.equal(store.text(id), "1", "the draft of b still uses it");
    now = 1_200_000;
    await store.draft(draft(undefined, {}), undefined);
    assert.equal(store.text(id), undefined);
  });

  it("is what a lost push sent, until a fetch of its ref shows whether it arrived", async () => {
    const store = new ObjectStore({ blobCacheBytes: 0, now: () => 0 });
    const main = "refs/heads/main";
    const lost = await store.draft(draft(undefined, { a: "1" }), undefined);
    store.noteLost(main, lost);
    store.noteRefs(new Map([["refs/heads/other", undefined]]), new Map());
    assert.ok(store.isDraft(lost));
    store.noteRefs(new Map([[main, undefined]]), new Map());
    assert.ok(!store.isDraft(lost));
    const arrived = await store.draft(draft(undefined, { a: "2" }), undefined);
    store.noteLost(main, arrived);
    store.noteRefs(new Map([[main, arrived]]), new Map());
    assert.ok(!store.isDraft(arrived));
    assert.equal(store.root(arrived)?.sent, true);
    assert.equal(store.tip(main), arrived);
  });
});
