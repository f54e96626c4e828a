/** PURE: what the admission webhook must be registered for, in an order that depends on nothing but what it holds. */
import type { Kind } from "../values.ts";

export interface WebhookScope {
  readonly kinds: readonly Kind[];
  readonly namespaces: readonly string[];
}

export function webhookScope(
  captures: Iterable<{ readonly namespace: string; readonly kinds: readonly Kind[] }>,
): WebhookScope {
  const kinds = new Map<string, Kind>();
  const namespaces = new Set<string>();
  for (const capture of captures) {
    namespaces.add(capture.namespace);
    for (const kind of capture.kinds) kinds.set(`${kind.group}/${kind.kind}`, kind);
  }
  const sorted = [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  return { kinds: sorted, namespaces: [...namespaces].toSorted() };
}
