import type { Capture } from "../api/generated/capture.ts";
import type { GitRemote } from "../api/generated/git-remote.ts";
import type { Cluster } from "../cluster/index.ts";
import type { JsonObject, Kind } from "../values.ts";
import { mustServe } from "./connect.ts";
import { Complaint } from "./perform.ts";

export interface Own {
  readonly Capture: Capture;
  readonly GitRemote: GitRemote;
}

export type OwnKind = keyof Own;

export const group = "clickscribe.dev";

export function ownKind(cluster: Cluster, name: OwnKind): Promise<Kind> {
  return cluster.discover().then((discovery) => mustServe(discovery, group, name));
}

/** By namespace and name; `namespace` "" is all. Throws Failure. */
export async function listOwn(cluster: Cluster, name: OwnKind, namespace: string): Promise<readonly JsonObject[]> {
  const kind = await ownKind(cluster, name);
  const found: JsonObject[] = [];
  for await (const { object } of cluster.list({ kind, namespace })) {
    found.push(object);
  }
  const key = (object: JsonObject): string => {
    const { namespace: of = "", name: called = "" } = object["metadata"] as Readonly<Record<string, string>>;
    return `${of}\n${called}`;
  };
  return found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Throws Complaint where there is none, Failure. */
export async function getOwn(cluster: Cluster, name: OwnKind, namespace: string, object: string): Promise<JsonObject> {
  const kind = await ownKind(cluster, name);
  const found = await cluster.get(kind, namespace, object);
  if (found !== undefined) return found;
  const all = `clickscribe get ${kind.resource === "captures" ? "captures" : "remotes"} -A lists all`;
  throw new Complaint(`there is no ${name} ${object} in ${namespace}: ${all}`);
}

export function asCapture(object: JsonObject): Capture {
  return object as unknown as Capture;
}

export function asRemote(object: JsonObject): GitRemote {
  return object as unknown as GitRemote;
}
