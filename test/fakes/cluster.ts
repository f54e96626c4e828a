/** An API server in memory with the ports of operator/ports.ts on it, for tests of the conductor. */
import { type Failure, stalled } from "../../operator/failures.ts";
import { identityKey, identityOf, isObject } from "../../operator/manifest/identity.ts";
import type {
  AccessQuestion,
  ClusterReader,
  ClusterWriter,
  EventDraft,
  Scope,
  WatchSubscriber,
} from "../../operator/ports.ts";
import type { ClusterChange, Json, JsonObject, Kind } from "../../operator/values.ts";

export interface FakeCluster extends ClusterReader, ClusterWriter {
  /** Creates or replaces; answers the object as stored, with its uid and resourceVersion. */
  put(object: JsonObject): JsonObject;
  delete(kind: string, namespace: string, name: string): void;
  /** The same without an event, as if it had been done while nobody watched. */
  putUnseen(object: JsonObject): void;
  /** Takes an object away without an event, as if it had gone while nobody watched. */
  vanish(kind: string, namespace: string, name: string): void;
  /** Every watch lists anew, as after a 410. */
  relist(): void;
  failWatches(kind: string, failure: Failure): void;
  deny(verb: string, resource: string): void;
  /** Takes a `deny` back. */
  allow(verb: string, resource: string): void;
  readonly events: readonly EventDraft[];
  readonly statuses: ReadonlyMap<string, JsonObject>;
}

const kind = (group: string, name: string, resource: string, namespaced = true, subresources: string[] = []): Kind => ({
  group,
  version: group === "clickscribe.dev" ? "v1alpha1" : "v1",
  kind: name,
  resource,
  namespaced,
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  subresources,
});

export const fakeKinds: readonly Kind[] = [
  kind("", "ConfigMap", "configmaps"),
  kind("apps", "Deployment", "deployments", true, ["scale"]),
  kind("", "Service", "services"),
  kind("", "Secret", "secrets"),
  kind("", "ServiceAccount", "serviceaccounts"),
  kind("", "Namespace", "namespaces", false),
  kind("clickscribe.dev", "Capture", "captures"),
  kind("clickscribe.dev", "GitRemote", "gitremotes"),
  kind("clickscribe.dev", "Notifier", "notifiers"),
];

