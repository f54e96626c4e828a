/** PURE: the objects by which Argo CD or Flux apply what a Capture writes, so that neither fights the other. */
import type { CreateConsumerConfig } from "../config/create-consumer.ts";
import type { JsonObject } from "../values.ts";

/** What is applied, and where. */
export interface ConsumedPlace {
  readonly url: string;
  readonly branch: string;
  /** "" is the root. */
  readonly path: string;
  /** The Capture's. */
  readonly namespace: string;
  /** The name of the GitRemote's Secret. */
  readonly secret: string | undefined;
}

type Options = Pick<
  CreateConsumerConfig,
  "name" | "tool" | "consumerNamespace" | "interval" | "prune" | "selfHeal" | "project"
>;

/** In the order in which they are applied. */
export function makeConsumer(options: Options, place: ConsumedPlace): readonly JsonObject[] {
  return options.tool === "ArgoCD" ? [application(options, place)] : flux(options, place);
}

/** argoproj.io/v1alpha1. It looks into folders, and files that name no namespace are the Capture's. */
function application(
  { name, consumerNamespace, prune, selfHeal, project }: Options,
  { url, branch, path, namespace }: ConsumedPlace,
): JsonObject {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: consumerNamespace },
    spec: {
      project,
      source: { repoURL: url, targetRevision: branch, path: path === "" ? "." : path, directory: { recurse: true } },
      destination: { server: "https://kubernetes.default.svc", namespace },
      syncPolicy: { automated: { prune, selfHeal } },
    },
  };
}

/** source.toolkit.fluxcd.io/v1, kustomize.toolkit.fluxcd.io/v1. */
function flux(
  { name, consumerNamespace, prune, interval }: Options,
  { url, branch, path, namespace, secret }: ConsumedPlace,
): readonly JsonObject[] {
  const metadata = { name, namespace: consumerNamespace };
  return [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: { url, ref: { branch }, interval, ...(secret !== undefined && { secretRef: { name: secret } }) },
    },
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata,
      spec: {
        sourceRef: { kind: "GitRepository", name },
        path: path === "" ? "./" : `./${path}`,
        targetNamespace: namespace,
        interval,
        retryInterval: "1m",
        timeout: "2m",
        prune,
      },
    },
  ];
}

/** What it needs besides, for people; undefined: nothing. */
export function credentialsNote({ tool, consumerNamespace }: Options, place: ConsumedPlace): string | undefined {
  const { secret, namespace, url } = place;
  if (secret === undefined) return undefined;
  if (tool === "Flux") {
    if (consumerNamespace === namespace) return undefined;
    return `Flux reads the Secret ${secret} in ${consumerNamespace}: the one of ${namespace} has the keys that it takes; copy it, or make one that may only read`;
  }
  return `Argo CD needs credentials that may read ${url}: argocd repo add, or a Secret in ${consumerNamespace} with the label argocd.argoproj.io/secret-type=repository`;
}
