import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { identityKey } from "../manifest/identity.ts";
import type { Author, Manifest, WindowEntry } from "../values.ts";
import {
  append,
  bounded,
  boundedWindow,
  due,
  dueAfterFlood,
  emptyWindow,
  runs,
  sameAuthor,
  type Window,
} from "./window.ts";

const person = (name: string): Author => ({
  rung: "Admission",
  person: name,
  groups: [],
  tool: undefined,
  evidence: "",
});
const unknown: Author = { rung: "None", candidates: [], evidence: "" };
const candidates = (...names: readonly string[]): Author => ({ rung: "None", candidates: names, evidence: "" });

/** A change of object `name` by `author`; `state` undefined deletes it. */
function change(name: string, author: Author, state: string | undefined, at = 1): WindowEntry {
  const identity = { group: "", kind: "ConfigMap", namespace: "shop", name };
  const manifest: Manifest | undefined =
    state === undefined ? undefined : { identity, apiVersion: "v1", content: {}, text: state, blob: state };
  return { identity, manifest, author, at };
}

function windowOf(changes: readonly WindowEntry[]): readonly WindowEntry[] {
  let window = emptyWindow();
  for (const entry of changes) window = append(window, entry);
  return window.entries;
}

const nameOf = (author: Author): string => ("person" in author ? author.person : author.rung);
const shown = ({ identity, author, manifest }: WindowEntry): string =>
  `${nameOf(author)} ${identity.name}=${manifest?.text ?? "gone"}`;
const shownRuns = (entries: readonly WindowEntry[]): readonly string[] =>
  runs(entries).map(
    ({ author, entries: own }) =>
      `${nameOf(author)}: ${own.map((e) => `${e.identity.name}=${e.manifest?.text ?? "gone"}`).join(" ")}`,
  );

const [alice, bob] = [person("alice"), person("bob")];

describe("append", () => {
  it("keeps the last of one person's changes to one object", () => {
    const entries = windowOf([change("a", alice, "1"), change("b", alice, "1"), change("a", alice, "2")]);
    assert.deepEqual(entries.map(shown), ["alice a=2", "alice b=1"]);
  });

  it("keeps apart what different people did to one object", () => {
    const entries = windowOf([
      change("a", alice, "1"),
      change("a", bob, "2"),
      change("a", alice, "3"),
      change("a", alice, undefined),
    ]);
    assert.deepEqual(entries.map(shown), ["alice a=1", "bob a=2", "alice a=gone"]);
  });

  it("tells rungs, candidates and people apart", () => {
    assert.ok(
      sameAuthor(alice, { rung: "Admission", person: "alice", groups: ["a"], tool: "kubectl", evidence: "other" }),
    );
    assert.ok(!sameAuthor(alice, { ...alice, rung: "FieldManager" } as Author));
    assert.ok(!sameAuthor(unknown, person("unknown")) && !sameAuthor(unknown, { rung: "Operator" }));
    assert.ok(!sameAuthor(candidates("a"), candidates("b")) && sameAuthor(candidates("a", "b"), candidates("a", "b")));
    assert.ok(!sameAuthor(candidates("a b"), candidates("a", "b")));
  });
});

describe("due", () => {
  const batching = { quietPeriodMs: 3000, maxWaitMs: 30_000 };
  it("is after silence, or when the first change has waited long enough", () => {
    let window = emptyWindow();
    assert.equal(due(window, batching), undefined);
    window = append(window, change("a", alice, "1", 1000));
    assert.equal(due(window, batching), 4000);
    window = append(window, change("a", alice, "2", 2500));
    assert.equal(due(window, batching), 5500);
    window = append(window, change("b", bob, "1", 30_500));
    assert.equal(due(window, batching), 31_000);
  });
});

describe("runs", () => {
  it("is one commit for each person where nobody touched the same object", () => {
    const entries = [change("a", alice, "1"), change("b", bob, "1"), change("c", alice, "1"), change("d", bob, "1")];
    assert.deepEqual(shownRuns(entries), ["alice: a=1 c=1", "bob: b=1 d=1"]);
  });

  it("keeps the order of one object's states", () => {
    const entries = [change("a", alice, "1"), change("a", bob, "2"), change("b", alice, "1"), change("a", alice, "3")];
    assert.deepEqual(shownRuns(entries), ["alice: a=1 b=1", "bob: a=2", "alice: a=3"]);
  });

  it("is nothing for nothing", () => assert.deepEqual(runs([]), []));
});

