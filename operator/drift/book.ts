/** PURE: which objects have drifted: not in sync for longer than they may be. */
import type { DriftSort } from "../api/reasons.ts";
import { blobId } from "../manifest/blob-id.ts";
import type { DriftBook, DriftFact, Episode } from "../values.ts";

export const emptyBook: DriftBook = {
  episodes: new Map(),
  closed: [],
  sent: [],
  presses: [],
  kept: new Map(),
  keepRequest: "",
};

/** A person has to decide: waiting would help nobody. */
const atOnce: ReadonlySet<DriftSort> = new Set(["BothChanged", "FirstContact", "NotWritable", "DeletionWaiting"]);

export interface Look {
  /** Whose book it is, `NAMESPACE/NAME`: another Capture may have the same object drift at the same moment. */
  readonly capture: string;
  /** By identityKey: everything that is not in sync now. */
  readonly facts: ReadonlyMap<string, DriftFact>;
  /** Since when what is no drift yet has not been in sync, by identityKey, in milliseconds since the epoch. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly afterMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Looked {
  readonly book: DriftBook;
  readonly waiting: ReadonlyMap<string, number>;
  readonly opened: readonly Episode[];
  readonly closed: readonly Episode[];
  /** When the next of those that wait becomes drift. */
  readonly nextAt: number | undefined;
}

/** Brings the book up to date. The same facts give the same book: what did not change is the same value. */
export function lookForDrift(book: DriftBook, { capture, facts, waiting, afterMs, now }: Look): Looked {
  const episodes = new Map<string, Episode>();
  const still = new Map<string, number>();
  const opened: Episode[] = [];
  const closed: Episode[] = [];
  let nextAt: number | undefined;
  for (const [key, fact] of facts) {
    const open = book.episodes.get(key);
    if (open !== undefined) {
      episodes.set(key, followed(open, fact));
      continue;
    }
    const since = Math.min(fact.since ?? now, waiting.get(key) ?? now);
    const dueAt = atOnce.has(fact.sort) ? now : since + afterMs;
    if (dueAt > now) {
      still.set(key, since);
      nextAt = Math.min(nextAt ?? dueAt, dueAt);
      continue;
    }
    const episode = { ...fact, since, openedAt: now, id: blobId(`${capture}\n${key}\n${since}`).slice(0, 12) };
    episodes.set(key, episode);
    opened.push(episode);
  }
  for (const [key, episode] of book.episodes) if (!facts.has(key)) closed.push({ ...episode, closedAt: now });
  // Of what the cluster has by now, nobody has said that it is to be kept.
  const kept = new Map([...book.kept].filter(([key, { live }]) => facts.get(key)?.live === live));
  return {
    book: prune({ ...book, episodes, closed: [...book.closed, ...closed], kept }),
    waiting: still,
    opened,
    closed,
    nextAt,
  };
}

function followed(open: Episode, fact: DriftFact): Episode {
  const isSame = (["sort", "by", "tool", "live", "file"] as const).every((field) => open[field] === fact[field]);
  return isSame ? open : { ...fact, since: open.since, openedAt: open.openedAt, id: open.id };
}

/** Without what nobody has to be told any more. */
export function prune(book: DriftBook): DriftBook {
  const told = new Set(book.sent.flatMap(({ episodes }) => episodes));
  const closed = book.closed.filter(({ id }) => told.has(id));
  return closed.length === book.closed.length ? book : { ...book, closed };
}
