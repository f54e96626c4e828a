/** `clickscribe record purge`: takes one object out of the whole history of records, as a person asks for it. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import type { Cluster } from "../../cluster/index.ts";
import type { RecordPurgeConfig } from "../../config/record-purge.ts";
import { Failure, stalled } from "../../failures.ts";
import type { ClosableRepositories, RewrittenHistory } from "../../git/index.ts";
import type { RemoteAccess, Signer } from "../../ports.ts";
import { authorSignature } from "../../record/author-signature.ts";
import { parseTrailers } from "../../record/parse-message.ts";
import { purgeMessage, withoutObject } from "../../record/purge.ts";
import { accessTo, openRemote, recordAccess } from "../../sync/open-remote.ts";
import type { Author, Commit, CommitId, Identity, RefName, RepoPath } from "../../values.ts";
import { callerOf } from "../caller-of.ts";
import { mustServe } from "../connect.ts";
import { nameObject } from "../explain/name-object.ts";
import { asCapture, asRemote, getOwn, listOwn } from "../find-objects.ts";
import { readNamed } from "../open-remote.ts";
import { Complaint } from "../perform.ts";
import { findLeak } from "./find-leak.ts";

/** One record without the object, not pushed yet. */
export interface PlannedPurge {
  /** `NAMESPACE/NAME` */
  readonly capture: string;
  readonly remote: string;
  readonly ref: RefName;
  readonly from: CommitId;
  readonly to: CommitId;
  /** Of all commits, those that are written anew, and those of which nothing is left. */
  readonly commits: number;
  readonly rewritten: number;
  readonly dropped: number;
  /** Contents that no commit of the ref has any more. */
  readonly blobs: number;
  readonly signed: boolean;
  /** Entries of other objects with the very same content: they stay. */
  readonly elsewhere: readonly RepoPath[];
  readonly push: RewrittenHistory["push"];
  /** Plans it anew on what the record is now; undefined: the object is in it no more. */
  readonly again: () => Promise<PlannedPurge | undefined>;
}

export interface PurgePlan {
  readonly object: Identity;
  readonly records: readonly PlannedPurge[];
  /** Records that could not be read, each for people. */
  readonly gaps: readonly string[];
}

type Question = Pick<RecordPurgeConfig, "object" | "namespace" | "capture">;

/** Writes nothing. Throws Complaint, Failure. */
export async function planPurge(
  cluster: Cluster,
  repositories: ClosableRepositories,
  question: Question,
  now: () => number,
): Promise<PurgePlan> {
  const discovery = await cluster.discover();
  const found = nameObject(question.object, discovery);
  if (!found.ok) throw new Complaint(found.problem);
  const { group, kind, namespaced } = found.kind;
  const namespace = question.namespace ?? cluster.namespace;
  const identity: Identity = { group, kind, namespace: namespaced ? namespace : "", name: found.name };
  const captures =
    question.capture === undefined
      ? (await listOwn(cluster, "Capture", namespace)).map(asCapture)
      : [asCapture(await getOwn(cluster, "Capture", namespace, question.capture))];
  if (captures.length === 0) throw new Complaint(`there is no Capture in ${namespace}, so there is no record`);
  const author = await callerOf(cluster);
  const records: PlannedPurge[] = [];
  const gaps: string[] = [];
  for (const capture of captures) {
    try {
      const opened = await openRecord(cluster, repositories, capture);
      const planned = await planOne(repositories, opened, identity, author, now);
      if (planned !== undefined) records.push(planned);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      gaps.push(`the record of Capture ${keyOf(capture)} was not looked into: ${error.message}`);
    }
  }
  return { object: identity, records, gaps };
}

interface OpenedRecord {
  readonly capture: string;
  readonly remote: GitRemote;
  readonly access: RemoteAccess;
  readonly ref: RefName;
  readonly people: Parameters<typeof authorSignature>[1]["people"];
  readonly signer: Signer | undefined;
}

