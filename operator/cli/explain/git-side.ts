/** What the repository of a Capture tells of one object: decided as a delivery would decide, with nothing written. */
import type { Capture } from "../../api/generated/capture.ts";
import { inNamespace } from "../../manifest/identity.ts";
import type { ObjectReader } from "../../manifest/object-reader.ts";
import { documentOf as documentIn, parseManifests } from "../../manifest/parse-manifests.ts";
import type { Policy } from "../../manifest/policy.ts";
import { describeField } from "../../merge/describe.ts";
import { diffFields } from "../../merge/diff-fields.ts";
import type { Repository } from "../../ports.ts";
import { authorName } from "../../record/author-signature.ts";
import { named } from "../../record/commit-message.ts";
import { authorOf } from "../../record/parse-message.ts";
import { readRecorded } from "../../record/read-record.ts";
import { holdOf } from "../../sync/delivery-state.ts";
import { lookAt } from "../../sync/examine.ts";
import { readObject } from "../../sync/read-object.ts";
import type { Settled } from "../../sync/settle-objects.ts";
import { documentOf, type SourceView } from "../../sync/source-view.ts";
import type { ObjectNow, WeighedObject } from "../../sync/weigh-objects.ts";
import type { Commit, CommitId, Identity, JsonObject, Kind, Manifest } from "../../values.ts";
import { entryOf, type LogEntry } from "../log/entries.ts";
import { lastChange } from "../log/history.ts";
import { type ExamineDeps, examineTarget, type Opened } from "./examine-target.ts";
import type { BranchCommit, GitSide } from "./judge.ts";

const maxDifferences = 10;

export interface GitQuestion extends ExamineDeps {
  readonly identity: Identity;
  readonly kind: Kind;
  /** undefined: the cluster has none. */
  readonly object: JsonObject | undefined;
  readonly now: number;
}

/** Throws Failure. */
export async function readGitSide(
  capture: Capture,
  policy: Policy,
  opened: Opened,
  { identity, kind, object, now, ...deps }: GitQuestion,
): Promise<GitSide> {
  const { remote, repository, record: recordRepository, branch } = opened;
  const target = examineTarget(capture, policy, opened, deps);
  const { tip, record, source, ...looking } = await lookAt(target);
  const live = object && (await written(target, object, kind));
  const own = looking.objectNow(identity, object, live);
  const { weighing, settled } = await looking.judge([own], { now });
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
    hold: holdOf(target.delivery),
    differences: hasFile && weighed ? await differences(repository, target.reader, source, weighed) : [],
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
  const known = "person" in author ? authorName(author) : commit.author.name;
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
