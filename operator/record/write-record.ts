/** PURE: what changes in the record's tree when an object's entry does. */
import type { BlobId, FileChange, Identity, Recorded } from "../values.ts";
import { encode, recordPlace } from "./record-path.ts";

/** Minimal: nothing for what stays. `text`: the content of a blob that the repository may not have yet. */
export function recordChanges(
  identity: Identity,
  before: Recorded | undefined,
  after: Recorded | undefined,
  text: (blob: BlobId) => string | undefined,
): readonly FileChange[] {
  const changes: FileChange[] = [];
  const place = recordPlace(identity);
  const content = (blob: BlobId): FileChange["content"] => text(blob) ?? { blob };
  for (const part of ["live", "base"] as const) {
    const now = after?.[part];
    if (before?.[part] === now) continue;
    changes.push({ path: `${part}/${place}.yaml`, content: now === undefined ? null : content(now) });
  }
  const folder = `source/${place}`;
  const kept = new Map((after?.source ?? []).map((file) => [file.path, file.blob]));
  const had = new Map((before?.source ?? []).map((file) => [file.path, file.blob]));
  for (const path of had.keys())
    if (!kept.has(path)) changes.push({ path: `${folder}/${encode(path)}`, content: null });
  for (const [path, blob] of kept) {
    if (had.get(path) !== blob) changes.push({ path: `${folder}/${encode(path)}`, content: content(blob) });
  }
  return changes;
}
