/** PURE: the order of a list whose items were merged by their names. */
import type { Json } from "../values.ts";
import type { NamedItems } from "./list-keys.ts";
import type { MergedValue } from "./merge-value.ts";

/** Items by name, for what the file is to say and for what both sides are taken to have been. */
export interface OrderedItems {
  readonly content: Map<string, Json>;
  readonly base: Map<string, Json>;
  readonly then: Map<string, Json>;
}

export interface ListSides {
  readonly inBase: NamedItems;
  readonly inLive: NamedItems;
  readonly inThen: NamedItems;
  readonly inNow: NamedItems;
  /** undefined: no consumer changed the object. */
  readonly inApplied: NamedItems | undefined;
}

/**
 * The file's order, with new items behind those that they follow in the cluster. An order that the cluster alone changed
 * is brought; where both changed it, the file's stays.
 */
export function orderItems(merged: OrderedItems, sides: ListSides): MergedValue {
  const { inBase, inLive, inThen, inNow, inApplied } = sides;
  const isMoved = !isOrderedAlike(inBase, inLive) && isOrderedAlike(inThen, inNow);
  const isBrought = isMoved && !(inApplied !== undefined && isOrderedAlike(inApplied, inLive));
  const present = [...inNow.keys()].filter((name) => merged.content.has(name));
  const order = withNew(isBrought ? sortedLike(present, inLive) : present, merged.content, inLive);
  const rest = (first: Iterable<string>, of: ReadonlyMap<string, Json>): readonly Json[] =>
    [...new Set([...first, ...of.keys()])].map((name) => of.get(name)).filter((item) => item !== undefined);
  return {
    content: rest(order, merged.content),
    base: rest(inLive.keys(), merged.base),
    then: rest(order, merged.then),
  };
}

/** Whether the names that both have come in one order. */
function isOrderedAlike(a: NamedItems, b: NamedItems): boolean {
  const [x, y] = [[...a.keys()].filter((name) => b.has(name)), [...b.keys()].filter((name) => a.has(name))];
  return x.every((name, i) => name === y[i]);
}

/** Those that `like` has take each other's places. */
function sortedLike(names: readonly string[], like: NamedItems): readonly string[] {
  const there = new Set(names);
  const sorted = [...like.keys()].filter((name) => there.has(name))[Symbol.iterator]();
  return names.map((name) => (like.has(name) ? (sorted.next().value ?? name) : name));
}

function withNew(order: readonly string[], content: ReadonlyMap<string, Json>, inLive: NamedItems): readonly string[] {
  const there = new Set(order);
  const behind = new Map<string | undefined, string[]>();
  let last: string | undefined;
  for (const name of inLive.keys()) {
    if (there.has(name)) last = name;
    else if (content.has(name)) {
      const names = behind.get(last);
      if (names === undefined) behind.set(last, [name]);
      else names.push(name);
    }
  }
  return [...(behind.get(undefined) ?? []), ...order.flatMap((name) => [name, ...(behind.get(name) ?? [])])];
}
