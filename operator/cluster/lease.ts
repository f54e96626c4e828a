/**
 * Which replica writes: the holder of a Lease (coordination.k8s.io/v1), by the rules of client-go's leaderelection. What a
 * Lease says of time is never compared with this machine's clock: a holder is dead when its Lease did not change for as
 * long as it said, watched from here. It only keeps replicas out of each other's way; what makes two writers safe is the push.
 */
import type { Failure } from "../failures.ts";
import { asFailure, retry } from "../failures.ts";
import type { Cancel, Clock, ClusterReader, ClusterWriter, Log } from "../ports.ts";
import type { JsonObject, Kind } from "../values.ts";

export interface LeaseOptions {
  readonly cluster: Pick<ClusterReader, "get"> & Pick<ClusterWriter, "apply" | "create">;
  readonly clock: Clock;
  /** Milliseconds since any moment, which go on evenly when `clock` is set. Default: of this process. */
  readonly uptime?: () => number;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
  /** Of this process, and of the one that follows it after a crash in the same pod. */
  readonly identity: string;
  /** Where other replicas reach this one, `HOST:PORT`; "" where they do not. */
  readonly address: string;
  /** The ownerReference of what it is removed with, looked up whenever it is taken; default: none. Does not reject. */
  readonly owner?: () => Promise<JsonObject | undefined>;
  /** How long a holder that is silent keeps it. Default: 15 s. */
  readonly durationMs?: number;
}

/** Who holds it, as last seen; undefined: nobody. */
export interface Holder {
  readonly identity: string;
  readonly address: string;
}

export interface Lease {
  /** Resolves once it is held; rejects when `signal` aborts first. */
  acquire(signal: AbortSignal): Promise<void>;
  /** As last seen while it was waited for or held. */
  holder(): Holder | undefined;
  /** Where the replica that writes is reached; undefined where this is it, or none is known. */
  writer(): string | undefined;
  /** Aborts with a Failure once it was held and is not any more. */
  readonly lost: AbortSignal;
  /** Stops renewing, and gives it up where it is held, so that the next one need not wait. */
  release(): Promise<void>;
}

const leaseKind: Kind = {
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  resource: "leases",
  namespaced: true,
  verbs: [],
  subresources: [],
};
export const addressAnnotation = "clickscribe.dev/address";
/** As client-go has them, of its 15 s. */
const renewPart = 2 / 15;
const deadlinePart = 10 / 15;
/** A Lease may say any time; one that was restored or written by hand must not stop all work for years. */
const longestMs = 60_000;
const maxTransitions = 2_147_483_647;
/** No name of a host or pod is longer. */
const maxText = 253;

