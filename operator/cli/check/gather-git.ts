/** Asks the git server of a GitRemote, with the credentials that its Secret holds. */
import { randomBytes } from "node:crypto";
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { conditionReasons } from "../../api/reasons.ts";
import type { Cluster } from "../../cluster/index.ts";
import { asFailure } from "../../failures.ts";
import type { ClosableRepositories } from "../../git/index.ts";
import type { Discovery, RemoteAccess } from "../../ports.ts";
import { accessTo, recordAccess } from "../../sync/open-remote.ts";
import type { RefName } from "../../values.ts";
import { readNamed } from "../open-remote.ts";
import type { BranchFound, GitFound } from "./judge-git.ts";

export interface GitQuestion {
  readonly remote: GitRemote;
  /** Those that write to it. */
  readonly captures: readonly Capture[];
  /** Whether a ref may be made and removed. */
  readonly write: boolean;
}

export const defaultPrefix = "refs/clickscribe";

export async function askGit(
  cluster: Cluster,
  discovery: Discovery,
  repositories: ClosableRepositories,
  { remote, captures, write }: GitQuestion,
): Promise<GitFound> {
  const read = readNamed({ cluster, discovery });
  try {
    const access = await accessTo({ read }, remote);
    const recordHome = (await recordAccess({ read }, remote)) ?? access;
    const named = captures.map(({ spec }) => (spec.branch ? `refs/heads/${spec.branch}` : undefined));
    const fetched = await repositories.open(access).fetch(named.filter((ref) => ref !== undefined));
    const date = await repositories.clockOf(access);
    const now = Date.now();
    const branches = captures.map((capture, i): BranchFound => {
      const ref = named[i] ?? fetched.head;
      const exists = ref !== undefined && (named[i] === undefined || fetched.refs.get(ref) !== undefined);
      return { capture: `${capture.metadata.namespace}/${capture.metadata.name}`, ref, exists };
    });
    const trial = write ? await tryRecordRef(remote, repositories, recordHome) : undefined;
    return { outcome: "Answered", head: fetched.head, atomic: fetched.atomic, date, now, branches, trial };
  } catch (error) {
    const failure = asFailure(error);
    if (failure.code === "AccessDenied") {
      const why = `you may not read what it names: ${failure.message}`;
      return {
        outcome: "NotAsked",
        why,
        remedy: "Have somebody check who may; the operator's own answer is in status.",
      };
    }
    const answered = remote.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
    if (answered && failure.code === "RemoteUnreachable") {
      const why = `this machine does not reach it (${failure.message}); the operator does`;
      return { outcome: "NotAsked", why, remedy: conditionReasons.RemoteUnreachable.remedy };
    }
    return { outcome: "Failed", failure };
  }
}

async function tryRecordRef(
  { spec }: GitRemote,
  repositories: ClosableRepositories,
  access: RemoteAccess,
): Promise<Extract<GitFound, { readonly outcome: "Answered" }>["trial"]> {
  const prefix = (spec.record?.prefix ?? defaultPrefix).replace(/\/+$/, "");
  const ref: RefName = `${prefix}/check/${randomBytes(4).toString("hex")}`;
  const { name = "clickscribe", email = "clickscribe@clickscribe.invalid" } = spec.commit?.committer ?? {};
  try {
    const committer = { name, email, at: Math.floor(Date.now() / 1000) };
    return { ref, result: await repositories.tryRef(access, ref, committer) };
  } catch (error) {
    return { ref, result: asFailure(error) };
  }
}
