/**
 * What the cluster tells of the objects in a Capture's scope: read as its policy says, compared with what was known, and
 * handed on as entries of the window.
 */
import type { SkipReason } from "../api/reasons.ts";
import { applierOf } from "../consumers/applier.ts";
import { lastFieldManager } from "../manifest/field-manager.ts";
import { identityKey } from "../manifest/identity.ts";
import type { Reading } from "../manifest/object-reader.ts";
import { ownedFields } from "../manifest/owners.ts";
import type { Attribution, Clock, Meter } from "../ports.ts";
import type { Author, ClusterChange, Identity, Kind, Listing, WindowEntry } from "../values.ts";
import type { DeliveryState, Target } from "./delivery-state.ts";
import { readObject } from "./read-object.ts";
import { isAsRecorded } from "./sort-out.ts";

export interface IntakeDeps {
  readonly attribution: Attribution;
  readonly clock: Clock;
  readonly meter: Meter;
}

export interface IntakeListener {
  changed(entry: WindowEntry): void;
  /** A person edited what is not in Git. */
  skipped(change: ClusterChange, reason: SkipReason, detail: string): void;
  /** What was in Git left the scope. */
  released(change: ClusterChange, why: string): void;
  /** Whether its name has it left out: then that it is gone says nothing of its file. */
  leavesOut(identity: Identity): boolean;
}

type Kept = Extract<Reading, { readonly verdict: "Kept" }>;

export class Intake {
  readonly #deps: IntakeDeps;
  readonly #target: Target;
  readonly #state: DeliveryState;
  readonly #listener: IntakeListener;
  #released = new Map<string, Identity>();
  /** The last step of what is still to be taken in, in the order in which it came, by `GROUP/KIND`. */
  readonly #pending = new Map<string, Promise<void>>();
  #closed = false;
  /** Whether what lists show was there before the Capture, so that nobody is looked for who did it. */
  firstCapture: boolean;

  constructor(deps: IntakeDeps, target: Target, state: DeliveryState, firstCapture: boolean, listener: IntakeListener) {
    this.#deps = deps;
    this.#target = target;
    this.#state = state;
    this.firstCapture = firstCapture;
    this.#listener = listener;
  }

  /** Whether objects left the scope that the record still holds. */
  get hasReleased(): boolean {
    return this.#released.size > 0;
  }

  /** Objects that left the scope since this was asked last, by key. */
  takeReleased(): ReadonlyMap<string, Identity> {
    const released = this.#released;
    this.#released = new Map();
    return released;
  }

  /** An object that the record holds and that is not selected any more. */
  release(key: string, identity: Identity): void {
    this.#released.set(key, identity);
  }

