/** JSON as the API server sends it, without loss: RFC 8259, integers past 2^53 and any key included. */
import type { Json } from "../values.ts";
import { verbatim } from "./verbatim.ts";

/** Where a number may start (or a string that looks like one) which may not survive a double: long, broken, or -0. */
const risky = /(?:^|"\s*:|[,[])\s*(?:-0|-?[0-9]{16}|-?[0-9]+[.eE])/;

/** Objects come with any own key, `__proto__` included. Throws SyntaxError. */
export function parseJson(text: string): Json {
  if (!risky.test(text)) return JSON.parse(text) as Json;
  return JSON.parse(text, revive) as Json;
}

function revive(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || context?.source === undefined) return value;
  return String(value) === context.source ? value : verbatim(context.source);
}
