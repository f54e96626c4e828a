/** Every flag of every command, in one table: help, environment variables and parsing are made from it. */
export type CommandName = "run" | "plan";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** What stands for the value in help; without it the flag is a boolean. */
  readonly value?: string;
  readonly repeatable?: true;
  /** The default, as one would write it. */
  readonly fallback?: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}

const both: readonly CommandName[] = ["run", "plan"];
const run: readonly CommandName[] = ["run"];
const plan: readonly CommandName[] = ["plan"];

export const flags: readonly Flag[] = [
  {
    name: "filename",
    short: "f",
    value: "FILE",
    repeatable: true,
    help: "YAML with a Capture and, unless it is in the cluster, its GitRemote (- is standard input); required",
    commands: plan,
  },
  {
    name: "output",
    short: "o",
    value: "text|json",
    fallback: "text",
    help: "for people or for programs",
    commands: plan,
  },
  {
    name: "cluster-name",
    value: "NAME",
    help: "this cluster's name in the record and in commits (a DNS label); required",
    commands: run,
  },
  {
    name: "cluster-name",
    value: "NAME",
    fallback: "cluster",
    help: "the name that the operator in this cluster runs with: its record is looked for under it",
    commands: plan,
  },
  {
    name: "kubeconfig",
    value: "FILE",
    help: "how to reach the cluster; default: KUBECONFIG, else the cluster that this runs in, else ~/.kube/config",
    commands: both,
  },
  { name: "context", value: "NAME", help: "a context of the kubeconfig; default: its current one", commands: both },
  {
    name: "namespace",
    short: "n",
    value: "NAME",
    help: "the operator's own; default: the one that it runs in, else clickscribe-system",
    commands: run,
  },
  {
    name: "namespace",
    short: "n",
    value: "NAME",
    fallback: "default",
    help: "for what names no namespace in the file",
    commands: plan,
  },
  {
    name: "default-service-account",
    value: "NAME",
    help: "whom a Capture without spec.serviceAccountName acts for, in its own namespace; default: the operator's own rights",
    commands: both,
  },
  {
    name: "allowed-git-hosts",
    value: "GLOB",
    repeatable: true,
    fallback: "*",
    help: "hosts that a GitRemote may name, such as git.example.com or *.example.com",
    commands: both,
  },
  { name: "allow-plain-http", help: "admit URLs that begin with http://", commands: both },
  {
    name: "allow-local-addresses",
    help: "admit repositories on loopback and link-local addresses",
    commands: both,
  },
  {
    name: "source-poll",
    value: "DURATION",
    fallback: "60s",
    help: "how often the source branch is looked at when nothing is pushed",
    commands: run,
  },
  {
    name: "webhook-service",
    value: "NAMESPACE/NAME",
    help: "the Service by which the API server reaches the webhook, on port 443; this, --webhook-url or --no-webhook",
    commands: run,
  },
  {
    name: "webhook-url",
    value: "URL",
    help: "the https URL by which the API server reaches the webhook out of the cluster; {port} stands for the port",
    commands: run,
  },
  { name: "no-webhook", help: "do without the webhook: authors are then unknown", commands: run },
  {
    name: "webhook-port",
    value: "PORT",
    fallback: "10250",
    help: "where the webhook listens; 0 is any free port (private control planes reach nodes on 443 and 10250 only)",
    commands: run,
  },
  {
    name: "webhook-bind",
    value: "ADDRESS",
    help: "the address it listens on; default: 0.0.0.0, with a --webhook-url on loopback 127.0.0.1",
    commands: run,
  },
  {
    name: "webhook-configuration",
    value: "NAME",
    fallback: "clickscribe",
    help: "the ValidatingWebhookConfiguration that the operator fills in",
    commands: run,
  },
  {
    name: "http-port",
    value: "PORT",
    fallback: "8080",
    help: "where /healthz, /readyz and /metrics are served, by plain HTTP; 0 is any free port",
    commands: run,
  },
  { name: "http-bind", value: "ADDRESS", fallback: "0.0.0.0", help: "the address they are served on", commands: run },
  {
    name: "log-level",
    value: "LEVEL",
    fallback: "info",
    help: "debug, info, warn or error; with debug, errors show where they come from",
    commands: run,
  },
  {
    name: "log-level",
    value: "LEVEL",
    fallback: "warn",
    help: "debug, info, warn or error; with debug, errors show where they come from",
    commands: plan,
  },
];

export function flagsOf(command: CommandName): readonly Flag[] {
  return flags.filter((flag) => flag.commands.includes(command));
}

/** `CLICKSCRIBE_CLUSTER_NAME` for `cluster-name`. */
export function variableOf(flag: string): string {
  return `CLICKSCRIBE_${flag.toUpperCase().replaceAll("-", "_")}`;
}
