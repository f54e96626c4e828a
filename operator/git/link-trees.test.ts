import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ObjectId } from "../values.ts";
import { defaultLimits } from "./limits.ts";
import { linkTrees } from "./link-trees.ts";
import { type GitObject, objectId } from "./object-id.ts";
import { TreeNode, viewTree } from "./tree-node.ts";

const objects = new Map<ObjectId, GitObject>();
const blob = "9".repeat(40);

function tree(entries: Iterable<readonly [mode: string, name: string, oid: ObjectId]>): ObjectId {
  const parts = [...entries].map(([mode, name, oid]) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(oid, "hex")]),
  );
  const data = Buffer.concat(parts);
  const oid = objectId("tree", data);
  objects.set(oid, { type: "tree", oid, data });
  return oid;
}

const nothing = (): undefined => undefined;
const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

async function link(root: ObjectId, find: (id: ObjectId) => TreeNode | undefined = nothing): Promise<TreeNode> {
  // The one above comes first, as git sends them.
  const nodes = await linkTrees(new Map([...objects].toReversed()), find);
  objects.clear();
  return nodes?.get(root) ?? assert.fail("a folder is missing");
}

describe("trees that a server sent", () => {
  it("are made once, with what is here already", async () => {
    const known = new TreeNode(tree([["100644", "a", blob]]), Buffer.alloc(0), new Map(), true);
    objects.clear();
    const one = tree([["40000", "known", known.oid]]);
    const root = tree([
      ["40000", "x", one],
      ["40000", "y", one],
    ]);
    const node = await link(root, (id) => (id === known.oid ? known : undefined));
    assert.equal(node.folders.get("x"), node.folders.get("y"));
    assert.equal(node.folders.get("x")?.folders.get("known"), known);
    tree([["40000", "gone", blob]]);
    assert.equal(await linkTrees(objects, nothing), undefined);
    objects.clear();
  });

  it("may lie a hundred thousand folders deep, and are not listed then", async () => {
    let at = tree([["100644", "a", blob]]);
    for (const _ of range(100_000)) {
      at = tree([
        ["40000", "d", at],
        ["100644", "f", blob],
      ]);
    }
    const view = viewTree(await link(at), defaultLimits);
    assert.equal(view.entry("d/d/d/f")?.oid, blob);
    assert.throws(() => [...view.files("")], { code: "RemoteInvalid", message: /a path of more than 4096/ });
  });

  it("may name one folder again and again, and are listed up to a limit then", async () => {
    let at = tree([["100644", "a", blob]]);
    for (const _ of range(64)) at = tree(range(10).map((i) => ["40000", `d${i}`, at]));
    const view = viewTree(await link(at), { ...defaultLimits, files: 10_000 });
    assert.throws(() => [...view.files("")], { code: "RemoteInvalid", message: /more than 10000 files/ });
  });

  it("may name a hundred and fifty thousand folders in one", async () => {
    const root = tree(range(150_000).map((i) => ["40000", `e${i}`, tree([["100644", `f${i}`, blob]])]));
    assert.equal((await link(root)).folders.size, 150_000);
  });

  it("are not read again for each that names them", async () => {
    const small = tree([["100644", "a", blob]]);
    const large = tree(range(100_000).map((i) => ["40000", `e${i}`, small]));
    let at = large;
    for (const i of range(3_000)) {
      at = tree([
        ["40000", `a${i}`, large],
        ["40000", "b", at],
      ]);
    }
    const began = performance.now();
    assert.equal((await link(at)).folders.get("a2999")?.folders.size, 100_000);
    assert.ok(performance.now() - began < 5_000);
  });
});
