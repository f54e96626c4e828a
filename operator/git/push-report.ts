/** PURE: what receive-pack answered, and what it means for each ref. */
import { retry, stalled } from "../failures.ts";
import { plainText } from "../net/plain-text.ts";
import type { CommitId, PushOutcome, RefName, RefOutcome, RefUpdate } from "../values.ts";
import { lineOf, type Packet, parsePackets } from "./pkt-line.ts";

export interface PushReport {
  /** `ok`, or why the pack could not be unpacked. */
  readonly unpack: string;
  /** By ref: undefined is ok, else the server's reason. */
  readonly refs: ReadonlyMap<RefName, string | undefined>;
  /** What hooks and the server printed, as one safe line. */
  readonly remarks: string;
}

const maxWords = 1_000;

/** Reads `report-status`. Throws Failure RemoteUnreachable where it is cut off: the outcome is unknown then. */
export function parseReport(status: Buffer, remarks: string): PushReport {
  let unpack: string | undefined;
  const refs = new Map<RefName, string | undefined>();
  let last: Packet | undefined;
  for (const packet of parsePackets(status)) {
    last = packet;
    if (packet.type !== "Data") continue;
    const line = lineOf(packet.data);
    const match = /^(unpack|ok|ng) (\S+)(?: (.*))?$/.exec(line);
    if (line.startsWith("unpack ")) unpack ??= line.slice("unpack ".length);
    else if (match?.[1] === "ok" && match[2] !== undefined) refs.set(match[2], undefined);
    else if (match?.[1] === "ng" && match[2] !== undefined) refs.set(match[2], match[3] ?? "refused");
    else if (line.startsWith("ERR ")) throw stalled("RemoteInvalid", `the server says: ${plainText(line, maxWords)}`);
  }
  if (unpack === undefined || last?.type !== "Flush") {
    const words = plainText(remarks, maxWords);
    throw retry("RemoteUnreachable", `the server did not say what became of the push${words && `: ${words}`}`);
  }
  // The first says no more than the reason of the ref; Gitea and git itself put `error:` before each line.
  const telling = remarks.replace(/^error: hook declined to update .*$/gm, "").replace(/^error:[ \t]*/gm, "");
  return { unpack, refs, remarks: plainText(telling, maxWords) };
}

/** The server lacks an object that it was taken to have. */
export function lacksObjects({ unpack, refs, remarks }: PushReport): boolean {
  if ([...refs.values()].some((reason) => reason === "missing necessary objects")) return true;
  return unpack !== "ok" && lost.test(`${unpack} ${remarks}`);
}

const lost =
  /unresolved delta|unexpected type|did not receive expected|unable to (find|read)|missing (blob|tree|commit)/i;

/** Words of a lost race, though not of one alone: whether the ref really moved tells where it is now. */
const race =
  /failed to update ref|fetch first|non-fast-forward|cannot lock ref|failed to lock|stale info|already exists|incorrect old value|reference does not exist/i;
const together = /atomic (push|transaction) fail|transaction (failed|aborted)|atomic push/i;
const locked = /unable to create .*\.lock|file exists/i;
/** What the server's machine has run out of, or cannot do at the moment; in the words of errno and of git. */
const exhausted =
  /no space left on device|disk quota exceeded|input\/output error|read-only file system|cannot allocate memory|out of memory|couldn't write/i;

/** Whether it takes a look at the refs to tell what the answer means. */
export function needsTips(report: PushReport): boolean {
  return [...report.refs.values()].some(
    (reason) => reason !== undefined && (race.test(reason) || together.test(reason)),
  );
}

/**
 * `tips`: where the refs are now, undefined where nobody looked. Throws Failure RemoteUnreachable where another push
 * held the lock of a ref that did not move, or where the server's disk or memory is full.
 */
export function judgePush(
  updates: readonly RefUpdate[],
  report: PushReport,
  tips: ReadonlyMap<RefName, CommitId | undefined> | undefined,
): PushOutcome {
  const outcomes = new Map<RefName, RefOutcome>();
  const words = (reason: string): string => {
    const parts = [report.unpack === "ok" ? reason : `${reason} (${report.unpack})`, report.remarks];
    return plainText(parts.filter(Boolean).join(": "), maxWords);
  };
  let culprit = false;
  for (const { ref, from } of updates) {
    const reason = report.refs.has(ref) ? report.refs.get(ref) : "the server did not answer for this ref";
    if (reason === undefined) {
      outcomes.set(ref, { outcome: "Accepted" });
      continue;
    }
    const doubtful = race.test(reason) || together.test(reason);
    if (doubtful && tips !== undefined && tips.get(ref) !== from) outcomes.set(ref, { outcome: "Stale" });
    else if (isExhausted(report, reason)) throw retry("RemoteUnreachable", `the server says: ${words(reason)}`);
    else if (together.test(reason)) outcomes.set(ref, { outcome: "RolledBack" });
    else if (race.test(reason) && locked.test(report.remarks)) throw retry("RemoteUnreachable", words(reason));
    else outcomes.set(ref, { outcome: "Refused", message: words(reason) });
    culprit ||= outcomes.get(ref)?.outcome !== "RolledBack";
  }
  if (culprit) return outcomes;
  // The server says that one of them failed, not which: those that its remarks name, or else all.
  const rolledBack = [...outcomes].filter(([, { outcome }]) => outcome === "RolledBack").map(([ref]) => ref);
  if (rolledBack.length > 0 && locked.test(report.remarks)) throw retry("RemoteUnreachable", words("locked"));
  const named = rolledBack.filter((ref) => report.remarks.includes(`'${ref}'`));
  for (const ref of named.length > 0 ? named : rolledBack) {
    outcomes.set(ref, { outcome: "Refused", message: words(report.refs.get(ref) ?? "refused") });
  }
  return outcomes;
}

/** Hooks may say the same of something else: their words do not count. */
function isExhausted({ unpack, remarks }: PushReport, reason: string): boolean {
  const ofGit = unpack !== "ok" || race.test(reason) || together.test(reason);
  return ofGit && exhausted.test(`${unpack} ${reason} ${remarks}`);
}
