/**
 * Holds what admission reviews told until watch events confirm it.
 *
 * `add` is on the path of an API request: it neither cleans nor compares. Everything here may be lost at any moment;
 * the worst that follows is an author `unknown`.
 *
 * - Bounded in count, bytes and age; the oldest facts go first.
 * - Facts of one object are kept in the order of their reviews.
 * - The same change gets the same answer, however many captures ask.
 * - Who asked for a deletion is remembered until it is done, however long finalizers take.
 */
import type { Attribution, Clock, FactSink, Meter } from "../ports.ts";
import type { AdmissionFact, Author } from "../values.ts";
import { manifestContents } from "./contents.ts";
import { type Contents, join } from "./join.ts";

export interface FactStoreOptions {
  readonly clock: Pick<Clock, "now">;
  /** Default: as manifests are compared. */
  readonly contents?: Contents;
  readonly meter?: Pick<Meter, "gauge">;
  /** Facts held, answers remembered, and deletions under way; each. Default: 10,000. */
  readonly limit?: number;
  /** Of all reviews held, as they came: parsed they take several times as much. Default: 32 MiB. */
  readonly maxBytes?: number;
  /** Default: 10 minutes. */
  readonly ttlMs?: number;
}

export interface FactStore extends FactSink, Attribution {
  /** Facts held now. */
  readonly size: number;
}

export function createFactStore(options: FactStoreOptions): FactStore {
  const { clock, meter } = options;
  const contents = options.contents ?? manifestContents;
  const limit = options.limit ?? 10_000;
  const maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
  const ttlMs = options.ttlMs ?? 10 * 60_000;

  /** In the order of arrival, as a Set keeps it. */
  const held = new Set<AdmissionFact>();
  const byUid = new Map<string, Set<AdmissionFact>>();
  const deleters = new Map<string, Author>();
  const answers = new Map<string, { readonly author: Author; readonly at: number }>();
  let bytes = 0;

  function drop(fact: AdmissionFact): void {
    if (!held.delete(fact)) return;
    bytes -= fact.size;
    const facts = byUid.get(fact.uid);
    facts?.delete(fact);
    if (facts?.size === 0) byUid.delete(fact.uid);
  }

  function expire(now: number): void {
    for (const fact of held) {
      if (held.size <= limit && bytes <= maxBytes && now - fact.at <= ttlMs) break;
      drop(fact);
    }
    for (const [key, answer] of answers) {
      if (now - answer.at <= ttlMs) break;
      answers.delete(key);
    }
  }

  return {
    get size(): number {
      return held.size;
    },

    add(fact) {
      held.add(fact);
      bytes += fact.size;
      const facts = byUid.get(fact.uid);
      if (facts) facts.add(fact);
      else byUid.set(fact.uid, new Set([fact]));
      expire(fact.at);
      meter?.gauge("clickscribe_facts", {}, held.size);
    },

    attribute(change, cleaned) {
      const now = clock.now();
      expire(now);
      const key = `${change.uid} ${change.resourceVersion} ${change.type}`;
      const known = answers.get(key);
      if (known) return known.author;

      const { author, marksDeletion, spent } = join(
        {
          change,
          content: cleaned,
          facts: [...(byUid.get(change.uid) ?? [])],
          deleter: deleters.get(change.uid),
        },
        contents,
      );
      for (const fact of spent) drop(fact);
      if (marksDeletion) remember(deleters, change.uid, author, limit);
      if (change.type === "Delete") deleters.delete(change.uid);
      if (change.evidence === "Event") remember(answers, key, { author, at: now }, limit);
      meter?.gauge("clickscribe_facts", {}, held.size);
      return author;
    },
  };
}

/** Keeps the newest `limit` entries. */
function remember<T>(map: Map<string, T>, key: string, value: T, limit: number): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}
