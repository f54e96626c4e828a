/** PURE: why one object is in Git, or not, for one Capture. */
import type { Capture } from "../../api/generated/capture.ts";
import {
  conditionReasons,
  type Explained,
  type RefusalReason,
  refusalReasons,
  type SkipReason,
  skipReasons,
} from "../../api/reasons.ts";
import { selectsKind } from "../../manifest/filter.ts";
import { createObjectReader } from "../../manifest/object-reader.ts";
import type { Policy } from "../../manifest/policy.ts";
import type { JsonObject, Kind, RepoPath } from "../../values.ts";
import type { LogEntry } from "../log/entries.ts";

export type Verdict =
  /** The branch holds it as it is in the cluster. */
  | "InGit"
  /** The branch holds it otherwise, or not yet. */
  | "Differs"
  /** Never written, by intent: `reason` says why. */
  | "Skipped"
  /** Selected, but may not be read, or is not served. */
  | "NotWatched"
  /** In neither of them. */
  | "Nowhere"
  /** The repository could not be read. */
  | "Unknown";

export interface BranchCommit {
  readonly commit: string;
  /** RFC 3339. */
  readonly time: string;
  readonly author: string;
  readonly subject: string;
}

/** What one Capture has to do with the object. This shape is what `-o json` prints, and does not change. */
export interface CaptureAnswer {
  /** `NAMESPACE/NAME` */
  readonly capture: string;
  readonly verdict: Verdict;
  /** InSync, ClusterAhead, GitAhead, Diverged, Applying or Pending, where both sides are known. */
  readonly state?: string;
  /** One word of docs/errors.md. */
  readonly reason?: string;
  readonly message: string;
  /** "" where there is nothing to do. */
  readonly remedy: string;
  /** In the repository: where it stands, or would. */
  readonly path?: RepoPath;
  readonly branch?: string;
  readonly remote?: string;
  /** What the cluster has otherwise than the branch, in words. */
  readonly differences: readonly string[];
  /** The newest commit of the branch that changed its file. */
  readonly lastCommit?: BranchCommit;
  /** The newest change of the object in the record: on the branch, or on its way. */
  readonly lastChange?: LogEntry;
}

/** What the cluster alone tells; undefined: it is kept, and the repository decides. `object` undefined: it is not there. */
export function judgeCluster(
  capture: Capture,
  policy: Policy,
  kind: Kind,
  object: JsonObject | undefined,
): CaptureAnswer | undefined {
  const common = { capture: nameOf(capture), differences: [] };
  if (!kind.namespaced) {
    const message = `${kind.kind} belongs to no namespace: a Capture writes objects of its own namespace`;
    return { ...common, verdict: "Skipped", message, remedy: "" };
  }
  const filtered =
    object === undefined ? selectsKind(kind, policy.selection) : createObjectReader(policy).read(object, kind);
  if (filtered.verdict === "Skipped") {
    const { reason, detail } = filtered;
    const { means, remedy } = skipReasons[reason satisfies SkipReason];
    const message = detail === "" ? means : `${means.replace(/\.$/, "")}: ${detail}`;
    return { ...common, verdict: "Skipped", reason, message, remedy };
  }
  const blind = capture.status?.notWatched?.find(({ group, kind: name }) => group === kind.group && name === kind.kind);
  if (blind === undefined) return undefined;
  const { reason, message } = blind;
  return { ...common, verdict: "NotWatched", reason, message, remedy: remedyOf(reason, message) };
}

/** What the repository told of an object that is kept. */
export interface GitSide {
  readonly remote: string;
  readonly branch: string;
  readonly path: RepoPath;
  /** Something stands for the object on the branch. */
  readonly hasFile: boolean;
  readonly exists: boolean;
  readonly state: "InSync" | "ClusterAhead" | "GitAhead" | "Diverged" | "Applying" | "Pending";
  readonly reason: RefusalReason | undefined;
  readonly detail: string;
  /** Why the branch as it is cannot be written to. */
  readonly unsupported: string | undefined;
  /** Why nothing is written by itself. */
  readonly hold: "DetectOnly" | "ReadOnly" | undefined;
  readonly differences: readonly string[];
  readonly lastCommit: BranchCommit | undefined;
  readonly lastChange: LogEntry | undefined;
}

