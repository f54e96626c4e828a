/** Turns commit steps into commits, looking up what each object was only as far as the message tells it. */
import { identityKey } from "../manifest/identity.ts";
import { describe } from "../merge/describe.ts";
import type { Clock, Repository } from "../ports.ts";
import { authorSignature } from "../record/author-signature.ts";
import { commitMessage } from "../record/commit-message.ts";
import type { Author, BlobId, CommitId, Identity, ObjectChange } from "../values.ts";
import type { CommitStep, ObjectStep } from "./compose.ts";
import type { Target } from "./delivery-state.ts";
import { manifestFromText } from "./undelivered.ts";

/** Objects whose change a message spells out; a commit of more says how many more. */
const spelledOut = 50;

export interface MadeCommit {
  readonly id: CommitId;
  readonly author: Author;
  readonly kind: CommitStep["kind"];
  readonly subject: string;
  readonly at: number;
  /** How many objects it carries. */
  readonly count: number;
  /** The first of them, each with its change in words. */
  readonly objects: readonly { readonly identity: Identity; readonly words: string }[];
}

/** Builds the steps as a chain on top of `parent`. `texts`: of states that the server may not hold. Nothing is sent. */
export async function makeCommits(
  target: Target,
  repository: Repository,
  parent: CommitId | undefined,
  steps: readonly CommitStep[],
  clock: Clock,
  texts: ReadonlyMap<BlobId, string>,
): Promise<readonly MadeCommit[]> {
  const made: MadeCommit[] = [];
  let tip = parent;
  for (const step of steps) {
    const objects = await changesOf(target, step, texts);
    const seconds = Math.floor(step.at / 1000);
    const { committer, emailTemplate, people, subjectTemplate, signer } = target;
    const author: Author = target.commitAuthor === "Person" ? step.author : { rung: "Operator" };
    const message = commitMessage({
      cluster: target.cluster,
      capture: target.capture,
      author: step.author,
      objects,
      at: step.at,
      subjectTemplate,
      ...(step.keptBy && { keptBy: step.keptBy }),
      kind: step.kind === "Change" && step.author.rung === "Operator" ? "FirstCapture" : step.kind,
    });
    const draft = {
      parent: tip,
      changes: step.files,
      author: authorSignature(author, { committer, emailTemplate, people }, seconds),
      committer: { ...committer, at: Math.floor(clock.now() / 1000) },
      message,
    };
    tip = await repository.commit(draft, signer);
    made.push({
      id: tip,
      author: step.author,
      kind: step.kind,
      subject: message.slice(0, message.indexOf("\n")),
      at: step.at,
      count: step.objects.length,
      objects: objects.slice(0, spelledOut).map((change) => ({ identity: change.identity, words: describe(change) })),
    });
  }
  return made;
}

async function changesOf(
  target: Target,
  step: CommitStep,
  own: ReadonlyMap<BlobId, string>,
): Promise<readonly ObjectChange[]> {
  if (step.kind !== "Change") {
    return step.objects.map(({ identity }) => ({ identity, before: {}, after: {} }));
  }
  const told = step.objects.slice(0, spelledOut);
  const wanted = new Set(told.flatMap(({ before }) => (before === undefined || own.has(before) ? [] : [before])));
  const texts = await target.recordRepository.blobs(wanted);
  const before = new Map<string, ObjectChange["before"]>();
  for (const { identity, before: blob } of told) {
    if (blob !== undefined)
      before.set(
        identityKey(identity),
        manifestFromText(identity, blob, own.get(blob) ?? texts.get(blob) ?? "").content,
      );
  }
  return step.objects.map((object) => changeOf(object, before));
}

function changeOf(object: ObjectStep, known: ReadonlyMap<string, ObjectChange["before"]>): ObjectChange {
  const { identity, before, after } = object;
  return {
    identity,
    before: before === undefined ? undefined : (known.get(identityKey(identity)) ?? {}),
    after: after?.content,
  };
}
