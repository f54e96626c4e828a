/** PURE: by which names the API server calls the webhook. */
import type { WebhookClient } from "./admission/registration.ts";

/** How the API server gets to the webhook. */
export interface WebhookAddress {
  /** What it listens on. */
  readonly bind: string;
  /** `{port}` in the URL stands for the port that was bound. */
  readonly reachedBy:
    | { readonly type: "Url"; readonly url: string }
    | { readonly type: "Service"; readonly namespace: string; readonly name: string };
}

/** The names and IP addresses that the certificate must cover; the first is what replicas call each other by. */
export function namesOf({ reachedBy, bind }: WebhookAddress): readonly string[] {
  if (reachedBy.type === "Url")
    return [new URL(reachedBy.url.replace("{port}", "443")).hostname.replace(/^\[|\]$/g, "")];
  const { name, namespace } = reachedBy;
  return [`${name}.${namespace}.svc`, `${name}.${namespace}`, name, ...(bind === "127.0.0.1" ? [bind] : [])];
}

/** For people. */
export function targetOf({ reachedBy }: WebhookAddress): string {
  return reachedBy.type === "Url" ? reachedBy.url : `service ${reachedBy.namespace}/${reachedBy.name}`;
}

/** `port`: the one that was bound. `caBundle`: PEM. */
export function clientOf({ reachedBy }: WebhookAddress, port: number, path: string, caBundle: string): WebhookClient {
  if (reachedBy.type === "Service") {
    return { service: { namespace: reachedBy.namespace, name: reachedBy.name, port: 443, path }, caBundle };
  }
  const url = new URL(reachedBy.url.replace("{port}", String(port)));
  url.pathname = path;
  return { url: url.href, caBundle };
}