describe("append and runs, for any changes", () => {
  const authors = fc.constantFrom(alice, bob, person("carol"), unknown, candidates("alice", "bob"), {
    rung: "Operator",
  } as Author);
  const changes = fc
    .array(fc.tuple(fc.constantFrom("a", "b", "c", "d"), authors, fc.boolean()), { maxLength: 25 })
    .map((list) => list.map(([name, author, gone], i) => change(name, author, gone ? undefined : String(i), i)));

  /** By object, the states in order, with who made them; neighbours by one author are one. */
  function histories(entries: readonly WindowEntry[]): Record<string, readonly string[]> {
    const found: Record<string, WindowEntry[]> = {};
    for (const entry of entries) {
      const history = (found[entry.identity.name] ??= []);
      const last = history.at(-1);
      if (last !== undefined && sameAuthor(last.author, entry.author)) history[history.length - 1] = entry;
      else history.push(entry);
    }
    return Object.fromEntries(Object.entries(found).map(([name, history]) => [name, history.map(shown)]));
  }

  it("keep every object's states in order, each under who made it, the last one included", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const expected = histories(list);
        assert.deepEqual(histories(windowOf(list)), expected);
        for (const entries of [list, windowOf(list)])
          assert.deepEqual(histories(runs(entries).flatMap((run) => run.entries)), expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("give each run one author, and an object in it at most once", () => {
    fc.assert(
      fc.property(changes, (list) => {
        for (const run of runs(windowOf(list))) {
          const keys = run.entries.map(({ identity }) => identityKey(identity));
          assert.equal(new Set(keys).size, keys.length);
          assert.ok(run.entries.length > 0 && run.entries.every((entry) => sameAuthor(entry.author, run.author)));
        }
      }),
    );
  });

  it("make no run that an earlier one of the same author could have taken in", () => {
    fc.assert(
      fc.property(changes, (list) => {
        const all = runs(windowOf(list));
        for (const [i, run] of all.entries()) {
          const before = all.slice(0, i).findLastIndex(({ author }) => sameAuthor(author, run.author));
          if (before < 0) continue;
          const between = new Set(
            all.slice(before + 1, i).flatMap((other) => other.entries.map(({ identity }) => identity.name)),
          );
          assert.ok(run.entries.some(({ identity }) => between.has(identity.name)));
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("dueAfterFlood", () => {
  const filled = (n: number, at: number): Window => {
    let window = emptyWindow();
    for (let i = 0; i < n; i++) {
      const identity = { group: "", kind: "ConfigMap", namespace: "shop", name: `app-${i}` };
      window = append(window, { identity, manifest: undefined, author: { rung: "Operator" }, at });
    }
    return window;
  };

  it("holds up nothing but a crowd, and nothing before the first push", () => {
    assert.equal(dueAfterFlood(filled(20, 1_000), { endedAt: 1_000, tookMs: 100 }), undefined);
    assert.equal(dueAfterFlood(filled(500, 1_000), undefined), undefined);
  });

  it("waits for a lull, for four pushes, or for a second, whichever comes first", () => {
    assert.equal(dueAfterFlood(filled(21, 1_000), { endedAt: 1_000, tookMs: 100 }), 1_050);
    assert.equal(dueAfterFlood(filled(21, 1_390), { endedAt: 1_000, tookMs: 100 }), 1_400);
    assert.equal(dueAfterFlood(filled(21, 1_990), { endedAt: 1_000, tookMs: 5_000 }), 2_000);
  });
});

describe("bounded", () => {
  const turns = (count: number): readonly WindowEntry[] =>
    Array.from({ length: count }, (_, i) => change("a", i % 2 === 0 ? alice : bob, `${i}`, i));

  it("keeps what is within the limit, and four states of each object", () => {
    const few = turns(8);
    assert.equal(bounded(few, undefined, 8), few);
    const many = ["a", "b", "c"].flatMap((name) =>
      turns(4).map((entry) => ({ ...entry, identity: { ...entry.identity, name } })),
    );
    assert.equal(bounded(many, undefined, 8), many);
  });

  it("makes the older half of what several people did to an object one state, of them all", () => {
    const [fold, ...rest] = bounded(turns(10), undefined, 8);
    assert.ok(fold);
    assert.deepEqual(fold.author, { rung: "Several", people: ["alice", "bob"] });
    assert.deepEqual([fold.manifest?.text, fold.at], ["4", 4]);
    assert.deepEqual(rest.map(shown), ["bob a=5", "alice a=6", "bob a=7", "alice a=8", "bob a=9"]);
  });

  it("leaves an object to the one who alone changed it", () => {
    const own = change("b", alice, "1");
    const folded = bounded([own, ...turns(20)], undefined, 8);
    assert.ok(folded.includes(own));
  });

  it("is one run, however often it is done", () => {
    let entries = bounded([change("b", alice, "1"), change("b", person("carol"), "2"), ...turns(20)], undefined, 8);
    entries = bounded([...entries, ...turns(20)], undefined, 8);
    const several = runs(entries).filter(({ author }) => author.rung === "Several");
    assert.equal(several.length, 1);
    assert.deepEqual(several[0]?.author, { rung: "Several", people: ["alice", "bob", "carol"] });
  });

  it("loses no last state, keeps each object's order, and names nobody who did nothing to it", () => {
    const step = fc.record({ name: fc.constantFrom("a", "b", "c"), who: fc.constantFrom("alice", "bob", "carol") });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        let window = emptyWindow();
        const last = new Map<string, string>();
        const people = new Map<string, Set<string>>();
        for (const [i, { name, who }] of steps.entries()) {
          window = append(window, change(name, person(who), `${i}`, i));
          if (i % 7 === 0) {
            const entries = bounded(window.entries, window.last.size, 10);
            window = {
              ...window,
              entries: [...entries],
              last: new Map(entries.map((e, at) => [identityKey(e.identity), at])),
            };
          }
          last.set(name, `${i}`);
          people.set(name, (people.get(name) ?? new Set()).add(who));
        }
        const seen = new Map<string, number>();
        for (const { identity, manifest, author } of window.entries) {
          const state = Number(manifest?.text);
          assert.ok(state > (seen.get(identity.name) ?? -1));
          seen.set(identity.name, state);
          if ("person" in author) assert.ok(people.get(identity.name)?.has(author.person));
        }
        for (const [name, state] of last) assert.equal(String(seen.get(name)), state);
      }),
    );
  });

  it("keeps a window's index of what came last", () => {
    let window = emptyWindow();
    for (const entry of turns(10_001)) window = append(window, entry);
    window = boundedWindow(window);
    assert.equal(window.entries.length, 5_001);
    const next = append(window, change("a", alice, "next"));
    assert.equal(next.entries.length, 5_001, "the last one was alice's");
    assert.equal(boundedWindow(emptyWindow()).entries.length, 0);
  });
});
