/** Who applies what from where, and how far it has come: Argo CD's and Flux's own objects in the cluster. */
import {
  fetchedBy,
  planOfApplication,
  planOfHelmRelease,
  planOfKustomization,
  planOfRepository,
  progressOfApplication,
  progressOfFlux,
} from "../consumers/consumer.ts";
import {
  type Consumer,
  findConsumers,
  type KnownConsumer,
  type KnownConsumers,
  type KnownRepository,
  keysHere,
  originOf,
} from "../consumers/find-consumers.ts";
import type { CapturePlace } from "../consumers/source.ts";
import { marksOf } from "../manifest/marks.ts";
import type { ClusterReader, Discovery, Log, Subscription } from "../ports.ts";
import type { ClusterChange, JsonObject, Kind } from "../values.ts";
import { createSerial } from "./serial.ts";

export interface ConsumerWatchOptions {
  readonly cluster: ClusterReader;
  readonly log: Log;
  /** Somebody is told to apply something else than when `here` was asked last; once, until it is asked again. */
  readonly onChange: () => void;
  /** One of them has come further, or has stopped: `Application argocd/shop`, or `GitRepository flux-system/shop`. */
  readonly onProgress?: (key: string) => void;
}

/** What the objects of one kind say, by `NAMESPACE/NAME`: little of what stands in them. */
class Known<T> {
  readonly of = new Map<string, T>();
  readonly #read: (object: JsonObject) => T;
  /** What says from where it applies. */
  readonly #whereOf: (said: T) => object;

  constructor(read: (object: JsonObject) => T, whereOf: (said: T) => object) {
    this.#read = read;
    this.#whereOf = whereOf;
  }

  /** What of it is other now. */
  take({ type, identity: { namespace, name }, object }: ClusterChange): "Where" | "Progress" | undefined {
    const key = `${namespace}/${name}`;
    if (type === "Delete") return this.of.delete(key) ? "Where" : undefined;
    const [before, said] = [this.of.get(key), this.#read(object)];
    this.of.set(key, said);
    if (before === undefined || !isSame(this.#whereOf(before), this.#whereOf(said))) return "Where";
    return isSame(before, said) ? undefined : "Progress";
  }

  /** Whether one is gone. `keys`: of identities. */
  keep(keys: ReadonlySet<string>): boolean {
    const listed = new Set([...keys].map((key) => key.split("\n").slice(2).join("/")));
    const gone = [...this.of.keys()].filter((key) => !listed.has(key));
    for (const key of gone) this.of.delete(key);
    return gone.length > 0;
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const whereOf = ({ plan }: KnownConsumer): object => {
  const { sources, repository, path, isRecursive } = plan;
  return { sources, repository, path, isRecursive };
};

export class ConsumerWatch {
  readonly #options: ConsumerWatchOptions;
  readonly #applications: Known<KnownConsumer> = new Known(
    (object) => ({ plan: planOfApplication(object), progress: progressOfApplication(object) }),
    whereOf,
  );
  readonly #kustomizations: Known<KnownConsumer> = new Known(
    (object) => ({ plan: planOfKustomization(object), progress: progressOfFlux(object) }),
    whereOf,
  );
  readonly #releases: Known<KnownConsumer> = new Known(
    (object) => ({ plan: planOfHelmRelease(object), progress: progressOfFlux(object) }),
    whereOf,
  );
  readonly #repositories: Known<KnownRepository> = new Known(
    (object) => ({ plan: planOfRepository(object), fetched: fetchedBy(object) }),
    ({ plan }) => plan.source,
  );
  readonly #known: KnownConsumers = {
    of: {
      Application: this.#applications.of,
      Kustomization: this.#kustomizations.of,
      HelmRelease: this.#releases.of,
    },
    repositories: this.#repositories.of,
  };
  /** By the kind's name. */
  readonly #watches = new Map<string, Subscription>();
  readonly #kinds = new Map<string, Kind>();
  /** Kinds whose list was not read yet. */
  readonly #unlisted = new Set<string>();
  /** What may not be read, `RESOURCE.GROUP`. */
  readonly #unseen = new Map<string, string>();
  readonly #starts = createSerial();
  #waiting: (() => void)[] = [];
  #isTold = false;
  #closed = false;

  constructor(options: ConsumerWatchOptions) {
    this.#options = options;
  }

