import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { AdmissionFact, Author, ClusterChange, JsonObject } from "../values.ts";
import { createFactStore, type FactStore, type FactStoreOptions } from "./fact-store.ts";
import type { Contents } from "./join.ts";

const identity = { group: "", kind: "ConfigMap", namespace: "shop", name: "app" };
const kind = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
  verbs: [],
  subresources: [],
};
const plain: Contents = {
  clean: (object) => ({ data: object["data"] ?? null }),
  equal: (a, b) => JSON.stringify(a) === JSON.stringify(b),
};

function object(data: string, deleting = false): JsonObject {
  return { metadata: { name: "app", ...(deleting && { deletionTimestamp: "2026-01-01T00:00:00Z" }) }, data };
}

function update(
  user: string,
  from: number,
  before: string,
  after: string,
  over: Partial<AdmissionFact> = {},
): AdmissionFact {
  return {
    uid: "u1",
    identity,
    reviewedKind: "ConfigMap",
    operation: "UPDATE",
    oldResourceVersion: String(from),
    object: object(after),
    oldObject: object(before),
    user,
    groups: [],
    at: 0,
    size: 10,
    ...over,
  };
}

function deletion(user: string, from: number, deleting = false): AdmissionFact {
  return update(user, from, "", "", { operation: "DELETE", object: undefined, oldObject: object("", deleting) });
}

function event(from: number | undefined, to: number, data: string, over: Partial<ClusterChange> = {}): ClusterChange {
  return {
    type: "Upsert",
    identity,
    kind,
    uid: "u1",
    resourceVersion: String(to),
    previousResourceVersion: from === undefined ? undefined : String(from),
    evidence: "Event",
    object: object(data),
    seenAt: 0,
    ...over,
  };
}

function store(options: Partial<FactStoreOptions> = {}): FactStore & { time: number } {
  const clock = { time: 0, now: () => clock.time };
  const made = createFactStore({ clock, contents: plain, ...options });
  return Object.defineProperties(
    clock as unknown as FactStore & { time: number },
    Object.getOwnPropertyDescriptors(made),
  );
}

const personOf = (author: Author): string => ("person" in author ? author.person : author.rung);

describe("fact store", () => {
  it("neither cleans nor compares when a fact is added", () => {
    let worked = 0;
    const counting: Contents = { ...plain, clean: (value) => (worked++, plain.clean(value)) };
    const facts = store({ contents: counting });
    facts.add(update("alice", 1, "a", "b"));
    assert.equal(worked, 0);
    assert.equal(personOf(facts.attribute(event(1, 2, "b"), undefined)), "alice");
    assert.ok(worked > 0);
  });
  it("gives everybody who asks for the same change the same answer, and lets the fact go", () => {
    const facts = store();
    facts.add(update("alice", 1, "a", "b"));
    const first = facts.attribute(event(1, 2, "b"), undefined);
    assert.equal(facts.size, 0);
    assert.equal(facts.attribute(event(1, 2, "b"), undefined), first);
  });
  it("keeps the facts of later changes", () => {
    const facts = store();
    facts.add(update("alice", 1, "a", "b"));
    facts.add(update("bob", 2, "b", "c"));
    assert.equal(personOf(facts.attribute(event(1, 2, "b"), undefined)), "alice");
    assert.equal(personOf(facts.attribute(event(2, 3, "c"), undefined)), "bob");
  });
  it("is not mistaken by status updates in between", () => {
    const facts = store();
    facts.add(update("alice", 1, "a", "b"));
    assert.equal(personOf(facts.attribute(event(7, 8, "b"), undefined)), "None");
    assert.equal(personOf(facts.attribute(event(1, 2, "b"), undefined)), "alice");
  });
  it("joins by uid: an object of the same name made anew is another", () => {
    const facts = store();
    facts.add(update("alice", 1, "a", "b"));
    assert.equal(personOf(facts.attribute(event(1, 2, "b", { uid: "u2" }), undefined)), "None");
  });
  it("forgets after ten minutes", () => {
    const facts = store();
    facts.add(update("alice", 1, "a", "b"));
    facts.time = 600_001;
    assert.equal(personOf(facts.attribute(event(1, 2, "b"), undefined)), "None");
    assert.equal(facts.size, 0);
  });
  it("lets the oldest go beyond a count", () => {
    const facts = store({ limit: 2 });
    for (const from of [1, 2, 3]) facts.add(update("alice", from, "a", "b"));
    assert.equal(facts.size, 2);
    assert.equal(personOf(facts.attribute(event(1, 9, "b"), undefined)), "None");
    assert.equal(personOf(facts.attribute(event(3, 10, "b"), undefined)), "alice");
  });
  it("lets the oldest go beyond a number of bytes", () => {
    const facts = store({ maxBytes: 25 });
    for (const from of [1, 2, 3]) facts.add(update("alice", from, "a", "b"));
    assert.equal(facts.size, 2);
    facts.attribute(event(2, 9, "b"), undefined);
    facts.add(update("alice", 4, "a", "b"));
    assert.equal(facts.size, 2, "bytes of what was spent are free again");
  });
  it("remembers who asked for a deletion until it is done, however long finalizers take", () => {
    const facts = store();
    facts.add(deletion("alice", 1));
    facts.attribute(event(1, 2, "", { object: object("", true) }), undefined);
    facts.time = 24 * 3_600_000;
    facts.add({ ...deletion("bob", 2, true), at: facts.time });
    facts.add(update("carol", 2, "", "x", { at: facts.time }));
    facts.attribute(event(2, 3, "x", { object: object("x", true) }), undefined);
    const gone = event(3, 4, "x", { type: "Delete", object: object("x", true) });
    assert.equal(personOf(facts.attribute(gone, undefined)), "alice");
    assert.equal(personOf(facts.attribute(gone, undefined)), "alice", "also for the second who asks");
    assert.equal(facts.size, 0);
  });
  it("tells how many facts it holds", () => {
    const gauged: number[] = [];
    const facts = store({ meter: { gauge: (_name, _labels, value) => void gauged.push(value) } });
    facts.add(update("alice", 1, "a", "b"));
    facts.attribute(event(1, 2, "b"), undefined);
    assert.deepEqual(gauged, [1, 0]);
  });
});

