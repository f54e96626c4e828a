/** `clickscribe log`: who changed what and when, from the records of the Captures that the user may read. */
import type { Capture } from "../../api/generated/capture.ts";
import type { Cluster } from "../../cluster/index.ts";
import type { LogConfig } from "../../config/explain.ts";
import type { Repositories } from "../../ports.ts";
import { named } from "../../record/commit-message.ts";
import { readRecorded } from "../../record/read-record.ts";
import type { CommitId, Identity } from "../../values.ts";
import { nameObject } from "../explain/name-object.ts";
import { failed, openCapture } from "../explain/open-capture.ts";
import { asCapture, getOwn, listOwn } from "../find-objects.ts";
import { Complaint } from "../perform.ts";
import { entriesOf, entryOf, type LogEntry } from "./entries.ts";
import { historyLimits, type Step, walk } from "./history.ts";

/** This shape is what `-o json` prints, and does not change. */
export interface Log {
  /** Newest first. */
  readonly entries: readonly LogEntry[];
  /** What could not be read, or not all of it, each for people. */
  readonly gaps: readonly string[];
}

export type LogQuestion = Pick<
  LogConfig,
  "object" | "namespace" | "allNamespaces" | "capture" | "sinceMs" | "limit" | "author"
>;

/** Throws Complaint, Failure: nothing at all can be told. */
export async function readLog(
  cluster: Cluster,
  repositories: Repositories,
  question: LogQuestion,
  now: number,
): Promise<Log> {
  const identity = await identityOf(cluster, question);
  const captures = await capturesOf(cluster, question);
  const entries: LogEntry[] = [];
  const gaps: string[] = [];
  let opened = 0;
  for (const capture of captures) {
    const name = `${capture.metadata.namespace}/${capture.metadata.name}`;
    const found = await openCapture(cluster, repositories, capture);
    const log = found.ok
      ? await logOf(name, found.record, found.recordRef, identity, question, now).catch(failed)
      : found;
    if ("ok" in log) {
      gaps.push(`Capture ${name}: ${log.why}${log.remedy === "" ? "" : `. ${log.remedy}`}`);
      continue;
    }
    opened++;
    entries.push(...log.entries);
    gaps.push(...log.gaps);
  }
  if (captures.length > 0 && opened === 0) throw new Complaint(gaps.join("; "));
  const sorted = entries.toSorted((a, b) => (a.time > b.time ? -1 : a.time < b.time ? 1 : 0));
  return { entries: question.limit === 0 ? sorted : sorted.slice(0, question.limit), gaps };
}

async function identityOf(
  cluster: Cluster,
  { object, namespace, allNamespaces }: LogQuestion,
): Promise<Identity | undefined> {
  if (object.length === 0) return undefined;
  if (allNamespaces) throw new Complaint("an object stands in one namespace: give -n NAMESPACE, not -A");
  const found = nameObject(object, await cluster.discover());
  if (!found.ok) throw new Complaint(found.problem);
  const { group, kind } = found.kind;
  return { group, kind, namespace: namespace ?? cluster.namespace, name: found.name };
}

async function capturesOf(
  cluster: Cluster,
  { namespace, allNamespaces, capture }: LogQuestion,
): Promise<readonly Capture[]> {
  const within = allNamespaces ? "" : (namespace ?? cluster.namespace);
  if (capture !== undefined && !allNamespaces) return [asCapture(await getOwn(cluster, "Capture", within, capture))];
  const all = (await listOwn(cluster, "Capture", within)).map(asCapture);
  const found = all.filter(({ metadata }) => capture === undefined || metadata.name === capture);
  if (found.length > 0) return found;
  const where = within === "" ? "" : ` in ${within}: -A looks in all namespaces`;
  throw new Complaint(`there is no Capture${capture === undefined ? "" : ` ${capture}`}${where}`);
}

type Repository = ReturnType<Repositories["open"]>;

async function logOf(
  capture: string,
  repository: Repository,
  recordRef: string,
  identity: Identity | undefined,
  { sinceMs, limit, author }: LogQuestion,
  now: number,
): Promise<Log> {
  const tip: CommitId | undefined = (await repository.fetch([recordRef])).refs.get(recordRef);
  if (tip === undefined) return { entries: [], gaps: [`Capture ${capture} has no record yet`] };
  const oldest = sinceMs === undefined ? Number.NEGATIVE_INFINITY : now - sinceMs;
  let count = 0;
  const { found, isCut } = await walk(
    repository,
    tip,
    (step) => {
      // Committed in this order, though a change may be told later than one that came after it.
      const isPast = step.commit.committer.at * 1000 < oldest;
      const own = entriesAt(step, capture, identity).filter(
        (entry) => Date.parse(entry.time) >= oldest && (author === undefined || entry.author === author),
      );
      count += own.length;
      return { found: own, enough: isPast || (limit > 0 && count >= limit) };
    },
    limit === 0 || sinceMs !== undefined ? [...historyLimits, 16_384] : historyLimits,
  );
  if (!isCut) return { entries: found, gaps: [] };
  const end = "its record goes back further than was read: what is older is not shown";
  return { entries: found, gaps: [`Capture ${capture}: ${end}`] };
}

/** What a commit says of everything, or of one object: then its state in the record must have changed. */
function entriesAt(
  { commit, tree, before }: Step,
  capture: string,
  identity: Identity | undefined,
): readonly LogEntry[] {
  if (identity === undefined) return entriesOf(commit, capture);
  const live = readRecorded(tree, identity)?.live;
  const old = before && readRecorded(before, identity)?.live;
  if (live === old) return [];
  const what = old === undefined ? "create" : live === undefined ? "delete" : "changed";
  const entry = entryOf(commit, capture, named(identity), what);
  return entry === undefined ? [] : [entry];
}
