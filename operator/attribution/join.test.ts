import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isDeepStrictEqual } from "node:util";
import type { AdmissionFact, Author, ClusterChange, Json, JsonObject } from "../values.ts";
import { type Contents, join } from "./join.ts";

const contents: Contents = {
  clean(object) {
    const { metadata, status: _status, ...rest } = object as { metadata: JsonObject; status?: Json };
    const { resourceVersion: _version, managedFields: _managed, uid: _uid, ...kept } = metadata;
    return { ...rest, metadata: kept };
  },
  equal: isDeepStrictEqual,
};
const identity = { group: "apps", kind: "Deployment", namespace: "shop", name: "web" };
const kind = {
  group: "apps",
  version: "v1",
  kind: "Deployment",
  resource: "deployments",
  namespaced: true,
  verbs: [],
  subresources: ["scale"],
};

function deployment(version: string | undefined, spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", ...(version !== undefined && { resourceVersion: version }), ...metadata },
    spec,
  };
}

function scale(version: string, replicas: number): JsonObject {
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name: "web", resourceVersion: version },
    spec: { replicas },
  };
}

function fact(over: Partial<AdmissionFact>): AdmissionFact {
  return {
    uid: "u1",
    identity,
    reviewedKind: "Deployment",
    operation: "UPDATE",
    oldResourceVersion: "5",
    object: deployment("5", { replicas: 3 }),
    oldObject: deployment("5", { replicas: 1 }),
    user: "alice",
    groups: ["developers"],
    at: 0,
    size: 1,
    ...over,
  };
}

function change(over: Partial<ClusterChange>): ClusterChange {
  return {
    type: "Upsert",
    identity,
    kind,
    uid: "u1",
    resourceVersion: "6",
    previousResourceVersion: "5",
    evidence: "Event",
    object: deployment("6", { replicas: 3 }),
    seenAt: 0,
    ...over,
  };
}

function authorOf(
  given: ClusterChange,
  facts: readonly AdmissionFact[],
  deleter?: Author,
  content?: JsonObject,
): Author {
  return join({ change: given, facts, deleter, content }, contents).author;
}

function assertPerson(author: Author, person: string): void {
  assert.equal(author.rung, "Admission", JSON.stringify(author));
  assert.equal("person" in author && author.person, person);
}

function assertUnknown(author: Author, evidence: RegExp, candidates: readonly string[] = []): void {
  assert.equal(author.rung, "None", JSON.stringify(author));
  if (author.rung !== "None") return;
  assert.match(author.evidence, evidence);
  assert.deepEqual(author.candidates, candidates);
}

