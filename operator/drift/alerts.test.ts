import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { identityKey } from "../manifest/identity.ts";
import type { DriftBook, DriftFact } from "../values.ts";
import { noteAlert, planAlerts } from "./alerts.ts";
import { emptyBook, lookForDrift } from "./book.ts";

const settings = { notifier: "shop/team", minSeverity: "Warning", repeatAfterMs: 0 } as const;
const minute = 60_000;

const factOf = (name: string, live: string): DriftFact => ({
  identity: { group: "", kind: "ConfigMap", namespace: "shop", name },
  ...{ sort: "ChangedInCluster", since: undefined, by: undefined, tool: undefined, live, file: "" },
});

/** Every step is taken by the service at once. */
function tell(book: DriftBook, now: number): { readonly book: DriftBook; readonly posts: number } {
  const { steps } = planAlerts(book, settings, now);
  const after = steps.reduce((so, step) => noteAlert(so, step, step.sent.handle || `h-${step.sent.id}`, now), book);
  return { book: after, posts: steps.filter(({ step }) => step === "Post").length };
}

describe("alerts", () => {
  it("whatever happens: each open episode is in one message, none is told twice, at most five messages an hour, nothing is left over", () => {
    const story = fc.array(fc.array(fc.tuple(fc.nat(40), fc.nat(3)), { maxLength: 30 }), {
      minLength: 1,
      maxLength: 25,
    });
    fc.assert(
      fc.property(story, (rounds) => {
        let book = emptyBook;
        let waiting: ReadonlyMap<string, number> = new Map();
        let now = Date.UTC(2026, 0, 1);
        let posts = 0;
        const step = (facts: ReadonlyMap<string, DriftFact>): void => {
          const looked = lookForDrift(book, { capture: "shop/all", facts, waiting, afterMs: 0, now });
          waiting = looked.waiting;
          book = looked.book;
          now += minute;
          const told = tell(book, now);
          posts += told.posts;
          book = told.book;
          const ids = book.sent.flatMap(({ episodes }) => episodes);
          assert.equal(new Set(ids).size, ids.length, "an episode is in two messages");
          for (const { id } of book.episodes.values()) assert.ok(ids.includes(id), "an open episode is told nowhere");
          assert.deepEqual(tell(book, now), { book, posts: 0 }, "what is told is told again");
        };
        for (const round of rounds) {
          const facts = round.map(([n, live]) => factOf(`app-${n}`, String(live)));
          step(new Map(facts.map((fact) => [identityKey(fact.identity), fact])));
        }
        assert.ok(posts <= 5 + Math.floor(rounds.length / 60) * 5 || rounds.length > 60, `${posts} messages`);
        step(new Map());
        assert.deepEqual([book.sent.flatMap(({ episodes }) => episodes), book.closed], [[], []]);
      }),
      { numRuns: 200 },
    );
  });
});
