/** Who applies what from where: the Applications of Argo CD and the Kustomizations of Flux in the cluster. */
import {
  type AppliedFolder,
  type CapturePlace,
  folderOfKustomization,
  type GitSource,
  isHere,
  sourceInWords,
  sourceOfRepository,
  sourcesOfApplication,
} from "../consumers/source.ts";
import { marksOf } from "../manifest/marks.ts";
import type { ClusterReader, Discovery, Log, Subscription } from "../ports.ts";
import type { ClusterChange, JsonObject, Kind } from "../values.ts";
import { createSerial } from "./serial.ts";

export interface ConsumerWatchOptions {
  readonly cluster: ClusterReader;
  readonly log: Log;
  /** Somebody applies from elsewhere now than `here` said last; once, until it is asked again. */
  readonly onChange: () => void;
}

/** What the objects of one kind say, by `NAMESPACE/NAME`: little of what stands in them, none of what moves with a sync. */
class Known<T> {
  readonly of = new Map<string, T>();
  readonly #read: (object: JsonObject) => T;

  constructor(read: (object: JsonObject) => T) {
    this.#read = read;
  }

  /** Whether it says something else now. */
  take({ type, identity: { namespace, name }, object }: ClusterChange): boolean {
    const key = `${namespace}/${name}`;
    if (type === "Delete") return this.of.delete(key);
    const [before, said] = [this.of.get(key), this.#read(object)];
    this.of.set(key, said);
    return JSON.stringify(before) !== JSON.stringify(said);
  }

  /** Whether one is gone. `keys`: of identities. */
  keep(keys: ReadonlySet<string>): boolean {
    const listed = new Set([...keys].map((key) => key.split("\n").slice(2).join("/")));
    const gone = [...this.of.keys()].filter((key) => !listed.has(key));
    for (const key of gone) this.of.delete(key);
    return gone.length > 0;
  }
}

export class ConsumerWatch {
  readonly #options: ConsumerWatchOptions;
  readonly #applications: Known<readonly GitSource[]> = new Known(sourcesOfApplication);
  readonly #kustomizations: Known<AppliedFolder> = new Known(folderOfKustomization);
  readonly #repositories: Known<GitSource> = new Known(sourceOfRepository);
  /** By the kind's name. */
  readonly #watches = new Map<string, Subscription>();
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
      await this.#watchMissing(discovery, "source.toolkit.fluxcd.io", "GitRepository", this.#repositories);
    });
  }

  async #watchMissing(discovery: Discovery, group: string, name: string, known: Known<unknown>): Promise<void> {
    const kind = discovery.kinds.find((served) => served.group === group && served.kind === name);
    if (kind === undefined || this.#watches.has(name)) return;
    if (!(await this.#mayRead(kind))) return void this.#unseen.set(name, `${kind.resource}.${kind.group}`);
    if (this.#closed) return;
    this.#unseen.delete(name);
    this.#unlisted.add(name);
    const subscription = this.#options.cluster.watch(
      { kind, namespace: "" },
      {
        onChange: (change) => {
          if (known.take(change)) this.#tell();
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
    const found = new Set<string>();
    /** Argo CD's mark may leave the namespace out: then every Application of that name is meant. */
    const byName = new Map<string, boolean>();
    for (const [key, sources] of this.#applications.of) {
      const [, name = ""] = key.split("/");
      const isOne = sources.length > 0 && sources.every((source) => isHere(source, place));
      byName.set(name, isOne && (byName.get(name) ?? true));
      if (isOne) found.add(`Application ${key}`);
    }
    for (const [name, isOne] of byName) if (isOne) found.add(`Application ${name}`);
    for (const [key, { repository, path }] of this.#kustomizations.of) {
      const source = this.#repositories.of.get(repository ?? "");
      if (source !== undefined && isHere({ ...source, path }, place)) found.add(`Kustomization ${key}`);
    }
    return found;
  }

  /** From where Argo CD or Flux apply an object that carries their mark, for people; "" where none of them does. */
  originOf(object: JsonObject): string {
    const key = marksOf(object).find((mark) => mark.key !== "")?.key;
    if (key === undefined) return "";
    const [kind = "", owner = ""] = key.split(" ");
    const unseen = this.#unseen.get(kind) ?? (kind === "Kustomization" ? this.#unseen.get("GitRepository") : undefined);
    if (unseen !== undefined) return `whose source may not be read: allow list and watch of ${unseen}`;
    const found = kind === "Application" ? this.#ofApplication(owner) : this.#ofKustomization(owner);
    return found === undefined ? "which the cluster does not hold" : `from ${found}`;
  }

  #ofApplication(owner: string): string | undefined {
    const all = [...this.#applications.of].filter(([key]) => key === owner || key.endsWith(`/${owner}`));
    return all.length === 0 ? undefined : all.flatMap(([, sources]) => sources.map(sourceInWords)).join(" and from ");
  }

  #ofKustomization(owner: string): string | undefined {
    const folder = this.#kustomizations.of.get(owner);
    if (folder === undefined) return undefined;
    const { repository, path } = folder;
    const source = this.#repositories.of.get(repository ?? "");
    if (source !== undefined) return sourceInWords({ ...source, path });
    return repository === undefined
      ? "no GitRepository"
      : `GitRepository ${repository}, which the cluster does not hold`;
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
