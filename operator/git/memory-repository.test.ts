import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defaultLimits } from "./limits.ts";
import { MemoryRepository } from "./memory-repository.ts";

const who = { name: "a", email: "a@example.com", at: 1 };
const ref = "refs/clickscribe/x";

function make(): MemoryRepository {
  return new MemoryRepository({ limits: defaultLimits, now: () => 0 });
}

async function add(
  repository: MemoryRepository,
  parent: string | undefined,
  path: string,
  content: string,
): Promise<string> {
  const to = await repository.commit({
    parent,
    changes: [{ path, content }],
    author: who,
    committer: who,
    message: "m\n",
  });
  assert.deepEqual(await repository.push([{ ref, from: parent, to }]), new Map([[ref, { outcome: "Accepted" }]]));
  return to;
}

describe("MemoryRepository", () => {
  it("holds what was pushed to it", async () => {
    const repository = make();
    assert.equal((await repository.fetch([ref])).refs.get(ref), undefined);
    const first = await add(repository, undefined, "a/x.yaml", "1");
    const second = await add(repository, first, "a/y.yaml", "2");
    assert.equal((await repository.fetch([ref])).refs.get(ref), second);
    const files = [...(await repository.tree(second)).files("")];
    assert.deepEqual(
      files.map(([path]) => path),
      ["a/x.yaml", "a/y.yaml"],
    );
    assert.deepEqual([...(await repository.blobs(files.map(([, { oid }]) => oid))).values()], ["1", "2"]);
    assert.deepEqual(
      (await repository.history(second, 9)).map(({ id }) => id),
      [second, first],
    );
    assert.deepEqual(
      [await repository.isAncestor(first, second), await repository.isAncestor(second, first)],
      [true, false],
    );
  });

  it("refuses a push from where the ref is not", async () => {
    const repository = make();
    const first = await add(repository, undefined, "x", "1");
    const late = await repository.commit({
      parent: undefined,
      changes: [],
      author: who,
      committer: who,
      message: "m\n",
    });
    const outcome = await repository.push([{ ref, from: undefined, to: late }]);
    assert.deepEqual(outcome, new Map([[ref, { outcome: "Stale" }]]));
    assert.equal((await repository.fetch([ref])).refs.get(ref), first);
  });

  it("lets go of what no ref holds any more", async () => {
    const repository = make();
    const text = (i: number): string => `${i}`.repeat(100_000);
    let tip: string | undefined;
    const ids: string[] = [];
    for (let i = 10; i < 60; i++) {
      tip = await add(repository, tip, "x", text(i));
      ids.push((await repository.tree(tip)).entry("x")?.oid ?? "");
    }
    const [oldest, newest] = [ids[0] ?? "", ids.at(-1) ?? ""];
    assert.equal((await repository.blobs([newest])).get(newest), text(59));
    await assert.rejects(repository.blobs([oldest]), /not in memory/);
  });
});
