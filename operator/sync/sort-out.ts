/** What a list showed to read otherwise than recorded: brought in step silently where nobody changed it. */

import { equalJson } from "../manifest/equal-json.ts";
import { identityKey } from "../manifest/identity.ts";
import type { ObjectReader } from "../manifest/object-reader.ts";
import { rulesVersion } from "../manifest/rules.ts";
import { manifestOf } from "../manifest/to-manifest.ts";
import { isNobodysChange } from "../merge/nobodys-change.ts";
import type { BlobId, ClusterChange, JsonObject, Manifest, Recorded, WindowEntry } from "../values.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { recordedOf } from "./record-view.ts";
import { manifestFromText } from "./undelivered.ts";

/** Takes out of `fresh` what nobody changed, and notes it in `rebased`; what waits for the branch reads so too, then. */
export async function sortOut(target: Target, state: DeliveryState): Promise<void> {
  await takeOut(target, state);
  renew(state);
}

async function takeOut(target: Target, state: DeliveryState): Promise<void> {
  const listed = new Map<WindowEntry, { readonly raw: Listed; readonly manifest: Manifest; readonly live: string }>();
  const before = new Set<string>();
  for (const entry of state.fresh) {
    const { identity, manifest, listed: raw } = entry;
    const key = identityKey(identity);
    // What follows a change that is not recorded yet is compared with that, and differs from it.
    const live = raw && !before.has(key) ? recordedOf(state.record, identity)?.live : undefined;
    before.add(key);
    if (raw !== undefined && manifest !== undefined && live !== undefined) listed.set(entry, { raw, manifest, live });
  }
  if (listed.size === 0) return;
  const texts = await target.recordRepository.blobs(new Set([...listed.values()].map(({ live }) => live)));
  const rules = state.record.meta?.rules;
  const changed: WindowEntry[] = [];
  for (const entry of state.fresh) {
    const { listed: _, ...rest } = entry;
    const found = listed.get(entry);
    const text = found && texts.get(found.live);
    const recorded = found && text && manifestFromText(entry.identity, found.live, text).content;
    if (found && recorded && (await readsTheSame(target, recorded, found, rules)))
      state.rebased.set(identityKey(entry.identity), found.manifest);
    else changed.push(rest);
  }
  state.fresh = changed;
}

type Listed = NonNullable<WindowEntry["listed"]>;

/** Whether what was recorded reads as the object does now, by the rules, the policy and the defaults of today. */
async function readsTheSame(
  { reader, prover }: Target,
  recorded: JsonObject,
  { raw: { object, kind }, manifest }: { readonly raw: Listed; readonly manifest: Manifest },
  rules: number | undefined,
): Promise<boolean> {
  if (isNobodysChange(recorded, object, rules, reader.content)) return true;
  return prover !== undefined && equalJson(await prover.form(kind, reader.content(recorded)), manifest.content);
}

/** Whether a listed object is the recorded one, of this blob, as older rules wrote it; told without reading blobs. */
export function isAsRecorded(
  { record }: DeliveryState,
  reader: ObjectReader,
  { identity, object }: ClusterChange,
  blob: BlobId,
): boolean {
  if (recordedOf(record, identity)?.live !== blob) return false;
  for (let rules = rulesVersion - 1; rules >= (record.meta?.rules ?? 1); rules--)
    if (manifestOf(object, reader.content(object, rules)).blob === blob) return true;
  return false;
}

/** The last state of an object that waits is delivered as it reads now. */
function renew({ rebased, undelivered }: DeliveryState): void {
  if (rebased.size === 0) return;
  const done = new Set<string>();
  for (let i = undelivered.length - 1; i >= 0; i--) {
    const entry = undelivered[i] as WindowEntry;
    const key = identityKey(entry.identity);
    const manifest = rebased.get(key);
    if (manifest === undefined || done.has(key)) continue;
    done.add(key);
    if (entry.manifest !== undefined) undelivered[i] = { ...entry, manifest };
  }
}

/** The record's entry once the object is brought in step: `base` moves only where it was in step with `live`. */
export function rebase(recorded: Recorded, manifest: Manifest): Recorded {
  const { live, base, source } = recorded;
  return { live: manifest.blob, base: base === live ? manifest.blob : base, source };
}
