/** PURE: who changed what and when, read back from the messages of the record's commits. */

import { authorName } from "../../record/author-signature.ts";
import { authorOf, parseTrailers } from "../../record/parse-message.ts";
import type { Commit, CommitId } from "../../values.ts";

/** One change of one object, or the first capture of many. This shape is what `-o json` prints, and does not change. */
export interface LogEntry {
  /** RFC 3339. */
  readonly time: string;
  /** `unknown` where nobody can be named, `clickscribe` for what the operator did itself. */
  readonly author: string;
  /** How the author is known: Admission, Audit, FieldManager, Operator, or unknown. */
  readonly attribution: string;
  /** The client that they used, where it is known. */
  readonly tool?: string;
  /** `NAMESPACE/NAME` */
  readonly capture: string;
  /** `Deployment.apps shop/web`; left out where the entry is about many. */
  readonly object?: string;
  /** `scale 3 -> 5` */
  readonly what: string;
  /** Of the record. */
  readonly commit: CommitId;
}

/** None for the operator's own upkeep: deliveries, adoptions. `capture`: `NAMESPACE/NAME`. */
export function entriesOf(commit: Commit, capture: string): readonly LogEntry[] {
  const trailers = parseTrailers(commit.message);
  const subject = commit.message.split("\n", 1)[0] ?? "";
  const author = authorOf(commit);
  const tool = "person" in author ? author.tool : undefined;
  const common = {
    time: timeOf(commit, trailers.get("Changed-At")?.[0]),
    author: authorName(author),
    attribution: author.rung === "None" ? "unknown" : author.rung,
    ...(tool !== undefined && { tool }),
    capture,
  };
  const objects = trailers.get("Changed-Object") ?? [];
  if (objects.length === 0) return isFirstCapture(subject) ? [{ ...common, what: subject, commit: commit.id }] : [];
  const lines = linesOf(commit.message);
  const entries = objects.map((object): LogEntry => {
    const line = lines.find((text) => text.startsWith(`- ${object}: `));
    return { ...common, object, what: line?.slice(object.length + 4) ?? subject, commit: commit.id };
  });
  const more = lines.find((text) => /^and \d+ more$/.test(text));
  return more === undefined ? entries : [...entries, { ...common, what: more, commit: commit.id }];
}

/** What a first capture said of one object, or another commit of so many that trailers leave it out. */
export function entryOf(commit: Commit, capture: string, object: string, what: string): LogEntry | undefined {
  const entries = entriesOf(commit, capture);
  const own = entries.find((entry) => entry.object === object);
  if (own !== undefined) return own;
  const [any] = entries;
  if (any === undefined) return undefined;
  const line = linesOf(commit.message).find((text) => text.startsWith(`- ${object}: `));
  const { time, author, attribution, tool, commit: id } = any;
  const words = line?.slice(object.length + 4) ?? what;
  return { time, author, attribution, ...(tool !== undefined && { tool }), capture, object, what: words, commit: id };
}

/** Subjects of changes name an object; this one is of the message alone. */
function isFirstCapture(subject: string): boolean {
  return /^capture \d+ objects? of /.test(subject);
}

/** Of the body, which stands between subject and trailers. */
function linesOf(message: string): readonly string[] {
  const [, body = ""] = message.split("\n\n");
  return body.split("\n");
}

function timeOf({ author }: Commit, changedAt: string | undefined): string {
  const at = Date.parse(changedAt ?? "");
  return new Date(Number.isNaN(at) ? author.at * 1000 : at).toISOString();
}
