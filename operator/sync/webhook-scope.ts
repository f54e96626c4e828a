/** What the admission webhook must be registered for. */
import type { Kind } from "../values.ts";
import type { SessionSettings } from "./capture-session.ts";
import { apiVersion, group } from "./own-object.ts";

export interface WebhookScope {
  readonly kinds: readonly Kind[];
  readonly namespaces: readonly string[];
}

/** Who asks for something by an annotation of a Capture is known as who changes an object. */
const captureKind: Kind = {
  group,
  version: apiVersion.slice(group.length + 1),
  kind: "Capture",
  resource: "captures",
  namespaced: true,
  verbs: [],
  subresources: [],
};

/** PURE: in an order that depends on nothing but what it holds. */
export function webhookScope(sessions: Iterable<Pick<SessionSettings, "target" | "kinds">>): WebhookScope {
  const kinds = new Map<string, Kind>();
  const namespaces = new Set<string>();
  for (const { target, kinds: captured } of sessions) {
    namespaces.add(target.capture.namespace);
    for (const kind of [...captured, captureKind]) kinds.set(`${kind.group}/${kind.kind}`, kind);
  }
  const sorted = [...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  return { kinds: sorted, namespaces: [...namespaces].toSorted() };
}

/** Answers what registers it for the sessions that there are then, where that is something new. */
export function webhookRegistration(
  register: (kinds: readonly Kind[], namespaces: readonly string[]) => Promise<void>,
  sessions: () => readonly SessionSettings[],
): () => Promise<void> {
  let registered = "";
  return async () => {
    const { kinds, namespaces } = webhookScope(sessions());
    const wanted = JSON.stringify([kinds, namespaces]);
    if (wanted === registered) return;
    await register(kinds, namespaces);
    registered = wanted;
  };
}
