/** PURE: what a Capture and its GitRemote say, resolved into what a session works with. Throws Failure naming the field. */

import { parseDuration } from "../api/duration.ts";
import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { CapturePlace } from "../consumers/source.ts";
import { stalled } from "../failures.ts";
import { parseCapturePath } from "../layout/path.ts";
import { type Layout, parseTemplate } from "../layout/place.ts";
import { createObjectReader } from "../manifest/object-reader.ts";
import type { Selection } from "../manifest/policy.ts";
import { rulesVersion } from "../manifest/rules.ts";
import { recordFormat } from "../record/meta.ts";
import { recordRef } from "../record/record-path.ts";
import type { RefName, RepoPath } from "../values.ts";
import { policyOf } from "./capture-policy.ts";
import type { ConsumerWatch } from "./consumer-watch.ts";
import type { Delivery, Target } from "./delivery-state.ts";
import type { OpenedRemote } from "./open-remote.ts";
import type { DefaultsProver } from "./prover.ts";
import { normalizeUrl } from "./remote-access.ts";
import type { SchemaOf } from "./weigh-objects.ts";

export interface ClusterIdentity {
  readonly name: string;
  readonly uid: string;
  readonly namespaceUid: string;
}

export interface ResolvedCapture {
  readonly target: Target;
  readonly branchKey: string;
  /** Where it writes to, as those name it who apply that. */
  readonly place: CapturePlace;
  readonly selection: Selection;
  readonly quietPeriodMs: number;
  readonly maxWaitMs: number;
  /** Changes when the session must be opened anew. */
  readonly fingerprint: string;
}

/** What tells of the cluster how objects are to be read. */
export interface ReadingDeps {
  readonly prover: DefaultsProver;
  readonly sources: ConsumerWatch;
  readonly schemaOf: SchemaOf;
}

export function deliveryOf({ spec }: Capture, remote: GitRemote): Delivery {
  return remote.spec.access === "ReadOnly" ? "ReadOnly" : (spec.delivery?.mode ?? "Push");
}

/** `head`: what the remote's HEAD names, for a Capture without `spec.branch`. */
export function resolveCapture(
  capture: Capture,
  remote: GitRemote,
  opened: OpenedRemote,
  head: RefName | undefined,
  cluster: ClusterIdentity,
  { prover, sources, schemaOf }: ReadingDeps,
): ResolvedCapture {
  const { spec, metadata } = capture;
  const path = capturePath(capture);
  const branch = branchOf(capture, head);
  const own = { namespace: metadata.namespace, name: metadata.name };
  const committer = {
    name: remote.spec.commit?.committer?.name ?? "clickscribe",
    email: remote.spec.commit?.committer?.email ?? "clickscribe@clickscribe.invalid",
  };
  const defaultBranch = head?.replace(/^refs\/heads\//, "");
  const place = { url: remote.spec.url, branch, defaultBranch, path };
  const sourcesHere = sources.here(place);
  const policy = policyOf(capture, sourcesHere);
  const target: Target = {
    repository: opened.repository,
    recordRepository: opened.record,
    people: opened.people,
    signer: opened.signer,
    delivery: deliveryOf(capture, remote),
    driftAfterMs: parseDuration(spec.drift?.after ?? "10m") ?? 600_000,
    isConsumed: sourcesHere.size > 0 || (spec.appliers?.length ?? 0) > 0,
    reader: createObjectReader(policy),
    prover: policy.defaults === "Drop" ? prover : undefined,
    cluster: cluster.name,
    capture: own,
    recordRef: recordRef(remote.spec.record?.prefix ?? "refs/clickscribe", cluster.name, own),
    sourceRef: `refs/heads/${branch}`,
    branch,
    path,
    layout: layoutOf(capture),
    onConflict: spec.onConflict ?? "Hold",
    appliers: spec.appliers ?? [],
    schemaOf,
    prune: { mode: spec.prune?.mode ?? "Delete", confirmAbove: spec.prune?.confirmAbove ?? 10 },
    committer,
    commitAuthor: remote.spec.commit?.author ?? "Person",
    emailTemplate: remote.spec.commit?.authors?.emailTemplate,
    subjectTemplate: remote.spec.commit?.subjectTemplate,
    meta: {
      format: recordFormat,
      rules: rulesVersion,
      cluster: { name: cluster.name, uid: cluster.uid },
      capture: { ...own, uid: metadata.uid },
      namespaces: { [own.namespace]: cluster.namespaceUid },
      remote: remote.spec.url,
      branch,
      path,
      sourceCommit: undefined,
    },
  };
  const quietPeriodMs = parseDuration(spec.batching?.quietPeriod ?? "3s") ?? 3_000;
  const maxWaitMs = parseDuration(spec.batching?.maxWait ?? "30s") ?? 30_000;
  const { repository: _repository, recordRepository: _record, reader: _, prover: _prover, ...rest } = target;
  const { people: _people, signer: _signer, schemaOf: _schemas, ...plain } = rest;
  return {
    target,
    branchKey: `${normalizeUrl(remote.spec.url)}#${branch}`,
    place,
    selection: policy.selection,
    quietPeriodMs,
    maxWaitMs,
    fingerprint: JSON.stringify([
      remote.spec.url,
      remote.spec.record?.remoteRef?.name,
      plain,
      { ...policy, sourcesHere: [...policy.sourcesHere].toSorted() },
    ]),
  };
}

/** Whose rights it acts with; undefined: the operator's own. */
export function userOf({ spec, metadata }: Capture, defaultServiceAccount: string | undefined): string | undefined {
  const name = spec.serviceAccountName || defaultServiceAccount;
  return name ? `system:serviceaccount:${metadata.namespace}:${name}` : undefined;
}

/** `spec.layout`, checked. Throws Failure LayoutInvalid. */
export function layoutOf({ spec: { layout } }: Pick<Capture, "spec">): Layout {
  const mode = layout?.mode ?? "Neighbours";
  if (mode !== "Template") return { mode };
  const parsed = parseTemplate(layout?.template ?? "");
  if (parsed.ok) return { mode, template: parsed.template };
  const field = "spec.layout.template";
  throw stalled("LayoutInvalid", `${field}: ${parsed.why}`, { field });
}

/** `spec.path`, checked. */
export function capturePath(capture: Capture): RepoPath {
  const parsed = parseCapturePath(capture.spec.path);
  if (!parsed.ok) throw stalled("PathInvalid", `spec.path: ${parsed.why}`, { field: "spec.path" });
  return parsed.path;
}

function branchOf(capture: Capture, head: RefName | undefined): string {
  const named = capture.spec.branch;
  if (named !== undefined && named !== "") {
    if (isBranchName(named)) return named;
    throw stalled("BranchInvalid", `spec.branch: ${JSON.stringify(named)} is no valid branch name`, {
      field: "spec.branch",
    });
  }
  if (head?.startsWith("refs/heads/")) return head.slice("refs/heads/".length);
  throw stalled("BranchInvalid", "spec.branch: the repository has no default branch; name the branch to write to", {
    field: "spec.branch",
  });
}

/** The rules of git-check-ref-format(1) for one branch. */
export function isBranchName(name: string): boolean {
  if (name.length > 244 || name.startsWith("-") || name.endsWith(".") || name === "@") return false;
  if (/[\p{Cc} ~^:?*[\\]|\.\.|@\{|\/\/|\.lock(\/|$)/u.test(name)) return false;
  return name.split("/").every((part) => part !== "" && !part.startsWith("."));
}
