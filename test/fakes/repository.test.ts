import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import type { CommitDraft, Signature } from "../../operator/values.ts";
import { repositoryContract } from "../contract/repository.ts";
import { createFakeRemote, type FakeRemote } from "./repository.ts";

const access = { url: "https://git.example.com/a.git", ca: undefined, timeoutMs: 1000 };
const who: Signature = { name: "Alice", email: "alice@example.com", at: 1_760_000_000 };
const main = "refs/heads/main";

repositoryContract("the fake", async (files) => {
  const remote = createFakeRemote(files ? { files } : {});
  let opened = 0;
  return {
    open() {
      const credentials = { type: "Basic", username: `user-${++opened}`, password: "p" } as const;
      return remote.repositories.open({ ...access, credentials });
    },
    commitAsPerson: async (ref, changed) => remote.commitAsPerson({ ref, files: changed }),
    forceRef: async (ref, to) => remote.forceRef(ref, to),
    tip: async (ref) => remote.refs.get(ref),
    show: async (ref, path) => remote.show(ref, path),
    files: async (ref) => remote.files(ref),
    messages: async (ref) => remote.log(ref).map(({ message }) => message),
    refuse: async (ref, message) => remote.refuseRef(ref, message),
    acceptAll: async () => remote.acceptAll(),
    loseAnswer: () => remote.loseAnswer(),
    check: async () => [],
    close: async () => {},
  };
});

describe("the faults of the fake", () => {
  const opened = (remote: FakeRemote): ReturnType<FakeRemote["repositories"]["open"]> =>
    remote.repositories.open({ ...access, credentials: { type: "None" } });
  const draft = (parent: string | undefined): CommitDraft => ({
    parent,
    changes: [{ path: "mine.yaml", content: "m: 1\n" }],
    author: who,
    committer: who,
    message: "mine\n",
  });

  it("throws what it was told to, so often", async () => {
    const remote = createFakeRemote({ files: { a: "1" } });
    remote.failNext("fetch", retry("RemoteUnreachable", "down"), 2);
    await assert.rejects(opened(remote).fetch([main]), /down/);
    await assert.rejects(opened(remote).fetch([main]), /down/);
    await opened(remote).fetch([main]);
    remote.down(retry("RemoteUnreachable", "gone"));
    await assert.rejects(opened(remote).fetch([main]), /gone/);
    remote.down(undefined);
    await opened(remote).fetch([main]);
    assert.equal(remote.calls.fetch, 5);
  });

  it("loses a race where a person commits before the push", async () => {
    const remote = createFakeRemote({ files: { a: "1" } });
    const from = remote.refs.get(main);
    const to = await opened(remote).commit(draft(from));
    remote.beforeNextPush(() => void remote.commitAsPerson({ files: { b: "2" } }));
    const outcome = await opened(remote).push([{ ref: main, from, to }], { atomic: false });
    assert.deepEqual(outcome.get(main), { outcome: "Stale" });
    assert.deepEqual(remote.files(main), ["a", "b"]);
    await assert.rejects(opened(remote).push([{ ref: main, from, to }], { atomic: false }), /neither here/);
  });

  it("holds a push until it is released", async () => {
    const remote = createFakeRemote({ files: { a: "1" } });
    const from = remote.refs.get(main);
    const to = await opened(remote).commit(draft(from));
    const hold = remote.holdNextPush();
    const pushing = opened(remote).push([{ ref: main, from, to }], { atomic: false });
    await hold.arrived;
    assert.equal(remote.refs.get(main), from);
    hold.release();
    assert.deepEqual((await pushing).get(main), { outcome: "Accepted" });
    assert.equal(remote.show(main, "mine.yaml"), "m: 1\n");
  });

  it("cannot push all or none where it was told so", async () => {
    const remote = createFakeRemote({ files: { a: "1" }, atomic: false });
    assert.equal((await opened(remote).fetch([])).atomic, false);
    await assert.rejects(opened(remote).push([], { atomic: true }), /all or none/);
  });
});
