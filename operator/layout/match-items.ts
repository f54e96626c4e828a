/** PURE: which item of a list in a file is which item of the list that it is to become. */
import { isObject } from "../manifest/identity.ts";
import { stringifyJson } from "../manifest/stringify-json.ts";
import { alignItems } from "../merge/list-keys.ts";
import type { Json } from "../values.ts";

/** What names items in Kubernetes' own lists (`x-kubernetes-list-map-keys`), the commonest first. */
const names = ["name", "key", "mountPath", "containerPort", "port", "ip", "topologyKey", "uid", "host", "type"];

/** For each item of `wanted` the index of the one in `current`; undefined: it is new. */
export function matchItems(current: readonly Json[], wanted: readonly Json[]): readonly (number | undefined)[] {
  for (const name of names) {
    const [was, is] = [byName(current, name), byName(wanted, name)];
    if (was !== undefined && is !== undefined) return [...is.keys()].map((key) => was.get(key));
  }
  return alignItems(current, wanted);
}

function byName(list: readonly Json[], name: string): ReadonlyMap<string, number> | undefined {
  const found = new Map<string, number>();
  for (const [i, item] of list.entries()) {
    const value = isObject(item) && Object.hasOwn(item, name) ? item[name] : undefined;
    if (value === undefined || isObject(value) || Array.isArray(value)) return undefined;
    found.set(stringifyJson(value), i);
  }
  return found.size === list.length ? found : undefined;
}
