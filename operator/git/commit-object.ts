/** Commit objects as git stores them: header lines, an empty line, the message. */
import { type Failure, stalled } from "../failures.ts";
import type { Commit, CommitDraft, CommitId, ObjectId, Signature } from "../values.ts";

export interface ParsedCommit {
  readonly commit: Commit;
  readonly tree: ObjectId;
}

/** Throws Failure RemoteInvalid for bytes that are no commit. */
export function parseCommit(id: CommitId, data: Buffer): ParsedCommit {
  const end = data.indexOf("\n\n");
  const head = end < 0 ? data : data.subarray(0, end);
  const encoding = /^encoding (.+)$/m.exec(head.toString("latin1"))?.[1]?.toLowerCase() ?? "utf-8";
  const format = /^(utf-?8|us-ascii)$/.test(encoding) ? "utf8" : "latin1";
  const parents: CommitId[] = [];
  let tree: ObjectId | undefined;
  let author: Signature | undefined;
  let committer: Signature | undefined;
  for (const line of head.toString(format).split("\n")) {
    const space = line.indexOf(" ");
    const key = line.slice(0, space);
    const value = line.slice(space + 1);
    if (key === "tree") tree ??= value;
    else if (key === "parent") parents.push(value);
    else if (key === "author") author ??= parseSignature(value);
    else if (key === "committer") committer ??= parseSignature(value);
  }
  if (tree === undefined || !/^[0-9a-f]{40}$/.test(tree) || author === undefined || committer === undefined) {
    throw broken(id);
  }
  const message = end < 0 ? "" : data.toString(format, end + 2);
  return { commit: { id, parents, author, committer, message }, tree };
}

export function serializeCommit(tree: ObjectId, draft: CommitDraft): Buffer {
  const message = draft.message.replaceAll("\0", "");
  return Buffer.from(
    [
      `tree ${tree}`,
      ...(draft.parent === undefined ? [] : [`parent ${draft.parent}`]),
      `author ${formatSignature(draft.author)}`,
      `committer ${formatSignature(draft.committer)}`,
      "",
      message.endsWith("\n") ? message : `${message}\n`,
    ].join("\n"),
  );
}

/** A commit with a signature of its bytes: gpgsig of gitformat-signature(5), the name also for those of SSH. */
export function withSignature(commit: Buffer, signature: string): Buffer {
  const end = commit.indexOf("\n\n") + 1;
  const header = `gpgsig ${signature.trimEnd().replaceAll("\n", "\n ")}\n`;
  return Buffer.concat([commit.subarray(0, end), Buffer.from(header), commit.subarray(end)]);
}

function parseSignature(text: string): Signature {
  const match = /^(.*?) ?<([^<>]*)> ?(-?\d+)?/.exec(text);
  return { name: match?.[1] ?? text, email: match?.[2] ?? "", at: Number(match?.[3] ?? 0) };
}

function formatSignature({ name, email, at }: Signature): string {
  return `${withoutBrackets(name)} <${withoutBrackets(email)}> ${Math.max(0, Math.floor(at))} +0000`;
}

/** What would end a header line or the name in it; git itself takes out as much. */
function withoutBrackets(text: string): string {
  return text.replace(/[\0\n<>]/g, "").trim();
}

function broken(id: CommitId): Failure {
  return stalled("RemoteInvalid", `the repository holds a broken commit (${id})`);
}
