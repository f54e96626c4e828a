/** The record as last fetched or pushed. */

import { driftPath } from "../drift/drift-file.ts";
import { stalled } from "../failures.ts";
import type { RepositoryReader } from "../ports.ts";
import { metaPath, parseMeta } from "../record/meta.ts";
import { readRecorded } from "../record/read-record.ts";
import type { CommitId, Identity, Recorded, RecordMeta, RefName, Tree } from "../values.ts";
import type { Agreed } from "./delivery-state.ts";
import { emptyTree } from "./source-view.ts";

export interface RecordView {
  readonly ref: RefName;
  readonly tip: CommitId | undefined;
  readonly tree: Tree;
  readonly meta: RecordMeta | undefined;
  /** The text of `meta/drift.json`; "": there is none. */
  readonly drift: string;
}

/** Throws Failure RecordNewer or RecordInvalid. */
export async function readRecord(
  repository: RepositoryReader,
  ref: RefName,
  tip: CommitId | undefined,
): Promise<RecordView> {
  if (tip === undefined) return { ref, tip, tree: emptyTree(), meta: undefined, drift: "" };
  const tree = await repository.tree(tip);
  const entry = tree.entry(metaPath);
  if (entry === undefined) {
    throw stalled("RecordInvalid", `${ref} holds no ${metaPath}: it was not written by Clickscribe`, { ref });
  }
  const ofDrift = tree.entry(driftPath);
  const texts = await repository.blobs([entry.oid, ...(ofDrift ? [ofDrift.oid] : [])]);
  const meta = parseMeta(texts.get(entry.oid) ?? "");
  return { ref, tip, tree, meta, drift: texts.get(ofDrift?.oid ?? "") ?? "" };
}

/** The record's entry with what is agreed on and not written there yet. */
export function withAgreed(recorded: Recorded | undefined, agreed: Agreed | undefined): Recorded | undefined {
  if (agreed === undefined) return recorded;
  const live = recorded?.live;
  const { base, source } = agreed;
  return live === undefined && base === undefined ? undefined : { live, base, source };
}

export function recordedOf(view: RecordView, identity: Identity): Recorded | undefined {
  return view.tip === undefined ? undefined : readRecorded(view.tree, identity);
}
