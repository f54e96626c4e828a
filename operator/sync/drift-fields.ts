/** How the two sides of an object that drifted differ, in words; what may be secret is left out of them. */
import { identityKey } from "../manifest/identity.ts";
import { documentOf as documentIn, parseManifests } from "../manifest/parse-manifests.ts";
import { describeField } from "../merge/describe.ts";
import { diffFields } from "../merge/diff-fields.ts";
import type { RepositoryReader } from "../ports.ts";
import type { BlobId, Episode, FieldChange, JsonObject } from "../values.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { documentOf } from "./source-view.ts";
import { knownOf } from "./take-in-source.ts";

/** The path of the object's file, as far as it has one. */
export function fileOf(state: DeliveryState, { identity }: Pick<Episode, "identity">): string | undefined {
  const path = knownOf(state, identity)?.source[0]?.path;
  const stands = documentOf(state.source, identityKey(identity))?.file.path;
  return stands ?? (path !== undefined && state.source.tree.entry(path) ? path : undefined);
}

/** What changed since both sides were in step: on the branch where it is ahead, else in the cluster. Throws Failure. */
export async function driftFields(
  { repository, recordRepository }: Pick<Target, "repository" | "recordRepository">,
  state: DeliveryState,
  episode: Episode,
): Promise<readonly string[]> {
  const { identity, sort, live } = episode;
  const conflicts = state.attention.get(identityKey(identity))?.conflicts;
  if (conflicts !== undefined)
    return conflicts.map(({ path, source, live: now }) => describeField({ path, before: source, after: now }));
  const recorded = knownOf(state, identity);
  const read = async (from: RepositoryReader, blob: BlobId | undefined): Promise<JsonObject | undefined> => {
    if (blob === undefined || blob === "") return undefined;
    const text = (await from.blobs([blob])).get(blob) ?? "";
    return documentIn(parseManifests(text), identity)?.content;
  };
  const between = (before: JsonObject | undefined, after: JsonObject | undefined): readonly FieldChange[] =>
    before === undefined || after === undefined ? [] : diffFields(before, after);
  if (sort === "ChangedInGit") {
    const stands = documentOf(state.source, identityKey(identity))?.content;
    const now = stands ?? (await read(repository, episode.file));
    return between(await read(recordRepository, recorded?.source[0]?.blob), now).map(describeField);
  }
  if (sort !== "ChangedInCluster" && sort !== "Reverted") return [];
  return between(await read(recordRepository, recorded?.base), await read(recordRepository, live)).map(describeField);
}
