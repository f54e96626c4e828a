import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFakeCluster } from "../../../test/fakes/cluster.ts";
import { createFakeRemote, type FakeRemote } from "../../../test/fakes/repository.ts";
import type { Cluster } from "../../cluster/index.ts";
import { stalled } from "../../failures.ts";
import { commitMessage } from "../../record/commit-message.ts";
import { recordFolder } from "../../record/record-path.ts";
import type { Author, Identity } from "../../values.ts";
import { type Log, type LogQuestion, readLog } from "./log.ts";

const ref = "refs/clickscribe/prod/c/shop/all";
const hour = 3_600_000;
const start = Date.UTC(2027, 0, 1);
const map = (name: string): Identity => ({ group: "", kind: "ConfigMap", namespace: "shop", name });
const question: LogQuestion = {
  object: [],
  namespace: "shop",
  allNamespaces: false,
  capture: undefined,
  sinceMs: undefined,
  limit: 20,
  author: undefined,
};

interface World {
  readonly remote: FakeRemote;
  readonly change: (name: string, person: string, at: number, content?: string | null) => void;
  readonly read: (change?: Partial<LogQuestion>) => Promise<Log>;
}

function createWorld(): World {
  const now = start + 10 * hour;
  const cluster = createFakeCluster(() => now);
  const metadata = (name: string) => ({ name, namespace: "shop" });
  const apiVersion = "clickscribe.dev/v1alpha1";
  cluster.put({ apiVersion, kind: "GitRemote", metadata: metadata("platform"), spec: { url: "https://h/r.git" } });
  const status = { record: { ref }, source: { branch: "main" } };
  const spec = { remote: { name: "platform" }, path: "apps" };
  cluster.put({ apiVersion, kind: "Capture", metadata: metadata("all"), spec, status });
  const remote = createFakeRemote({ files: { "README.md": "x" } });
  const people = Object.assign(cluster, { namespace: "default" }) as unknown as Cluster;
  return {
    remote,
    change(name, person, at, content = `${name} ${at}\n`) {
      const identity = map(name);
      const author: Author = { rung: "Admission", person, groups: [], tool: undefined, evidence: "" };
      const [before, after] = [{}, content === null ? undefined : { data: { x: content } }];
      const capture = { namespace: "shop", name: "all" };
      const message = commitMessage({
        cluster: "prod",
        capture,
        author,
        at,
        kind: "Change",
        objects: [{ identity, before, after }],
      });
      remote.commitAsPerson({
        ref,
        message,
        at: at / 1000,
        files: { [`${recordFolder("live", identity)}.yaml`]: content },
      });
    },
    read: (change = {}) => readLog(people, remote.repositories, { ...question, ...change }, now),
  };
}

const brief = ({ entries }: Log): readonly string[] => entries.map(({ author, object }) => `${author} ${object ?? ""}`);

describe("the log", () => {
  it("is newest first, of all or of one object, at most so many, since a time, by an author", async () => {
    const { change, read } = createWorld();
    change("a", "alice", start);
    change("b", "bob", start + hour);
    change("a", "bob", start + 2 * hour);
    assert.deepEqual(brief(await read()), ["bob ConfigMap shop/a", "bob ConfigMap shop/b", "alice ConfigMap shop/a"]);
    assert.deepEqual(brief(await read({ limit: 1 })), ["bob ConfigMap shop/a"]);
    assert.deepEqual(brief(await read({ object: ["ConfigMap/a"] })), [
      "bob ConfigMap shop/a",
      "alice ConfigMap shop/a",
    ]);
    assert.deepEqual(brief(await read({ author: "alice" })), ["alice ConfigMap shop/a"]);
    assert.deepEqual(brief(await read({ sinceMs: 9.5 * hour })), ["bob ConfigMap shop/a", "bob ConfigMap shop/b"]);
    assert.deepEqual((await read()).gaps, []);
  });

  it("tells of a deletion", async () => {
    const { change, read } = createWorld();
    change("a", "alice", start);
    change("a", "bob", start + hour, null);
    const { entries } = await read({ object: ["configmaps", "a"] });
    assert.deepEqual(
      entries.map(({ author, what }) => [author, what === "delete"]),
      [
        ["bob", true],
        ["alice", false],
      ],
    );
  });

  it("says where it could not look", async () => {
    const { remote, read } = createWorld();
    assert.deepEqual((await read()).gaps, ["Capture shop/all has no record yet"]);
    remote.down(stalled("AuthenticationFailed", "h refused the credentials"));
    await assert.rejects(read(), /^Error: Capture shop\/all: h refused the credentials\. Renew the password/);
    await assert.rejects(read({ capture: "nobody" }), /there is no Capture nobody in shop/);
    await assert.rejects(read({ namespace: undefined }), /there is no Capture in default: -A looks in all namespaces/);
    await assert.rejects(read({ object: ["xyzzy/a"] }), /no kind xyzzy/);
  });
});
