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

/** States kept one by one, of all objects together; beyond that, four of each object. */
const keptApart = 10_000;
const maxPeople = 1_000;

/**
 * Bounds what gathers while the git server takes nothing: past the limit, the older half becomes the last state of each
 * object. An object that several people changed in it is one change of theirs; whose the states in between were is lost,
 * its last state never. `objects`: of how many objects the entries are, where that is known.
 */
export function bounded(
  entries: readonly WindowEntry[],
  objects?: number,
  limit: number = keptApart,
): readonly WindowEntry[] {
  if (entries.length <= limit) return entries;
  const count = objects ?? new Set(entries.map(({ identity }) => identityKey(identity))).size;
  if (entries.length <= 4 * count) return entries;
  const half = Math.ceil(entries.length / 2);
  const ofObject = new Map<string, WindowEntry[]>();
  for (const entry of entries.slice(0, half)) {
    const key = identityKey(entry.identity);
    const own = ofObject.get(key);
    if (own === undefined) ofObject.set(key, [entry]);
    else own.push(entry);
  }
  const states = [...ofObject.values()];
  const isShared = (own: readonly WindowEntry[]): boolean => {
    const keys = new Set(own.map(({ author }) => authorKey(author)));
    return keys.size > 1 || keys.has("Several");
  };
  const shared = new Set(states.filter(isShared));
  const people = new Set([...shared].flatMap((own) => own.flatMap(({ author }) => peopleOf(author))));
  const author: Author = { rung: "Several", people: [...people].toSorted().slice(0, maxPeople) };
  const folds = states.flatMap((own) => {
    const last = own.at(-1);
    if (last === undefined) return [];
    return [shared.has(own) ? { ...last, author } : last];
  });
  return [...folds, ...entries.slice(half)];
}

/** A window within the same bounds. */
export function boundedWindow(window: Window): Window {
  const entries = bounded(window.entries, window.last.size);
  if (entries === window.entries) return window;
  return {
    ...window,
    entries: [...entries],
    last: new Map(entries.map((entry, i) => [identityKey(entry.identity), i])),
  };
}

function peopleOf(author: Author): readonly string[] {
  if ("person" in author) return [author.person];
  return author.rung === "Several" ? author.people : [];
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
  return author.rung === "None" ? `None ${JSON.stringify(author.candidates)}` : author.rung;
}
