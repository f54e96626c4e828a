/** A plain watch that turns events into ClusterChanges as a reflector does: the version before each is the one it saw before. */
import { request } from "node:https";
import { identityOf } from "../../operator/manifest/identity.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import type { ClusterChange, JsonObject, Kind } from "../../operator/values.ts";
import type { ControlPlane } from "../control-plane/control-plane.ts";

export interface RawWatch {
  close(): void;
}

/** Watches one kind in one namespace from now on, and resolves once it is served. */
export async function startRawWatch(
  controlPlane: ControlPlane,
  kind: Kind,
  namespace: string,
  onChange: (change: ClusterChange) => void,
): Promise<RawWatch> {
  const base = kind.group === "" ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const path = `${base}/namespaces/${namespace}/${kind.resource}`;
  const list = await controlPlane.request("admin", "GET", path);
  const versions = new Map<string, string>();
  for (const { metadata } of list.body.items) versions.set(metadata.uid, metadata.resourceVersion);

  const take = (line: string): void => {
    const event = parseJson(line) as unknown as { readonly type: string; readonly object: JsonObject };
    const metadata = event.object["metadata"] as { readonly uid: string; readonly resourceVersion: string };
    if (event.type === "ERROR") throw new Error(`watch of ${path}: ${line}`);
    const change: ClusterChange = {
      type: event.type === "DELETED" ? "Delete" : "Upsert",
      identity: identityOf(event.object),
      kind,
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      previousResourceVersion: versions.get(metadata.uid),
      evidence: "Event",
      object: event.object,
      seenAt: Date.now(),
    };
    if (change.type === "Delete") versions.delete(metadata.uid);
    else versions.set(metadata.uid, metadata.resourceVersion);
    onChange(change);
  };

  return new Promise((resolve, reject) => {
    const watch = request(
      `${controlPlane.server}${path}?watch=1&resourceVersion=${list.body.metadata.resourceVersion}`,
      { ca: controlPlane.ca, headers: { authorization: `Bearer ${controlPlane.token("admin")}` } },
      (response) => {
        let rest = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) take(line);
        });
        response.on("error", () => undefined);
        resolve({ close: () => void watch.destroy() });
      },
    );
    watch.on("error", reject);
    watch.end();
  });
}