const created = {
  operation: "CREATE",
  oldResourceVersion: undefined,
  object: deployment(undefined, { replicas: 3 }),
  oldObject: undefined,
} as const;
const scaledBy = (manager: string, path: JsonObject = { "f:spec": { "f:replicas": {} } }): JsonObject => ({
  managedFields: [
    { manager, operation: "Update", subresource: "scale", fieldsV1: path },
    { manager: "helm", operation: "Update", time: "2026-01-01T00:00:00Z", fieldsV1: {} },
  ],
});
const scaled = { reviewedKind: "Scale", object: scale("5", 3), oldObject: scale("5", 1) } as const;
const deletes = (user: string, version: string, marked = false): AdmissionFact =>
  fact({
    operation: "DELETE",
    user,
    oldResourceVersion: version,
    object: undefined,
    oldObject: deployment(version, {}, marked ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
  });
const gone = (previous: string, metadata: JsonObject = {}): ClusterChange =>
  change({ type: "Delete", previousResourceVersion: previous, object: deployment("9", {}, metadata) });
const marked = { deletionTimestamp: "2026-01-01T00:00:00Z" };

describe("join: writes", () => {
  it("names who wrote what appeared, with groups, tool and evidence", () => {
    const managedFields = [{ manager: "kubectl-edit", operation: "Update", time: "2026-01-01T00:00:00Z" }];
    const object = deployment("6", { replicas: 3 }, { managedFields });
    assert.deepEqual(authorOf(change({ object }), [fact({ object })]), {
      rung: "Admission",
      person: "alice",
      groups: ["developers"],
      tool: "kubectl-edit",
      evidence: "admission review: UPDATE of version 5",
    });
  });
  it("compares with the manifest's content where there is one", () => {
    const content = contents.clean(deployment("6", { replicas: 3 }));
    assertPerson(authorOf(change({ object: deployment("6", {}) }), [fact({})], undefined, content), "alice");
  });
  it("names who created it", () => {
    assertPerson(authorOf(change({ previousResourceVersion: undefined }), [fact(created)]), "alice");
  });
  it("says so when nobody was reviewed", () => {
    assertUnknown(authorOf(change({}), []), /no review/);
  });
  it("believes no review of another version", () => {
    assertUnknown(authorOf(change({ previousResourceVersion: "4" }), [fact({})]), /other versions/);
    assertUnknown(authorOf(change({}), [fact(created)]), /other versions/);
    assertUnknown(authorOf(change({ previousResourceVersion: undefined }), [fact({})]), /other versions/);
  });
  it("believes no update that started from nothing, and no create that started from something", () => {
    const from = { oldResourceVersion: undefined };
    assertUnknown(authorOf(change({ previousResourceVersion: undefined }), [fact(from)]), /other versions/);
    assertUnknown(authorOf(change({}), [fact({ operation: "CREATE" })]), /other versions/);
  });
  it("believes no review of another content", () => {
    const other = deployment("5", { replicas: 4 });
    assertUnknown(authorOf(change({}), [fact({ object: other })]), /the review announced another content/);
    assertUnknown(authorOf(change({}), [fact({ object: undefined })]), /another content/);
  });
  it("of a request reviewed twice, believes the review of what was stored", () => {
    const first = fact({ user: "bob", object: deployment("5", { replicas: 9 }) });
    assertPerson(authorOf(change({}), [first, fact({})]), "alice");
  });
  it("names nobody for a request that changed nothing", () => {
    const same = fact({ oldObject: deployment("5", { replicas: 3 }) });
    assertUnknown(authorOf(change({ object: deployment("6", { replicas: 3 }) }), [same]), /another content/);
  });
  it("names two who wrote the same as candidates only", () => {
    assertUnknown(authorOf(change({}), [fact({ user: "bob" }), fact({})]), /several users/, ["alice", "bob"]);
  });
  it("names one who wrote the same twice", () => {
    assertPerson(authorOf(change({}), [fact({}), fact({})]), "alice");
  });
  it("names nobody for what was found in a list", () => {
    assertUnknown(authorOf(change({ evidence: "Listed" }), [fact({})]), /nobody was watching/);
  });
  it("takes no delete for a write", () => {
    assertUnknown(authorOf(change({}), [deletes("bob", "5")]), /other versions/);
  });
  it("is not kept busy by thousands of reviews of one version", () => {
    assertUnknown(
      authorOf(
        change({}),
        Array.from({ length: 65 }, () => fact({})),
      ),
      /too many/,
    );
  });
  it("names nobody for what is nested too deeply to be compared", () => {
    const deep: Contents = {
      ...contents,
      clean: () => {
        throw new RangeError("Maximum call stack size exceeded");
      },
    };
    const joined = join({ change: change({}), facts: [fact({})], deleter: undefined, content: undefined }, deep);
    assertUnknown(joined.author, /nested too deeply/);
  });
  it("spends what no later change can confirm, and nothing else", () => {
    const [now, lost, later] = [fact({}), fact({ object: undefined }), fact({ oldResourceVersion: "6" })];
    const joined = join(
      { change: change({}), facts: [now, lost, later], deleter: undefined, content: undefined },
      contents,
    );
    assert.deepEqual(joined.spent, [now, lost]);
  });
});

describe("join: scale", () => {
  const at = (metadata: JsonObject, spec: JsonObject = { replicas: 3 }): ClusterChange =>
    change({ object: deployment("6", spec, metadata) });

  it("names who scaled, by the subresource's own entry", () => {
    const author = authorOf(at(scaledBy("kubectl")), [fact(scaled)]);
    assertPerson(author, "alice");
    assert.equal("tool" in author && author.tool, "kubectl");
    assert.match("evidence" in author ? author.evidence : "", /through scale/);
  });
  it("finds the replicas where a custom resource keeps them", () => {
    assertPerson(authorOf(at(scaledBy("x", { "f:spec": { "f:size": {} } }), { size: 3 }), [fact(scaled)]), "alice");
  });
  it("names nobody when the number is another", () => {
    assertUnknown(authorOf(at(scaledBy("x"), { replicas: 4 }), [fact(scaled)]), /another content/);
  });
  it("names nobody when somebody else set the number", () => {
    assertUnknown(authorOf(at({}), [fact(scaled)]), /another content/);
    const other = {
      managedFields: [{ manager: "x", operation: "Update", fieldsV1: { "f:spec": { "f:replicas": {} } } }],
    };
    assertUnknown(authorOf(at(other), [fact(scaled)]), /another content/);
  });
  it("names nobody for scaling to what it was", () => {
    assertUnknown(authorOf(at(scaledBy("x")), [fact({ ...scaled, oldObject: scale("5", 3) })]), /another content/);
  });
  it("names nobody when the version is another", () => {
    assertUnknown(authorOf(at(scaledBy("x")), [fact({ ...scaled, oldResourceVersion: "4" })]), /other versions/);
  });
  it("is no kind of its own: a custom resource called Scale is joined by its content", () => {
    const own = { ...scale("6", 3), apiVersion: "fish.example/v1" };
    const author = authorOf(change({ object: own }), [fact({ ...scaled, object: own })]);
    assertPerson(author, "alice");
    assert.doesNotMatch("evidence" in author ? author.evidence : "", /through scale/);
  });
  it("names no tool where two scaled", () => {
    const [first] = scaledBy("a")["managedFields"] as readonly Json[];
    const [second] = scaledBy("b")["managedFields"] as readonly Json[];
    const author = authorOf(at({ managedFields: [first ?? null, second ?? null] }), [fact(scaled)]);
    assert.equal("tool" in author && author.tool, undefined);
  });
});

describe("join: deletes", () => {
  it("names who deleted it, without a tool", () => {
    const author = authorOf(gone("5"), [fact({ user: "bob" }), deletes("alice", "5")]);
    assertPerson(author, "alice");
    assert.equal("tool" in author && author.tool, undefined);
  });
  it("believes no review of another version", () => {
    assertUnknown(authorOf(gone("6"), [deletes("alice", "5")]), /other versions/);
  });
  it("names two who deleted at once as candidates only", () => {
    const facts = [deletes("bob", "5"), deletes("alice", "5")];
    assertUnknown(authorOf(gone("5"), facts), /several users/, ["alice", "bob"]);
  });
  it("names nobody without a DELETE", () => {
    assertUnknown(authorOf(gone("5"), [fact({})]), /no review of a DELETE/);
  });
  it("marks the change by which a deletion began, and names who asked for it", () => {
    const facts = [deletes("alice", "5")];
    const beginning = change({ object: deployment("6", { replicas: 3 }, marked) });
    const joined = join({ change: beginning, facts, deleter: undefined, content: undefined }, contents);
    assertPerson(joined.author, "alice");
    assert.equal(joined.marksDeletion, true);
  });
  it("takes a second DELETE for no beginning", () => {
    const finalizer = change({
      previousResourceVersion: "6",
      resourceVersion: "7",
      object: deployment("7", { replicas: 3 }, marked),
    });
    const facts = [deletes("bob", "6", true)];
    const joined = join({ change: finalizer, facts, deleter: undefined, content: undefined }, contents);
    assert.equal(joined.marksDeletion, false);
    assert.equal(joined.author.rung, "None");
  });
  it("names who asked for the deletion, not who removed the last finalizer", () => {
    const deleter = authorOf(change({ object: deployment("6", {}, marked) }), [deletes("alice", "5")]);
    const removal = fact({ user: "carol", oldResourceVersion: "6" });
    assertPerson(authorOf(gone("6", marked), [deletes("bob", "6", true), removal], deleter), "alice");
  });
  it("names nobody when it did not see the deletion begin, though one asked for it", () => {
    assertUnknown(authorOf(gone("5", marked), [deletes("alice", "5")]), /began its deletion/, ["alice"]);
  });
});
