import { annotations } from "../api/annotations.ts";
import type { Capture, CaptureStatus } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import { type Explained, skipReasons } from "../api/reasons.ts";
import { age } from "./age.ts";
import { type Paint, paint } from "./paint.ts";
import { printableLine } from "./printable.ts";
import { readyOf } from "./ready-of.ts";
import { paintStatus } from "./render-get.ts";
import { wrapped } from "./wrapped.ts";

export interface StatusView {
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** `clickscribe`, or `kubectl clickscribe`. */
  readonly program: string;
}

const width = 80;
const column = 13;

/** One Capture, told for people. `remote` is undefined where the Capture names none that exists. */
export function renderStatus(capture: Capture, remote: GitRemote | undefined, view: StatusView): string {
  const colours = paint(view.color);
  const { namespace, name } = capture.metadata;
  const status = capture.status ?? {};
  const ready = readyOf(capture);
  const lines = [
    colours.strong(printableLine(`Capture ${namespace}/${name}`)),
    ...entry("Ready", conditionText(ready), paintStatus(colours, ready.status)),
    ...attributing(status, colours),
    ...synced(status, colours),
    ...entry("Writes to", target(capture, status)),
    ...entry("Remote", remoteText(capture, remote), remote && isReady(remote) ? undefined : colours.bad),
    ...entry("In Git", inGit(status)),
    ...entry("Last commit", lastCommit(status, view.now)),
    ...entry("Record", record(status)),
    ...skipped(status),
    ...consumers(status, colours),
    ...notWatched(status, colours),
    ...drift(status, view, colours),
    ...deletions(capture, status, colours),
    ...refusal(status, colours),
    ...next(capture, view),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function attributing({ conditions }: CaptureStatus, colours: Paint): readonly string[] {
  const found = conditions?.find(({ type }) => type === "Attributing");
  if (found === undefined) return [];
  return entry("Authors", conditionText(found), paintStatus(colours, found.status));
}

function synced({ conditions }: CaptureStatus, colours: Paint): readonly string[] {
  const found = conditions?.find(({ type }) => type === "Synced");
  if (found === undefined) return [];
  return entry("Applied", conditionText(found), paintStatus(colours, found.status));
}

function consumers({ consumers: all = [] }: CaptureStatus, colours: Paint): readonly string[] {
  if (all.length === 0) return [];
  const rows = all.flatMap((consumer) => {
    const { kind, namespace, name, path, applied, upToDate, reverts = 0, warnings = [] } = consumer;
    const at = applied === undefined ? "nothing of it yet" : applied.slice(0, 7);
    const where = upToDate === undefined ? "" : upToDate ? ", up to date" : ", behind";
    const habits = [
      consumer.suspended === true ? "suspended" : consumer.automatic === false ? "syncs when told to" : "",
      consumer.selfHeal === true ? "heals itself" : "",
      consumer.prune === true ? "prunes" : "",
      consumer.interval === undefined ? "" : `looks every ${consumer.interval}`,
      reverts === 0 ? "" : `put back ${reverts === 1 ? "1 change" : `${reverts} changes`} for a moment`,
    ].filter((habit) => habit !== "");
    const told = [`${path === "" ? "the root" : path} at ${at}${where}`, ...habits].join("; ");
    const painted = upToDate === false ? colours.warn : colours.good;
    return [
      ...hanging(`  ${painted(printableLine(`${kind} ${namespace}/${name}`))}  `, told),
      ...warnings.flatMap(({ reason, message }) => hanging(`    ${colours.warn(printableLine(reason))}  `, message)),
    ];
  });
  return ["", "Applied by:", ...rows];
}

function conditionText({ status, reason, message }: ReturnType<typeof readyOf>): string {
  return [status, reason === "" ? "" : `(${reason})`, message].filter((part) => part !== "").join(" ");
}

function target({ spec }: Capture, { source }: CaptureStatus): string {
  const branch = spec.branch || source?.branch?.replace(/^refs\/heads\//, "") || "the default branch";
  const at = source?.commit === undefined ? "" : ` at ${source.commit.slice(0, 7)}`;
  return `${spec.path === "" ? "the root" : spec.path} on ${branch}${at}`;
}

function remoteText({ spec }: Capture, remote: GitRemote | undefined): string {
  if (remote === undefined) return `${spec.remote.name}, which does not exist`;
  const said = isReady(remote) ? "" : `: ${conditionText(readyOf(remote))}`;
  return `${spec.remote.name} (${remote.spec.url})${said}`;
}

function isReady(remote: GitRemote): boolean {
  return readyOf(remote).status === "True";
}

function inGit({ objects }: CaptureStatus): string {
  if (objects?.inScope === undefined) return "not known yet";
  const counts: readonly (readonly [number | undefined, string])[] = [
    [objects.pending, "on their way"],
    [objects.gitAhead, "changed in Git, left alone until applied"],
    [objects.diverged, "contradict their files"],
    [objects.applying, "being applied by Argo CD or Flux"],
    [objects.unmanaged, "in no file, and not to be"],
  ];
  const rest = counts.filter(([count]) => (count ?? 0) > 0).map(([count, words]) => `${count} ${words}`);
  return [`${objects.inSync ?? 0} of ${objects.inScope} objects`, ...rest].join(", ");
}

function lastCommit({ lastCommit: commit }: CaptureStatus, now: number): string {
  if (commit === undefined) return "none yet by the operator that runs now";
  return `${commit.commit.slice(0, 7)} by ${commit.author}, ${age(commit.at, now)} ago: ${commit.subject}`;
}

function record({ record: own }: CaptureStatus): string {
  if (own?.ref === undefined) return "not known yet";
  return `${own.ref}${own.commit === undefined ? "" : ` at ${own.commit.slice(0, 7)}`}`;
}

function skipped({ skipped: counts = {} }: CaptureStatus): readonly string[] {
  const entries = Object.entries(counts).toSorted(([a, left], [b, right]) => right - left || (a < b ? -1 : 1));
  if (entries.length === 0) return [];
  const digits = String(entries[0]?.[1] ?? "").length;
  const rows = entries.flatMap(([reason, count]) => {
    // A newer operator may name reasons that this command does not know.
    const known: Readonly<Partial<Record<string, Explained>>> = skipReasons;
    return hanging(`  ${String(count).padStart(digits)} ${printableLine(reason)}  `, known[reason]?.means ?? "");
  });
  return ["", "Not in Git:", ...rows];
}

function notWatched({ notWatched: kinds = [] }: CaptureStatus, colours: Paint): readonly string[] {
  if (kinds.length === 0) return [];
  const rows = kinds.flatMap(({ group, kind, reason, message }) =>
    hanging(`  ${colours.warn(printableLine(reason))}  `, `${kind}${group === "" ? "" : `.${group}`}: ${message}`),
  );
  return ["", "Kinds that are not captured:", ...rows];
}

function drift({ drift: found }: CaptureStatus, { now }: StatusView, colours: Paint): readonly string[] {
  if (found === undefined || found.count === 0) return [];
  const rows = found.objects.flatMap(({ object, sort, since, by }) =>
    hanging(
      `  ${colours.warn(printableLine(sort))}  `,
      `${object}, for ${age(since, now)}${by === undefined ? "" : `, by ${by}`}`,
    ),
  );
  const more = found.count > found.objects.length ? [`  and ${found.count - found.objects.length} more`] : [];
  return ["", colours.warn(`Drift: ${found.count}`), ...rows, ...more];
}

function deletions(capture: Capture, { deletionsWaiting }: CaptureStatus, colours: Paint): readonly string[] {
  if (deletionsWaiting === undefined) return [];
  const { count, token, objects } = deletionsWaiting;
  const { name, namespace } = capture.metadata;
  const more = count > objects.length ? [`  and ${count - objects.length} more`] : [];
  return [
    "",
    colours.warn(`Deletions that wait to be confirmed: ${count}`),
    ...objects.map((object) => `  ${printableLine(object)}`),
    ...more,
    "If their files are to be removed:",
    `  kubectl annotate capture -n ${namespace} ${name} --overwrite \\`,
    `    ${annotations.confirmDeletions}=${printableLine(token)}`,
  ];
}

function refusal({ source }: CaptureStatus, colours: Paint): readonly string[] {
  if (source?.refusal === undefined) return [];
  const again = source.refusedUntil === undefined ? "" : `; tried again at ${source.refusedUntil}`;
  return ["", ...hanging(colours.bad("The server refused the last push: "), `${source.refusal}${again}`)];
}

function next({ metadata: { name, namespace }, spec }: Capture, { program }: StatusView): readonly string[] {
  return spec.suspend === true ? ["", `${program} resume capture ${name} -n ${namespace}`] : [];
}

function entry(title: string, text: string, painted: (text: string) => string = (same) => same): readonly string[] {
  const lines = wrapped(printableLine(text), width - column);
  return lines.map((line, index) => `${(index === 0 ? `${title}:` : "").padEnd(column)}${painted(line)}`);
}

function hanging(lead: string, text: string): readonly string[] {
  // oxlint-disable-next-line no-control-regex -- colours take no room
  const indent = lead.replaceAll(/\u001b\[\d+m/g, "").length;
  const lines = wrapped(printableLine(text), Math.max(20, width - indent));
  return lines.map((line, index) => `${index === 0 ? lead : " ".repeat(indent)}${line}`);
}
