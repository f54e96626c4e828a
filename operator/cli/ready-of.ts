import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** The condition Ready of one of our own objects; Unknown until the operator saw it. */
export function readyOf(object: Pick<Capture | GitRemote, "status">): Condition {
  const found = object.status?.conditions?.find(({ type }) => type === "Ready");
  return found ?? { type: "Ready", status: "Unknown", reason: "", message: "the operator has not seen it yet" };
}