/** What an API server does with requests, and what the webhook sees of it. */
type Step =
  | { readonly do: "write" | "reject"; readonly user: string; readonly value: string }
  | { readonly do: "status" }
  | { readonly do: "unseen"; readonly user: string }
  /** `user` is reviewed, loses against `other`, and is reviewed again on top of it: with the same value, or its own again. */
  | {
      readonly do: "race";
      readonly user: string;
      readonly value: string;
      readonly other: string;
      readonly wins: string;
    };

const users = fc.constantFrom("alice", "bob", "carol");
const values = fc.constantFrom("a", "b", "c", "d");
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom("write" as const, "reject" as const), user: users, value: values }),
    fc.record({ do: fc.constant("status" as const) }),
    fc.record({ do: fc.constant("unseen" as const), user: users }),
    fc.record({ do: fc.constant("race" as const), user: users, value: values, other: users, wins: values }),
  ),
  { maxLength: 40 },
);

describe("law 6: never a person who did not do it", () => {
  it("names the author or nobody, and always the author where nobody interfered", () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const facts = store();
        let version = 1;
        let value = "a";
        let contested = false;
        let fresh = 0;
        const review = (user: string, next: string): void => facts.add(update(user, version, value, next));
        const put = (user: string, next: string, seen: boolean): void => {
          if (next === value) return;
          const change = event(version, version + 1, next);
          version++;
          value = next;
          const author = personOf(facts.attribute(change, undefined));
          assert.ok(author === user || author === "None", `${author} for ${user}`);
          if (!contested && seen) assert.equal(author, user);
          if (!seen) assert.equal(author, "None");
          contested = false;
        };
        for (const step of sequence) {
          switch (step.do) {
            case "write":
              review(step.user, step.value);
              put(step.user, step.value, true);
              break;
            case "reject":
              review(step.user, step.value);
              contested = true;
              break;
            case "status":
              assert.equal(personOf(facts.attribute(event(version, ++version, value), undefined)), "None");
              contested = false;
              break;
            case "unseen":
              put(step.user, `unseen ${fresh++}`, false);
              break;
            case "race":
              review(step.user, step.value);
              contested = true;
              review(step.other, step.wins);
              put(step.other, step.wins, true);
              review(step.user, step.value);
              put(step.user, step.value, true);
              break;
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
