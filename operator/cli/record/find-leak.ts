/** Where one object stands in the whole history of a record, also as a part of files that others are in. */
import type { RefHistory } from "../../git/index.ts";
import { parseManifests } from "../../manifest/parse-manifests.ts";
import type { RepositoryReader } from "../../ports.ts";
import { isOwnPath } from "../../record/purge.ts";
import type { BlobId, Identity, RepoPath } from "../../values.ts";

export interface Leak {
  readonly removes: (path: RepoPath, blob: BlobId) => boolean;
  /** Entries of other objects with the very same content, which stay. */
  readonly elsewhere: readonly RepoPath[];
}

/** undefined: the history has nothing of it. Throws Failure. */
export async function findLeak(
  history: RefHistory,
  repository: Pick<RepositoryReader, "blobs">,
  identity: Identity,
): Promise<Leak | undefined> {
  const isOwn = isOwnPath(identity);
  const files = [...history.files()];
  const own = files.filter(([path]) => isOwn(path));
  if (own.length === 0) return undefined;
  const blobs = new Set(own.map(([, blob]) => blob));
  // Files of the source branch that it was in: other objects of these may have been recorded at other times.
  const names = new Set(own.filter(([path]) => isSource(path)).map(([path]) => nameOf(path)));
  const shared = files.filter(([path, blob]) => isSource(path) && names.has(nameOf(path)) && !blobs.has(blob));
  const texts = await repository.blobs(shared.map(([, blob]) => blob));
  for (const [blob, text] of texts) if (holds(text, identity)) blobs.add(blob);
  const removes = (path: RepoPath, blob: BlobId): boolean => isOwn(path) || (isSource(path) && blobs.has(blob));
  const elsewhere = files.filter(([path, blob]) => blobs.has(blob) && !removes(path, blob)).map(([path]) => path);
  return { removes, elsewhere: [...new Set(elsewhere)].toSorted() };
}

function isSource(path: RepoPath): boolean {
  return path.startsWith("source/");
}

/** The path of a file on the source branch, encoded. */
function nameOf(path: RepoPath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether a file is one of the object's: what cannot be read is, if it has its name. */
function holds(text: string, { group, kind, name }: Identity): boolean {
  const parsed = parseManifests(text);
  if (!parsed.readable) return text.includes(name);
  return parsed.documents.some(
    ({ identity }) => identity.group === group && identity.kind === kind && identity.name === name,
  );
}
