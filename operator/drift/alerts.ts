/**
 * PURE: which messages there are to be of a Capture's drift, for one Notifier.
 *
 * One message per object and episode, brought up to date as it changes and when it is over. Where many drift at a time,
 * those that come after the first few share one message with a list, which others join for an hour.
 */
import { type DriftSort, driftSorts } from "../api/reasons.ts";
import { blobId } from "../manifest/blob-id.ts";
import { named } from "../record/commit-message.ts";
import type { Alert, AlertItem, DriftBook, Episode, SentAlert, Severity } from "../values.ts";
import { prune } from "./book.ts";

export interface AlertSettings {
  /** NAMESPACE/NAME of the Notifier. */
  readonly notifier: string;
  readonly minSeverity: Severity;
  /** 0: what still drifts is not told again. */
  readonly repeatAfterMs: number;
}

/** One step towards what people are to know. */
export interface AlertStep {
  readonly step: "Post" | "Update" | "Repeat";
  /** As it stands before; of a post what it will be, without a handle. */
  readonly sent: SentAlert;
  /** All of the message, the open ones first. */
  readonly episodes: readonly Episode[];
}

export interface AlertPlan {
  /** In order; what is under way is not planned again before it is noted. */
  readonly steps: readonly AlertStep[];
  /** When there may be more to do, in milliseconds since the epoch. */
  readonly nextAt: number | undefined;
}

/** What drifts at a time is told at a time. */
const gatherMs = 5_000;
/** Objects that get a message of their own, in an hour. */
const maxSingle = 4;
const hourMs = 3_600_000;
/** Messages with a list that nobody can join are this far apart at least. */
const apartMs = 600_000;
/** A message that says how many of many are left changes no more often than this. */
const updateMs = 30_000;
/** Objects that a message lists. */
export const listed = 20;

const errors: ReadonlySet<DriftSort> = new Set(["BothChanged", "FirstContact", "NotWritable", "DeletionWaiting"]);

export function severityOf(sort: DriftSort): Severity {
  return errors.has(sort) ? "Error" : "Warning";
}

export function planAlerts(book: DriftBook, settings: AlertSettings, now: number): AlertPlan {
  const own = book.sent.filter(({ notifier }) => notifier === settings.notifier);
  const told = new Set(own.flatMap(({ episodes }) => episodes));
  const known = new Map([...book.closed, ...book.episodes.values()].map((episode) => [episode.id, episode]));
  const isMeant = ({ sort }: Episode): boolean => settings.minSeverity === "Warning" || severityOf(sort) === "Error";
  const fresh = [...book.episodes.values()].filter((episode) => isMeant(episode) && !told.has(episode.id));
  const steps: AlertStep[] = [];
  let nextAt: number | undefined;
  const later = (at: number): void => {
    nextAt = Math.min(nextAt ?? at, at);
  };

  const gatheredAt = Math.min(...fresh.map(({ openedAt }) => openedAt)) + gatherMs;
  let joining: readonly Episode[] = [];
  let group: SentAlert | undefined;
  if (fresh.length > 0 && gatheredAt > now) later(gatheredAt);
  else if (fresh.length > 0) {
    const recent = own.filter(({ at }) => now - at < hourMs);
    const room = maxSingle - recent.filter(({ isGroup }) => !isGroup).length;
    const last = recent.findLast(({ isGroup }) => isGroup);
    if (fresh.length <= room && last === undefined)
      for (const episode of fresh) steps.push(post(settings, [episode], false, now));
    else if (last === undefined || (last.handle === "" && now - last.at >= apartMs))
      steps.push(post(settings, fresh, true, now));
    else if (last.handle === "") later(last.at + apartMs);
    else {
      group = last;
      joining = fresh;
    }
  }
  for (const sent of own) {
    const more = sent === group ? joining : [];
    if (sent.episodes.length + more.length === 0) continue;
    const episodes = sorted([...sent.episodes.flatMap((id) => known.get(id) ?? []), ...more]);
    const isOver = episodes.every(({ closedAt }) => closedAt !== undefined);
    const repeatAt = settings.repeatAfterMs === 0 || isOver ? Infinity : sent.repeatedAt + settings.repeatAfterMs;
    // What cannot be brought up to date is answered when it is over.
    if (digestOf(episodes) !== sent.digest && (isOver || sent.handle !== "")) {
      const dueAt = isOver || !sent.isGroup || more.length > 0 ? now : sent.updatedAt + updateMs;
      const ids = episodes.map(({ id }) => id);
      if (dueAt <= now) steps.push({ step: "Update", sent: { ...sent, episodes: ids }, episodes });
      else later(dueAt);
    }
    if (repeatAt <= now) steps.push({ step: "Repeat", sent, episodes });
    else if (repeatAt < Infinity) later(repeatAt);
  }
  return { steps, nextAt };
}

