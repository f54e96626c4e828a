/** What the repository of a Capture tells of one object: decided as a delivery would decide, with nothing written. */
import type { Capture } from "../../api/generated/capture.ts";
import { lastFieldManager } from "../../manifest/field-manager.ts";
import { identityKey, inNamespace } from "../../manifest/identity.ts";
import { createObjectReader, type ObjectReader } from "../../manifest/object-reader.ts";
import { ownedFields } from "../../manifest/owners.ts";
import { documentOf as documentIn, parseManifests } from "../../manifest/parse-manifests.ts";
import type { Policy } from "../../manifest/policy.ts";
import { describeField } from "../../merge/describe.ts";
import { diffFields } from "../../merge/diff-fields.ts";
import type { Repository } from "../../ports.ts";
import { named } from "../../record/commit-message.ts";
import { authorOf } from "../../record/parse-message.ts";
import { listRecorded, readRecorded } from "../../record/read-record.ts";
import { capturePath, layoutOf } from "../../sync/capture-settings.ts";
import { isConsumer } from "../../sync/consumer.ts";
import type { DefaultsProver } from "../../sync/prover.ts";
import { readObject } from "../../sync/read-object.ts";
import { readRecord, recordedOf } from "../../sync/record-view.ts";
import { type Settled, settleObjects } from "../../sync/settle-objects.ts";
import { documentOf, readSource, type SourceView } from "../../sync/source-view.ts";
import { fetchTips } from "../../sync/take-in-source.ts";
import { type ObjectNow, type SchemaOf, type WeighedObject, weighObjects } from "../../sync/weigh-objects.ts";
import type { BlobId, Commit, CommitId, Identity, JsonObject, Kind, Manifest, RepoPath } from "../../values.ts";
import { entryOf, type LogEntry, nameOf } from "../log/entries.ts";
import { lastChange } from "../log/history.ts";
import type { BranchCommit, GitSide } from "./judge.ts";
import type { OpenedCapture } from "./open-capture.ts";

type Opened = Extract<OpenedCapture, { readonly ok: true }>;

const maxDifferences = 10;

export interface GitQuestion {
  readonly identity: Identity;
  readonly kind: Kind;
  /** undefined: the cluster has none. */
  readonly object: JsonObject | undefined;
  readonly prover: DefaultsProver;
  readonly schemaOf: SchemaOf;
  readonly now: number;
}

/** Throws Failure. */
export async function readGitSide(
  capture: Capture,
  policy: Policy,
  { remote, repository, record: recordRepository, recordRef, branch }: Opened,
  { identity, kind, object, prover: ofDefaults, schemaOf, now }: GitQuestion,
): Promise<GitSide> {
  const path = capturePath(capture);
  const reader = createObjectReader(policy);
  const prover = policy.defaults === "Drop" ? ofDefaults : undefined;
  const sourceRef = `refs/heads/${branch}`;
  const { source: tip, ...tips } = await fetchTips({ repository, recordRepository, recordRef, sourceRef });
  const record = await readRecord(recordRepository, recordRef, tips.record);
  const vouched = new Map<RepoPath, BlobId>();
  for (const [, { source }] of listRecorded(record.tree)) for (const file of source) vouched.set(file.path, file.blob);
  const source = await readSource({
    repository,
    ref: sourceRef,
    tip,
    parent: tip,
    path,
    namespace: capture.metadata.namespace,
    vouched: (file) => vouched.get(file.path) === file.blob,
    parsed: new Map(),
  });
  const live = object && (await written({ reader, prover }, object, kind));
  const own: ObjectNow = {
    key: identityKey(identity),
    identity,
    live,
    recorded: recordedOf(record, identity),
    ...(object && { owners: ownedFields(object) }),
    ...(object && live && isConsumer(noAuthor, lastFieldManager(object), []) && { applied: live.content }),
  };
  const layout = layoutOf(capture);
  const { namespace } = capture.metadata;
  const weighing = await weighObjects(
    { repository, recordRepository, schemaOf, source, layout, path, texts: new Map() },
    [own],
  );
  const settled = settleObjects({
    objects: weighing.objects,
    released: new Map(),
    namespace,
    written: (stands) => reader.content(inNamespace(stands, namespace)),
    text: weighing.text,
    onConflict: capture.spec.onConflict ?? "Hold",
    prune: { mode: capture.spec.prune?.mode ?? "Delete", confirmAbove: capture.spec.prune?.confirmAbove ?? 10 },
    confirmed: undefined,
    deletionsDelivered: [],
    now,
  });
  const [weighed] = weighing.objects;
  const home = weighed?.home.path ?? "";
  const file = source.tree.entry(home);
  // What stands at the path of an object that was never written there may be anybody's.
  const hasFile =
    file !== undefined &&
    (own.recorded?.source.some((known) => known.path === home) === true || documentOf(source, own.key) !== undefined);
  const [commit] = hasFile && tip ? (await lastChange(repository, tip, (tree) => tree.entry(home)?.oid)).found : [];
  return {
    remote: remote.spec.url,
    branch,
    path: home,
    hasFile,
    exists: object !== undefined,
    ...stateOf(own, settled, hasFile),
    unsupported: source.refusal,
    differences: hasFile && weighed ? await differences(repository, reader, source, weighed) : [],
    lastCommit: commit && branchCommit(commit),
    lastChange:
      record.tip === undefined ? undefined : await lastInRecord(recordRepository, record.tip, capture, identity),
  };
}

