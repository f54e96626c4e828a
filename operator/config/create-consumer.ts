/** What `create consumer` takes. */
import { parseDuration } from "../api/duration.ts";
import type { CommandLine } from "./command-line.ts";
import { checkedName, nameOf, newName } from "./create.ts";
import { accessFlags, namespaceFlag } from "./flags.ts";
import { type Place, place } from "./objects.ts";
import { finish, type Invocation, type Read, read, readText } from "./shared.ts";

export interface CreateConsumerConfig extends Place {
  readonly name: string;
  readonly tool: "ArgoCD" | "Flux";
  readonly capture: string;
  /** Print the YAML instead of applying it. */
  readonly export: boolean;
  readonly consumerNamespace: string;
  /** A Go duration; of Flux. */
  readonly interval: string;
  readonly prune: boolean;
  /** Of Argo CD. */
  readonly selfHeal: boolean;
  readonly project: string;
}

export const createConsumerLine: CommandLine = {
  name: "create consumer",
  arguments: [nameOf("Application or Kustomization")],
  flags: [
    { name: "argocd", help: "an Application of Argo CD" },
    { name: "flux", help: "a GitRepository and a Kustomization of Flux" },
    {
      name: "capture",
      value: "NAME",
      help: "the Capture whose path is to be applied; default: the one of this name",
      completes: "Capture",
    },
    {
      name: "consumer-namespace",
      value: "NAME",
      help: "where it is made; default: argocd, or flux-system",
      completes: "Namespace",
    },
    { name: "interval", value: "DURATION", fallback: "10m", help: "how often Flux looks by itself" },
    { name: "no-prune", help: "leave objects in the cluster whose file is gone" },
    { name: "no-self-heal", help: "let Argo CD only tell of what others change" },
    { name: "project", value: "NAME", fallback: "default", help: "the AppProject of Argo CD" },
    {
      name: "export",
      help: "print the YAML, for Git or kubectl apply -f -, and change nothing",
      isTypedOnly: true,
    },
    namespaceFlag,
    ...accessFlags,
  ],
};

export function readCreateConsumerConfig(
  started: Invocation,
  readFile: (path: string) => string = readText,
): Read<CreateConsumerConfig> {
  const flags = read(createConsumerLine, started);
  const [argocd, flux] = [flags.boolean("argocd"), flags.boolean("flux")];
  if (argocd === flux) flags.problems.push("one of --argocd and --flux is required: who is to apply the path");
  const isInterval = (text: string): boolean => (parseDuration(text) ?? 0) >= 1_000;
  flags.check("interval", isInterval, "be a duration of at least 1s, such as 10m");
  const name = newName(flags);
  return finish(flags, {
    ...place(flags, started, readFile),
    name,
    tool: flux ? "Flux" : "ArgoCD",
    capture: checkedName(flags, "capture", "a Capture") ?? name,
    export: flags.boolean("export"),
    consumerNamespace: checkedName(flags, "consumer-namespace", "a namespace") ?? (flux ? "flux-system" : "argocd"),
    interval: flags.text("interval") ?? "10m",
    prune: !flags.boolean("no-prune"),
    selfHeal: !flags.boolean("no-self-heal"),
    project: checkedName(flags, "project", "an AppProject") ?? "default",
  });
}
