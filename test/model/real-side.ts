import { setTimeout as sleep } from "node:timers/promises";
import { createRepositories } from "../../operator/git/index.ts";
import type { Clock } from "../../operator/ports.ts";
import type { CommitId } from "../../operator/values.ts";
import { type Fault, phases, startFaultProxy } from "../git/fault-proxy.ts";
import { startGitServer } from "../git/git-server.ts";
import type { Random } from "../harness/random.ts";
import type { ModelCommit, Side } from "./side.ts";

/** So many seconds of the clock pass in a second: waits of minutes are over soon, requests take what they take. */
const haste = 300;

/** git http-backend behind a proxy with faults. */
export async function createRealSide(random: Random): Promise<Side> {
  const stack = new AsyncDisposableStack();
  const server = await startGitServer();
  stack.defer(() => server.stop());
  const proxy = await startFaultProxy();
  stack.defer(() => proxy.close());
  const atomic = random.chance(0.5);
  const config = { "receive.advertiseAtomic": String(atomic) };
  const remote = await server.createRepository("shop", { files: { "README.md": "shop\n" }, config });
  const policy = { allowedHosts: ["*"], allowPlainHttp: true, allowLocalAddresses: true };
  const repositories = createRepositories({ policy, version: "1.2.3", now: () => performance.now() * haste });
  stack.defer(() => repositories.close());

  const began = Date.now();
  const clock: Clock = {
    now: () => began + (Date.now() - began) * haste,
    random: () => random.below(1_000) / 1_000,
    after(ms, work) {
      const timer = setTimeout(work, ms / haste);
      return () => clearTimeout(timer);
    },
  };
  const texts = new Map<string, Promise<string>>();
  const textOf = (blob: string): Promise<string> => {
    const known = texts.get(blob) ?? remote.git("cat-file", "blob", blob);
    texts.set(blob, known);
    return known;
  };
  const commits = new Map<CommitId, Promise<ModelCommit>>();
  const read = async (id: CommitId, parents: readonly CommitId[]): Promise<ModelCommit> => {
    const who = await remote.git("log", "-1", "--format=%an%x00%cn", id);
    const [author = "", committer = ""] = who.trim().split("\0");
    const trees = parents[0] === undefined ? ["--root", id] : [parents[0], id];
    const raw = await remote.git("diff-tree", "-r", "-z", "--no-renames", "--no-commit-id", ...trees);
    const fields = raw.split("\0");
    const changes = [];
    for (let i = 0; i + 1 < fields.length; i += 2) {
      const [, , before = "", after = ""] = (fields[i] ?? "").split(" ");
      const text = async (blob: string): Promise<string | undefined> =>
        /^0+$/.test(blob) ? undefined : await textOf(blob);
      changes.push({ path: fields[i + 1] ?? "", before: await text(before), after: await text(after) });
    }
    return { id, parents, author, committer, changes };
  };
  const fault = (): Fault =>
    random.pick<Fault>([
      { type: "ResetAtHeaders" },
      { type: "ResetInRequest", bytes: random.below(300) },
      { type: "LoseAnswer" },
      { type: "CutAnswer", bytes: random.below(200) },
      { type: "Status", code: 502 },
      { type: "Status", code: 429, headers: { "retry-after": "3" } },
    ]);
  const disposables = stack.move();
  return {
    repositories,
    url: proxy.through(remote.url),
    clock,
    pass: (ms) => sleep(ms / haste),
    settle: () => sleep(900_000 / haste),
    tip: (ref) => remote.tip(ref),
    async files(ref) {
      const raw = (await remote.tip(ref)) === undefined ? "" : await remote.git("ls-tree", "-r", "-z", ref);
      const found = new Map<string, string>();
      for (const line of raw.split("\0").filter(Boolean)) {
        const [about = "", path = ""] = line.split("\t");
        found.set(path, await textOf(about.split(" ")[2] ?? ""));
      }
      return found;
    },
    async reachable(from) {
      const found = new Map<CommitId, ModelCommit>();
      for (const line of (await remote.git("rev-list", "--parents", from)).trim().split("\n")) {
        const [id = "", ...parents] = line.split(" ");
        const commit = commits.get(id) ?? read(id, parents);
        commits.set(id, commit);
        found.set(id, await commit);
      }
      return found;
    },
    commit: (ref, files) => remote.commitAsPerson({ branch: ref.replace("refs/heads/", ""), files }),
    async merge(ref, other) {
      for (;;) {
        const tip = (await remote.tip(ref)) ?? "";
        const id = (await remote.git("commit-tree", "-p", tip, "-p", other, "-m", "merge", `${tip}^{tree}`)).trim();
        // The operator may push in between.
        if (
          await remote.git("update-ref", ref, id, tip).then(
            () => true,
            () => false,
          )
        )
          return id;
      }
    },
    async force(ref, to) {
      await (to === undefined ? remote.git("update-ref", "-d", ref) : remote.git("update-ref", ref, to));
    },
    moves: async () =>
      server.pushes.flatMap(({ refs }) =>
        refs.flatMap(({ ref, old, new: to, status }) =>
          status === "ok" ? [{ ref, from: /^0+$/.test(old) ? undefined : old, to }] : [],
        ),
      ),
    refuse: (pattern) => remote.rejectRef(pattern, "protected"),
    loseAnswer: () => proxy.add("push", { type: "LoseAnswer" }),
    failNext: () => proxy.add(random.pick(phases), fault()),
    down: (isDown) => remote.status(isDown ? 503 : undefined),
    // A server does not learn or forget it from one request to the next.
    setAtomic: async () => undefined,
    async clear() {
      proxy.clear();
      remote.clearFaults();
      await remote.acceptAll();
    },
    complaints: () => remote.fsck(),
    close: () => disposables.disposeAsync(),
  };
}
