import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ObjectId } from "../values.ts";
import { type GitObject, type ObjectType, objectId } from "./object-id.ts";
import { ObjectStore } from "./object-store.ts";

function object(type: ObjectType, data: Buffer | string): GitObject {
  const bytes = Buffer.from(data as Buffer);
  return { type, data: bytes, oid: objectId(type, bytes) };
}

function tree(...entries: readonly (readonly [mode: string, name: string, id: ObjectId])[]): GitObject {
  const parts = entries.map(([mode, name, id]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]),
  );
  return object("tree", Buffer.concat(parts));
}

function commit(root: ObjectId): GitObject {
  return object("commit", `tree ${root}\nauthor a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nm\n`);
}

const pack = (...objects: readonly GitObject[]): Map<ObjectId, GitObject> =>
  new Map(objects.map((one) => [one.oid, one]));
const store = (): ObjectStore => new ObjectStore({ blobCacheBytes: 100, now: () => 0 });
const main = "refs/heads/main";
const leaf = tree(["100644", "x", "a".repeat(40)]);
const root = tree(["40000", "d", leaf.oid]);
const tip = commit(root.oid);

describe("what a server sends", () => {
  it("is taken in whatever its order", async () => {
    const one = store();
    const roots = await one.addPack(pack(tip, root, leaf));
    assert.equal(roots?.get(tip.oid)?.folders.get("d")?.entries.get("x")?.oid, "a".repeat(40));
    assert.equal(one.commit(tip.oid)?.message, "m\n");
  });

  it("may leave out what is here, and nothing else: then none of it counts", async () => {
    const one = store();
    assert.equal(await one.addPack(pack(tip, root)), undefined);
    assert.equal(await one.addPack(pack(tip)), undefined);
    assert.equal(one.commit(tip.oid), undefined);
    assert.equal(one.root(tip.oid), undefined);

    one.noteRefs(new Map([[main, tip.oid]]), (await one.addPack(pack(tip, root, leaf))) ?? new Map());
    const wide = tree(["40000", "d", leaf.oid], ["40000", "e", leaf.oid]);
    const next = commit(wide.oid);
    const roots = await one.addPack(pack(next, wide));
    assert.equal(roots?.get(next.oid)?.folders.get("e"), one.root(tip.oid)?.folders.get("d"));
  });

  it("may be folders as deep and as entangled as they like", async () => {
    let inner = leaf;
    const all = [leaf];
    for (let i = 0; i < 20_000; i++) {
      inner = tree(["40000", "a", inner.oid], ["40000", "b", inner.oid]);
      all.push(inner);
    }
    const top = commit(inner.oid);
    const roots = await store().addPack(pack(top, ...all.toReversed()));
    assert.ok(roots?.has(top.oid));
  });

  it("is refused where a tree or a commit is broken", async () => {
    for (const bytes of ["100644 x", "100644 x\0short", "abc x\0", "1234567 x\0", `100644 \0${"x".repeat(20)}`]) {
      await assert.rejects(store().addPack(pack(object("tree", bytes))), { code: "RemoteInvalid" }, bytes);
    }
    await assert.rejects(store().addPack(pack(object("commit", "no commit"))), { code: "RemoteInvalid" });
  });

  it("may be a commit without files", async () => {
    const empty = tree();
    const bare = commit(empty.oid);
    assert.equal((await store().addPack(pack(bare)))?.get(bare.oid)?.entries.size, 0);
  });
});
