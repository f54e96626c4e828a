/**
 * PURE: three-way merge by field. What changed in the cluster since both sides were in step is brought into what the source
 * branch says now: a file may say less than the object and be in any style, so changes are compared, never the two sides.
 *
 * Lists are merged as an API server does (KEP-555): by the keys of their items, as sets, or whole.
 *
 * Invariant: to merge the result again with the same live object changes nothing any more and finds the same.
 */
import { isObject } from "../manifest/identity.ts";
import type { KindSchema } from "../manifest/kind-schema.ts";
import { belowField, belowItem, isOwned, type Owned } from "../manifest/owners.ts";
import { put } from "../manifest/put.ts";
import type { FieldConflict, Json, JsonObject, OnConflict } from "../values.ts";
import { equalJson } from "./contains.ts";
import { joined } from "./diff-fields.ts";
import { type FieldKind, fieldKind, itemKind, objectKind } from "./field-kind.ts";
import { alignItems, nameItems } from "./list-keys.ts";
import { type OrderedItems, orderItems } from "./list-order.ts";
import {
  conflict,
  type Findings,
  isApplied,
  type MergedValue,
  mergeValue,
  type Place,
  type Values,
} from "./merge-value.ts";

export interface Sides {
  /** The cluster when both were last in step. */
  readonly base: JsonObject;
  readonly live: JsonObject;
  /** The source branch when both were last in step. */
  readonly then: JsonObject;
  readonly now: JsonObject;
  /** As Argo CD or Flux left the live object last, where they changed it since both sides were in step. */
  readonly applied?: JsonObject;
  /** What each manager owns of the live object; left out: unknown. */
  readonly owners?: readonly Owned[];
}

export interface MergeRules {
  /** Of the object's kind; undefined: the API server does not say. */
  readonly schema: KindSchema | undefined;
  readonly onConflict: OnConflict;
  /** Both sides were never in step, and `base` is what the file says. Default: they were. */
  readonly isFirstContact?: boolean;
}

export interface MergedFields {
  /** What the file is to say. */
  readonly content: JsonObject;
  /** What both sides are taken to have been from now on: the live object and `content`, but for what stays open. */
  readonly base: JsonObject;
  readonly then: JsonObject;
  /** Fields that both sides changed to different values, whoever won. */
  readonly conflicts: readonly FieldConflict[];
  /** `content` is another than the file says now. */
  readonly delivers: boolean;
  /** The source branch says something that the cluster has not yet. */
  readonly gitAhead: boolean;
  /** A consumer made changes that the source branch does not say, or does not say any more. */
  readonly applying: boolean;
}

export function mergeFields(sides: Sides, { schema, onConflict, isFirstContact = false }: MergeRules): MergedFields {
  const { base, live, then, now, applied, owners } = sides;
  const hasApplied = applied !== undefined;
  const found: Findings = { onConflict, isFirstContact, hasApplied, conflicts: [], gitAhead: false, applying: false };
  const kind = objectKind(schema, live);
  const root: Spot = { path: "", kind, isAdded: false, isOwned: undefined, owners };
  const merged = new Walk(found, schema !== undefined).maps(root, { base, live, then, now, applied });
  const { conflicts, gitAhead, applying } = found;
  const { content } = merged;
  return { ...merged, conflicts, gitAhead, applying, delivers: !equalJson(content, now) };
}

interface Spot extends Place {
  /** What managers own below. */
  readonly owners: readonly Owned[] | undefined;
}

interface MergedMap extends MergedValue {
  readonly content: JsonObject;
  readonly base: JsonObject;
  readonly then: JsonObject;
}

class Walk {
  readonly #found: Findings;
  readonly #isKnownKind: boolean;

  constructor(found: Findings, isKnownKind: boolean) {
    this.#found = found;
    this.#isKnownKind = isKnownKind;
  }

