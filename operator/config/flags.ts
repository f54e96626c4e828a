import type { Completes } from "./command-line.ts";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help; without it the flag is a boolean. */
  readonly value?: string;
  readonly isRepeatable?: true;
  /** The default, as one would write it. */
  readonly fallback?: string;
  readonly help: string;
  readonly choices?: readonly string[];
  readonly completes?: Completes;
  /** What must be typed each time; no variable stands for it. */
  readonly isTypedOnly?: true;
}

/** Which API server, with whose rights. */
export const accessFlags: readonly Flag[] = [
  {
    name: "kubeconfig",
    value: "FILE",
    help: "how to reach the cluster; default: KUBECONFIG, else the cluster that this runs in, else ~/.kube/config",
    completes: "File",
  },
  {
    name: "context",
    value: "NAME",
    help: "a context of the kubeconfig; default: its current one",
    completes: "Context",
  },
];

/** Where the objects stand that a command is about. */
export const namespaceFlag: Flag = {
  name: "namespace",
  short: "n",
  value: "NAME",
  help: "where the object stands; default: the namespace of the kubeconfig's context, else default",
  completes: "Namespace",
};

export const allNamespacesFlag: Flag = { name: "all-namespaces", short: "A", help: "in all namespaces" };

/** `choices` in the order of the help, its default first. */
export function outputFlag(choices: readonly string[], help: string): Flag {
  return { name: "output", short: "o", value: choices.join("|"), fallback: choices[0] ?? "", choices, help };
}

/** How long a command waits for the operator. */
export function timeoutFlag(fallback: string): Flag {
  return { name: "timeout", value: "DURATION", fallback, help: "how long to wait" };
}

export const serviceAccountFlag: Flag = {
  name: "default-service-account",
  value: "NAME",
  help: "whom a Capture without spec.serviceAccountName acts for, in its own namespace; default: the operator's own rights",
};

/** Which URLs a GitRemote may name. */
export const urlFlags: readonly Flag[] = [
  {
    name: "allowed-git-hosts",
    value: "GLOB",
    isRepeatable: true,
    fallback: "*",
    help: "hosts that a GitRemote may name, such as git.example.com or *.example.com",
  },
  { name: "allow-plain-http", help: "admit URLs that begin with http://" },
  { name: "allow-local-addresses", help: "admit repositories on loopback and link-local addresses" },
];

export function logLevelFlag(fallback: "info" | "warn"): Flag {
  return {
    name: "log-level",
    value: "LEVEL",
    fallback,
    help: "debug, info, warn or error; with debug, errors show where they come from",
    choices: ["debug", "info", "warn", "error"],
  };
}

/** `CLICKSCRIBE_CLUSTER_NAME` for `cluster-name`. */
export function variableOf(flag: string): string {
  return `CLICKSCRIBE_${flag.toUpperCase().replaceAll("-", "_")}`;
}
