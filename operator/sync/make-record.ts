/** The commits that a push adds to the record. */
import { driftPath } from "../drift/drift-file.ts";
import type { Clock } from "../ports.ts";
import { metaPath, serializeMeta } from "../record/meta.ts";
import type { FileChange } from "../values.ts";
import type { CommitStep } from "./compose.ts";
import type { Attempt, DeliveryState, Target } from "./delivery-state.ts";
import { type MadeCommit, makeCommits } from "./make-commits.ts";

/**
 * The record's commits, `meta` and what is known of drift in the last of them; the first record of a capture has a
 * commit even with no object.
 */
export async function makeRecord(
  target: Target,
  state: DeliveryState,
  { composition, meta, drift }: Pick<Attempt, "composition" | "meta" | "drift">,
  clock: Clock,
): Promise<readonly MadeCommit[]> {
  const steps: CommitStep[] = [...composition.record];
  const isFirst = state.record.meta === undefined;
  const hasDrifted = drift !== state.record.drift;
  if (steps.length === 0) {
    if (!isFirst && !hasDrifted) return [];
    const kind = isFirst ? "Change" : "Drift";
    const objects = [...state.drift.book.episodes.values()].map(({ identity }) => ({
      identity,
      before: undefined,
      after: undefined,
    }));
    const told = isFirst ? [] : objects;
    steps.push({ author: { rung: "Operator" }, kind, objects: told, files: [], at: clock.now() });
  }
  const last = steps.length - 1;
  const files: FileChange[] = [{ path: metaPath, content: serializeMeta(meta) }];
  if (hasDrifted) files.push({ path: driftPath, content: drift === "" ? null : drift });
  const withMeta = steps.map((step, i) => (i === last ? { ...step, files: [...step.files, ...files] } : step));
  const { recordRepository } = target;
  const whole = recordRepository === target.repository ? withMeta : await withFiles(target, withMeta);
  return makeCommits(target, recordRepository, state.record.tip, whole, clock, composition.texts);
}

/** Files that the record names by the blob that the source branch has of them, with their texts: they go elsewhere. */
async function withFiles({ repository }: Target, steps: readonly CommitStep[]): Promise<readonly CommitStep[]> {
  const isOfSource = (path: string): boolean => path.startsWith("source/");
  const named = steps.flatMap(({ files }) =>
    files.flatMap(({ path, content }) =>
      isOfSource(path) && content !== null && typeof content === "object" ? [content.blob] : [],
    ),
  );
  const texts = await repository.blobs(named);
  return steps.map((step) => ({
    ...step,
    files: step.files.map(({ path, content }) => {
      const text = isOfSource(path) && content !== null && typeof content === "object" && texts.get(content.blob);
      return { path, content: typeof text === "string" ? text : content };
    }),
  }));
}
