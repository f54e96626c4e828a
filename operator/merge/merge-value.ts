/** PURE: what becomes of one value of an object, taken whole, that the cluster, Git or both may have changed. */
import type { FieldConflict, Json, OnConflict } from "../values.ts";
import { isSame, isStoredAs, saysNothing } from "./contains.ts";
import type { FieldKind } from "./field-kind.ts";

/** A value as each side has it; undefined: it is not there. */
export interface Values {
  /** The cluster when both were last in step, and now. */
  readonly base: Json | undefined;
  readonly live: Json | undefined;
  /** The source branch when both were last in step, and now. */
  readonly then: Json | undefined;
  readonly now: Json | undefined;
  /** As a consumer of the source branch left it last. */
  readonly applied: Json | undefined;
}

export interface Place {
  /** As in FieldChange. */
  readonly path: string;
  readonly kind: FieldKind;
  /** Whether a manager owns the value; undefined: unknown. */
  readonly isOwned: boolean | undefined;
  /** It lies inside of something that Git added. */
  readonly isAdded: boolean;
}

/** What a merge comes to, gathered on the way. */
export interface Findings {
  readonly onConflict: OnConflict;
  /** Both sides were never in step: `base` is what the file says, not what the cluster was. */
  readonly isFirstContact: boolean;
  /** Whether a consumer changed the object since both sides were in step. */
  readonly hasApplied: boolean;
  readonly conflicts: FieldConflict[];
  gitAhead: boolean;
  applying: boolean;
}

/** `content`: what the file is to say. `base`, `then`: what both sides are taken to have been from now on. */
export interface MergedValue {
  readonly content: Json | undefined;
  readonly base: Json | undefined;
  readonly then: Json | undefined;
}

export function mergeValue(found: Findings, at: Place, values: Values): MergedValue {
  const { base, live, then, now, applied } = values;
  const clusterSame = same(at, base, live);
  const gitSame = same(at, then, now);
  const byConsumer = found.hasApplied && same(at, live, applied);
  const settled = { content: now, base: live, then: now };
  const open = { content: now, base, then };
  if ((clusterSame && gitSame) || same(at, live, now)) return settled;
  if (!gitSame && says(at, now, live)) return settled;
  const isFilledIn = explains(now, live) && (byConsumer || found.isFirstContact || !isLiteral(at, values));
  if ((!gitSame || byConsumer || found.isFirstContact) && isFilledIn) return settled;
  if (clusterSame) {
    // What nobody holds on to any more has become a default.
    if (now === undefined && at.isOwned === false) return settled;
    found.gitAhead = true;
    return open;
  }
  if (then === undefined && now === undefined && isNobodys(at, live, byConsumer)) return settled;
  if (byConsumer) {
    found.applying = true;
    return open;
  }
  if (gitSame && !isFilledIn) return { content: live, base: live, then: live };
  return conflict(found, at, values);
}

export function conflict(found: Findings, { path }: Place, { base, live, then, now }: Values): MergedValue {
  found.conflicts.push({ path, base, live, source: now });
  if (found.onConflict === "ClusterWins") return { content: live, base: live, then: live };
  if (found.onConflict === "Hold") return { content: now, base, then };
  if (explains(now, live)) return { content: now, base: live, then: now };
  found.gitAhead = true;
  // Until the cluster has what Git says, whatever that may be by then.
  return { content: now, base: live, then: live };
}

/** Whether a value that no file says is nobody's wish: it went, or was put in beside what Git added. */
function isNobodys(at: Place, live: Json | undefined, byConsumer: boolean): boolean {
  if (live === undefined) return true;
  if (at.isAdded) return byConsumer || at.isOwned !== true;
  return byConsumer && at.isOwned === false;
}

function same({ kind }: Place, a: Json | undefined, b: Json | undefined): boolean {
  return a === undefined || b === undefined ? a === b : isSame(a, b, kind);
}

/** Whether a value of the cluster is what a file says, with defaults and with variables filled in. */
export function isApplied(said: Json, live: Json, kind: FieldKind): boolean {
  return isStoredAs(said, live, kind, explains);
}

/** Whether the live value is what the file's becomes once a server has put defaults into it. */
function says({ kind }: Place, now: Json | undefined, live: Json | undefined): boolean {
  if (now === undefined) return false;
  return live === undefined ? saysNothing(now, kind) : isStoredAs(now, live, kind);
}

const variable = /\$\{[A-Za-z_][^{}]*\}/;
const maxPattern = 2_000;

/** Whether the cluster had the variables of a text as they stand in the file: nobody fills them in. */
function isLiteral(at: Place, { base, then }: Values): boolean {
  return typeof then === "string" && variable.test(then) && same(at, base, then);
}

/** Whether a value with variables that Flux fills in (`postBuild.substitute`) can have become the live one. */
function explains(now: Json | undefined, live: Json | undefined): boolean {
  if (typeof now !== "string" || now.length > maxPattern || live === undefined || typeof live === "object")
    return false;
  const parts = now.split(variable);
  if (parts.length === 1) return false;
  let rest = String(live);
  const [first = "", last = ""] = [parts[0], parts.at(-1)];
  if (rest.length < first.length + last.length || !rest.startsWith(first) || !rest.endsWith(last)) return false;
  rest = rest.slice(first.length, rest.length - last.length);
  for (const part of parts.slice(1, -1)) {
    const found = rest.indexOf(part);
    if (found === -1) return false;
    rest = rest.slice(found + part.length);
  }
  return true;
}
