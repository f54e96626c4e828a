/**
 * The only maker of a repository path. Every segment is reversible to what it was made from, and two different texts
 * never meet on a file system that folds case, trims dots or keeps names for devices.
 */
import type { RepoPath } from "../values.ts";

/** Names that Windows keeps for devices, whatever follows the first dot. */
const device = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:$|\.)/;

/** Lower-case letters, digits, `-`, `_` and inner dots stand for themselves; every other byte of UTF-8 is `%xx`. */
export function encodeSegment(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  let out = "";
  for (const [i, byte] of bytes.entries()) {
    const char = String.fromCharCode(byte);
    const edgeDot = char === "." && (i === 0 || i === bytes.length - 1);
    out += /[a-z0-9._-]/.test(char) && !edgeDot ? char : escapeByte(byte);
  }
  return withoutDevice(out);
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

/** `con.x` becomes `%63on.x`: for segments that are put together from encoded ones. */
export function withoutDevice(segment: string): string {
  return device.test(segment) ? `${escapeByte(segment.charCodeAt(0))}${segment.slice(1)}` : segment;
}

export function escapeByte(byte: number): string {
  return `%${byte.toString(16).padStart(2, "0")}`;
}

/** Joins segments that are paths already; empty ones are left out. */
export function joinPath(...segments: readonly string[]): RepoPath {
  return segments.filter((segment) => segment !== "").join("/");
}

export type ParsedPath = { readonly ok: true; readonly path: RepoPath } | { readonly ok: false; readonly why: string };

/** Folders that a forge or its CI acts on; everything that begins with `.git` comes on top. */
const reserved: ReadonlySet<string> = new Set([
  ".gitea",
  ".forgejo",
  ".circleci",
  ".woodpecker",
  ".buildkite",
  ".drone",
  ".tekton",
  ".azuredevops",
  ".azure-pipelines",
]);
const maxPath = 1024;

/** Whether git, a forge or its CI takes a folder or file of this name for its own, on any file system. */
export function isReserved(segment: string): boolean {
  const folded = fold(segment).replace(/[. ]+$/, "");
  return folded.startsWith(".git") || /^git[^~]*~[0-9]/.test(folded) || reserved.has(folded);
}

/** `spec.path`: relative, slash-separated; "" is the root. A slash at the end is let pass. */
export function parseCapturePath(text: string): ParsedPath {
  const no = (why: string): ParsedPath => ({ ok: false, why: `${quoted(text)} ${why}` });
  if (text.startsWith("/")) return no("is absolute: give it relative to the repository's root");
  const path = text.replace(/\/$/, "");
  if (path === "") return { ok: true, path: "" };
  if (path.length > maxPath) return no(`is longer than ${maxPath} characters`);
  if (/[\\\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(path)) return no("holds a backslash or a character that is not seen");
  for (const segment of path.split("/")) {
    if (segment === "") return no("has an empty segment");
    if (segment === "." || segment === "..") return no("leaves its folder: . and .. are not allowed");
    if (isReserved(segment)) return no(`names ${segment}, which is reserved`);
    if (/[. ]$/.test(segment)) return no("has a segment that ends in a dot or a space");
    const portable = !/[<>:"|?*]/.test(segment) && !device.test(fold(segment)) && Buffer.byteLength(segment) <= 255;
    if (!portable) return no(`names ${segment.slice(0, 60)}, which not every file system can carry`);
  }
  return { ok: true, path };
}

/** Whether one is the other, or lies below it; compared as a file system that folds case would. */
export function overlaps(a: RepoPath, b: RepoPath): boolean {
  const [x, y] = [fold(a), fold(b)];
  return x === "" || y === "" || x === y || x.startsWith(`${y}/`) || y.startsWith(`${x}/`);
}

/** Whether a path is a manifest's below `base`, as the survey would list it. What a record says may be anybody's. */
export function isManifestBelow(base: RepoPath, path: RepoPath): boolean {
  if (base !== "" && !path.startsWith(`${base}/`)) return false;
  const segments = path.slice(base === "" ? 0 : base.length + 1).split("/");
  const odd = (segment: string): boolean => ["", ".", ".."].includes(segment) || isReserved(segment);
  return /\.(?:ya?ml|json)$/i.test(path) && !segments.some(odd);
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/** The text is a user's: nothing in it may end the line or turn it around. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100)).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "?");
}
