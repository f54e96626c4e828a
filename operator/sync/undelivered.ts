/**
 * What the record's `live` holds and the source branch does not yet: read back from the record's own history after a
 * start, so that each change keeps its author, whatever died in between.
 */
import { identityKey } from "../manifest/identity.ts";
import { parseManifests } from "../manifest/parse-manifests.ts";
import type { RepositoryReader } from "../ports.ts";
import { authorOf, isRebase } from "../record/parse-message.ts";
import { readRecorded } from "../record/read-record.ts";
import type { Author, BlobId, Commit, CommitId, Identity, Manifest, Recorded, WindowEntry } from "../values.ts";

/** How far back authors are looked for; what is older is delivered as `unknown`. */
export const historyLimits: readonly number[] = [32, 256, 2048];

export interface Unsettled {
  readonly identity: Identity;
  readonly recorded: Recorded;
}

interface Step {
  readonly identity: Identity;
  readonly blob: BlobId | undefined;
  readonly author: Author;
  readonly at: number;
}

/** The entries, oldest first, that bring each object from its `base` to its `live`. */
export async function restoreUndelivered(
  repository: RepositoryReader,
  tip: CommitId,
  objects: readonly Unsettled[],
): Promise<readonly WindowEntry[]> {
  if (objects.length === 0) return [];
  let steps: readonly Step[] = [];
  for (const limit of historyLimits) {
    const commits = await repository.history(tip, limit);
    const walked = await walk(repository, commits, objects);
    steps = walked.steps;
    if (walked.complete || commits.length < limit) break;
  }
  const blobs = new Set(steps.flatMap((step) => (step.blob === undefined ? [] : [step.blob])));
  const texts = await repository.blobs(blobs);
  return steps.map(({ identity, blob, author, at }) => ({
    identity,
    manifest: blob === undefined ? undefined : manifestFromText(identity, blob, texts.get(blob) ?? ""),
    author,
    at,
  }));
}

async function walk(
  repository: RepositoryReader,
  commits: readonly Commit[],
  objects: readonly Unsettled[],
): Promise<{ readonly steps: readonly Step[]; readonly complete: boolean }> {
  const open = new Map(objects.map((object) => [identityKey(object.identity), object]));
  const steps: Step[] = [];
  /** How a state reads since it was read anew, by key: the commit before says whose it is. */
  const readAnew = new Map<string, BlobId | undefined>();
  for (const [index, commit] of commits.entries()) {
    if (open.size === 0) break;
    const tree = await repository.tree(commit.id);
    const parent = commits[index + 1];
    const parentTree = parent === undefined ? undefined : await repository.tree(parent.id);
    // At the edge of what was fetched, an object's older states are unknown, unless this is the record's first commit.
    const edge = parentTree === undefined && commit.parents.length > 0;
    for (const [key, { identity, recorded }] of open) {
      const now = readRecorded(tree, identity)?.live;
      const before = parentTree === undefined ? undefined : readRecorded(parentTree, identity)?.live;
      if (now === recorded.base) {
        open.delete(key);
        continue;
      }
      const blob = readAnew.has(key) ? readAnew.get(key) : now;
      if (edge) {
        steps.push({ identity, blob, author: unknownAuthor, at: commit.author.at * 1000 });
        continue;
      }
      if (now === before) continue;
      if (isRebase(commit)) readAnew.set(key, blob);
      else {
        readAnew.delete(key);
        steps.push({ identity, blob, author: authorOf(commit), at: commit.author.at * 1000 });
      }
    }
  }
  return { steps: steps.reverse(), complete: open.size === 0 };
}

const unknownAuthor: Author = { rung: "None", candidates: [], evidence: "older than the history that was read" };

/** The Manifest that was serialised to this text. */
export function manifestFromText(identity: Identity, blob: BlobId, text: string): Manifest {
  const parsed = parseManifests(text);
  const document = parsed.readable ? parsed.documents[0] : undefined;
  const content = document?.content ?? {};
  const apiVersion = typeof content["apiVersion"] === "string" ? content["apiVersion"] : "";
  return { identity, apiVersion, content, text, blob };
}
