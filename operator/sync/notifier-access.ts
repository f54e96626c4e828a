/** PURE: what a Notifier and its Secret say, resolved. Throws Failure naming the field. */
import { parseDuration } from "../api/duration.ts";
import type { Capture } from "../api/generated/capture.ts";
import type { Notifier } from "../api/generated/notifier.ts";
import type { AlertSettings } from "../drift/alerts.ts";
import { stalled } from "../failures.ts";
import type { MessengerAccess } from "../ports.ts";
import type { AlertItem, Identity, JsonObject, RepoPath } from "../values.ts";
import { SecretKeys } from "./secret-keys.ts";

const field = "spec.secretRef.name";

/** Throws Failure SecretInvalid. */
export function messengerAccess({ spec }: Notifier, secret: JsonObject): MessengerAccess {
  const keys = new SecretKeys(secret, field);
  const address = keys.text("address")?.trim();
  const token = keys.text("token")?.trim();
  if (spec.type === "Webhook") {
    if (address === undefined) throw keys.lacks("address, the URL of the webhook");
    return { type: "Webhook", url: address, key: token };
  }
  if (token !== undefined) {
    if (!/^xox[be]/.test(token))
      throw stalled("SecretInvalid", `token in the Secret (${field}) is no bot token of Slack: those begin with xoxb-`);
    if (spec.channel === undefined)
      throw stalled("SecretInvalid", "spec.channel: name the channel of Slack that the bot is to tell");
    const { channel, apiUrl = "https://slack.com/api" } = spec;
    const appToken = keys.text("appToken")?.trim();
    const signingSecret = keys.text("signingSecret")?.trim();
    if (spec.buttons === undefined) return { type: "Slack", token, channel, apiUrl };
    if (appToken !== undefined) return { type: "Slack", token, channel, apiUrl, appToken };
    if (signingSecret !== undefined) return { type: "Slack", token, channel, apiUrl, signingSecret };
    throw keys.lacks("appToken, an app-level token of Slack (xapp-...), or signingSecret, by which buttons come back");
  }
  if (address === undefined) throw keys.lacks("token, a bot token of Slack, or address, an incoming webhook's URL");
  return { type: "SlackWebhook", url: address };
}

export function alertSettings({ metadata, spec }: Notifier): AlertSettings {
  return {
    notifier: `${metadata.namespace}/${metadata.name}`,
    minSeverity: spec.minSeverity ?? "Warning",
    repeatAfterMs: parseDuration(spec.repeatAfter ?? "24h") ?? 86_400_000,
  };
}

/** `ownNamespace`: the operator's, whose Notifiers tell of the Captures of all namespaces. */
export function selects(
  { metadata: { namespace }, spec }: Notifier,
  capture: Pick<Capture, "metadata">,
  ownNamespace: string,
): boolean {
  if (namespace !== capture.metadata.namespace && namespace !== ownNamespace) return false;
  const { names = [], matchLabels = {} } = spec.captures ?? {};
  const { labels = {}, name } = capture.metadata as typeof capture.metadata & {
    readonly labels?: Readonly<Record<string, string>>;
  };
  const isNamed = names.length === 0 || names.includes(name);
  return (
    isNamed && Object.entries(matchLabels).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value)
  );
}

export interface LinkFacts {
  readonly cluster: string;
  readonly identity: Identity;
  /** Plural, as in URLs. */
  readonly resource: string;
  readonly branch: string;
  /** undefined: it has no file. */
  readonly path: RepoPath | undefined;
}

export function linksOf({ spec: { links = {} } }: Notifier, facts: LinkFacts): AlertItem["links"] {
  const { cluster, identity, resource, branch, path } = facts;
  const found: { readonly text: string; readonly url: string }[] = [];
  const fill = (template: string, values: Readonly<Record<string, string>>): string =>
    template.replace(/\{(\w+)\}/g, (all, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? "") : all));
  const encode = encodeURIComponent;
  if (links.object !== undefined) {
    const { namespace, group, kind, name } = identity;
    const values = { cluster, namespace, group, kind, resource, name };
    const encoded = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encode(value)]));
    found.push({ text: "Open the object", url: fill(links.object, encoded) });
  }
  if (links.file !== undefined && path !== undefined) {
    const encoded = path.split("/").map(encode).join("/");
    found.push({
      text: "Open the file",
      url: fill(links.file, { branch: branch.split("/").map(encode).join("/"), path: encoded }),
    });
  }
  return found;
}
