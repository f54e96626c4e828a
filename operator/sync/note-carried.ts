/**
 * PURE: which undelivered states the source branch carries already, though the record's `base` does not say so: a server
 * without `atomic` moved the branch, and the operator died, or never heard the answer, before the record followed.
 *
 * A file that holds, byte for byte, a state that was live since `base` carries it, whoever wrote it there.
 */
import { identityKey } from "../manifest/identity.ts";
import type { SourceFile, WindowEntry } from "../values.ts";
import type { Agreed, DeliveryState } from "./delivery-state.ts";
import { recordedOf, withAgreed } from "./record-view.ts";
import { documentOf } from "./source-view.ts";

/** Moves those states from `undelivered` to `carried`. */
export function noteCarried(state: DeliveryState): void {
  const open = new Map<string, WindowEntry[]>();
  for (const entry of state.undelivered) {
    const key = identityKey(entry.identity);
    const entries = open.get(key);
    if (entries === undefined) open.set(key, [entry]);
    else entries.push(entry);
  }
  const done = new Set<WindowEntry>();
  for (const [key, entries] of open) {
    const [{ identity } = { identity: undefined }] = entries;
    if (identity === undefined) continue;
    const known = withAgreed(recordedOf(state.record, identity), state.carried.get(key))?.source[0];
    const there = known && state.source.tree.entry(known.path)?.oid;
    if (known !== undefined && there === known.blob) continue;
    const file = there === undefined ? documentOf(state.source, key)?.file : { path: known?.path ?? "", blob: there };
    if (file === undefined && known === undefined) continue;
    const last = entries.findLastIndex((entry) => entry.manifest?.blob === file?.blob);
    if (last < 0) continue;
    for (const entry of entries.slice(0, last + 1)) done.add(entry);
    state.carried.set(key, agreedOn(file));
  }
  if (done.size > 0) state.undelivered = state.undelivered.filter((entry) => !done.has(entry));
}

function agreedOn(file: SourceFile | undefined): Agreed {
  return file === undefined ? { base: undefined, source: [] } : { base: file.blob, source: [file] };
}
