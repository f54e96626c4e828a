/**
 * A button that somebody pressed on an alert: may they, is it still what they saw, and what is done about it. Whatever
 * comes of it stands in the record.
 */
import type { Notifier } from "../api/generated/notifier.ts";
import { asFailure, type Failure, stalled } from "../failures.ts";
import { identityKey } from "../manifest/identity.ts";
import { undoOf } from "../merge/undo.ts";
import type { AccessQuestion, AlertPress, Clock, ClusterReader, ClusterWriter } from "../ports.ts";
import { named } from "../record/commit-message.ts";
import type { AlertAction, DriftBook, Episode, Press } from "../values.ts";
import type { CaptureSession } from "./capture-session.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { readGitSides } from "./git-sides.ts";
import { readObject } from "./read-object.ts";
import { knownOf } from "./take-in-source.ts";

/** A Capture at work. */
export interface Pressable {
  readonly session: CaptureSession;
  /** Whose rights it acts with, and no more; undefined: the operator's own. */
  readonly actsFor: string | undefined;
}

export interface PressDeps {
  readonly cluster: Pick<ClusterReader, "allowed" | "get"> & Pick<ClusterWriter, "replace">;
  readonly clock: Clock;
}

/** Somebody of spec.buttons.people. */
type Person = NonNullable<Notifier["spec"]["buttons"]>["people"][number];

const maxPresses = 50;
const maxRaces = 5;

/** The sorts of drift that a change of the live object can undo. */
const undone: ReadonlySet<Episode["sort"]> = new Set(["ChangedInCluster", "ChangedInGit", "BothChanged", "Reverted"]);
/** Those of which the cluster's side can be written. */
const keepable: ReadonlySet<Episode["sort"]> = new Set([
  "ChangedInCluster",
  "CreatedInCluster",
  "DeletedInCluster",
  "BothChanged",
  "FirstContact",
]);

/** What the buttons of an episode's message are. */
export async function actionsOf(
  { cluster }: PressDeps,
  { spec }: Notifier,
  { settings }: CaptureSession,
  episode: Episode,
): Promise<readonly AlertAction[]> {
  if (spec.buttons === undefined) return [];
  const actions: AlertAction[] = [];
  if (keepable.has(episode.sort) && settings.target.delivery !== "ReadOnly") actions.push("Keep");
  const question = updateOf(settings, episode);
  if (undone.has(episode.sort) && question && (await cluster.allowed({ ...question, user: undefined })))
    actions.push("Undo");
  return actions;
}

/** Does what a press asks for, and answers what to say to whoever pressed. Never rejects. */
export async function takePress(
  deps: PressDeps,
  notifier: Notifier,
  captures: Iterable<Pressable>,
  press: AlertPress,
): Promise<string> {
  const found = findEpisode(captures, press.id);
  if (found === undefined) return "This is over: cluster and Git agree by now.";
  const { session, actsFor, episode } = found;
  const { name, namespace } = notifier.metadata;
  const person = notifier.spec.buttons?.people.find(({ slack }) => slack === press.who);
  let outcome: string;
  try {
    if (person === undefined) {
      const field = `spec.buttons.people of Notifier ${namespace}/${name}`;
      outcome = `refused: ${press.who} is none of ${field}, which says who is who in the cluster`;
    } else outcome = await act(deps, { session, actsFor }, episode, press, person);
  } catch (error) {
    outcome = `failed: ${wordsOf(asFailure(error))}`;
  }
  const noted: Press = {
    at: deps.clock.now(),
    who: press.who,
    user: person?.user ?? "",
    action: press.action,
    object: named(episode.identity),
    outcome,
  };
  session.noteBook((book) => ({ ...book, presses: [...book.presses, noted].slice(-maxPresses) }));
  return `${noted.object}: ${outcome}`;
}

/** What the API server says of a request that it refuses may hold values of the object. */
function wordsOf({ message, data }: Failure): string {
  const { status } = data;
  return typeof status === "number" ? `the API server answers ${status}` : message;
}

