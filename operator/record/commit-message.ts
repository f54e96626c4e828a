/**
 * PURE: what a commit says. Subject in words, a line per object and change, trailers (git-interpret-trailers(1)) that
 * nothing in an object or a user's name can forge: every value is one line, and text that is not plain is JSON.
 */
import { clip, describe, line } from "../merge/describe.ts";
import type { Author, Identity, ObjectChange } from "../values.ts";
import { authorName } from "./author-signature.ts";
import { defuse } from "./defuse.ts";

export type MessageKind = "Change" | "FirstCapture" | "Delivery" | "Adoption" | "Release" | "Rebase" | "Drift";

export interface MessageInput {
  readonly cluster: string;
  readonly capture: { readonly namespace: string; readonly name: string };
  readonly author: Author;
  readonly objects: readonly ObjectChange[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: MessageKind;
  /** Who had it delivered, where that needed a person's word. */
  readonly keptBy?: readonly string[];
  /** Of the first line: `{summary}`, and beside it `{user}`, `{namespace}`, `{capture}` and `{cluster}`. Default `{summary}`. */
  readonly subjectTemplate?: string | undefined;
}

/** Says of a commit of the record that nobody changed what it moves. */
export const rebaseTrailer = "Clickscribe-Rebase";

/** Where hosts begin to cut. */
const maxSubject = 72;
/** What a template leaves of a summary at least. */
const minSummary = 24;
const maxTemplated = 250;
/** Objects that are spelled out, and compared in words. */
const listed = 50;
const maxCandidates = 10;

export function commitMessage(input: MessageInput): string {
  const body = bodyOf(input);
  return `${templated(input)}\n\n${body === "" ? "" : `${body}\n\n`}${trailersOf(input)}\n`;
}

function templated(input: MessageInput): string {
  const { subjectTemplate = "{summary}", author, capture, cluster } = input;
  if (subjectTemplate === "{summary}") return subjectOf(input);
  const user = authorName(author);
  const values = { user: defuse(line(user)), namespace: capture.namespace, capture: capture.name, cluster };
  const fill = (summary: string): string =>
    subjectTemplate.replace(/\{(\w+)\}/g, (all, name: string) => ({ ...values, summary })[name] ?? all);
  const room = Math.max(minSummary, maxSubject - fill("").length);
  return clip(line(fill(clip(subjectOf(input), room))), maxTemplated);
}

function subjectOf({ kind, objects, capture }: MessageInput): string {
  const n = count(objects);
  if (kind === "FirstCapture") return `capture ${n} of ${capture.namespace}`;
  if (kind === "Delivery") return `${n} of ${capture.namespace} delivered`;
  if (kind === "Adoption") return `${n} of ${capture.namespace} adopted`;
  if (kind === "Release") return `${n} of ${capture.namespace} released`;
  if (kind === "Rebase")
    return `${n} of ${capture.namespace} read anew: nobody changed ${objects.length === 1 ? "it" : "them"}`;
  if (kind === "Drift")
    return objects.length === 0
      ? `nothing of ${capture.namespace} drifts any more`
      : `${n} of ${capture.namespace} drifted`;
  const [first] = objects;
  if (first === undefined) return "nothing changed";
  return clip(defuse(line(objects.length === 1 ? ofOne(first) : ofMany(objects))), maxSubject);
}

/** `web: scale 3 -> 5`, `create Deployment web`. */
function ofOne(change: ObjectChange): string {
  const { kind, name } = change.identity;
  const words = describe(change);
  if (words === "create" || words === "delete") return `${words} ${kind} ${name}`;
  // An object may be called Signed-off-by.
  return `${/^[\w-]+-by\s*(?::|$)/i.test(name) ? `${kind} ` : ""}${name}: ${words}`;
}

/** `create 3 objects (ConfigMap)`, `2 objects (Deployment): scale 3 -> 5`, `change web, app, db, and 4 more`. */
function ofMany(objects: readonly ObjectChange[]): string {
  if (objects.every(({ before }) => before === undefined)) return `create ${count(objects)}${ofKind(objects)}`;
  if (objects.every(({ after }) => after === undefined)) return `delete ${count(objects)}${ofKind(objects)}`;
  const words = new Set(objects.length > listed ? [] : objects.map(describe));
  const [only] = words;
  if (words.size === 1 && only !== undefined) return `${count(objects)}${ofKind(objects)}: ${only}`;
  return `change ${names(objects)}`;
}

function names(objects: readonly ObjectChange[]): string {
  const shown = objects.slice(0, 3).map(({ identity }) => clip(identity.name, 40));
  const more = objects.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function count(objects: readonly ObjectChange[]): string {
  return objects.length === 1 ? "1 object" : `${objects.length} objects`;
}

function ofKind(objects: readonly ObjectChange[]): string {
  const kinds = new Set(objects.map(({ identity }) => identity.kind));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? ` (${kind})` : "";
}

function bodyOf({ kind, objects }: MessageInput): string {
  if (kind === "Delivery" || kind === "Adoption" || kind === "Release" || kind === "Rebase") return "";
  const words = (change: ObjectChange): string => (kind === "Drift" ? "" : `: ${describe(change)}`);
  const lines = objects.slice(0, listed).map((change) => `- ${named(change.identity)}${words(change)}`);
  if (objects.length > listed) lines.push(`and ${objects.length - listed} more`);
  return lines.map((text) => clip(defuse(line(text)), 300)).join("\n");
}

function trailersOf({ cluster, capture, author, objects, at, kind, keptBy = [] }: MessageInput): string {
  const trailers: [string, string][] = [
    ["Clickscribe-Cluster", cluster],
    ["Clickscribe-Capture", `${capture.namespace}/${capture.name}`],
  ];
  if (kind === "Change") {
    for (const { identity } of objects.slice(0, listed)) trailers.push(["Changed-Object", clip(named(identity), 300)]);
  }
  if ("person" in author) {
    trailers.push(["Changed-By", plainOrJson(author.person)]);
    if (author.tool !== undefined) trailers.push(["Changed-With", plainOrJson(author.tool)]);
  }
  if (author.rung === "Several") {
    for (const person of author.people.slice(0, listed)) trailers.push(["Changed-By", plainOrJson(person)]);
  }
  for (const person of keptBy.slice(0, maxCandidates)) trailers.push(["Kept-By", plainOrJson(person)]);
  trailers.push(["Changed-At", new Date(at).toISOString()]);
  if (kind === "Rebase") trailers.push([rebaseTrailer, "true"]);
  trailers.push(["Attribution", author.rung === "None" ? "unknown" : author.rung]);
  if (author.rung === "None") {
    for (const candidate of author.candidates.slice(0, maxCandidates))
      trailers.push(["Attribution-Candidate", plainOrJson(candidate)]);
  }
  return trailers.map(([key, value]) => `${key}: ${defuse(line(value)).trim()}`).join("\n");
}

/** `Deployment.apps shop/web`, as trailers and lines name an object. */
export function named({ kind, group, namespace, name }: Identity): string {
  return line(`${kind}${group === "" ? "" : `.${group}`} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}

/** Text of plain characters as it is; of anything else, the first 1,024 as a JSON string in which nothing has a meaning. */
export function plainOrJson(text: string): string {
  if (/^[A-Za-z0-9][\w.:@/+-]{0,255}$/.test(text) && defuse(text) === text) return text;
  const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return `"${text.slice(0, 1024).replace(/[^A-Za-z0-9 ._:]/g, escape)}"`;
}
