/** Who applies what from where: the Applications of Argo CD and the Kustomizations of Flux in the cluster, as raw objects. */

import {
  type CapturePlace,
  type GitSource,
  isHere,
  repositoryOf,
  sourceOfKustomization,
  sourcesOfApplication,
} from "../manifest/gitops-source.ts";
import { isObject, metadataOf, textAt } from "../manifest/identity.ts";
import type { ClusterReader, Discovery, Log, Subscription } from "../ports.ts";
import type { ClusterChange, JsonObject, Kind } from "../values.ts";

export interface GitopsSourcesOptions {
  readonly cluster: ClusterReader;
  readonly log: Log;
  /** Somebody applies from elsewhere now. */
  readonly onChange: () => void;
}

const watched: readonly (readonly [group: string, kind: string])[] = [
  ["argoproj.io", "Application"],
  ["kustomize.toolkit.fluxcd.io", "Kustomization"],
  ["source.toolkit.fluxcd.io", "GitRepository"],
];

export class GitopsSources {
  readonly #options: GitopsSourcesOptions;
  readonly #watches = new Map<string, Subscription>();
  /** Kinds whose list was not read yet. */
  readonly #unlisted = new Set<string>();
  #waiting: (() => void)[] = [];
  #started: Promise<void> = Promise.resolve();
  /** By kind, by `NAMESPACE/NAME`: metadata and spec, nothing else. */
  readonly #objects = new Map<string, Map<string, JsonObject>>();

  constructor(options: GitopsSourcesOptions) {
    this.#options = options;
  }

  /** Until all that can be read was read: whoever asks before would take everything for applied from elsewhere. */
  listed(): Promise<void> {
    if (this.#unlisted.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(resolve));
  }

  /** Watches the kinds that are served and that may be read; called again, those that came since. */
  start(discovery: Discovery): Promise<void> {
    // One at a time, so that none is watched twice.
    this.#started = this.#started.then(() => this.#startMissing(discovery));
    return this.#started;
  }

  async #startMissing({ kinds }: Discovery): Promise<void> {
    for (const [group, name] of watched) {
      const kind = kinds.find((served) => served.group === group && served.kind === name);
      if (kind === undefined || this.#watches.has(name) || !(await this.#mayRead(kind))) continue;
      this.#unlisted.add(name);
      this.#objects.set(name, new Map());
      const subscription = this.#options.cluster.watch(
        { kind, namespace: "" },
        {
          onChange: (change) => this.#take(name, change),
          onListing: (listing) => this.#takeListing(name, listing.keys),
          onFailure: ({ code, message: err }) => {
            this.#options.log.warn({ kind: name, code, err }, "what Argo CD or Flux apply cannot be watched");
            this.#list(name);
          },
        },
      );
      this.#watches.set(name, subscription);
    }
  }

  /** The keys of marks (manifest/marks.ts) whose owners apply from this place, or from above it, and from nowhere else. */
  here(place: CapturePlace): ReadonlySet<string> {
    const found = new Set<string>();
    const isAllHere = (sources: readonly GitSource[]): boolean =>
      sources.length > 0 && sources.every((source) => isHere(source, place));
    /** Argo CD's mark may leave the namespace out: then every Application of that name is meant. */
    const byName = new Map<string, boolean>();
    for (const [key, application] of this.#all("Application")) {
      const [, name = ""] = key.split("/");
      const isOne = isAllHere(sourcesOfApplication(application));
      byName.set(name, isOne && (byName.get(name) ?? true));
      if (isOne) found.add(`Application ${key}`);
    }
    for (const [name, isOne] of byName) if (isOne) found.add(`Application ${name}`);
    for (const [key, kustomization] of this.#all("Kustomization")) {
      const repository = this.#objects.get("GitRepository")?.get(repositoryOf(kustomization) ?? "");
      if (isAllHere([sourceOfKustomization(kustomization, repository)])) found.add(`Kustomization ${key}`);
    }
    return found;
  }

  close(): void {
    this.#unlisted.clear();
    this.#endWaiting();
    for (const watch of this.#watches.values()) watch.close();
    this.#watches.clear();
  }

  #all(kind: string): ReadonlyMap<string, JsonObject> {
    return this.#objects.get(kind) ?? new Map();
  }

  async #mayRead({ group, resource }: Kind): Promise<boolean> {
    for (const verb of ["list", "watch"]) {
      const question = { user: undefined, verb, group, resource, namespace: "", name: undefined };
      if (!(await this.#options.cluster.allowed(question))) return false;
    }
    return true;
  }

  #take(name: string, { type, identity, object }: ClusterChange): void {
    const objects = this.#objects.get(name) ?? new Map<string, JsonObject>();
    const key = `${identity.namespace}/${identity.name}`;
    const before = objects.get(key);
    const { spec } = object;
    const known: JsonObject = {
      metadata: { namespace: textAt(metadataOf(object), "namespace") },
      spec: isObject(spec) ? spec : {},
    };
    if (type === "Delete") objects.delete(key);
    else objects.set(key, known);
    // Their status changes all the time.
    const isSame = type !== "Delete" && before !== undefined && JSON.stringify(before) === JSON.stringify(known);
    if (!isSame && this.#unlisted.size === 0) this.#options.onChange();
  }

  #takeListing(name: string, keys: ReadonlySet<string>): void {
    const objects = this.#objects.get(name);
    const listed = new Set([...keys].map((key) => key.split("\n").slice(2).join("/")));
    for (const key of objects?.keys() ?? []) if (!listed.has(key)) objects?.delete(key);
    this.#list(name);
  }

  #list(name: string): void {
    if (!this.#unlisted.delete(name) || this.#unlisted.size > 0) return;
    this.#endWaiting();
    this.#options.onChange();
  }

  #endWaiting(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}