export function judgeGit(capture: Capture, git: GitSide): CaptureAnswer {
  const { remote, branch, path, state, hasFile, exists, lastCommit, lastChange } = git;
  const common = {
    capture: nameOf(capture),
    ...(hasFile || exists ? { path, branch, remote } : {}),
    differences: git.differences,
    ...(lastCommit && { lastCommit }),
    ...(lastChange && { lastChange }),
  };
  const answer = (verdict: Verdict, message: string, remedy = "", reason?: string): CaptureAnswer => ({
    ...common,
    verdict,
    ...(verdict !== "Nowhere" && { state }),
    ...(reason !== undefined && { reason }),
    message,
    remedy,
  });
  if (!exists && !hasFile) return answer("Nowhere", "it is neither in the cluster nor on the branch");
  if (state === "InSync") return answer("InGit", "the branch holds it as it is in the cluster");
  if (state === "Applying")
    return answer("Differs", "Argo CD or Flux is applying it: what they apply is not written back");
  if (state === "GitAhead") {
    const what = !exists
      ? "the branch holds it, and the cluster does not"
      : hasFile
        ? "its file was changed in Git, and is left alone until it is applied"
        : "its file was removed in Git, and is left alone until that is applied";
    return answer("Differs", what, "Apply the branch (Argo CD and Flux do), or make the file equal to the cluster.");
  }
  if (state === "Diverged" || state === "Pending") {
    const reason = git.reason ?? "BothChanged";
    const { means, remedy } = refusalReasons[reason];
    const detail = git.detail === "" || git.detail === reason ? "" : `: ${git.detail}`;
    return answer("Differs", `${means.replace(/\.$/, "")}${detail}`, remedy, reason);
  }
  return ahead(capture, git, answer);
}

/** The cluster is ahead: on its way, or held up by what keeps the whole Capture. */
function ahead(
  { status, spec }: Capture,
  { exists, hasFile, unsupported, hold }: GitSide,
  answer: (verdict: Verdict, message: string, remedy?: string, reason?: string) => CaptureAnswer,
): CaptureAnswer {
  const what = !exists ? "it was deleted in the cluster" : hasFile ? "it changed in the cluster" : "it is new";
  if (unsupported !== undefined) {
    const { remedy } = refusalReasons.UnsupportedLayout;
    return answer(
      "Differs",
      `${what}, and the branch cannot be written to: ${unsupported}`,
      remedy,
      "UnsupportedLayout",
    );
  }
  if (spec.suspend === true) {
    return answer("Differs", `${what}, and the Capture is suspended`, conditionReasons.Suspended.remedy, "Suspended");
  }
  if (hold !== undefined) {
    const { means, remedy } = refusalReasons[hold];
    return answer("Differs", `${what}. ${means}`, remedy, hold);
  }
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  const holds = ready !== undefined && ready.status !== "True" && !/^(?:Progressing|Diverged)$/.test(ready.reason);
  if (!holds) return answer("Differs", `${what}, and is about to be written`, "");
  const message = `${what}, and the Capture is not ready: ${ready.reason}: ${ready.message}`;
  return answer("Differs", message, remedyOf(ready.reason, ready.message), ready.reason);
}

/** Where the repository cannot be read, the Capture's own counts may tell: everything in scope is in sync. */
export function judgeWithoutGit(
  capture: Capture,
  exists: boolean,
  { why, remedy }: { readonly why: string; readonly remedy: string },
): CaptureAnswer {
  const { objects, source } = capture.status ?? {};
  const common = { capture: nameOf(capture), differences: [], ...(source?.branch && { branch: source.branch }) };
  const allInSync = objects !== undefined && objects.inScope === objects.inSync;
  if (exists && allInSync) {
    const message = `the Capture says that all ${objects.inScope} objects of its scope are in sync; the repository was not read: ${why}`;
    return { ...common, verdict: "InGit", message, remedy };
  }
  const counts = objects === undefined ? "" : `; ${objects.inSync} of ${objects.inScope} objects in scope are in sync`;
  const message = `the Capture would write it; whether the branch holds it is not known${counts}: ${why}`;
  return { ...common, verdict: "Unknown", message, remedy };
}

function nameOf({ metadata }: Capture): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** "" where the message says it already, or spells out what to do. */
function remedyOf(reason: string, message: string): string {
  const known: Explained | undefined = Object.hasOwn(conditionReasons, reason)
    ? conditionReasons[reason as keyof typeof conditionReasons]
    : undefined;
  if (known === undefined || /annotate the Capture|add the rule/.test(message)) return "";
  return message.includes(known.remedy) ? "" : known.remedy;
}
