import type { Identity, JsonObject } from "../values.ts";
import type { FieldRule } from "./policy.ts";

export interface FieldPattern {
  readonly text: string;
  readonly steps: readonly string[];
}
export function parseFieldPattern(
  text: string,
): { readonly ok: true; readonly pattern: FieldPattern } | { readonly ok: false; readonly why: string } {
  return { ok: true, pattern: { text, steps: text.split("/").slice(1) } };
}
export function withoutFields(content: JsonObject, _patterns: readonly FieldPattern[]): JsonObject {
  return content;
}
export function rulesOf(_rules: readonly FieldRule[], _identity: Identity): readonly FieldPattern[] {
  return [];
}
