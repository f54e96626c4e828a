/**
 * Fields by JSON Pointer (RFC 6901) with wildcards, as a Capture names them: `/spec/replicas`,
 * `/metadata/annotations/*`, `/spec/template/spec/containers/name=istio-*` for items of a list.
 */
import type { Identity, Json, JsonObject } from "../values.ts";
import { glob } from "./glob.ts";
import { isObject } from "./identity.ts";
import type { FieldRule } from "./policy.ts";
import { put } from "./put.ts";
import { isVerbatim } from "./verbatim.ts";

export interface FieldPattern {
  /** As it was written. */
  readonly text: string;
  /** Unescaped. `*` is every key or item, `FIELD=VALUE` the items of a list with that value, in which `*` is any text. */
  readonly steps: readonly string[];
}

export type ParsedPattern =
  | { readonly ok: true; readonly pattern: FieldPattern }
  | { readonly ok: false; readonly why: string };

const maxSteps = 64;
/** Without them an object is none. */
const needed: ReadonlySet<string> = new Set(["*", "apiVersion", "kind"]);
const neededMetadata: ReadonlySet<string> = new Set(["*", "name", "namespace"]);

export function parseFieldPattern(text: string): ParsedPattern {
  if (!text.startsWith("/")) return { ok: false, why: "a JSON Pointer begins with /, such as /spec/replicas" };
  if (/~(?![01])/.test(text)) return { ok: false, why: "write ~1 for a / in a name, and ~0 for a ~" };
  const steps = text
    .slice(1)
    .split("/")
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  if (steps.length > maxSteps) return { ok: false, why: `a path has at most ${maxSteps} parts` };
  const [first = "", second] = steps;
  const covers = first === "metadata" && (second === undefined || neededMetadata.has(second));
  if (needed.has(first) || covers) {
    return {
      ok: false,
      why: "an object cannot do without apiVersion, kind, metadata, metadata.name and its namespace",
    };
  }
  return { ok: true, pattern: { text, steps } };
}

/** The patterns for an object of this kind. */
export function patternsFor(rules: readonly FieldRule[], { group, kind }: Identity): readonly FieldPattern[] {
  const names = new Set(["*", kind, `${kind}.${group}`]);
  return rules.filter(({ kinds }) => kinds.some((name) => names.has(name))).flatMap(({ paths }) => paths);
}

/**
 * Whether the pattern names the value at the path, or one that it stands in. `path`: keys, and indices as text; here an
 * index names its item.
 */
export function covers({ steps }: FieldPattern, path: readonly string[], root: Json): boolean {
  if (steps.length > path.length) return false;
  let at: Json | undefined = root;
  for (const [depth, step] of steps.entries()) {
    const key = path[depth] ?? "";
    const child: Json | undefined = childAt(at, key);
    const isNamed = keysOf(at, step).includes(key) || (Array.isArray(at) && step === key);
    if (child === undefined || !isNamed) return false;
    at = child;
  }
  return true;
}

/**
 * Without the fields; a map or list that is left empty by that goes too. Idempotent, so an index names no item: it would
 * be the next one's afterwards. Shared where nothing goes.
 */
export function withoutFields(content: JsonObject, patterns: readonly FieldPattern[]): JsonObject {
  let rest: Json = content;
  for (const { steps } of patterns) rest = without(rest, steps, 0) ?? {};
  return rest as JsonObject;
}

/** Undefined where all of it goes. */
function without(value: Json, steps: readonly string[], depth: number): Json | undefined {
  const step = steps[depth];
  if (step === undefined) return undefined;
  const keys = keysOf(value, step);
  const edits = new Map<string, Json | undefined>();
  for (const key of keys) {
    const child = childAt(value, key);
    if (child === undefined) continue;
    const next = without(child, steps, depth + 1);
    if (next !== child) edits.set(key, next);
  }
  if (edits.size === 0) return value;
  const rest = edited(value, edits);
  return Object.keys(rest as object).length === 0 && depth > 0 ? undefined : rest;
}

function edited(value: Json, edits: ReadonlyMap<string, Json | undefined>): Json {
  if (Array.isArray(value)) {
    return (value as readonly Json[]).flatMap((item, i) => {
      if (!edits.has(String(i))) return [item];
      const next = edits.get(String(i));
      return next === undefined ? [] : [next];
    });
  }
  const rest: Record<string, Json> = {};
  for (const [key, child] of Object.entries(value as JsonObject)) {
    const next = edits.has(key) ? edits.get(key) : child;
    if (next !== undefined) put(rest, key, next);
  }
  return rest;
}

/** The keys, or the indices of the items, that a step names; a key of that very name is meant before any wildcard. */
function keysOf(value: Json | undefined, step: string): readonly string[] {
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (step === "*") return items.map((_, i) => String(i));
    const equals = step.indexOf("=");
    if (equals < 0) return [];
    const field = step.slice(0, equals);
    const isNamed = glob(step.slice(equals + 1));
    return items.flatMap((item, i) => {
      const text = isObject(item) && Object.hasOwn(item, field) ? scalarText(item[field]) : undefined;
      return text !== undefined && isNamed(text) ? [String(i)] : [];
    });
  }
  if (!isObject(value)) return [];
  if (Object.hasOwn(value, step)) return [step];
  return step === "*" ? Object.keys(value) : [];
}

function childAt(value: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(value)) return (value as readonly Json[])[Number(key)];
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function scalarText(value: Json | undefined): string | undefined {
  if (isVerbatim(value ?? null)) return (value as { readonly verbatim: string }).verbatim;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : undefined;
}
