/** PURE: `meta/drift.json` of the record. Anybody who may push can have written it: what is not ours is not seen. */
import { driftSorts } from "../api/reasons.ts";
import { identityKey } from "../manifest/identity.ts";
import type { DriftBook, Episode, Identity, Kept, Press, RepoPath, SentAlert } from "../values.ts";
import { emptyBook } from "./book.ts";

export const driftPath: RepoPath = "meta/drift.json";

/** "" for a book that says nothing. */
export function serializeDrift({ episodes, closed, sent, presses, kept, keepRequest }: DriftBook): string {
  const byKey = <T>(entries: ReadonlyMap<string, T>): readonly T[] =>
    [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  const said = {
    ...(episodes.size > 0 && { episodes: byKey(episodes) }),
    ...(closed.length > 0 && { closed }),
    ...(sent.length > 0 && { sent }),
    ...(presses.length > 0 && { presses }),
    ...(kept.size > 0 && { kept: byKey(kept) }),
    ...(keepRequest !== "" && { keepRequest }),
  };
  return Object.keys(said).length === 0 ? "" : `${JSON.stringify(said, null, 1)}\n`;
}

export function parseDrift(text: string): DriftBook {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return emptyBook;
  }
  const { episodes, closed, sent, presses, kept, keepRequest } = fieldsOf(value);
  return {
    episodes: byIdentity(read(episodes, episodeOf)),
    closed: read(closed, episodeOf),
    sent: read(sent, sentOf),
    presses: read(presses, pressOf),
    kept: byIdentity(read(kept, keptOf)),
    keepRequest: textOf(keepRequest) ?? "",
  };
}

type Fields = Readonly<Record<string, unknown>>;

function byIdentity<T extends { readonly identity: Identity }>(list: readonly T[]): ReadonlyMap<string, T> {
  return new Map(list.map((value) => [identityKey(value.identity), value]));
}

function read<T>(list: unknown, of: (fields: Fields) => T | undefined): readonly T[] {
  return listOf(list).flatMap((item) => of(fieldsOf(item)) ?? []);
}

function episodeOf({
  id,
  identity: object,
  sort,
  since,
  openedAt,
  by,
  tool,
  live,
  file,
  closedAt,
}: Fields): Episode | undefined {
  const identity = identityOf(fieldsOf(object));
  const known = Object.keys(driftSorts).find((name) => name === sort) as Episode["sort"] | undefined;
  if (identity === undefined || known === undefined) return undefined;
  if (typeof id !== "string" || !isTime(since)) return undefined;
  const sides = { live: textOf(live) ?? "", file: textOf(file) ?? "" };
  return {
    ...{ id, identity, sort: known, since, openedAt: timeOf(openedAt) ?? since, by: textOf(by), tool: textOf(tool) },
    ...sides,
    ...(isTime(closedAt) && { closedAt }),
  };
}

function keptOf({ identity: object, live, by, at }: Fields): Kept | undefined {
  const identity = identityOf(fieldsOf(object));
  if (identity === undefined || typeof live !== "string" || typeof by !== "string" || !isTime(at)) return undefined;
  return { identity, live, by, at };
}

function sentOf({
  id,
  notifier,
  episodes,
  isGroup,
  handle,
  digest,
  at,
  updatedAt,
  repeatedAt,
}: Fields): SentAlert | undefined {
  if (typeof id !== "string" || typeof notifier !== "string" || typeof handle !== "string" || !isTime(at))
    return undefined;
  return {
    ...{ id, notifier, handle, at, isGroup: isGroup === true, digest: textOf(digest) ?? "" },
    episodes: listOf(episodes).filter((id) => typeof id === "string"),
    updatedAt: timeOf(updatedAt) ?? at,
    repeatedAt: timeOf(repeatedAt) ?? at,
  };
}

function pressOf({ at, who, user, action, object, outcome }: Fields): Press | undefined {
  if (!isTime(at) || (action !== "Keep" && action !== "Undo")) return undefined;
  const texts = { who: textOf(who) ?? "", user: textOf(user) ?? "", object: textOf(object) ?? "" };
  return { at, action, ...texts, outcome: textOf(outcome) ?? "" };
}

function identityOf({ group, kind, namespace, name }: Fields): Identity | undefined {
  const isText = (value: unknown): value is string => typeof value === "string";
  return isText(group) && isText(kind) && isText(namespace) && isText(name)
    ? { group, kind, namespace, name }
    : undefined;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? (value as Fields) : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Milliseconds since the epoch that a Date can hold (ECMA-262, 21.4.1.1): whoever may push can have written any other. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 8.64e15;
}

function timeOf(value: unknown): number | undefined {
  return isTime(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
