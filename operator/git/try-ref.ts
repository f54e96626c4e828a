/** Whether a server takes refs below a prefix: hosts that accept only branches and tags do not. */
import { stalled } from "../failures.ts";
import type { CommitDraft, RefName, Signature } from "../values.ts";
import { serializeCommit } from "./commit-object.ts";
import { discoverReceivePack } from "./discover.ts";
import { objectId, zeroId } from "./object-id.ts";
import { judgePush } from "./push-report.ts";
import { sendPack } from "./send-pack.ts";
import type { Transport } from "./transport.ts";

export type RefTrial =
  | { readonly outcome: "Accepted" }
  /** The ref was not made. */
  | { readonly outcome: "Refused"; readonly message: string }
  /** The ref was made, and is there still. */
  | { readonly outcome: "NotRemoved"; readonly message: string };

export interface RefTrialInput {
  readonly url: string;
  /** One that nobody else uses: it is made, and removed again. */
  readonly ref: RefName;
  readonly committer: Signature;
  readonly agent: string;
}

/** Pushes a commit without files to a new ref, then removes the ref. Throws Failure where the outcome is unknown. */
export async function tryRef(transport: Transport, { url, ref, committer, agent }: RefTrialInput): Promise<RefTrial> {
  const server = await discoverReceivePack(transport, url);
  if (!server.capabilities.has("delete-refs")) {
    throw stalled("RemoteInvalid", "the server does not let refs be removed, so none is made to see whether it may be");
  }
  const tree = objectId("tree", Buffer.alloc(0));
  const message = "A trial of clickscribe check: whether this ref may be written\n";
  const draft: CommitDraft = { parent: undefined, changes: [], author: committer, committer, message };
  const commit = serializeCommit(tree, draft);
  const id = objectId("commit", commit);
  const made = { ref, from: undefined, to: id };
  const report = await sendPack(transport, server, {
    updates: [made],
    atomic: false,
    agent,
    entries: [
      { type: "commit", data: () => commit },
      { type: "tree", data: () => Buffer.alloc(0) },
    ],
  });
  const outcome = judgePush([made], report, undefined).get(ref);
  if (outcome?.outcome !== "Accepted") {
    return { outcome: "Refused", message: outcome?.outcome === "Refused" ? outcome.message : report.unpack };
  }
  const removed = { ref, from: id, to: zeroId };
  const answer = await sendPack(transport, server, { updates: [removed], atomic: false, agent, entries: [] });
  const after = judgePush([removed], answer, undefined).get(ref);
  if (after?.outcome === "Accepted") return { outcome: "Accepted" };
  return { outcome: "NotRemoved", message: after?.outcome === "Refused" ? after.message : answer.unpack };
}