export function createFakeCluster(now: () => number, kinds: readonly Kind[] = fakeKinds): FakeCluster {
  const objects = new Map<string, JsonObject>();
  const seen = new Map<string, string>();
  const watches = new Set<{ readonly scope: Scope; readonly subscriber: WatchSubscriber }>();
  const denied = new Set<string>();
  const events: EventDraft[] = [];
  const statuses = new Map<string, JsonObject>();
  let version = 0;
  let uids = 0;

  const kindNamed = (name: string): Kind => {
    const found = kinds.find((candidate) => candidate.kind === name);
    if (found === undefined) throw new Error(`there is no kind ${name}`);
    return found;
  };
  const keyOf = (name: string, namespace: string, object: string): string =>
    identityKey({ group: kindNamed(name).group, kind: name, namespace, name: object });
  const metadata = (object: JsonObject): JsonObject => object["metadata"] as JsonObject;

  function changeOf(object: JsonObject, type: "Upsert" | "Delete", evidence: "Event" | "Listed"): ClusterChange {
    const identity = identityOf(object);
    const key = identityKey(identity);
    const { resourceVersion, uid } = metadata(object) as { readonly resourceVersion: string; readonly uid: string };
    const previousResourceVersion = seen.get(key);
    if (type === "Delete") seen.delete(key);
    else seen.set(key, resourceVersion);
    const about = { identity, kind: kindNamed(identity.kind), uid, resourceVersion, previousResourceVersion };
    return { type, evidence, object, seenAt: now(), ...about };
  }

  function store(object: JsonObject): JsonObject {
    const key = identityKey(identityOf(object));
    const before = objects.get(key);
    const uid = before ? metadata(before)["uid"] : `uid-${++uids}`;
    const generation = Number(before ? metadata(before)["generation"] : 0) + 1;
    const own = { uid: uid ?? "", generation, resourceVersion: String(++version) };
    const stored: JsonObject = { ...object, metadata: { ...metadata(object), ...own } };
    objects.set(key, stored);
    return stored;
  }

  function matches({ scope }: { readonly scope: Scope }, object: JsonObject): boolean {
    const identity = identityOf(object);
    const inScope = scope.namespace === "" || scope.namespace === identity.namespace;
    return inScope && scope.kind.kind === identity.kind && scope.kind.group === identity.group;
  }

  function emit(change: ClusterChange): void {
    for (const watch of watches) if (matches(watch, change.object)) watch.subscriber.onChange(change);
  }

  function list(watch: { readonly scope: Scope; readonly subscriber: WatchSubscriber }): void {
    const keys = new Set<string>();
    for (const object of objects.values()) {
      if (!matches(watch, object)) continue;
      keys.add(identityKey(identityOf(object)));
      watch.subscriber.onChange(changeOf(object, "Upsert", "Listed"));
    }
    const { kind: of, namespace } = watch.scope;
    watch.subscriber.onListing({ type: "Complete", kind: of, namespace, keys, resourceVersion: String(version) });
  }

  return {
    events,
    statuses,
    discover: () => Promise.resolve({ kinds, unavailable: [] }),
    get: (of, namespace, name) =>
      Promise.resolve(objects.get(identityKey({ group: of.group, kind: of.kind, namespace, name }))),
    async *list(scope) {
      for (const object of objects.values()) {
        if (matches({ scope }, object)) yield changeOf(object, "Upsert", "Listed");
      }
    },
    watch(scope, subscriber) {
      const watch = { scope, subscriber };
      watches.add(watch);
      queueMicrotask(() => watches.has(watch) && list(watch));
      return { close: () => void watches.delete(watch) };
    },
    openApi: () => Promise.resolve(undefined),
    allowed: ({ verb, resource }: AccessQuestion) => Promise.resolve(!denied.has(`${verb} ${resource}`)),
    apply(object) {
      statuses.set(identityKey(identityOf(object)), (object["status"] ?? {}) as JsonObject);
      return Promise.resolve(object);
    },
    create: (object) => Promise.resolve(object),
    patch(of, namespace, name, change) {
      const found = objects.get(identityKey({ group: of.group, kind: of.kind, namespace, name }));
      if (found === undefined) return Promise.reject(stalled("KindNotServed", `there is no ${of.kind} ${name}`));
      const stored = store(merged(found, change));
      emit(changeOf(stored, "Upsert", "Event"));
      return Promise.resolve(stored);
    },
    replace(_kind, object) {
      const stored = store(object);
      emit(changeOf(stored, "Upsert", "Event"));
      return Promise.resolve(stored);
    },
    event: (event) => void events.push(event),
    put(object) {
      const stored = store(object);
      emit(changeOf(stored, "Upsert", "Event"));
      return stored;
    },
    putUnseen: (object) => void store(object),
    delete(name, namespace, object) {
      const key = keyOf(name, namespace, object);
      const gone = objects.get(key);
      if (gone === undefined || !objects.delete(key)) throw new Error(`there is no ${name} ${namespace}/${object}`);
      const last = { ...gone, metadata: { ...metadata(gone), resourceVersion: String(++version) } };
      emit(changeOf(last, "Delete", "Event"));
    },
    vanish(name, namespace, object) {
      objects.delete(keyOf(name, namespace, object));
    },
    relist() {
      for (const watch of watches) list(watch);
    },
    failWatches(name, failure) {
      for (const { scope, subscriber } of watches) if (scope.kind.kind === name) subscriber.onFailure(failure);
    },
    deny: (verb, resource) => void denied.add(`${verb} ${resource}`),
    allow: (verb, resource) => void denied.delete(`${verb} ${resource}`),
  };
}

/** RFC 7396. */
function merged(target: JsonObject, change: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...target };
  for (const [key, value] of Object.entries(change)) {
    const before = result[key];
    if (value === null) delete result[key];
    else result[key] = isObject(value) ? merged(isObject(before) ? before : {}, value) : value;
  }
  return result;
}