function findEpisode(
  captures: Iterable<Pressable>,
  id: string,
): (Pressable & { readonly episode: Episode }) | undefined {
  for (const capture of captures) {
    const book: DriftBook | undefined = capture.session.state?.drift.book;
    for (const episode of book?.episodes.values() ?? []) if (episode.id === id) return { ...capture, episode };
  }
  return undefined;
}

async function act(
  deps: PressDeps,
  { session, actsFor }: Pressable,
  episode: Episode,
  { action, live }: AlertPress,
  { user, groups = [] }: Person,
): Promise<string> {
  if (episode.live !== live) return "not done: it changed since; look at what the message says now";
  const { settings, state } = session;
  const { capture, delivery } = settings.target;
  const asked =
    action === "Undo"
      ? updateOf(settings, episode)
      : { verb: "patch", group: "clickscribe.dev", resource: "captures", ...capture };
  if (asked === undefined || state === undefined) return "not done: its kind is not captured any more";
  // Who is who is told by whoever wrote the Notifier: nobody can do by it what the Capture may not do.
  const asThemselves = [...groups, "system:authenticated"].filter((each) => !/^system:(?!authenticated$)/.test(each));
  const mayThey = !user.startsWith("system:") && (await deps.cluster.allowed({ ...asked, user, groups: asThemselves }));
  const mayIt = action === "Keep" || actsFor === undefined || (await deps.cluster.allowed({ ...asked, user: actsFor }));
  if (!mayThey || !mayIt) {
    const who = mayThey ? actsFor : user;
    return `refused: ${who} may not ${asked.verb} ${asked.resource} ${asked.name} in ${asked.namespace}`;
  }
  if (action === "Keep") {
    if (delivery === "ReadOnly" || !keepable.has(episode.sort)) return "not done: it cannot be kept";
    if (state.drift.book.kept.has(identityKey(episode.identity))) return "is being kept already";
    session.keep({ identity: episode.identity, live, by: user, at: deps.clock.now() });
    return `kept by ${user}: it is written to ${settings.target.branch}`;
  }
  if (!undone.has(episode.sort)) return "not done: use clickscribe undo, which asks before it deletes";
  if (!(await deps.cluster.allowed({ ...asked, user: undefined })))
    return `not done: the operator may not ${asked.verb} ${asked.resource}; rbac.undo of the chart lets it`;
  return (await undo(deps, settings.target, state, settings.kinds, episode))
    ? `undone by ${user}: the cluster has again what ${settings.target.branch} has`
    : "there is nothing to undo";
}

/** Whether something was to be undone. Throws Failure. */
async function undo(
  { cluster }: PressDeps,
  target: Target,
  state: DeliveryState,
  kinds: CaptureSession["settings"]["kinds"],
  { identity, live: seen }: Episode,
): Promise<boolean> {
  const kind = kinds.find((each) => each.group === identity.group && each.kind === identity.kind);
  if (kind === undefined) throw stalled("KindNotServed", `${identity.kind} is not captured any more`);
  const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
  for (let race = 0; ; race++) {
    const found = await cluster.get(kind, identity.namespace, identity.name);
    const raw = found && { apiVersion, kind: kind.kind, ...found };
    const reading = raw && (await readObject(target, raw, kind));
    const live = reading?.verdict === "Kept" ? reading.manifest : undefined;
    if (live?.blob !== seen) throw stalled("InternalError", "it changed since; look at what the message says now");
    const sides = await readGitSides({ ...target, source: state.source, recorded: knownOf(state, identity) }, identity);
    const wanted = undoOf({ raw, live: live.content, ...sides, schema: await target.schemaOf(live) });
    if (wanted.action !== "Replace") return false;
    try {
      await cluster.replace(kind, wanted.object);
      return true;
    } catch (error) {
      if (asFailure(error).data["status"] !== 409 || race >= maxRaces) throw error;
    }
  }
}

type Question = Omit<AccessQuestion, "user"> & { readonly name: string };

function updateOf({ kinds }: CaptureSession["settings"], { identity }: Episode): Question | undefined {
  const kind = kinds.find((each) => each.group === identity.group && each.kind === identity.kind);
  const { namespace, name } = identity;
  return kind && { verb: "update", group: kind.group, resource: kind.resource, namespace, name };
}
