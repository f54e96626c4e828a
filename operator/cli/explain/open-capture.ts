/** The repository of a Capture in the cluster, opened with what the user of a command may read. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { conditionReasons } from "../../api/reasons.ts";
import { Failure, stalled } from "../../failures.ts";
import type { ClusterReader, Repositories, Repository } from "../../ports.ts";
import type { OpenedRemote } from "../../sync/open-remote.ts";
import type { RefName } from "../../values.ts";
import { mustServe } from "../connect.ts";
import { openForUser } from "../open-remote.ts";

/** Why the git side stays unknown, and what to do. */
export interface NotOpened {
  readonly ok: false;
  readonly why: string;
  readonly remedy: string;
}

export type OpenedCapture =
  | {
      readonly ok: true;
      readonly remote: GitRemote;
      readonly opened: OpenedRemote;
      readonly repository: Repository;
      /** Where the record stands: the same Repository, unless the GitRemote says otherwise. */
      readonly record: Repository;
      readonly recordRef: RefName;
      readonly branch: string;
    }
  | NotOpened;

/** Record and branch are those that the operator told in status: so nobody need say what it calls the cluster. */
export async function openCapture(
  cluster: ClusterReader,
  repositories: Repositories,
  { metadata: { namespace }, spec, status }: Capture,
): Promise<OpenedCapture> {
  const recordRef = status?.record?.ref;
  const branch = status?.source?.branch;
  if (recordRef === undefined || branch === undefined) {
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    if (ready === undefined) return notOpened("no operator has begun with it", "See clickscribe check.");
    return notOpened(`the Capture is not ready: ${ready.reason}: ${ready.message}`, "");
  }
  try {
    const discovery = await cluster.discover();
    const found = await cluster.get(mustServe(discovery, "clickscribe.dev", "GitRemote"), namespace, spec.remote.name);
    if (found === undefined)
      throw stalled("RemoteNotFound", `there is no GitRemote ${spec.remote.name} in ${namespace}`);
    const remote = found as unknown as GitRemote;
    const opened = await openForUser(repositories, remote, { cluster, discovery });
    return { ok: true, remote, opened, repository: opened.repository, record: opened.record, recordRef, branch };
  } catch (error) {
    return failed(error);
  }
}

/** What keeps from reading the repository is told; what nobody expected is thrown. */
export function failed(error: unknown): NotOpened {
  if (!(error instanceof Failure)) throw error;
  if (error.code === "AccessDenied") {
    const said = String(error.data["said"] ?? error.message);
    return notOpened(said, "Have somebody look who may read the Secret of the GitRemote.");
  }
  return notOpened(error.message, conditionReasons[error.code].remedy);
}

function notOpened(why: string, remedy: string): NotOpened {
  return { ok: false, why, remedy: remedy !== "" && why.includes(remedy) ? "" : remedy };
}
