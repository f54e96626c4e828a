import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { BlobId } from "../values.ts";
import { applyDelta, encodeDelta } from "./delta.ts";
import { editTree, groupChanges, type MakeNode } from "./edit-tree.ts";
import { defaultLimits } from "./limits.ts";
import { objectId } from "./object-id.ts";
import { TreeNode, viewTree } from "./tree-node.ts";

const a = "a".repeat(40);
const b = "b".repeat(40);

const make: MakeNode = (raw, folders, before) => {
  if (before !== undefined) {
    const { node, segments } = before;
    assert.ok(applyDelta(encodeDelta(node.raw.length, raw.length, segments), node.raw, raw.length).equals(raw));
  }
  return new TreeNode(objectId("tree", raw), raw, folders, false);
};

async function edit(
  node: TreeNode | undefined,
  changes: Readonly<Record<string, BlobId | null>>,
): Promise<TreeNode | undefined> {
  return await editTree(node, groupChanges(Object.entries(changes)), make);
}

function paths(node: TreeNode | undefined): readonly string[] {
  return node === undefined ? [] : [...viewTree(node, defaultLimits).files("")].map(([path]) => path);
}

/** A tree object from `<mode> <name> <id>` in this order. */
function treeOf(...entries: readonly (readonly [mode: string, name: string, id: string])[]): TreeNode {
  const raw = Buffer.concat(
    entries.map(([mode, name, id]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")])),
  );
  return make(raw, new Map(), undefined);
}

describe("editing a tree", () => {
  it("gives the tree that git has for the same files, in whatever steps it is made", async () => {
    const name = fc.constantFrom("a", "a-b", "a.b", "a0", "ab", "b", "ü", "A");
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
    const step = fc.array(fc.tuple(path, fc.constantFrom(a, b, null)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 5 }), async (steps) => {
        let node: TreeNode | undefined;
        const model = new Map<string, BlobId>();
        for (const changes of steps) {
          const after = new Map(model);
          const last = new Map(changes);
          for (const [at, blob] of last)
            if (blob === null) after.delete(at);
            else after.set(at, blob);
          const conflict = [...after.keys()].some((one) => [...after.keys()].some((two) => two.startsWith(`${one}/`)));
          let edited: TreeNode | undefined;
          try {
            edited = await editTree(node, groupChanges(changes), make);
          } catch (error) {
            assert.equal((error as { code?: string }).code, "PathInvalid");
            assert.ok(conflict, `refused ${JSON.stringify(changes)}`);
            continue;
          }
          assert.ok(!conflict, `took ${JSON.stringify(changes)}`);
          node = edited;
          model.clear();
          for (const [at, blob] of after) model.set(at, blob);
          const fresh = await editTree(undefined, groupChanges(model), make);
          assert.equal(node?.oid, fresh?.oid);
          assert.deepEqual(new Set(paths(node)), new Set(model.keys()));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("orders folders as if a slash stood behind them", async () => {
    const node = await edit(undefined, { "a/x": a, "a.b": a, a0: a, "a-": a });
    assert.deepEqual([...(node?.entries.keys() ?? [])], ["a-", "a.b", "a", "a0"]);
    assert.equal(
      node?.oid,
      treeOf(
        ["100644", "a-", a],
        ["100644", "a.b", a],
        ["40000", "a", node?.folders.get("a")?.oid ?? ""],
        ["100644", "a0", a],
      ).oid,
    );
  });

  it("makes only the trees on the paths that change, and none where nothing does", async () => {
    const node = await edit(undefined, { "x/one": a, "y/two": a });
    const next = await edit(node, { "x/one": b });
    assert.equal(next?.folders.get("y"), node?.folders.get("y"));
    assert.notEqual(next?.folders.get("x"), node?.folders.get("x"));
    assert.equal(await edit(node, { "x/one": a, "none/at/all": null, "y/none": null }), node);
    assert.equal(await edit(node, { "x/one": null, "y/two": null }), undefined);
  });

  it("keeps the mode of a file, and leaves links and submodules alone", async () => {
    const node = treeOf(["120000", "link", a], ["100755", "run.sh", a], ["160000", "sub", a]);
    assert.equal((await edit(node, { "run.sh": b }))?.entries.get("run.sh")?.mode, "100755");
    for (const path of ["link", "link/x", "sub", "sub/x", "run.sh/x"]) {
      await assert.rejects(edit(node, { [path]: b }), { code: "PathInvalid" }, path);
    }
    for (const name of ["link", "sub"]) {
      await assert.rejects(edit(node, { [name]: null }), { code: "PathInvalid" });
      await assert.rejects(edit(node, { [name]: null, [`${name}/x`]: a }), { code: "PathInvalid" });
      assert.equal(await edit(node, { [`${name}/x`]: null }), node);
    }
  });

  it("swaps a file and a folder of the same name when the old one goes", async () => {
    const file = await edit(undefined, { x: a, y: a });
    const folder = await edit(file, { x: null, "x/1": a });
    assert.deepEqual(paths(folder), ["x/1", "y"]);
    assert.deepEqual(paths(await edit(folder, { "x/1": null, x: b })), ["x", "y"]);
    await assert.rejects(edit(folder, { x: b }), /x is a folder/);
    await assert.rejects(edit(file, { "x/1": b }), /x is a file/);
    assert.deepEqual(paths(await edit(folder, { x: null })), ["x/1", "y"]);
  });

  it("refuses names that git refuses", async () => {
    for (const path of [
      "",
      "/a",
      "a/",
      "a//b",
      ".",
      "a/../b",
      ".git",
      ".GIT/x",
      ".git /x",
      "GIT~1",
      "a\0b",
      "\ud800",
    ]) {
      await assert.rejects(edit(undefined, { [path]: a }), { code: "PathInvalid" }, JSON.stringify(path));
    }
    assert.deepEqual(paths(await edit(undefined, { ".gitignore": a, ".github/x": a, "__proto__/constructor": a })), [
      ".github/x",
      ".gitignore",
      "__proto__/constructor",
    ]);
  });
});

describe("reading a tree", () => {
  it("finds names in large folders, parsed or not", async () => {
    const node = await edit(
      undefined,
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`file-${i}.yaml`, a])),
    );
    for (let i = 0; i < 6; i++) {
      assert.equal(node?.find("file-77.yaml")?.oid, a);
      assert.equal(node?.find("file-500.yaml"), undefined);
      assert.equal(node?.find("file-7"), undefined);
    }
  });

  it("ends where trees name the same folder over and over", async () => {
    let node = await edit(undefined, { x: a });
    for (let i = 0; i < 12 && node !== undefined; i++) {
      const id = node.oid;
      const names = Array.from({ length: 10 }, (_, n) => String(n));
      const raw = treeOf(...names.map((name): [string, string, string] => ["40000", name, id])).raw;
      const child = node;
      node = make(raw, new Map(names.map((name) => [name, child])), undefined);
    }
    assert.ok(node);
    const files = viewTree(node, { ...defaultLimits, files: 1_000 }).files("");
    assert.throws(() => [...files], { code: "RemoteInvalid" });
  });
});
