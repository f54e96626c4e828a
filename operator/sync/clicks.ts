/**
 * What people changed of objects that Argo CD or Flux apply, until that has come round: a consumer that does not know the
 * commit yet takes it back, and brings it again once it does.
 *
 * Invariant: a click is pushed whatever a consumer does to the object before that: what it does waits for one delivery, so
 * that the record and the branch see both in the order in which they happened; and where that came to nothing, what it left
 * of the object as it was is not its own.
 */
import { identityKey } from "../manifest/identity.ts";
import { mergeFields } from "../merge/merge-fields.ts";
import { takenBack } from "../merge/taken-back.ts";
import type { Applier, Author, BlobId, Identity, JsonObject, WindowEntry } from "../values.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { recordedOf } from "./record-view.ts";
import { manifestFromText } from "./undelivered.ts";

/** A BlobId of the record, or what no record need hold; undefined: there was no such object. */
type Former = BlobId | JsonObject | undefined;

interface Click {
  readonly identity: Identity;
  /** What it was before, the newest state first. */
  readonly former: readonly Former[];
  /** undefined: it deleted the object. */
  readonly after: JsonObject | undefined;
  readonly author: Author;
  readonly at: number;
  takenBackAt: number | undefined;
}

/** A change of a person's that a consumer put back, or brought again. */
export interface TakenBack {
  readonly identity: Identity;
  readonly appliedBy: Applier;
  readonly author: Author;
  /** Named for people; empty: the whole object. */
  readonly fields: readonly string[];
  /** undefined: it is gone now; else how long it was. */
  readonly returnedAfterMs: number | undefined;
}

export interface Sorted {
  readonly fresh: readonly WindowEntry[];
  readonly held: readonly WindowEntry[];
  readonly taken: readonly TakenBack[];
  /** What of the objects is a consumer's, as it left them: of the entries that it made. */
  readonly applied: ReadonlyMap<WindowEntry, JsonObject>;
}

/** Of the objects that were changed last; what is older has come round, or will not. */
const limit = 1_000;
/** What a consumer that lags may still have applied last. */
const formerStates = 8;

export class Clicks {
  /** By identityKey, the oldest first. */
  readonly #open = new Map<string, Click>();
  /** What waits for a delivery to come through. */
  readonly #held = new Set<WindowEntry>();
  /** What has waited for one. */
  readonly #released = new WeakSet<WindowEntry>();

  /**
   * Parts a window's entries into those to deliver now, and those that wait for that. Throws Failure where what an object
   * was cannot be read.
   */
  async sort(target: Target, state: DeliveryState, entries: readonly WindowEntry[]): Promise<Sorted> {
    const applied = new Map<WindowEntry, JsonObject>();
    if (!target.isConsumed) {
      for (const entry of entries) if (entry.appliedBy && entry.manifest) applied.set(entry, entry.manifest.content);
      return { fresh: entries, held: [], taken: [], applied };
    }
    const fresh: WindowEntry[] = [];
    const held = new Map<string, WindowEntry[]>();
    const taken: TakenBack[] = [];
    const last = new Map<string, WindowEntry>();
    /** Objects that somebody changed, which the branch does not have yet. */
    const undelivered = new Set<string>();
    const note = (entry: WindowEntry): WindowEntry | undefined => {
      const key = identityKey(entry.identity);
      const before = last.get(key);
      last.set(key, entry);
      if (isClick(entry)) undelivered.add(key);
      return before;
    };
    for (const entry of [...state.undelivered, ...state.fresh]) note(entry);
    const canWait = target.delivery === "Push" && state.refusal === undefined;
    for (const entry of entries) {
      const key = identityKey(entry.identity);
      const isBehindClick = undelivered.has(key);
      const before = note(entry);
      if (isClick(entry)) {
        const was = before === undefined ? recordedOf(state.record, entry.identity)?.live : before.manifest?.content;
        this.#note(key, entry, was);
      } else if (entry.appliedBy !== undefined) {
        const found = await this.#look(key, entry, entry.appliedBy, target.recordRepository);
        if (found !== undefined) taken.push(found);
        if (isBehindClick) this.#held.add(entry);
        if (canWait && this.#held.has(entry) && !this.#released.has(entry)) {
          held.set(key, [entry]);
          continue;
        }
        const content = isBehindClick && before ? await ownPart(target, state, entry, before) : entry.manifest?.content;
        if (content !== undefined && !held.has(key)) applied.set(entry, content);
      }
      const waiting = held.get(key);
      if (waiting === undefined) fresh.push(entry);
      else waiting.push(entry);
    }
    return { fresh, held: [...held.values()].flat(), taken, applied };
  }