/** The book with a step that the service took; `handle`: what it calls the message. */
export function noteAlert(
  book: DriftBook,
  { step, sent, episodes }: AlertStep,
  handle: string,
  now: number,
): DriftBook {
  const isOver = episodes.every(({ closedAt }) => closedAt !== undefined);
  const noted: SentAlert = {
    ...sent,
    handle,
    digest: digestOf(episodes),
    updatedAt: now,
    repeatedAt: step === "Repeat" ? now : sent.repeatedAt,
  };
  const isOther = ({ id, notifier }: SentAlert): boolean => id !== sent.id || notifier !== sent.notifier;
  const others = book.sent.filter((each) => isOther(each) && (each.episodes.length > 0 || now - each.at < hourMs));
  return prune({ ...book, sent: [...others, isOver ? { ...noted, episodes: [] } : noted] });
}

/** The book without what Notifiers were told that are not there any more. */
export function forgetNotifiers(book: DriftBook, notifiers: ReadonlySet<string>): DriftBook {
  const sent = book.sent.filter(({ notifier }) => notifiers.has(notifier));
  return sent.length === book.sent.length ? book : prune({ ...book, sent });
}

/** What is said of the episodes of one message, apart from what they differ in and link to. */
export function alertOf(
  capture: Pick<Alert, "cluster" | "capture" | "branch" | "remote">,
  episodes: readonly Episode[],
  more: (episode: Episode) => Pick<AlertItem, "fields" | "links" | "actions">,
): Alert {
  const open = episodes.filter(({ closedAt }) => closedAt === undefined);
  const counted = open.length > 0 ? open : episodes;
  return {
    ...capture,
    severity: counted.some(({ sort }) => severityOf(sort) === "Error") ? "Error" : "Warning",
    subject: "Drift",
    isResolved: open.length === 0,
    open: open.length,
    total: episodes.length,
    items: episodes.slice(0, listed).map((episode) => ({ ...itemOf(episode), ...more(episode) })),
  };
}

function itemOf(episode: Episode): Omit<AlertItem, "fields" | "links" | "actions"> {
  const { id, identity, sort, since, by, tool, live, closedAt } = episode;
  return {
    id,
    object: named(identity),
    sort,
    ...driftSorts[sort],
    severity: severityOf(sort),
    since: rfc3339(since),
    live,
    ...(by !== undefined && { by }),
    ...(tool !== undefined && { tool }),
    ...(closedAt !== undefined && { resolvedAt: rfc3339(closedAt) }),
  };
}

function post({ notifier }: AlertSettings, episodes: readonly Episode[], isGroup: boolean, now: number): AlertStep {
  const ids = episodes.map(({ id }) => id);
  const [id = ""] = ids;
  const times = { at: now, updatedAt: now, repeatedAt: now };
  return { step: "Post", sent: { id, notifier, episodes: ids, isGroup, handle: "", digest: "", ...times }, episodes };
}

/** Those that are open first, the oldest of them. */
function sorted(episodes: readonly Episode[]): readonly Episode[] {
  const rank = ({ closedAt, since }: Episode): number => (closedAt === undefined ? since : Number.MAX_SAFE_INTEGER);
  return episodes.toSorted((a, b) => rank(a) - rank(b));
}

function digestOf(episodes: readonly Episode[]): string {
  const said = episodes.map(({ id, sort, live, file, by, closedAt }) => [id, sort, live, file, by, closedAt]);
  return blobId(JSON.stringify(said)).slice(0, 12);
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
