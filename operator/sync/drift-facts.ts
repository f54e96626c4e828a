/** What a capture's state says of drift: which objects differ, how, since when, and by whom. */
import type { DriftSort } from "../api/reasons.ts";
import { type Looked, lookForDrift } from "../drift/book.ts";
import { serializeDrift } from "../drift/drift-file.ts";
import { identityKey, parseIdentityKey } from "../manifest/identity.ts";
import { cleanName } from "../record/author-signature.ts";
import type { DriftFact, WindowEntry } from "../values.ts";
import type { Attention, DeliveryState, Target } from "./delivery-state.ts";
import { recordedOf } from "./record-view.ts";
import { documentOf } from "./source-view.ts";
import { knownOf } from "./take-in-source.ts";

/** Brings what is known of drift in step with what a delivery found. `now`: milliseconds since the epoch. */
export function lookAtDrift(target: Target, state: DeliveryState, now: number): Looked {
  const { book, waiting } = state.drift;
  const capture = `${target.capture.namespace}/${target.capture.name}`;
  const facts = driftFacts(target, state);
  const looked = lookForDrift(book, { capture, facts, waiting, afterMs: target.driftAfterMs, now });
  state.drift = { book: looked.book, waiting: looked.waiting, nextAt: looked.nextAt };
  return looked;
}

export function isBookRecorded({ drift, record }: DeliveryState): boolean {
  return serializeDrift(drift.book) === record.drift;
}

function driftFacts({ isConsumed, capture }: Target, state: DeliveryState): ReadonlyMap<string, DriftFact> {
  const entries = new Map<string, WindowEntry[]>();
  for (const entry of state.undelivered) {
    const key = identityKey(entry.identity);
    const known = entries.get(key);
    if (known === undefined) entries.set(key, [entry]);
    else known.push(entry);
  }
  const facts = new Map<string, DriftFact>();
  for (const [key, attention] of state.attention) {
    const sides = sidesOf(state, key, attention);
    const sort = sortOf(attention, sides);
    // What a person committed is nobody's drift where nobody is to apply it.
    if (sort === undefined || (attention.state === "GitAhead" && !isConsumed)) continue;
    const own = entries.get(key) ?? [];
    const author = own.at(-1)?.author;
    const person = author !== undefined && "person" in author ? author : undefined;
    facts.set(key, {
      identity: attention.identity,
      sort,
      since: own[0]?.at,
      by: person && cleanName(person.person),
      tool: person?.tool,
      live: sides.live ?? "",
      file: sides.file ?? "",
    });
  }
  if (isConsumed) {
    for (const [key, fact] of notCreated(state, capture.namespace)) if (!facts.has(key)) facts.set(key, fact);
  }
  return facts;
}

/** What a file holds that the cluster never had: to be told of where somebody is to apply it. */
function* notCreated(
  { source, projection, record, watched }: DeliveryState,
  namespace: string,
): IterableIterator<readonly [string, DriftFact]> {
  for (const [key, { file, readOnly }] of source.index.homes) {
    const identity = parseIdentityKey(key);
    const isInScope = identity.namespace === namespace && watched.has(`${identity.group}/${identity.kind}`);
    if (!isInScope || readOnly !== undefined || projection.has(key) || recordedOf(record, identity)) continue;
    yield [
      key,
      { identity, sort: "CreatedInGit", since: undefined, by: undefined, tool: undefined, live: "", file: file.blob },
    ];
  }
}

interface SidesNow {
  readonly live: string | undefined;
  readonly base: string | undefined;
  /** The blob of the file that holds it. */
  readonly file: string | undefined;
}

function sidesOf(state: DeliveryState, key: string, { identity }: Attention): SidesNow {
  const recorded = knownOf(state, identity);
  const path = recorded?.source[0]?.path;
  const file = documentOf(state.source, key)?.file.blob ?? (path && state.source.tree.entry(path)?.oid);
  return { live: state.projection.get(key)?.blob, base: recorded?.base, file };
}

function sortOf({ state, reason }: Attention, { live, base, file }: SidesNow): DriftSort | undefined {
  if (state === "InSync" || reason === "Unmanaged") return undefined;
  if (state === "Applying") return base === undefined && file === undefined ? "DeletedInGit" : "Reverted";
  if (state === "GitAhead") {
    if (live === undefined) return "CreatedInGit";
    return file === undefined ? "DeletedInGit" : "ChangedInGit";
  }
  if (state === "Diverged") {
    if (reason === "BothChanged" || reason === "FileRemoved") return "BothChanged";
    return reason === "FirstContact" ? "FirstContact" : "NotWritable";
  }
  if (reason === "DeletionWaiting") return "DeletionWaiting";
  if (live === undefined) return "DeletedInCluster";
  return base === undefined ? "CreatedInCluster" : "ChangedInCluster";
}
