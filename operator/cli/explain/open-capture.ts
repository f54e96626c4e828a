/** The repository of a Capture in the cluster, opened with what the user of a command may read. */
import type { Capture } from "../../api/generated/capture.ts";
import type { GitRemote } from "../../api/generated/git-remote.ts";
import { conditionReasons } from "../../api/reasons.ts";
import { Failure, stalled } from "../../failures.ts";
import type { ClusterReader, Repositories, Repository } from "../../ports.ts";
import { remoteAccess } from "../../sync/remote-access.ts";
import type { RefName } from "../../values.ts";
import { mustServe } from "../connect.ts";

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
      readonly repository: Repository;
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
    const name = remote.spec.secretRef?.name;
    const secret =
      name === undefined ? undefined : await cluster.get(mustServe(discovery, "", "Secret"), namespace, name);
    if (name !== undefined && secret === undefined) {
      throw stalled("SecretNotFound", `there is no Secret ${name} in ${namespace}`);
    }
    return { ok: true, remote, repository: repositories.open(remoteAccess(remote, secret)), recordRef, branch };
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
