/** PURE: the operator's Deployment, its webhook configuration and its rights, judged. */
import { X509Certificate } from "node:crypto";
import type { JsonObject } from "../../values.ts";
import { item } from "./judge-cluster.ts";
import type { CheckItem } from "./report.ts";

export const operatorGroup = "Operator";

/** What was asked for, or why it could not be had. */
export type Asked<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

interface Deployment {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation?: number };
  readonly spec: {
    readonly replicas?: number;
    readonly template: {
      readonly spec: {
        readonly serviceAccountName?: string;
        readonly containers: readonly {
          readonly image?: string;
          readonly args?: readonly string[];
          readonly env?: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly readyReplicas?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
  };
}

/** What an operator was started with, as its Deployment tells. */
export interface OperatorSettings {
  readonly name: string;
  readonly serviceAccount: string;
  readonly clusterName: string | undefined;
  readonly webhookConfiguration: string;
  readonly hasWebhook: boolean;
  /** Secret that holds the webhook's certificate. */
  readonly webhookSecret: string | undefined;
  /** Lease that the replica that writes holds. */
  readonly lease: string | undefined;
  /** Of Captures without spec.serviceAccountName. */
  readonly defaultServiceAccount: string | undefined;
  readonly allowsPlainHttp: boolean;
  readonly allowsLocalAddresses: boolean;
}

export function settingsOf(deployment: JsonObject): OperatorSettings {
  const { metadata, spec } = deployment as unknown as Deployment;
  const pod = spec.template.spec;
  const flag = (name: string): string | undefined => {
    const variable = `CLICKSCRIBE_${name.toUpperCase().replaceAll("-", "_")}`;
    for (const { args = [], env = [] } of pod.containers) {
      const at = args.findIndex((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`));
      const arg = args[at];
      if (arg !== undefined) return arg.includes("=") ? arg.slice(arg.indexOf("=") + 1) : (args[at + 1] ?? "");
      const given = env.find((entry) => entry.name === variable)?.value;
      if (given !== undefined) return given;
    }
    return undefined;
  };
  const isOn = (name: string): boolean => (flag(name) ?? "false") !== "false";
  return {
    name: metadata.name,
    serviceAccount: pod.serviceAccountName ?? "default",
    clusterName: flag("cluster-name"),
    webhookConfiguration: flag("webhook-configuration") ?? "clickscribe",
    hasWebhook: !isOn("no-webhook"),
    webhookSecret: flag("webhook-secret"),
    lease: flag("lease"),
    defaultServiceAccount: flag("default-service-account"),
    allowsPlainHttp: isOn("allow-plain-http"),
    allowsLocalAddresses: isOn("allow-local-addresses"),
  };
}

/** `deployments`: those of the operator's namespace that carry its label. */
export function deploymentItems(deployments: Asked<readonly JsonObject[]>, namespace: string): readonly CheckItem[] {
  const name = "operator-ready";
  if (!deployments.ok) return [item(operatorGroup, name, "Warning", `not looked at: ${deployments.why}`)];
  if (deployments.value.length === 0) {
    return [
      item(
        operatorGroup,
        name,
        "Warning",
        `no Deployment in ${namespace} carries app.kubernetes.io/name=clickscribe`,
        "Install it, or say with --operator-namespace where it is; one that runs outside of the cluster is not seen here.",
      ),
    ];
  }
  const items = deployments.value.map((raw) => deploymentItem(raw as unknown as Deployment, namespace));
  if (deployments.value.length > 1) {
    const message = `${deployments.value.length} operators are installed in ${namespace}: they write the same records`;
    items.push(item(operatorGroup, "one-operator", "Failed", message, "Uninstall all but one."));
  }
  return items;
}

function deploymentItem({ metadata, spec, status = {} }: Deployment, namespace: string): CheckItem {
  const name = "operator-ready";
  const what = `Deployment ${namespace}/${metadata.name}`;
  const wanted = spec.replicas ?? 1;
  const ready = status.readyReplicas ?? 0;
  const image = spec.template.spec.containers[0]?.image ?? "";
  if (wanted === 0) {
    return item(operatorGroup, name, "Failed", `${what} is scaled to 0: nothing is captured`, "Scale it to 1 or more.");
  }
  const seen = (status.observedGeneration ?? 0) >= (metadata.generation ?? 0);
  if (ready > 0 && seen) {
    const few = ready < wanted;
    const message = `${what} is ready: ${ready} of ${wanted}${image === "" ? "" : `, ${image}`}`;
    return few ? item(operatorGroup, name, "Warning", message, logs(namespace, metadata.name)) : passed(name, message);
  }
  const why = status.conditions?.find((condition) => condition.status === "False")?.message;
  const message = `${what} is not ready: 0 of ${wanted}${why === undefined ? "" : `: ${why}`}`;
  return item(operatorGroup, name, "Failed", message, logs(namespace, metadata.name));
}

function logs(namespace: string, name: string): string {
  return `See kubectl describe pods -n ${namespace} and kubectl logs -n ${namespace} deployment/${name}.`;
}

export interface WebhookJudgement {
  /** All ValidatingWebhookConfigurations that have webhooks of ours, or have the name that the operator uses. */
  readonly configurations: Asked<readonly JsonObject[]>;
  /** undefined: no operator was found that would tell. */
  readonly settings: OperatorSettings | undefined;
  /** Some Capture tells that the API server reaches the webhook. */
  readonly reached: boolean;
  readonly now: number;
}

interface Configuration {
  readonly metadata: { readonly name: string };
  readonly webhooks?: readonly {
    readonly name: string;
    readonly failurePolicy?: string;
    readonly clientConfig?: { readonly caBundle?: string };
  }[];
}

/** A certificate that has less than this left would have been renewed. */
const soonMs = 3 * 86_400_000;

export function webhookItems({ configurations, settings, reached, now }: WebhookJudgement): readonly CheckItem[] {
  const name = "webhook-configuration";
  const warn = (message: string, remedy = ""): CheckItem => item(operatorGroup, name, "Warning", message, remedy);
  if (settings?.hasWebhook === false) {
    return [warn("the operator runs with --no-webhook: authors are unknown", "Give it --webhook-service.")];
  }
  if (!configurations.ok) return [warn(`not looked at: ${configurations.why}`)];
  const found = configurations.value.map((raw) => raw as unknown as Configuration);
  const [own] = found;
  if (own === undefined) {
    if (settings === undefined) return [];
    return [
      warn(
        `there is no ValidatingWebhookConfiguration ${settings.webhookConfiguration}: authors are unknown`,
        "Install it with the chart; the operator fills it in.",
      ),
    ];
  }
  const items: CheckItem[] = [];
  if (found.length > 1) {
    const names = found.map(({ metadata }) => metadata.name).join(", ");
    const message = `${found.length} ValidatingWebhookConfigurations ask operators of Clickscribe: ${names}`;
    items.push(item(operatorGroup, "one-webhook", "Warning", message, "Delete those whose operator is gone."));
  }
  for (const one of found) items.push(configurationItem(one, reached, now));
  return items;
}

function configurationItem({ metadata, webhooks = [] }: Configuration, reached: boolean, now: number): CheckItem {
  const name = "webhook-configuration";
  const what = `ValidatingWebhookConfiguration ${metadata.name}`;
  if (webhooks.length === 0) {
    return item(
      operatorGroup,
      name,
      "Failed",
      `${what} is empty: the operator has not filled it in, so authors are unknown`,
      "See that the operator runs, and that it may patch this configuration.",
    );
  }
  const blocking = webhooks.find(({ failurePolicy }) => failurePolicy !== "Ignore");
  if (blocking !== undefined) {
    const message = `${what}: ${blocking.name} has failurePolicy ${blocking.failurePolicy}: people are kept from working when the operator is not there`;
    return item(operatorGroup, name, "Failed", message, "Set it to Ignore; the operator does so when it starts.");
  }
  let ends = Number.POSITIVE_INFINITY;
  for (const { clientConfig } of webhooks) ends = Math.min(ends, endOf(clientConfig?.caBundle ?? "") ?? 0);
  if (ends === 0) {
    const message = `${what}: its caBundle is no certificate, so the API server trusts no answer`;
    return item(operatorGroup, name, "Failed", message, "Restart the operator: it fills it in anew.");
  }
  const until = new Date(ends).toISOString().slice(0, 10);
  if (ends <= now) {
    const message = `${what}: its caBundle has expired on ${until}, so authors are unknown`;
    return item(operatorGroup, name, "Failed", message, "Restart the operator, or renew it by cert-manager.");
  }
  if (ends - now < soonMs) {
    const message = `${what}: its caBundle expires on ${until} and was not renewed`;
    return item(operatorGroup, name, "Warning", message, "See the operator's log for why.");
  }
  const answer = reached ? "; the API server reaches the webhook" : "";
  return passed(name, `${what} is filled in, its caBundle is valid until ${until}${answer}`);
}

/** When the last certificate of a caBundle ends; undefined where it holds none that can be read. */
function endOf(caBundle: string): number | undefined {
  const pem = Buffer.from(caBundle, "base64").toString("latin1");
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  let last: number | undefined;
  for (const block of blocks) {
    try {
      last = Math.max(last ?? 0, Date.parse(new X509Certificate(block).validTo));
    } catch {
      // Whatever stands there, it is no certificate.
    }
  }
  return last;
}

function passed(name: string, message: string): CheckItem {
  return item(operatorGroup, name, "Passed", message);
}