  /** Until all that can be read was read: whoever asks before would take everything for applied from elsewhere. */
  listed(): Promise<void> {
    if (this.#unlisted.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /**
   * Watches the kinds that are served and that may be read; called again, those that came since. Throws Failure where
   * it cannot be asked whether they may be read.
   */
  start(discovery: Discovery): Promise<void> {
    // One at a time, so that none is watched twice.
    return this.#starts.run("", async () => {
      await this.#watchMissing(discovery, "argoproj.io", "Application", this.#applications);
      await this.#watchMissing(discovery, "kustomize.toolkit.fluxcd.io", "Kustomization", this.#kustomizations);
      await this.#watchMissing(discovery, "helm.toolkit.fluxcd.io", "HelmRelease", this.#releases);
      await this.#watchMissing(discovery, "source.toolkit.fluxcd.io", "GitRepository", this.#repositories);
    });
  }

  async #watchMissing(
    discovery: Discovery,
    group: string,
    name: string,
    known: Pick<Known<unknown>, "take" | "keep">,
  ): Promise<void> {
    const kind = discovery.kinds.find((served) => served.group === group && served.kind === name);
    if (kind === undefined || this.#watches.has(name)) return;
    if (!(await this.#mayRead(kind))) return void this.#unseen.set(name, `${kind.resource}.${kind.group}`);
    if (this.#closed) return;
    this.#unseen.delete(name);
    this.#unlisted.add(name);
    this.#kinds.set(name, kind);
    const subscription = this.#options.cluster.watch(
      { kind, namespace: "" },
      {
        onChange: (change) => {
          const other = known.take(change);
          if (other === "Where") this.#tell();
          if (other !== undefined && this.#unlisted.size === 0) {
            const { namespace, name: object } = change.identity;
            this.#options.onProgress?.(`${name} ${namespace}/${object}`);
          }
        },
        onListing: ({ keys }) => {
          if (known.keep(keys)) this.#tell();
          this.#list(name);
        },
        onFailure: ({ code, message: err }) => {
          this.#options.log.warn({ kind: name, code, err }, "what Argo CD or Flux apply cannot be watched");
          this.#list(name);
        },
      },
    );
    this.#watches.set(name, subscription);
  }

  /** The keys of marks (manifest/marks.ts) whose owners apply from this place, or from above it, and from nowhere else. */
  here(place: CapturePlace): ReadonlySet<string> {
    this.#isTold = false;
    return keysHere(this.#known, place);
  }

  /** Who applies from this place, or from above it, as far as they have come. */
  consumersOf(place: CapturePlace): readonly Consumer[] {
    return findConsumers(this.#known, place);
  }

  /** Applications that carry the operator's own mark, and until when at most, in milliseconds since the epoch. */
  *paused(): IterableIterator<{ readonly namespace: string; readonly name: string; readonly until: number }> {
    for (const [key, { plan }] of this.#applications.of) {
      const [namespace = "", name = ""] = key.split("/");
      if (plan.pausedUntil !== undefined) yield { namespace, name, until: plan.pausedUntil };
    }
  }

  /** As the API server serves it; undefined: it does not, or not to us. */
  kindOf(name: string): Kind | undefined {
    return this.#kinds.get(name);
  }

  /** From where Argo CD or Flux apply an object that carries their mark, for people; "" where none of them does. */
  originOf(object: JsonObject): string {
    const key = marksOf(object).find((mark) => mark.key !== "")?.key;
    if (key === undefined) return "";
    const [kind = "", owner = ""] = key.split(" ");
    const unseen = this.#unseen.get(kind) ?? (kind === "Kustomization" ? this.#unseen.get("GitRepository") : undefined);
    if (unseen !== undefined) return `whose source may not be read: allow list and watch of ${unseen}`;
    const known = kind === "Application" ? this.#applications : this.#kustomizations;
    // A mark of Argo CD may leave the namespace out.
    const found = [...known.of].filter(([name]) => name === owner || name.endsWith(`/${owner}`));
    if (found.length === 0) return "which the cluster does not hold";
    return `from ${found.map(([, consumer]) => originOf(this.#known, consumer)).join(" and from ")}`;
  }

  close(): void {
    this.#closed = true;
    this.#unlisted.clear();
    this.#endWaiting();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  async #mayRead({ group, resource }: Kind): Promise<boolean> {
    for (const verb of ["list", "watch"]) {
      const question = { user: undefined, verb, group, resource, namespace: "", name: undefined };
      if (!(await this.#options.cluster.allowed(question))) return false;
    }
    return true;
  }

  #tell(): void {
    if (this.#isTold || this.#unlisted.size > 0) return;
    this.#isTold = true;
    this.#options.onChange();
  }

  #list(name: string): void {
    if (!this.#unlisted.delete(name) || this.#unlisted.size > 0) return;
    this.#endWaiting();
    this.#tell();
  }

  #endWaiting(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
