/** The Kubernetes API behind the ports ClusterReader and ClusterWriter. */
import { hostname } from "node:os";
import { stalled } from "../failures.ts";
import type { Clock, ClusterReader, ClusterWriter, Discovery, Log, Meter, Scope, ServerInfo } from "../ports.ts";
import type { ClusterChange, Identity, Json, JsonObject, Kind } from "../values.ts";
import { createAccessReviewer } from "./access.ts";
import { discover } from "./discovery.ts";
import { createEventWriter } from "./event-writer.ts";
import type { ClusterAccess } from "./kube-config.ts";
import { readKubeConfig } from "./kube-config.ts";
import { createKubeHttp } from "./kube-http.ts";
import { listPages } from "./list-pages.ts";
import { createOpenApiReader } from "./openapi.ts";
import type { Reflector } from "./reflector.ts";
import { createReflector } from "./reflector.ts";
import { resourcePath } from "./resource-path.ts";

export interface ClusterOptions {
  readonly access: ClusterAccess;
  /** Lossless; handed in, since this room knows nothing of manifests. */
  readonly parseJson: (text: string) => Json;
  /** Lossless, its inverse. Default: JSON.stringify, for whoever writes nothing that was read. */
  readonly stringifyJson?: (value: Json) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  /** Default: 3 minutes; bookmarks come about every minute. */
  readonly watchIdleMs?: number;
  /** Of one request that is no watch. Default: 30 s. */
  readonly timeoutMs?: number;
  /** As whom the API server notes what is written. Default: clickscribe, the operator. */
  readonly fieldManager?: string;
  /** Whose rights are used, for messages. Default: the operator. */
  readonly who?: string;
}

export interface Cluster extends ClusterReader, ClusterWriter {
  /** The API server's URL, for people. */
  readonly server: string;
  /** The namespace that people mean when they name none: of the kubeconfig's context, else default. */
  readonly namespace: string;
  /** Throws Failure. */
  info(): Promise<ServerInfo>;
  /** The objects with these labels, as in `app=web`; `namespace` "" is all. Throws Failure. */
  labelled(kind: Kind, namespace: string, selector: string): Promise<readonly JsonObject[]>;
  /** False: there is no such object. What depends on it is left to the garbage collector. Throws Failure. */
  remove(kind: Kind, namespace: string, name: string, options?: { readonly dryRun?: boolean }): Promise<boolean>;
  /** Sends the Events that are waiting, then closes all connections. */
  close(): Promise<void>;
}

const discoveryMs = 5_000;

