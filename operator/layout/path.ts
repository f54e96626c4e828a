/**
 * The only maker of a repository path. Every segment is reversible to what it was made from, and two different texts
 * never meet on a file system that folds case or trims dots.
 */
import type { RepoPath } from "../values.ts";

/** Lower-case letters, digits, `-`, `_` and inner dots stand for themselves; every other byte of UTF-8 is `%xx`. */
export function encodeSegment(text: string): string {
  let out = "";
  const bytes = Buffer.from(text, "utf8");
  for (const [i, byte] of bytes.entries()) {
    const char = String.fromCharCode(byte);
    const edgeDot = char === "." && (i === 0 || i === bytes.length - 1);
    out += /[a-z0-9._-]/.test(char) && !edgeDot ? char : `%${byte.toString(16).padStart(2, "0")}`;
  }
  return out;
}

export function decodeSegment(segment: string): string {
  const bytes: number[] = [];
  for (let i = 0; i < segment.length; i++) {
    if (segment[i] === "%") {
      bytes.push(Number.parseInt(segment.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(segment.charCodeAt(i));
  }
  return Buffer.from(bytes).toString("utf8");
}

/** Joins segments that are paths already; empty ones are left out. */
export function joinPath(...segments: readonly string[]): RepoPath {
  return segments.filter((segment) => segment !== "").join("/");
}

export type ParsedPath = { readonly ok: true; readonly path: RepoPath } | { readonly ok: false; readonly why: string };

const reserved: ReadonlySet<string> = new Set([".git", ".github", ".gitlab", ".gitea", ".forgejo", ".circleci"]);
const maxPath = 1024;

/** `spec.path`: relative, slash-separated; "" is the root. A slash at the end is let pass. */
export function parseCapturePath(text: string): ParsedPath {
  const no = (why: string): ParsedPath => ({ ok: false, why: `${JSON.stringify(text.slice(0, 100))} ${why}` });
  const path = text.replace(/\/$/, "");
  if (path === "" && text !== "/") return { ok: true, path: "" };
  if (text.startsWith("/")) return no("is absolute: give it relative to the repository's root");
  if (path.length > maxPath) return no(`is longer than ${maxPath} characters`);
  if (/[\\\p{Cc}\p{Cf}\p{Cs}]/u.test(path)) return no("holds a backslash or a character that cannot be seen");
  for (const segment of path.split("/")) {
    if (segment === "") return no("has an empty segment");
    if (segment === "." || segment === "..") return no("leaves its folder: . and .. are not allowed");
    const folded = segment
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[. ]+$/, "");
    if (reserved.has(folded) || folded.startsWith(".git~") || folded === "git~1")
      return no(`names ${segment}, which is reserved`);
    if (/[. ]$/.test(segment)) return no("has a segment that ends in a dot or a space");
    if (/[<>:"|?*]/.test(segment)) return no("holds a character that not every file system can carry");
  }
  return { ok: true, path };
}

/** Whether one is the other, or lies below it; compared as a file system that folds case would. */
export function overlaps(a: RepoPath, b: RepoPath): boolean {
  const [x, y] = [a.toLowerCase(), b.toLowerCase()];
  return x === "" || y === "" || x === y || x.startsWith(`${y}/`) || y.startsWith(`${x}/`);
}
