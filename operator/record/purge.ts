/** PURE: what tells of one object in the record's commits, taken out; the values that it had stand in their messages. */
import { clip, line } from "../merge/describe.ts";
import type { Author, Commit, Identity, RepoPath } from "../values.ts";
import { cleanName, unknownName } from "./author-signature.ts";
import { named, plainOrJson } from "./commit-message.ts";
import { defuse } from "./defuse.ts";
import { authorOf, parseTrailers } from "./parse-message.ts";
import { recordFolder } from "./record-path.ts";

/** Of the commit on top of a record that was purged: the object, as `Changed-Object` names it. */
export const purgedTrailer = "Record-Purged";

/** What stands for the object from then on, in lines and trailers. */
const nobody = "(purged)";
/** As commitMessage cuts them. */
const maxLine = 300;

/** Whether a path of the record's tree is the object's own. */
export function isOwnPath(identity: Identity): (path: RepoPath) => boolean {
  const files = new Set([`${recordFolder("live", identity)}.yaml`, `${recordFolder("base", identity)}.yaml`]);
  const folder = `${recordFolder("source", identity)}/`;
  return (path) => files.has(path) || path.startsWith(folder);
}

/**
 * The message with neutral words for all that tells of the object. `changes`: the commit changed entries of the object,
 * though its message may not name it.
 */
export function withoutObject(message: string, identity: Identity, changes: boolean): string {
  const start = defuse(line(`- ${named(identity)}: `));
  const trailer = `Changed-Object: ${defuse(line(clip(named(identity), maxLine))).trim()}`;
  const isLine = (text: string): boolean =>
    text.startsWith(start) || (text.startsWith("- ") && text.endsWith("…") && start.startsWith(text.slice(0, -1)));
  const [subject = "", ...rest] = message.split("\n");
  const lines = rest.map((text) =>
    text === trailer ? `Changed-Object: ${nobody}` : isLine(text) ? `- ${nobody}: changed` : text,
  );
  const told = lines.some((text, i) => text !== rest[i]);
  const count = parseTrailers(message).get("Changed-Object")?.length ?? 0;
  // Of an object in a crowd, the first line tells how many they are, unless it is called by its name.
  const speaks = count > 0 ? told || changes : changes && subject.includes(identity.name);
  if (!speaks) return [subject, ...lines].join("\n");
  const words = count > 1 ? `change ${count} objects, one of them purged` : "change an object that was purged";
  return [words, ...lines].join("\n");
}

export interface PurgeMessageInput {
  readonly identity: Identity;
  /** `NAMESPACE/NAME` */
  readonly capture: string;
  /** undefined: nobody knows what the operator calls it. */
  readonly cluster: string | undefined;
  readonly author: Author;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Of the commit on top. */
export function purgeMessage({ identity, capture, cluster, author, at }: PurgeMessageInput): string {
  const who = "person" in author ? [`Changed-By: ${plainOrJson(author.person)}`] : [];
  const trailers = [
    ...(cluster === undefined ? [] : [`Clickscribe-Cluster: ${defuse(line(cluster))}`]),
    `Clickscribe-Capture: ${capture}`,
    `${purgedTrailer}: ${defuse(line(clip(named(identity), maxLine))).trim()}`,
    ...who,
    `Changed-At: ${new Date(at).toISOString()}`,
    `Attribution: ${author.rung === "None" ? "unknown" : author.rung}`,
  ];
  const body = "Its entries, and what messages said of it, were taken out of every commit below this one.";
  return `purge an object from the record\n\n${body}\n\n${trailers.join("\n")}\n`;
}

/** What a commit says was purged, and by whom; undefined for any other commit. Whoever may push can have written it. */
export function purgeOf(commit: Commit | undefined): { readonly object: string; readonly by: string } | undefined {
  const object = commit && parseTrailers(commit.message).get(purgedTrailer)?.[0];
  if (commit === undefined || object === undefined) return undefined;
  const author = authorOf(commit);
  return { object: clip(line(object), maxLine), by: "person" in author ? cleanName(author.person) : unknownName };
}