  /** A delivery came through: what waited for one is part of the next. */
  delivered(): void {
    for (const entry of this.#held) this.#released.add(entry);
    this.#held.clear();
  }

  /** What was changed until then has been applied from Git. `until`: milliseconds since the epoch. */
  settle(identity: Identity, until: number): void {
    const key = identityKey(identity);
    const click = this.#open.get(key);
    if (click !== undefined && click.at <= until && click.takenBackAt === undefined) this.#open.delete(key);
  }

  #note(key: string, { identity, manifest, author, at }: WindowEntry, before: Former): void {
    const open = this.#open.get(key);
    const isChained = open !== undefined && open.takenBackAt === undefined;
    this.#open.delete(key);
    this.#open.set(key, {
      identity,
      former: [before, ...(isChained ? open.former : [])].slice(0, formerStates),
      after: manifest?.content,
      author,
      at,
      takenBackAt: undefined,
    });
    const [oldest] = this.#open.keys();
    if (this.#open.size > limit && oldest !== undefined) this.#open.delete(oldest);
  }

  async #look(
    key: string,
    { identity, manifest, at }: WindowEntry,
    appliedBy: Applier,
    repository: Target["recordRepository"],
  ): Promise<TakenBack | undefined> {
    const click = this.#open.get(key);
    if (click === undefined) return undefined;
    const { author } = click;
    let fields: readonly string[] = [];
    for (const former of click.former) {
      const before = await contentOf(identity, former, repository);
      fields = takenBack(before, click.after, manifest?.content);
      if (fields.length > 0) break;
    }
    const isBack = fields.length === 0;
    if (isBack === (click.takenBackAt === undefined)) return undefined;
    if (!isBack) click.takenBackAt = at;
    else this.#open.delete(key);
    const returnedAfterMs = isBack ? at - (click.takenBackAt ?? at) : undefined;
    return { identity, appliedBy, author, fields: fields.filter((field) => field !== ""), returnedAfterMs };
  }
}

async function contentOf(
  identity: Identity,
  before: Former,
  repository: Target["recordRepository"],
): Promise<JsonObject | undefined> {
  if (typeof before !== "string") return before;
  const blob = before;
  const text = (await repository.blobs([blob])).get(blob);
  return text === undefined ? undefined : manifestFromText(identity, blob, text).content;
}

/** Somebody changed it: neither a consumer did, nor was it there when the Capture began. */
function isClick({ appliedBy, author }: WindowEntry): boolean {
  return appliedBy === undefined && author.rung !== "Operator";
}

/** What a consumer made of an object without what somebody else had just changed of it, which it left as it was. */
async function ownPart(
  { recordRepository }: Target,
  state: DeliveryState,
  { identity, manifest }: WindowEntry,
  before: WindowEntry,
): Promise<JsonObject | undefined> {
  const base = await contentOf(identity, recordedOf(state.record, identity)?.base, recordRepository);
  if (manifest === undefined || before.manifest === undefined || base === undefined) return manifest?.content;
  const was = state.applied.get(identityKey(identity)) ?? base;
  const sides = { base: before.manifest.content, live: manifest.content, then: was, now: was };
  return mergeFields(sides, { schema: undefined, onConflict: "ClusterWins" }).content;
}
