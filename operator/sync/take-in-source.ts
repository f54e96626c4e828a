/** Where record and source branch stand at their servers, and what the branch as it is now means for each object. */
import { identityKey } from "../manifest/identity.ts";
import type { RepositoryReader } from "../ports.ts";
import { listRecorded } from "../record/read-record.ts";
import type { CommitId, Identity, Recorded, RefName } from "../values.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { recordedOf, withAgreed } from "./record-view.ts";
import { readSource } from "./source-view.ts";
import { standsAsRecorded } from "./spot.ts";

export interface Tips {
  readonly record: CommitId | undefined;
  readonly source: CommitId | undefined;
  /** Both can move in one push, or none. */
  readonly atomic: boolean;
  /** The default branch, as far as the server tells. */
  readonly head: RefName | undefined;
}

export async function fetchTips({
  repository,
  recordRepository,
  recordRef,
  sourceRef,
}: Pick<Target, "recordRef" | "sourceRef"> & {
  readonly repository: RepositoryReader;
  readonly recordRepository: RepositoryReader;
}): Promise<Tips> {
  if (recordRepository === repository) {
    const { refs, atomic, head } = await repository.fetch([recordRef, sourceRef]);
    return { record: refs.get(recordRef), source: refs.get(sourceRef), atomic, head };
  }
  const [record, source] = await Promise.all([recordRepository.fetch([recordRef]), repository.fetch([sourceRef])]);
  return { record: record.refs.get(recordRef), source: source.refs.get(sourceRef), atomic: false, head: source.head };
}

/** Reads the source branch as it is now and notes every object whose file is no longer the one the record knows. */
export async function takeInSource(target: Target, state: DeliveryState, tip: CommitId | undefined): Promise<void> {
  // What another cluster wrote is looked at as if a person had written it.
  const entries = state.discard.length > 0 ? [] : [...listRecorded(state.record.tree)];
  await noteMove(target, state, tip);
  // With the branch its files are gone, and nobody removed them one by one: each object begins anew.
  if (tip === undefined && target.delivery !== "ReadOnly") {
    for (const [identity, { base, source }] of entries) {
      if (base === undefined && source.length === 0) continue;
      state.carried.set(identityKey(identity), { base: undefined, source: [] });
    }
  }
  const vouched = new Map<string, string>();
  for (const [, { source }] of entries) for (const file of source) vouched.set(file.path, file.blob);
  for (const { source } of state.carried.values()) for (const file of source) vouched.set(file.path, file.blob);
  if (tip === undefined) vouched.clear();
  state.source = await readSource({
    repository: target.repository,
    ref: target.sourceRef,
    tip,
    parent: tip ?? (await headCommit(target)),
    path: target.path,
    namespace: target.capture.namespace,
    vouched: (file) => vouched.get(file.path) === file.blob,
    parsed: state.parsed,
  });
  for (const [identity] of entries) {
    const key = identityKey(identity);
    const recorded = knownOf(state, identity);
    if (state.attention.has(key) || recorded === undefined) continue;
    if (recorded.live === recorded.base && standsAsRecorded(state.source, key, recorded)) continue;
    state.attention.set(key, { identity, state: "Pending", reason: undefined, detail: "" });
  }
}

/** An object's entry in the record, with what both sides agree on beyond it. */
export function knownOf(state: DeliveryState, identity: Identity): Recorded | undefined {
  return withAgreed(recordedOf(state.record, identity), state.carried.get(identityKey(identity)));
}

/** A branch that a person rewrote or deleted: whatever it is now is what to go on from. */
async function noteMove(target: Target, state: DeliveryState, tip: CommitId | undefined): Promise<void> {
  const before = state.source.tip ?? state.record.meta?.sourceCommit;
  if (before === undefined || before === tip || target.delivery === "ReadOnly") return;
  if (tip === undefined) state.sourceMove = { move: "Deleted", before, tip };
  else if ((await target.repository.isAncestor(before, tip)) === false) {
    state.sourceMove = { move: "Rewritten", before, tip };
  }
}

/** The commit that a new branch starts from: the default branch's, if the repository has one. */
async function headCommit({ repository }: Target): Promise<CommitId | undefined> {
  const { head } = await repository.fetch([]);
  return head === undefined ? undefined : (await repository.fetch([head])).refs.get(head);
}
