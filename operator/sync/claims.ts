/** PURE: which Capture a path belongs to. */
import type { Capture } from "../api/generated/capture.ts";
import { stalled } from "../failures.ts";
import { overlaps } from "../layout/path.ts";
import type { RepoPath } from "../values.ts";
import { capturePath } from "./capture-settings.ts";
import { captureOf, type Slot } from "./capture-slot.ts";
import { normalizeUrl } from "./remote-access.ts";
import type { Remotes } from "./remotes.ts";

export interface Claim {
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
  /** undefined: the default branch. */
  readonly branch: string | undefined;
  readonly path: RepoPath;
  readonly createdAt: string;
}

/** The older claim that a capture's path collides with: it came first, so it keeps the path. */
export function conflictingClaim(mine: Claim, others: readonly Claim[]): Claim | undefined {
  return others.find(
    (other) =>
      !(other.namespace === mine.namespace && other.name === mine.name) &&
      normalizeUrl(other.url) === normalizeUrl(mine.url) &&
      (other.branch ?? "") === (mine.branch ?? "") &&
      overlaps(other.path, mine.path) &&
      isOlder(other, mine),
  );
}

/** Throws Failure PathTaken. */
export function mustBeFree(mine: Claim, others: readonly Claim[]): void {
  const taken = conflictingClaim(mine, others);
  if (taken === undefined) return;
  const where = taken.path === "" ? "the whole branch" : taken.path;
  throw stalled(
    "PathTaken",
    `spec.path: Capture ${taken.namespace}/${taken.name} writes to ${where} of ${mine.branch ?? ""} already`,
  );
}

function isOlder(a: Claim, b: Claim): boolean {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt;
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}`;
}

export function claimBase(capture: Capture): Pick<Claim, "namespace" | "name" | "createdAt"> {
  const { namespace, name, creationTimestamp } = capture.metadata;
  return { namespace, name, createdAt: creationTimestamp ?? "" };
}

/** What other Captures claim. `branch`: what one that names none, and is not open, is taken to mean. */
export function claimsOf(slots: Iterable<Slot>, branch: string, remotes: Pick<Remotes, "find">): readonly Claim[] {
  const claims: Claim[] = [];
  for (const slot of slots) {
    const capture = captureOf(slot);
    const remote = remotes.find(capture);
    if (remote === undefined) continue;
    const own = slot.resolved?.target.branch ?? (capture.spec.branch || branch);
    try {
      claims.push({ ...claimBase(capture), url: remote.spec.url, branch: own, path: capturePath(capture) });
    } catch {
      // A capture whose path is invalid claims none.
    }
  }
  return claims;
}
