/** The GitRemotes: how each is opened, and what its own status says, whether or not a Capture uses it. */
import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { ConditionReason } from "../api/reasons.ts";
import type { Failure } from "../failures.ts";
import { asFailure, stalled } from "../failures.ts";
import type {
  Clock,
  ClusterReader,
  ClusterWriter,
  EventDraft,
  Fetched,
  Log,
  Repositories,
  Repository,
} from "../ports.ts";
import type { ClusterChange, JsonObject, Kind } from "../values.ts";
import { type NamedKind, type OpenedRemote, openRemote } from "./open-remote.ts";
import type { StoredCondition } from "./outcome.ts";
import { remoteStatus } from "./outcome.ts";
import { apiVersion, sameIntent, storedConditions } from "./own-object.ts";
import { createSerial } from "./serial.ts";
import { missingGet } from "./watched-kinds.ts";

/** The git server's own refusals: a session goes on gathering who did what until they are over. */
export const ofTheServer: ReadonlySet<ConditionReason> = new Set([
  "AuthenticationFailed",
  "RepositoryNotFound",
  "CertificateUntrusted",
  "HostKeyUntrusted",
  "RemoteInvalid",
]);

export interface RemotesDeps {
  readonly cluster: ClusterReader & ClusterWriter;
  readonly repositories: Repositories;
  readonly clock: Clock;
  readonly log: Log;
  readonly secretKind: Kind;
  readonly configMapKind: Kind;
}

interface Slot {
  readonly object: JsonObject;
  conditions: readonly StoredCondition[];
  applied: string;
  /** The record of a remote that may only be read. */
  memory: Repository | undefined;
}

export class Remotes {
  readonly #deps: RemotesDeps;
  readonly #slots = new Map<string, Slot>();
  readonly #serial = createSerial();
  #closed = false;

  constructor(deps: RemotesDeps) {
    this.#deps = deps;
  }

  /** The key that `remoteKey` makes for the Captures that name it; undefined when nothing that a person says changed. */
  take(change: ClusterChange): string | undefined {
    const key = `${change.identity.namespace}/${change.identity.name}`;
    const before = this.#slots.get(key);
    if (change.type === "Delete") {
      this.#slots.delete(key);
      return key;
    }
    const conditions = before?.conditions ?? storedConditions(change.object);
    const { applied = "", memory } = before ?? {};
    this.#slots.set(key, { object: change.object, conditions, applied, memory });
    if (before !== undefined && sameIntent(before.object, change.object)) return undefined;
    this.#checkSoon(key);
    return key;
  }

  find(capture: Capture): GitRemote | undefined {
    return this.#slots.get(remoteKey(capture))?.object as unknown as GitRemote | undefined;
  }

  /** Whether it writes to the GitRemote of this key, or has its record there. */
  uses(capture: Capture, key: string): boolean {
    const { namespace } = capture.metadata;
    const elsewhere = this.find(capture)?.spec.record?.remoteRef?.name;
    return remoteKey(capture) === key || (elsewhere !== undefined && `${namespace}/${elsewhere}` === key);
  }

  /** Throws Failure RemoteNotFound. */
  of(capture: Capture): GitRemote {
    const found = this.find(capture);
    if (found !== undefined) return found;
    const { namespace } = capture.metadata;
    throw stalled(
      "RemoteNotFound",
      `spec.remote.name: there is no GitRemote ${capture.spec.remote.name} in ${namespace}`,
    );
  }

  /** Opens it with what it names, read as `user` may read it. Throws Failure. */
  async open(remote: GitRemote, user: string | undefined): Promise<OpenedRemote> {
    const { repositories } = this.#deps;
    const slot = this.#slots.get(`${remote.metadata.namespace}/${remote.metadata.name}`);
    const inMemory = (): Repository => {
      const memory = slot?.memory ?? repositories.inMemory();
      if (slot !== undefined) slot.memory = memory;
      return memory;
    };
    const read = (kind: NamedKind, namespace: string, name: string) => this.#read(kind, namespace, name, user);
    return await openRemote({ repositories, read, inMemory }, remote);
  }

  /** With the operator's own rights; undefined: there is none. Throws Failure AccessDenied. */
  readSecret(namespace: string, name: string): Promise<JsonObject | undefined> {
    return this.#read("Secret", namespace, name, undefined);
  }

  checkAll(): void {
    for (const key of this.#slots.keys()) this.#checkSoon(key);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#serial.idle();
  }

  async #read(
    kind: NamedKind,
    namespace: string,
    name: string,
    user: string | undefined,
  ): Promise<JsonObject | undefined> {
    if (kind === "GitRemote") return this.#slots.get(`${namespace}/${name}`)?.object;
    const { cluster, configMapKind, secretKind } = this.#deps;
    const { resource } = kind === "Secret" ? secretKind : configMapKind;
    const question = { verb: "get", group: "", resource, namespace, name };
    for (const who of user === undefined ? [undefined] : [undefined, user]) {
      const missing = await missingGet(cluster, { ...question, user: who });
      if (missing !== undefined) throw stalled("AccessDenied", missing);
    }
    return await cluster.get(kind === "Secret" ? secretKind : configMapKind, namespace, name);
  }

  #checkSoon(key: string): void {
    void this.#serial.run(key, () => this.#check(key));
  }

  async #check(key: string): Promise<void> {
    const slot = this.#slots.get(key);
    if (slot === undefined || this.#closed) return;
    const { clock, cluster, log } = this.#deps;
    const remote = slot.object as unknown as GitRemote;
    let found: Failure | Fetched;
    let opened: OpenedRemote | undefined;
    try {
      opened = await this.open(remote, undefined);
      found = await opened.repository.fetch([]);
    } catch (error) {
      found = asFailure(error);
    }
    const generation = remote.metadata.generation ?? 0;
    const before = slot.conditions.find(({ type }) => type === "Ready");
    const facts = { found, opened, hasPeople: remote.spec.commit?.authors?.configMapRef !== undefined };
    const { conditions, status } = remoteStatus(facts, slot.conditions, generation, clock.now());
    const unknown = conditions.find(({ type, status: is }) => type === "AuthorsKnown" && is === "False");
    const told = slot.conditions.find(({ type }) => type === "AuthorsKnown")?.message;
    if (unknown !== undefined && unknown.message !== told) {
      cluster.event({ about: slot.object, type: "Warning", reason: "AuthorsUnknown", message: unknown.message });
    }
    slot.conditions = conditions;
    const ready = conditions[0];
    const news = before?.status !== ready?.status || before?.message !== ready?.message;
    if (found instanceof Error && found.class === "Stalled" && news) {
      const event: EventDraft = { about: slot.object, type: "Warning", reason: "Stalled", message: found.message };
      cluster.event(event);
    }
    const text = JSON.stringify(status);
    if (text === slot.applied) return;
    const { name, namespace } = remote.metadata;
    try {
      const body = { apiVersion, kind: "GitRemote", metadata: { name, namespace }, status };
      await cluster.apply(body, { subresource: "status" });
      slot.applied = text;
    } catch (error) {
      const { code, message: err } = asFailure(error);
      log.warn({ remote: key, code, err }, "the status of a GitRemote could not be written");
    }
  }
}

/** What `take` answers for the GitRemote that a Capture names. */
export function remoteKey(capture: Capture): string {
  return `${capture.metadata.namespace}/${capture.spec.remote.name}`;
}
