import type { Json } from "../values.ts";

/** Sets an own key: an assignment to `__proto__` would set the prototype. */
export function put(object: Record<string, Json>, key: string, value: Json): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