  take(change: ClusterChange): void {
    const reading = change.type === "Delete" ? undefined : readObject(this.#target, change.object, change.kind);
    this.#inOrder(change.kind, reading, (read) => {
      if (read === undefined) this.#delete(change);
      else this.#upsert(change, read);
    });
  }

  /** What a complete list did not name is gone. `done` is called once all that it named has been taken in. */
  takeListing({ kind, keys, isPartial }: Listing, done: () => void): void {
    const { projection } = this.#state;
    this.#inOrder(kind, undefined, () => {
      const absent = isPartial ? [] : [...projection.absent(kind, keys)];
      for (const [gone, known] of absent) {
        projection.forget(gone);
        if (this.#listener.leavesOut(known.identity)) {
          this.release(gone, known.identity);
          continue;
        }
        const author: Author = { rung: "None", candidates: [], evidence: "gone while nobody was watching" };
        this.#append({ identity: known.identity, manifest: undefined, author, at: this.#deps.clock.now() });
      }
      done();
    });
  }

  /** What waits for a proof is left to the next start. */
  close(): void {
    this.#closed = true;
  }

  /** At once where nothing of the kind is waited for. */
  #inOrder<T>({ group, kind }: Kind, value: T | Promise<T>, act: (value: T) => void): void {
    const key = `${group}/${kind}`;
    const before = this.#pending.get(key);
    if (before === undefined && !(value instanceof Promise)) return act(value);
    const run = async (): Promise<void> => {
      await before;
      const known = await value;
      if (this.#pending.get(key) === step) this.#pending.delete(key);
      if (!this.#closed) act(known);
    };
    const step = run();
    this.#pending.set(key, step);
  }

  #delete(change: ClusterChange): void {
    const { identity, seenAt } = change;
    const author = this.#deps.attribution.attribute(change, undefined);
    const appliedBy = applierOf(author, undefined, this.#target.appliers);
    if (this.#state.projection.forget(identityKey(identity)) !== undefined)
      this.#append({ identity, manifest: undefined, author, at: seenAt, appliedBy });
  }

  #upsert(change: ClusterChange, reading: Reading): void {
    const key = identityKey(change.identity);
    this.#deps.meter.count("clickscribe_changes_total", { kind: change.kind.kind, verdict: reading.verdict });
    if (reading.verdict === "Skipped") this.#skip(key, change, reading.reason, reading.detail);
    else this.#keep(key, change, reading);
  }

  #keep(key: string, change: ClusterChange, { manifest, cleaned }: Kept): void {
    const { projection } = this.#state;
    const { identity, uid, object, kind } = change;
    const { blob, apiVersion } = manifest;
    const known = projection.get(key);
    this.#released.delete(key);
    if (known !== undefined && known.blob === blob) {
      projection.keep(key, { ...known, uid, apiVersion });
      return;
    }
    const unwatched = change.evidence === "Listed" && known !== undefined;
    const author = this.#authorOf(change, () => this.#deps.attribution.attribute(change, cleaned));
    projection.keep(key, { identity, blob, apiVersion, uid });
    const appliedBy = applierOf(author, lastFieldManager(object), this.#target.appliers);
    // It has a revision of the branch that was perhaps not seen here yet.
    if (appliedBy !== undefined) this.#state.stale = true;
    if (unwatched && isAsRecorded(this.#state, this.#target.reader, change, known.blob)) {
      this.#state.rebased.set(key, manifest);
      return;
    }
    const listed = unwatched && { listed: { object, kind } };
    const owners = ownedFields(object);
    // Of what was there already nobody says who made it: it is taken for the cluster's own.
    const isTold = known !== undefined || change.evidence === "Event";
    const by = isTold ? { appliedBy } : {};
    this.#append({ identity, manifest, author, at: change.seenAt, owners, ...by, ...listed });
  }

  #authorOf(change: ClusterChange, attribute: () => Author): Author {
    if (change.evidence === "Event") return attribute();
    if (this.firstCapture) return { rung: "Operator" };
    return { rung: "None", candidates: [], evidence: "changed while nobody was watching" };
  }

  #skip(key: string, change: ClusterChange, reason: SkipReason, detail: string): void {
    const author = change.evidence === "Event" ? this.#deps.attribution.attribute(change, undefined) : undefined;
    // On its way out: written once it is gone, so that a deletion that never finishes removes nothing.
    if (reason === "BeingDeleted") return;
    const byPerson = author !== undefined && "person" in author && !author.person.startsWith("system:");
    const { projection } = this.#state;
    // Its file stays as it was until the credential is gone: then it is a change like any other.
    if (reason === "CredentialInClear") {
      if (projection.hold(key, reason, byPerson)) this.#listener.skipped(change, reason, detail);
      return;
    }
    const { known, tell } = projection.skip(key, reason, byPerson);
    if (tell) this.#listener.skipped(change, reason, detail);
    if (known === undefined) return;
    this.#released.set(key, change.identity);
    this.#listener.released(change, `${reason}: ${detail}`);
  }

  #append(entry: WindowEntry): void {
    this.#deps.meter.count("clickscribe_attribution_total", { rung: entry.author.rung });
    this.#listener.changed(entry);
  }
}
