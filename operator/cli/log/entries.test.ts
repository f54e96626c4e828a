import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { commitMessage, type MessageInput } from "../../record/commit-message.ts";
import type { Author, Commit, Identity, ObjectChange } from "../../values.ts";
import { entriesOf, entryOf } from "./entries.ts";

const alice: Author = { rung: "Admission", person: "alice", groups: [], tool: "Mozilla", evidence: "" };
const web: Identity = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const map = (name: string): Identity => ({ group: "", kind: "ConfigMap", namespace: "shop", name });
const at = Date.UTC(2027, 0, 2, 3, 4, 5, 678);

function commit(objects: readonly ObjectChange[], change: Partial<MessageInput> = {}): Commit {
  const who = { name: "x", email: "x@example.com", at: Math.floor(at / 1000) };
  const capture = { namespace: "shop", name: "all" };
  const message = commitMessage({ cluster: "prod", capture, author: alice, objects, at, kind: "Change", ...change });
  return { id: "c".repeat(40), parents: [], author: who, committer: who, message };
}
const scaled: ObjectChange = { identity: web, before: { spec: { replicas: 3 } }, after: { spec: { replicas: 5 } } };
const made = (name: string): ObjectChange => ({ identity: map(name), before: undefined, after: {} });

describe("a commit of the record", () => {
  it("is an entry per object: who, when, what", () => {
    const entries = entriesOf(commit([scaled, made("app")]), "shop/all");
    assert.deepEqual(entries[0], {
      time: "2027-01-02T03:04:05.678Z",
      author: "alice",
      attribution: "Admission",
      tool: "Mozilla",
      capture: "shop/all",
      object: "Deployment.apps shop/web",
      what: "scale 3 -> 5",
      commit: "c".repeat(40),
    });
    assert.deepEqual([entries[1]?.object, entries[1]?.what, entries.length], ["ConfigMap shop/app", "create", 2]);
  });

  it("names nobody where nobody is known", () => {
    const unknown = entriesOf(commit([scaled], { author: { rung: "None", candidates: ["a"], evidence: "" } }), "x");
    assert.deepEqual([unknown[0]?.author, unknown[0]?.attribution], ["unknown", "unknown"]);
  });

  it("is one entry for a first capture, and none for upkeep", () => {
    const own: Partial<MessageInput> = { author: { rung: "Operator" } };
    const first = commit([made("a"), made("b")], { ...own, kind: "FirstCapture" });
    const entries = entriesOf(first, "shop/all");
    assert.deepEqual(
      entries.map(({ author, object, what }) => [author, object, what]),
      [["clickscribe", undefined, "capture 2 objects of shop"]],
    );
    assert.equal(entryOf(first, "shop/all", "ConfigMap shop/b", "?")?.what, "create");
    for (const kind of ["Delivery", "Adoption", "Release"] as const) {
      const upkeep = commit([made("a")], { ...own, kind });
      assert.deepEqual(entriesOf(upkeep, "shop/all"), []);
      assert.equal(entryOf(upkeep, "shop/all", "ConfigMap shop/a", "?"), undefined);
    }
  });

  it("says how many more there are, and tells of one of them what it is told", () => {
    const many = commit(Array.from({ length: 60 }, (_, i) => made(`m${i}`)));
    const entries = entriesOf(many, "shop/all");
    assert.equal(entries.length, 51);
    assert.equal(entries.at(-1)?.what, "and 10 more");
    assert.equal(entryOf(many, "shop/all", "ConfigMap shop/m59", "created")?.what, "created");
  });

  it("is taken for a first capture by nothing that an object is called", () => {
    const named = commit([made("capture 2 objects of shop")]);
    assert.match(entriesOf(named, "shop/all")[0]?.object ?? "", /^ConfigMap shop\/capture/);
  });
});
