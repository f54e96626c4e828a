import { retry } from "../../operator/failures.ts";
import type { CommitId, RefName } from "../../operator/values.ts";
import { createFakeClock } from "../fakes/clock.ts";
import { createFakeRemote } from "../fakes/repository.ts";
import type { ModelCommit, Side } from "./side.ts";

/** In memory, with a clock that stands still: thousands of steps in seconds. */
export function createFakeSide(): Side {
  const clock = createFakeClock();
  const remote = createFakeRemote({ files: { "README.md": "shop\n" } });
  const textsAt = (at: string): ReadonlyMap<string, string> =>
    new Map(remote.files(at).map((path) => [path, remote.show(at, path) ?? ""]));
  const commitOf = (id: CommitId): ModelCommit => {
    const { parents, author, committer } = remote.commit(id);
    const [before, after] = [parents[0] === undefined ? new Map<string, string>() : textsAt(parents[0]), textsAt(id)];
    const paths = [...new Set([...before.keys(), ...after.keys()])].filter(
      (path) => before.get(path) !== after.get(path),
    );
    const changes = paths.map((path) => ({ path, before: before.get(path), after: after.get(path) }));
    return { id, parents, author: author.name, committer: committer.name, changes };
  };
  const known = new Map<CommitId, ModelCommit>();
  return {
    repositories: remote.repositories,
    url: "https://git.example.com/shop.git",
    clock,
    pass: (ms) => clock.advance(ms),
    settle: () => clock.advance(900_000),
    tip: async (ref) => remote.refs.get(ref),
    files: async (ref) => textsAt(ref),
    async reachable(from) {
      const seen = new Map<CommitId, ModelCommit>();
      for (const todo = [from]; ; ) {
        const id = todo.pop();
        if (id === undefined) return seen;
        if (seen.has(id)) continue;
        const commit = known.get(id) ?? commitOf(id);
        known.set(id, commit);
        seen.set(id, commit);
        todo.push(...commit.parents);
      }
    },
    commit: async (ref, files) => remote.commitAsPerson({ ref, files }),
    merge: async (ref, other) => remote.commitAsPerson({ ref, files: {}, merges: other }),
    async force(ref, to) {
      if (to === undefined) remote.deleteRef(ref);
      else remote.forceRef(ref, to);
    },
    moves: async () =>
      remote.pushes.flatMap(({ updates, outcome }) =>
        updates.filter(({ ref }) => outcome.get(ref)?.outcome === "Accepted"),
      ),
    refuse: async (pattern: RefName) => remote.refuseRef(pattern, "protected"),
    loseAnswer: () => remote.loseAnswer(),
    failNext: () => remote.failNext("fetch", retry("RemoteUnreachable", "reset")),
    down: (isDown) => remote.down(isDown ? retry("RemoteUnreachable", "down") : undefined),
    setAtomic: async (atomic) => remote.setAtomic(atomic),
    async clear() {
      remote.acceptAll();
      remote.loseAnswer(0);
      remote.down(undefined);
    },
    complaints: async () => [],
    close: async () => undefined,
  };
}
