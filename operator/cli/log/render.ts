import { paint } from "../paint.ts";
import { printableLine } from "../printable.ts";
import type { LogEntry } from "./entries.ts";

const maxAuthor = 32;
const maxObject = 48;

/** One line each: time, author, object, what. `withCapture` where several Captures are told of. */
export function renderLog(
  entries: readonly LogEntry[],
  options: { readonly color: boolean; readonly withCapture: boolean },
): string {
  const { quiet, strong, warn } = paint(options.color);
  const rows = entries.map(({ time, author, object, capture, what, tool }) => ({
    time: `${time.slice(0, 10)} ${time.slice(11, 19)}Z`,
    author: printableLine(author),
    object: printableLine(object ?? (options.withCapture ? capture : "")),
    what: printableLine(tool === undefined ? what : `${what} (${tool})`),
    isUnknown: author === "unknown",
  }));
  const widest = (texts: readonly string[], most: number): number =>
    Math.min(most, Math.max(0, ...texts.map((text) => text.length)));
  const authors = widest(
    rows.map(({ author }) => author),
    maxAuthor,
  );
  const objects = widest(
    rows.map(({ object }) => object),
    maxObject,
  );
  return rows
    .map(({ time, author, object, what, isUnknown }) => {
      const who = author.padEnd(authors);
      return `${quiet(time)}  ${isUnknown ? warn(who) : strong(who)}  ${objects === 0 ? "" : `${object.padEnd(objects)}  `}${what}\n`;
    })
    .join("");
}
