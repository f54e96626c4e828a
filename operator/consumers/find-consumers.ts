/** PURE: of all that Argo CD and Flux apply, what they apply from where a Capture writes to. */
import type { CommitId } from "../values.ts";
import {
  type ConsumerKind,
  type ConsumerPlan,
  type ConsumerProgress,
  type FluxRepository,
  type Health,
} from "./consumer.ts";
import { type CapturePlace, type GitSource, isHere, sourceInWords } from "./source.ts";

/** What the cluster holds of them; by `NAMESPACE/NAME`. */
export interface KnownConsumers {
  readonly of: Readonly<Record<ConsumerKind, ReadonlyMap<string, KnownConsumer>>>;
  readonly repositories: ReadonlyMap<string, KnownRepository>;
}

export interface KnownConsumer {
  readonly plan: ConsumerPlan;
  readonly progress: ConsumerProgress;
}

export interface KnownRepository {
  readonly plan: FluxRepository;
  /** The commit that it fetched last. */
  readonly fetched: CommitId | undefined;
}

/** What is annotated to have it looked at now. */
export interface Asked {
  readonly kind: "Application" | "GitRepository";
  readonly namespace: string;
  readonly name: string;
}

/** Somebody who applies from where a Capture writes to, or from above it. */
export interface Consumer {
  readonly kind: ConsumerKind;
  readonly namespace: string;
  readonly name: string;
  /** `Application argocd/shop`: as in marks (manifest/marks.ts), and for people. */
  readonly key: string;
  readonly tool: "ArgoCD" | "Flux";
  /** The folder that it reads; "" is the root. */
  readonly path: string;
  readonly plan: ConsumerPlan;
  /** The repository's own say in it: Flux fetches on its own terms. */
  readonly isSuspended: boolean;
  readonly intervalMs: number | undefined;
  /** The commit of this branch that the cluster was brought to last. */
  readonly applied: CommitId | undefined;
  /** Of Flux: what the GitRepository has fetched last. */
  readonly fetched: CommitId | undefined;
  readonly health: Health;
  /** Why it could not apply what it saw last, in its own words; "" otherwise. */
  readonly failure: string;
  readonly ask: Asked;
  /** It applies what stands below the Capture's path: its folder is that path, or it looks into folders. */
  readonly reads: boolean;
  /** It applies from other places too. */
  readonly isPartial: boolean;
}

const kinds: readonly ConsumerKind[] = ["Application", "Kustomization", "HelmRelease"];

/** Sorted by key. What is of another cluster applies nothing here. */
export function findConsumers(known: KnownConsumers, place: CapturePlace): readonly Consumer[] {
  return [...allAt(known, place)]
    .filter(({ plan }) => !plan.isOfOtherCluster)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

function* allAt(known: KnownConsumers, place: CapturePlace): IterableIterator<Consumer> {
  for (const kind of kinds) {
    for (const [name, consumer] of known.of[kind]) {
      const one = consumerAt(known, kind, name, consumer, place);
      if (one !== undefined) yield one;
    }
  }
}

function consumerAt(
  known: KnownConsumers,
  kind: ConsumerKind,
  nameInNamespace: string,
  { plan, progress }: KnownConsumer,
  place: CapturePlace,
): Consumer | undefined {
  const [namespace = "", name = ""] = nameInNamespace.split("/");
  const repository = known.repositories.get(plan.repository ?? "");
  const sources = sourcesOf(known, plan);
  const at = sources.findIndex((source) => isHere(source, place));
  const source = sources[at];
  if (source === undefined) return undefined;
  const [repositoryNamespace = "", repositoryName = ""] = (plan.repository ?? "").split("/");
  const { health, failure } = progress;
  return {
    kind,
    namespace,
    name,
    key: `${kind} ${nameInNamespace}`,
    tool: kind === "Application" ? "ArgoCD" : "Flux",
    path: source.path,
    plan,
    isSuspended: plan.isSuspended || repository?.plan.isSuspended === true,
    intervalMs: repository?.plan.intervalMs ?? plan.intervalMs,
    applied: progress.applied[at],
    fetched: repository?.fetched,
    health,
    failure,
    ask:
      kind === "Application"
        ? { kind, namespace, name }
        : { kind: "GitRepository", namespace: repositoryNamespace, name: repositoryName },
    reads: source.path === place.path || plan.isRecursive,
    isPartial: sources.some((other) => !isHere(other, place)),
  };
}

/** Where it applies from; empty where that is no Git, or what it names is not there. */
export function sourcesOf({ repositories }: KnownConsumers, plan: ConsumerPlan): readonly GitSource[] {
  if (plan.repository === undefined) return plan.sources;
  const repository = repositories.get(plan.repository);
  return repository === undefined ? [] : [{ ...repository.plan.source, path: plan.path }];
}

/** From where it applies, for people. */
export function originOf(known: KnownConsumers, { plan }: KnownConsumer): string {
  const sources = sourcesOf(known, plan);
  if (sources.length > 0) return sources.map(sourceInWords).join(" and from ");
  return plan.repository === undefined
    ? "no GitRepository"
    : `GitRepository ${plan.repository}, which the cluster does not hold`;
}

/**
 * The keys of marks (manifest/marks.ts) whose owners apply from this place and from nowhere else. Argo CD's mark may leave
 * the namespace out: then every Application of that name is meant.
 */
export function keysHere(known: KnownConsumers, place: CapturePlace): ReadonlySet<string> {
  const found = new Set<string>();
  // What of this cluster carries its mark is applied here, under whatever name the cluster goes there.
  for (const { key, kind, reads, isPartial } of allAt(known, place))
    if (reads && !isPartial && kind !== "HelmRelease") found.add(key);
  const byName = new Map<string, boolean>();
  for (const nameInNamespace of known.of.Application.keys()) {
    const [, name = ""] = nameInNamespace.split("/");
    byName.set(name, found.has(`Application ${nameInNamespace}`) && (byName.get(name) ?? true));
  }
  for (const [name, isOne] of byName) if (isOne) found.add(`Application ${name}`);
  return found;
}
