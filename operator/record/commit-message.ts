/**
 * PURE: what a commit says. Subject in words, a line per object and change, trailers (git-interpret-trailers(1)) that
 * nothing in an object or a user's name can forge: every value is one line, and text that is not plain is JSON.
 */
import { describe, line } from "../merge/describe.ts";
import type { Author, Identity, ObjectChange } from "../values.ts";

export type MessageKind = "Change" | "FirstCapture" | "Delivery" | "Adoption";

export interface MessageInput {
  readonly cluster: string;
  readonly capture: { readonly namespace: string; readonly name: string };
  readonly author: Author;
  readonly objects: readonly ObjectChange[];
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: MessageKind;
}

const listed = 50;
const maxSubject = 72;

export function commitMessage(input: MessageInput): string {
  const body = bodyOf(input);
  return `${subjectOf(input)}\n\n${body === "" ? "" : `${body}\n\n`}${trailersOf(input)}\n`;
}

function subjectOf({ kind, objects, capture }: MessageInput): string {
  const n = objects.length === 1 ? "1 object" : `${objects.length} objects`;
  if (kind === "FirstCapture") return `capture ${n} of ${capture.namespace}`;
  if (kind === "Delivery") return `${n} of ${capture.namespace} delivered`;
  if (kind === "Adoption") return `${n} of ${capture.namespace} adopted`;
  const [first] = objects;
  if (first === undefined) return "nothing changed";
  if (objects.length === 1) return clip(ofOne(first), maxSubject);
  const words = new Set(objects.slice(0, listed).map(describe));
  const [only] = words;
  if (words.size === 1 && only !== undefined && only.length < 40) return `${only} ${n}${ofKind(objects)}`;
  const names = objects.slice(0, 3).map(({ identity }) => identity.name);
  const more = objects.length > names.length ? `, and ${objects.length - names.length} more` : "";
  return clip(line(`change ${names.join(", ")}${more}`), maxSubject);
}

/** `web: scale 3 -> 5`, `create Deployment web`. */
function ofOne(change: ObjectChange): string {
  const { kind, name } = change.identity;
  const words = describe(change);
  return line(words === "create" || words === "delete" ? `${words} ${kind} ${name}` : `${name}: ${words}`);
}

function ofKind(objects: readonly ObjectChange[]): string {
  const kinds = new Set(objects.map(({ identity }) => identity.kind));
  const [kind] = kinds;
  return kinds.size === 1 && kind !== undefined ? ` (${line(kind)})` : "";
}

function bodyOf({ kind, objects }: MessageInput): string {
  if (kind === "Delivery" || kind === "Adoption") return "";
  const lines = objects.slice(0, listed).map((change) => `- ${named(change.identity)}: ${describe(change)}`);
  if (objects.length > listed) lines.push(`and ${objects.length - listed} more`);
  return lines.map((text) => clip(line(text), 300)).join("\n");
}

function trailersOf({ cluster, capture, author, objects, at, kind }: MessageInput): string {
  const trailers: [string, string][] = [
    ["Clickscribe-Cluster", cluster],
    ["Clickscribe-Capture", `${capture.namespace}/${capture.name}`],
  ];
  if (kind === "Change") {
    for (const { identity } of objects.slice(0, listed)) trailers.push(["Changed-Object", named(identity)]);
  }
  if ("person" in author) {
    trailers.push(["Changed-By", plainOrJson(author.person)]);
    if (author.tool !== undefined) trailers.push(["Changed-With", plainOrJson(author.tool)]);
  }
  trailers.push(["Changed-At", new Date(at).toISOString()]);
  trailers.push(["Attribution", author.rung === "None" ? "unknown" : author.rung]);
  if (author.rung === "None") {
    for (const candidate of author.candidates) trailers.push(["Attribution-Candidate", plainOrJson(candidate)]);
  }
  return trailers.map(([key, value]) => `${key}: ${line(value)}`).join("\n");
}

function named({ kind, group, namespace, name }: Identity): string {
  return line(`${kind}${group === "" ? "" : `.${group}`} ${namespace === "" ? "" : `${namespace}/`}${name}`);
}

/** Text of plain characters as it is, anything else as a JSON string with all but ASCII escaped. */
export function plainOrJson(text: string): string {
  if (/^[A-Za-z0-9][\w.:@/+-]{0,255}$/.test(text)) return text;
  const escape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(text.slice(0, 1024)).replace(/[^\x20-\x7e]/g, escape);
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}
