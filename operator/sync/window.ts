/**
 * PURE: batching. A window is an ordered list of (object, content, author, time), not a map of object to latest: only
 * neighbours of one object and author coalesce, so that nobody's change is written under another's name.
 */
import { identityKey } from "../manifest/identity.ts";
import type { Author, Run, WindowEntry } from "../values.ts";

export interface Window {
  /** Grows in place: `append` hands the same list on. */
  readonly entries: WindowEntry[];
  /** Index of the last entry of each object. */
  readonly last: Map<string, number>;
  /** Milliseconds since the epoch of the first and the last change. */
  readonly firstAt: number;
  readonly lastAt: number;
}

export function emptyWindow(): Window {
  return { entries: [], last: new Map(), firstAt: 0, lastAt: 0 };
}

/** Takes over the window given: use only what it returns. */
export function append(window: Window, entry: WindowEntry): Window {
  const { entries, last } = window;
  const key = identityKey(entry.identity);
  const index = last.get(key);
  const before = index === undefined ? undefined : entries[index];
  if (index !== undefined && before !== undefined && sameAuthor(before.author, entry.author)) {
    entries[index] = entry;
  } else {
    last.set(key, entries.length);
    entries.push(entry);
  }
  return { entries, last, firstAt: window.firstAt === 0 ? entry.at : window.firstAt, lastAt: entry.at };
}

/** As a window would have gathered them. */
export function folded(entries: readonly WindowEntry[]): WindowEntry[] {
  return entries.reduce(append, emptyWindow()).entries;
}

/** When it is to be written, in milliseconds since the epoch: after silence, or when it has waited long enough. */
export function due(
  window: Window,
  batching: { readonly quietPeriodMs: number; readonly maxWaitMs: number },
): number | undefined {
  if (window.entries.length === 0) return undefined;
  return Math.min(window.lastAt + batching.quietPeriodMs, window.firstAt + batching.maxWaitMs);
}

const flood = { entries: 20, lullMs: 50, pushes: 4, maxMs: 1_000 };

/** The last push: when it ended, in milliseconds since the epoch, and how long it took. */
export interface LastPush {
  readonly endedAt: number;
  readonly tookMs: number;
}

/**
 * When a window may go out that filled while the last push was under way: in a flood, each push holds up the cluster and
 * the server that it competes with, so the next one waits for a lull, though never longer than a few pushes take.
 */
export function dueAfterFlood(window: Window, last: LastPush | undefined): number | undefined {
  if (last === undefined || window.entries.length <= flood.entries) return undefined;
  const patience = Math.min(flood.maxMs, flood.pushes * last.tookMs);
  return Math.min(window.lastAt + flood.lullMs, last.endedAt + patience);
}

/** As few runs as keep each object's states in order: an entry joins its author's last run unless a later one has the object. */
export function runs(entries: readonly WindowEntry[]): readonly Run[] {
  const open: { readonly author: Author; readonly entries: Map<string, WindowEntry> }[] = [];
  const lastRunOf = new Map<string, number>();
  const lastRunBy = new Map<string, number>();
  for (const entry of entries) {
    const key = identityKey(entry.identity);
    const by = authorKey(entry.author);
    const index = lastRunBy.get(by);
    const run = index === undefined ? undefined : open[index];
    if (index !== undefined && run !== undefined && (lastRunOf.get(key) ?? -1) <= index) {
      run.entries.set(key, entry);
      lastRunOf.set(key, index);
    } else {
      lastRunOf.set(key, open.length);
      lastRunBy.set(by, open.length);
      open.push({ author: entry.author, entries: new Map([[key, entry]]) });
    }
  }
  return open.map(({ author, entries: own }) => ({ author, entries: [...own.values()] }));
}

export function sameAuthor(a: Author, b: Author): boolean {
  return authorKey(a) === authorKey(b);
}

function authorKey(author: Author): string {
  if ("person" in author) return `${author.rung} ${author.person}`;
  return author.rung === "Operator" ? "Operator" : `None ${JSON.stringify(author.candidates)}`;
}
