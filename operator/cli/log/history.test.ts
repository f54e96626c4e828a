import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeRemote } from "../../../test/fakes/repository.ts";
import { lastChange, walk } from "./history.ts";

const main = "refs/heads/main";

function world(commits: number) {
  const remote = createFakeRemote({ files: { "a.yaml": "0", "b.yaml": "0" } });
  for (let i = 1; i < commits; i++) remote.commitAsPerson({ files: { "a.yaml": String(i) }, message: `a ${i}` });
  const access = { url: "https://h/r.git", credentials: { type: "None" }, ca: undefined, timeoutMs: 1 } as const;
  return { remote, repository: remote.repositories.open(access), tip: remote.refs.get(main) ?? assert.fail() };
}

describe("a walk through history", () => {
  it("goes to its end, newest first, and to the first commit without parent", async () => {
    const { repository, tip } = world(5);
    await repository.fetch([main]);
    const { found, isCut } = await walk(
      repository,
      tip,
      ({ commit, before }) => ({ found: [[commit.parents.length, before === undefined]] }),
      [2, 3, 10],
    );
    assert.deepEqual(found, [...Array.from({ length: 4 }, () => [1, false]), [0, true]]);
    assert.equal(isCut, false);
  });

  it("reads no more than it takes, and says where it did not come to the end", async () => {
    const { remote, repository, tip } = world(40);
    await repository.fetch([main]);
    const a = await lastChange(repository, tip, (tree) => tree.entry("a.yaml")?.oid);
    assert.deepEqual([a.found.map(({ id }) => id), a.isCut], [[tip], false]);
    assert.equal(remote.calls.history, 1);
    const few = await walk(repository, tip, ({ commit }) => ({ found: [commit] }), [4, 8]);
    assert.deepEqual([few.found.length, few.isCut], [7, true]);
    const b = await lastChange(repository, tip, (tree) => tree.entry("b.yaml")?.oid);
    assert.deepEqual([b.found[0]?.parents, b.isCut], [[], false]);
    assert.deepEqual((await lastChange(repository, tip, (tree) => tree.entry("c")?.oid)).found, []);
  });
});
