/**
 * PURE: differences that nobody made. Newer rules write an object otherwise, a newer API server or definition puts defaults
 * into it: the object was read again, not changed.
 */
import { clean } from "../manifest/clean.ts";
import { isObject } from "../manifest/identity.ts";
import type { Owned } from "../manifest/owners.ts";
import { belowField, belowItem, isOwned, ownedFields } from "../manifest/owners.ts";
import { rulesVersion } from "../manifest/rules.ts";
import type { Json, JsonObject } from "../values.ts";
import { equalJson } from "./contains.ts";

/** What is written of an object by the rules of some version. */
export type Content = (object: JsonObject, rules: number) => JsonObject;

/**
 * Whether nobody made the difference between what was recorded and the raw object as it is now: under the rules of some
 * version they are equal, but for fields that came in and that no manager owns. `since`: the rules that it was recorded
 * by; under older ones, what was added since could be what they took out.
 */
export function isNobodysChange(recorded: JsonObject, raw: JsonObject, since = 1, content: Content = clean): boolean {
  const owners = ownedFields(raw);
  for (let rules = rulesVersion; rules >= since; rules--) {
    const [before, now] = [content(recorded, rules), content(raw, rules)];
    if (equalJson(before, now) || (owners.length > 0 && addsUnowned(before, now, owners))) return true;
  }
  return false;
}

function addsUnowned(before: Json, now: Json, owners: readonly Owned[]): boolean {
  if (Array.isArray(before)) {
    const items = now as readonly Json[];
    return (
      Array.isArray(now) &&
      before.length === items.length &&
      before.every((item: Json, i) => itemAddsUnowned(item, items[i] ?? null, belowItem(owners, items[i] ?? null, i)))
    );
  }
  if (isObject(before) && isObject(now)) {
    if (!Object.keys(before).every((key) => Object.hasOwn(now, key))) return false;
    return Object.entries(now).every(([key, value]) =>
      Object.hasOwn(before, key)
        ? addsUnowned(before[key] ?? null, value, belowField(owners, key))
        : !isOwned(owners, key),
    );
  }
  return equalJson(before, now);
}

/** An item that no manager's names lead to is somebody's all the same: its names were not understood. */
function itemAddsUnowned(before: Json, now: Json, owners: readonly Owned[]): boolean {
  return equalJson(before, now) || (owners.length > 0 && addsUnowned(before, now, owners));
}