/** Throws Failure: a kubeconfig that cannot be used, a server that cannot be reached. */
export async function connectCluster(options: ClusterOptions): Promise<Cluster> {
  const { parseJson, clock, log, meter, stringifyJson = JSON.stringify, fieldManager = "clickscribe" } = options;
  const connection = readKubeConfig(options.access);
  const http = createKubeHttp({
    connection,
    parseJson,
    clock,
    timeoutMs: options.timeoutMs ?? 30_000,
    who: options.who,
  });
  const events = createEventWriter({ http, clock, log, instance: hostname() });
  const reflectors = new Map<string, Reflector>();
  const watchIdleMs = options.watchIdleMs ?? 180_000;
  let known: { readonly at: number; readonly discovery: Promise<Discovery> } | undefined;

  function discoverKinds(): Promise<Discovery> {
    if (known !== undefined && clock.now() - known.at < discoveryMs) return known.discovery;
    const discovery = discover(http);
    known = { at: clock.now(), discovery };
    discovery.catch(() => {
      if (known?.discovery === discovery) known = undefined;
    });
    return discovery;
  }

  async function kindOf(object: JsonObject): Promise<Kind> {
    const { apiVersion, kind: name } = object as { readonly apiVersion: string; readonly kind: string };
    const [group, version] = splitApiVersion(apiVersion);
    const find = ({ kinds }: Discovery): Kind | undefined =>
      kinds.find((kind) => kind.group === group && kind.kind === name);
    let found = find(await discoverKinds());
    if (found === undefined) {
      // A CRD may have come since.
      known = undefined;
      found = find(await discoverKinds());
    }
    if (found !== undefined) return { ...found, version };
    throw stalled("KindNotServed", `the API server does not serve ${name} (${apiVersion})`);
  }

  await discoverKinds();
  return {
    server: http.server,
    namespace: connection.namespace || "default",
    async info() {
      const { object, date } = await http.dated({ method: "GET", path: "/version" });
      const version = object["gitVersion"];
      return { version: typeof version === "string" ? version : "", date };
    },
    discover: discoverKinds,
    allowed: createAccessReviewer(http, clock),
    openApi: createOpenApiReader(http, clock),
    get(kind, namespace, name) {
      const about = { verb: "get", group: kind.group, resource: kind.resource, namespace };
      return http.find({ method: "GET", path: resourcePath(kind, namespace, name), about });
    },
    async *list(scope) {
      for await (const { objects } of listPages(http, scope)) {
        for (const object of objects) yield listed(object, scope, clock.now());
      }
    },
    watch(scope, subscriber) {
      const key = `${scope.kind.group}/${scope.kind.version}/${scope.kind.resource}/${scope.namespace}`;
      let reflector = reflectors.get(key);
      if (reflector === undefined) {
        reflector = createReflector({ http, parseJson, identityKey, clock, log, meter, watchIdleMs }, scope);
        reflectors.set(key, reflector);
      }
      const subscription = reflector.subscribe(subscriber);
      return {
        close() {
          subscription.close();
          if (reflector.subscribers === 0 && reflectors.get(key) === reflector) reflectors.delete(key);
        },
      };
    },
    async apply(object, { subresource, dryRun } = {}) {
      const kind = await kindOf(object);
      const { namespace, name } = nameOf(object);
      const query = `fieldManager=${fieldManager}&force=true${dryRun ? "&dryRun=All" : ""}`;
      const about = { verb: "patch", group: kind.group, resource: withSubresource(kind, subresource), namespace };
      return http.json({
        method: "PATCH",
        path: `${resourcePath(kind, namespace, name, subresource)}?${query}`,
        contentType: "application/apply-patch+yaml",
        body: stringifyJson(object),
        about,
      });
    },
    async create(object, { dryRun } = {}) {
      const kind = await kindOf(object);
      const { namespace } = nameOf(object);
      const query = `fieldManager=${fieldManager}${dryRun ? "&dryRun=All" : ""}`;
      const about = { verb: "create", group: kind.group, resource: kind.resource, namespace };
      const path = `${resourcePath(kind, namespace)}?${query}`;
      return http.json({ method: "POST", path, body: stringifyJson(object), about });
    },
    async labelled(kind, namespace, selector) {
      const found: JsonObject[] = [];
      for await (const { objects } of listPages(http, { kind, namespace }, undefined, selector)) found.push(...objects);
      return found;
    },
    replace(kind, object, { dryRun } = {}) {
      const { namespace, name } = nameOf(object);
      const query = `fieldManager=${fieldManager}${dryRun ? "&dryRun=All" : ""}`;
      const about = { verb: "update", group: kind.group, resource: kind.resource, namespace };
      const path = `${resourcePath(kind, namespace, name)}?${query}`;
      return http.json({ method: "PUT", path, body: stringifyJson(object), about });
    },
    patch(kind, namespace, name, change) {
      return http.json({
        method: "PATCH",
        path: `${resourcePath(kind, namespace, name)}?fieldManager=${fieldManager}`,
        contentType: "application/merge-patch+json",
        body: JSON.stringify(change),
        about: { verb: "patch", group: kind.group, resource: kind.resource, namespace },
      });
    },
    async remove(kind, namespace, name, { dryRun } = {}) {
      const query = `propagationPolicy=Background${dryRun ? "&dryRun=All" : ""}`;
      const about = { verb: "delete", group: kind.group, resource: kind.resource, namespace };
      const path = `${resourcePath(kind, namespace, name)}?${query}`;
      return (await http.find({ method: "DELETE", path, about })) !== undefined;
    },
    event: (event) => events.write(event),
    async close() {
      for (const reflector of reflectors.values()) reflector.stop();
      reflectors.clear();
      await events.drain();
      await http.close();
    },
  };
}

function listed(object: JsonObject, { kind }: Scope, now: number): ClusterChange {
  const { namespace, name } = nameOf(object);
  const { uid, resourceVersion } = (object["metadata"] ?? {}) as {
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
  return {
    type: "Upsert",
    identity: { group: kind.group, kind: kind.kind, namespace, name },
    kind,
    uid: uid ?? "",
    resourceVersion: resourceVersion ?? "",
    previousResourceVersion: undefined,
    evidence: "Listed",
    object,
    seenAt: now,
  };
}

function nameOf(object: JsonObject): { readonly namespace: string; readonly name: string } {
  const metadata = (object["metadata"] ?? {}) as { readonly namespace?: string; readonly name?: string };
  return { namespace: metadata.namespace ?? "", name: metadata.name ?? "" };
}

function splitApiVersion(apiVersion: string): readonly [group: string, version: string] {
  const slash = apiVersion.indexOf("/");
  return slash < 0 ? ["", apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

function withSubresource(kind: Kind, subresource: string | undefined): string {
  return subresource === undefined ? kind.resource : `${kind.resource}/${subresource}`;
}

function identityKey({ group, kind, namespace, name }: Identity): string {
  return `${group}\n${kind}\n${namespace}\n${name}`;
}
