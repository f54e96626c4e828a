/** PURE: `meta/drift.json` of the record. Anybody who may push can have written it: what is not ours is not seen. */
import { driftSorts } from "../api/reasons.ts";
import { identityKey } from "../manifest/identity.ts";
import type { DriftBook, Episode, Identity, Kept, RepoPath } from "../values.ts";
import { emptyBook } from "./book.ts";

export const driftPath: RepoPath = "meta/drift.json";

/** "" for a book that says nothing. */
export function serializeDrift({ episodes, kept, keepRequest }: DriftBook): string {
  if (episodes.size === 0 && kept.size === 0 && keepRequest === "") return "";
  const byKey = <T>(entries: ReadonlyMap<string, T>): readonly T[] =>
    [...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
  const asked = keepRequest === "" ? {} : { keepRequest };
  return `${JSON.stringify({ episodes: byKey(episodes), kept: byKey(kept), ...asked }, null, 1)}\n`;
}

export function parseDrift(text: string): DriftBook {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return emptyBook;
  }
  const { episodes, kept, keepRequest } = fieldsOf(value);
  return {
    episodes: byIdentity(listOf(episodes), episodeOf),
    kept: byIdentity(listOf(kept), keptOf),
    keepRequest: textOf(keepRequest) ?? "",
  };
}

type Fields = Readonly<Record<string, unknown>>;

function byIdentity<T extends { readonly identity: Identity }>(
  list: readonly unknown[],
  read: (fields: Fields) => T | undefined,
): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const item of list) {
    const value = read(fieldsOf(item));
    if (value !== undefined) found.set(identityKey(value.identity), value);
  }
  return found;
}

function episodeOf({ id, identity: object, sort, since, by, tool, live, file }: Fields): Episode | undefined {
  const identity = identityOf(fieldsOf(object));
  const known = Object.keys(driftSorts).find((name) => name === sort) as Episode["sort"] | undefined;
  if (identity === undefined || known === undefined) return undefined;
  if (typeof id !== "string" || typeof since !== "number") return undefined;
  const sides = { live: textOf(live) ?? "", file: textOf(file) ?? "" };
  return { id, identity, sort: known, since, by: textOf(by), tool: textOf(tool), ...sides };
}

function keptOf({ identity: object, live, by, at }: Fields): Kept | undefined {
  const identity = identityOf(fieldsOf(object));
  if (identity === undefined || typeof live !== "string" || typeof by !== "string" || typeof at !== "number")
    return undefined;
  return { identity, live, by, at };
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

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