export function createLease(options: LeaseOptions): Lease {
  const { cluster, clock, log, namespace, name, identity, address } = options;
  const durationMs = options.durationMs ?? 15_000;
  const uptime = options.uptime ?? (() => performance.now());
  const lost = new AbortController();
  let seen: { readonly version: string; readonly at: number } | undefined;
  let holder: Holder | undefined;
  let held: { readonly since: string; readonly transitions: number; renewedAt: number } | undefined;
  let owner: JsonObject | undefined;
  let released = false;
  let cancel: Cancel = () => undefined;

  /** Answers whether it is held now. Throws Failure. */
  async function attempt(): Promise<boolean> {
    const found = await cluster.get(leaseKind, namespace, name);
    const lease = found === undefined ? undefined : read(found);
    holder = lease?.holder;
    if (lease !== undefined && seen?.version !== lease.version) seen = { version: lease.version, at: uptime() };
    const mine = lease?.holder?.identity === identity;
    const alive = lease?.holder !== undefined && uptime() - (seen?.at ?? 0) < lease.durationMs;
    if (lease !== undefined && !mine && alive) return false;
    const [began, now] = [uptime(), stamp(clock.now())];
    const since = mine ? (lease?.acquireTime ?? now) : now;
    const transitions = Math.min((lease?.transitions ?? -1) + (mine ? 0 : 1), maxTransitions);
    if (held === undefined) owner = await options.owner?.();
    const written = await write(found, { holderIdentity: identity, acquireTime: since, leaseTransitions: transitions });
    if (written === undefined) return false;
    seen = { version: read(written).version, at: uptime() };
    holder = { identity, address };
    held = { since, transitions, renewedAt: began };
    return true;
  }

  /** undefined: somebody else was faster. */
  async function write(found: JsonObject | undefined, spec: JsonObject): Promise<JsonObject | undefined> {
    const { resourceVersion } = (found?.["metadata"] ?? {}) as { readonly resourceVersion?: string };
    const object: JsonObject = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        name,
        namespace,
        // The API server refuses a write over another version than this.
        ...(resourceVersion !== undefined && { resourceVersion }),
        ...(owner !== undefined && { ownerReferences: [owner] }),
        annotations: { [addressAnnotation]: address },
      },
      spec: { ...spec, leaseDurationSeconds: Math.ceil(durationMs / 1000), renewTime: stamp(clock.now()) },
    };
    try {
      return await (found === undefined ? cluster.create(object) : cluster.apply(object));
    } catch (error) {
      if (asFailure(error).data["status"] === 409) return undefined;
      throw error;
    }
  }

  function renewLater(): void {
    if (released) return;
    cancel = clock.after(durationMs * renewPart, () => {
      renew().then(renewLater, (error: unknown) => giveUp(asFailure(error)));
    });
  }

  /** Throws Failure once it is certain, or long enough uncertain, that it is lost. */
  async function renew(): Promise<void> {
    let why: Failure;
    const left = durationMs * deadlinePart - (uptime() - (held?.renewedAt ?? 0));
    try {
      if (released || (await within(clock, left, attempt()))) return;
      why = retry("LeaseLost", `${brief(holder?.identity ?? "nobody")} holds the Lease ${namespace}/${name} now`);
      if (holder !== undefined && holder.identity !== identity) throw why;
    } catch (error) {
      why = asFailure(error);
      if (why.code === "LeaseLost") throw why;
    }
    if (uptime() - (held?.renewedAt ?? 0) >= durationMs * deadlinePart) {
      throw retry("LeaseLost", `the Lease ${namespace}/${name} could not be renewed in time: ${why.message}`);
    }
  }

  function giveUp(failure: Failure): void {
    held = undefined;
    if (!released) lost.abort(failure);
  }

  return {
    lost: lost.signal,
    holder: () => holder,
    writer: () => (holder === undefined || holder.identity === identity ? undefined : holder.address || undefined),
    async acquire(signal) {
      let told = "";
      for (;;) {
        signal.throwIfAborted();
        try {
          if (await unlessAborted(signal, attempt())) break;
          const other = brief(holder?.identity ?? "");
          if (other !== told) log.info({ lease: name, holder: other }, "standing by: another replica holds the Lease");
          told = other;
        } catch (error) {
          signal.throwIfAborted();
          const failure = asFailure(error);
          // Rights that are missing are not given by waiting.
          if (failure.class === "Stalled") throw failure;
          log.warn({ lease: name, code: failure.code, err: failure.message }, "the Lease could not be asked for");
        }
        await pause(clock, durationMs * renewPart * (0.5 + clock.random() / 2), signal);
      }
      log.info({ lease: name, identity }, "holding the Lease");
      renewLater();
    },
    async release() {
      if (released) return;
      released = true;
      cancel();
      if (held === undefined) return;
      const { since, transitions } = held;
      held = undefined;
      try {
        const found = await cluster.get(leaseKind, namespace, name);
        if (found === undefined || read(found).holder?.identity !== identity) return;
        await write(found, { holderIdentity: "", acquireTime: since, leaseTransitions: transitions });
      } catch (error) {
        const { code, message: err } = asFailure(error);
        log.warn({ lease: name, code, err }, "the Lease was not given up: the next replica waits until it runs out");
      }
    },
  };
}

interface LeaseRead {
  readonly version: string;
  readonly holder: Holder | undefined;
  readonly durationMs: number;
  readonly acquireTime: string | undefined;
  readonly transitions: number | undefined;
}

function read(object: JsonObject): LeaseRead {
  const metadata = fieldsAt(object, "metadata");
  const spec = fieldsAt(object, "spec");
  const identity = textAt(spec, "holderIdentity") ?? "";
  const address = textAt(fieldsAt(metadata, "annotations"), addressAnnotation) ?? "";
  const durationMs = (numberAt(spec, "leaseDurationSeconds") ?? 0) * 1000;
  return {
    version: textAt(metadata, "resourceVersion") ?? "",
    holder: identity === "" ? undefined : { identity, address: address.length > maxText ? "" : address },
    durationMs: Math.min(durationMs, longestMs),
    acquireTime: textAt(spec, "acquireTime"),
    transitions: numberAt(spec, "leaseTransitions"),
  };
}

function fieldsAt(fields: JsonObject, key: string): JsonObject {
  const value = fields[key];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function textAt(fields: JsonObject, key: string): string | undefined {
  const value = fields[key];
  return typeof value === "string" ? value : undefined;
}

function numberAt(fields: JsonObject, key: string): number | undefined {
  const value = fields[key];
  return typeof value === "number" ? value : undefined;
}

function brief(identity: string): string {
  return identity.slice(0, maxText);
}

/** metav1.MicroTime. */
function stamp(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000Z`;
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      cancel();
      reject(signal.reason as Error);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Throws Failure when `work` takes longer; it goes on, and what becomes of it then is of no account. */
async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  let cancel: Cancel = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => reject(retry("ClusterUnreachable", "it was not answered")));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