  /** A side that does not have the map has it empty. */
  maps(at: Spot, values: Values): MergedMap {
    const sides = sidesOf(values, (side) => (isObject(side) ? side : {}));
    const { base, live, then, now } = sides;
    const merged = { content: {}, base: {}, then: {} } satisfies Record<string, Record<string, Json>>;
    const isAdded = at.isAdded || addsItself(values);
    for (const key of new Set([now, live, base, then].flatMap((side) => Object.keys(side)))) {
      const spot: Spot = {
        path: joined(at.path, key),
        kind: fieldKind(at.kind, key),
        isAdded,
        isOwned: at.owners && isOwned(at.owners, key),
        owners: at.owners && belowField(at.owners, key),
      };
      const child = this.#value(
        spot,
        sidesOf(sides, (side) => own(side, key)),
      );
      for (const name of ["content", "base", "then"] as const) {
        const value = child[name];
        if (value !== undefined) put(merged[name], key, value);
      }
    }
    return merged;
  }

  #value(at: Spot, values: Values): MergedValue {
    const { base, live, then, now } = values;
    if (live === undefined || (now === undefined && (then !== undefined || base === undefined)))
      return mergeValue(this.#found, at, values);
    const have = [base, live, then, now].filter((side) => side !== undefined);
    if (have.every(isObject) && at.kind.schema?.isAtomicMap !== true) {
      const { content, ...sides } = this.maps(at, values);
      // A file that says nothing of a map says nothing of an empty one.
      const isSaid = now !== undefined || Object.keys(content).length > 0;
      return isSaid ? { content, ...sides } : { content: undefined, base: sides.base, then: undefined };
    }
    if (now !== undefined && have.every((side) => Array.isArray(side))) return this.#lists(at, values);
    return mergeValue(this.#found, at, values);
  }

  #lists(at: Spot, values: Values): MergedValue {
    const sides = sidesOf(values, (side) => (Array.isArray(side) ? (side as readonly Json[]) : []));
    const { base, live, then, now, applied } = sides;
    const named = nameItems([base, live, then, now, applied] as const, this.#isKnownKind, at.kind.schema);
    if (named === undefined) return this.#wholeList(at, values, sides);
    const [inBase, inLive, inThen, inNow, inApplied] = named;
    const merged: OrderedItems = { content: new Map(), base: new Map(), then: new Map() };
    const kind = itemKind(at.kind);
    let index = -1;
    for (const name of new Set([inLive, inNow, inBase, inThen].flatMap((side) => [...side.keys()]))) {
      index++;
      const item = inLive.get(name);
      const owners = at.owners && item !== undefined ? belowItem(at.owners, item, index) : at.owners && [];
      const spot: Spot = {
        path: `${at.path}[${name}]`,
        kind,
        isAdded: at.isAdded || addsItself(values),
        isOwned: owners && owners.length > 0,
        owners,
      };
      const inFile = inNow.get(name);
      const [base, then, applied] = [inBase.get(name), inThen.get(name), inApplied.get(name)];
      const items = { base, live: item, then, now: inFile, applied };
      // A part of an item would be another item.
      const child = inFile === undefined ? mergeValue(this.#found, spot, items) : this.#value(spot, items);
      for (const side of ["content", "base", "then"] as const) {
        const value = child[side];
        if (value !== undefined) merged[side].set(name, value);
      }
    }
    const hasApplied = this.#found.hasApplied && inApplied.size > 0;
    return orderItems(merged, { inBase, inLive, inThen, inNow, inApplied: hasApplied ? inApplied : undefined });
  }

  /** The list is one value; but an item that is still there is written with what the file says of it. */
  #wholeList(at: Spot, values: Values, lists: Record<keyof Values, readonly Json[]>): MergedValue {
    const merged = mergeValue(this.#found, at, values);
    const { base, live, then, now } = lists;
    const kind = itemKind(at.kind);
    const isBrought = merged.content === values.live && equalJson(then, now);
    if (!isBrought || !isSameList(then, base, kind)) return merged;
    const quiet: Findings = { ...this.#found, hasApplied: false, conflicts: [] };
    const within = new Walk(quiet, this.#isKnownKind);
    const places = alignItems(base, live);
    const content = live.map((item, i) => {
      const place = places[i];
      if (place === undefined) return item;
      const spot: Spot = {
        ...at,
        path: `${at.path}[${i}]`,
        isAdded: false,
        owners: undefined,
        isOwned: undefined,
        kind,
      };
      const sides = { base: base[place], live: item, then: then[place], now: now[place], applied: undefined };
      return within.#value(spot, sides).content ?? item;
    });
    if (quiet.conflicts.length > 0) return conflict(this.#found, at, values);
    return { content, base: values.live, then: content };
  }
}

/** Whether each item of a file's list is that of the cluster in its place. */
function isSameList(said: readonly Json[], live: readonly Json[], kind: FieldKind): boolean {
  return said.length === live.length && said.every((item, i) => isApplied(item, live[i] ?? null, kind));
}

function sidesOf<A, B>(values: Readonly<Record<keyof Values, A>>, map: (side: A) => B): Record<keyof Values, B> {
  const { base, live, then, now, applied } = values;
  return { base: map(base), live: map(live), then: map(then), now: map(now), applied: map(applied) };
}

function addsItself({ base, then, now }: Values): boolean {
  return base === undefined && then === undefined && now !== undefined;
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
