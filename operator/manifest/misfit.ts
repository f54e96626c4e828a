import type { Json, JsonObject } from "../values.ts";
import { metadataOf } from "./identity.ts";
import { maxCharacters, maxDepth } from "./limits.ts";
import { escaped } from "./serialize.ts";
import { isVerbatim } from "./verbatim.ts";

/** Why a raw object's manifest would pass the limits of what is read again; undefined where it does not. Total. */
export function misfit(object: JsonObject): string | undefined {
  const { status: _status, metadata: _metadata, ...rest } = object;
  const { managedFields: _managedFields, ...metadata } = metadataOf(object);
  const written = { ...rest, metadata };
  if (isTooDeep(written, 0)) return `nested deeper than ${maxDepth} levels`;
  // Most objects are so small that the worst case fits too.
  const fits = lengthOf(written, 0, roughly) <= maxCharacters || lengthOf(written, 0, exactly) <= maxCharacters;
  return fits ? undefined : `larger than ${maxCharacters / 1024 / 1024} MiB as a manifest`;
}

function isTooDeep(value: Json, depth: number): boolean {
  if (depth > maxDepth) return true;
  if (value === null || typeof value !== "object" || isVerbatim(value)) return false;
  const inner: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  return inner.some((item) => isTooDeep(item, depth + 1));
}

/** At least as many characters as serialize writes for the value, or more than the limit. */
function lengthOf(value: Json, depth: number, ofText: (text: string, indent: number) => number): number {
  const indent = 4 * depth;
  if (typeof value === "string") return ofText(value, indent);
  if (value === null || typeof value !== "object") return 28;
  if (isVerbatim(value)) return value.verbatim.length + 4;
  let length = 4;
  if (!Array.isArray(value)) for (const key of Object.keys(value)) length += indent + ofText(key, indent);
  const inner: readonly Json[] = Array.isArray(value) ? value : Object.values(value);
  for (const item of inner) {
    length += indent + 8 + lengthOf(item, depth + 1, ofText);
    if (length > maxCharacters) break;
  }
  return length;
}

/** Each character an escape, or a line of its own. */
function roughly(text: string, indent: number): number {
  return 8 + text.length * Math.max(6, indent + 2);
}

function exactly(text: string, indent: number): number {
  const escapes = text.match(escaped)?.length ?? 0;
  let lines = 0;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
  return 8 + text.length + escapes * 5 + lines * (indent + 2);
}