async function openRecord(
  cluster: Cluster,
  repositories: ClosableRepositories,
  capture: Capture,
): Promise<OpenedRecord> {
  const { metadata, spec, status } = capture;
  const ref = status?.record?.ref;
  if (ref === undefined) throw stalled("Progressing", "the operator has told none yet: see clickscribe status");
  const discovery = await cluster.discover();
  const kind = mustServe(discovery, "clickscribe.dev", "GitRemote");
  const found = await cluster.get(kind, metadata.namespace, spec.remote.name);
  if (found === undefined)
    throw stalled("RemoteNotFound", `there is no GitRemote ${spec.remote.name} in ${metadata.namespace}`);
  const remote = asRemote(found);
  const deps = { read: readNamed({ cluster, discovery }) };
  const elsewhere = await recordAccess(deps, remote);
  if (elsewhere === undefined && remote.spec.access === "ReadOnly") {
    throw stalled("RemoteInvalid", "it is in the operator's memory alone: a restart of the operator ends it");
  }
  const access = elsewhere ?? (await accessTo(deps, remote));
  const inMemory = (): never => {
    throw stalled("RemoteInvalid", "the record is on no server");
  };
  const { people, signer } = await openRemote({ ...deps, repositories, inMemory }, remote);
  return { capture: keyOf(capture), remote, access, ref, people, signer };
}

/** undefined: the record has nothing of it. Throws Failure. */
async function planOne(
  repositories: ClosableRepositories,
  opened: OpenedRecord,
  identity: Identity,
  author: Author,
  now: () => number,
): Promise<PlannedPurge | undefined> {
  const { access, ref, capture, signer } = opened;
  const history = await repositories.history(access, ref);
  const leak = history && (await findLeak(history, repositories.open(access), identity));
  if (history === undefined || leak === undefined) return undefined;
  const at = now();
  const rewritten = await history.rewrite({
    removes: leak.removes,
    message: ({ message }, changes) => withoutObject(message, identity, changes),
    last: {
      ...signatures(opened, author, Math.floor(at / 1000)),
      message: purgeMessage({ identity, capture, cluster: clusterOf(history.commits), author, at }),
    },
    signer,
  });
  return {
    capture,
    remote: access.url,
    ref,
    from: history.tip,
    to: rewritten.tip,
    commits: history.commits.length,
    rewritten: rewritten.rewritten,
    dropped: rewritten.dropped,
    blobs: rewritten.blobs.size,
    signed: signer !== undefined,
    elsewhere: leak.elsewhere,
    push: rewritten.push,
    again: () => planOne(repositories, opened, identity, author, now),
  };
}

/** As the operator signs what a person did. `at`: seconds since the epoch. */
function signatures(
  { remote, people }: OpenedRecord,
  author: Author,
  at: number,
): Pick<Commit, "author" | "committer"> {
  const { commit } = remote.spec;
  const committer = {
    name: commit?.committer?.name ?? "clickscribe",
    email: commit?.committer?.email ?? "clickscribe@clickscribe.invalid",
  };
  const options = { committer, emailTemplate: commit?.authors?.emailTemplate, people };
  const shown: Author = commit?.author === "Committer" ? { rung: "Operator" } : author;
  return { author: authorSignature(shown, options, at), committer: { ...committer, at } };
}

/** What the operator calls the cluster, as it said last. */
function clusterOf(commits: readonly Commit[]): string | undefined {
  for (const { message } of commits.toReversed()) {
    const name = parseTrailers(message).get("Clickscribe-Cluster")?.[0];
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The operator writes there too: what is lost against it is planned anew. */
const maxRaces = 10;

/** Answers what the record is now; undefined: somebody else took it out meanwhile. Throws Complaint, Failure. */
export async function pushPurge(planned: PlannedPurge): Promise<PlannedPurge | undefined> {
  let now: PlannedPurge | undefined = planned;
  for (let race = 0; race < maxRaces && now !== undefined; race++) {
    const outcome = await now.push();
    if (outcome.outcome === "Accepted") return now;
    if (outcome.outcome === "Refused") {
      const how = `it must let ${now.ref} be rewritten this once (force pushes; receive.denyNonFastForwards)`;
      throw new Complaint(
        `${now.remote} did not take the record of Capture ${now.capture}: ${outcome.message}; ${how}`,
      );
    }
    now = await now.again();
  }
  if (now === undefined) return undefined;
  throw new Complaint(
    `${now.ref} moved ${maxRaces} times meanwhile: clickscribe suspend Capture ${now.capture} first, and resume it after`,
  );
}

function keyOf({ metadata }: Capture): string {
  return `${metadata.namespace}/${metadata.name}`;
}