async function written(
  how: Parameters<typeof readObject>[0],
  object: JsonObject,
  kind: Kind,
): Promise<Manifest | undefined> {
  const reading = await readObject(how, object, kind);
  return reading.verdict === "Kept" ? reading.manifest : undefined;
}

const noAuthor = { rung: "None", candidates: [], evidence: "" } as const;

function stateOf(
  { key, live }: ObjectNow,
  settled: Settled,
  hasFile: boolean,
): Pick<GitSide, "state" | "reason" | "detail"> {
  const note = settled.attention.get(key);
  if (note !== undefined) return { state: note.state, reason: note.reason, detail: note.detail };
  const to = settled.settlements.get(key)?.settlement.to;
  if (to === "Deliver") return { state: "ClusterAhead", reason: undefined, detail: "" };
  const kept = to === "Forget" && live === undefined && hasFile;
  return { state: kept ? "GitAhead" : "InSync", reason: undefined, detail: "" };
}

/** Of the file from the live object. */
async function differences(
  repository: Repository,
  reader: ObjectReader,
  source: SourceView,
  { key, identity, live, home: { path } }: WeighedObject,
): Promise<readonly string[]> {
  if (live === undefined) return [];
  let content = documentOf(source, key)?.content;
  const blob = source.tree.entry(path)?.oid;
  if (content === undefined && blob !== undefined)
    content = documentIn(parseManifests((await repository.blobs([blob])).get(blob) ?? ""), identity)?.content;
  if (content === undefined) return [];
  const fields = diffFields(reader.content(inNamespace(content, identity.namespace)), live.content);
  const words = fields.slice(0, maxDifferences).map(describeField);
  return fields.length > maxDifferences ? [...words, `and ${fields.length - maxDifferences} more`] : words;
}

function branchCommit(commit: Commit): BranchCommit {
  const author = authorOf(commit);
  const known = "person" in author ? nameOf(author) : commit.author.name;
  return {
    commit: commit.id,
    time: new Date(commit.author.at * 1000).toISOString(),
    author: known,
    subject: commit.message.split("\n", 1)[0] ?? "",
  };
}

async function lastInRecord(
  repository: Repository,
  tip: CommitId,
  { metadata }: Capture,
  identity: Identity,
): Promise<LogEntry | undefined> {
  const { found } = await lastChange(repository, tip, (tree) => readRecorded(tree, identity)?.live);
  const [commit] = found;
  return commit && entryOf(commit, `${metadata.namespace}/${metadata.name}`, named(identity), "changed");
}
