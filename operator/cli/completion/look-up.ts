import { readPlace } from "../../config/objects.ts";
import type { Context } from "../command.ts";
import { withCluster } from "../connect.ts";
import { listOwn } from "../find-objects.ts";
import type { LookUp } from "./complete.ts";

/** People wait for the candidates of a key. */
const timeoutMs = 1_000;

/** Names from the kubeconfig or its cluster; none where that takes too long or goes wrong. */
export function createLookUp(context: Context): LookUp {
  return async (what, line, argv) => {
    try {
      // What this program needs to load is no fault of the cluster's.
      await import("../../cluster/index.ts");
      const found = namesOf(context, what, line, argv);
      // Whichever comes too late is of no use to anybody.
      found.catch(() => undefined);
      return await Promise.race([found, context.sleep(timeoutMs).then(() => [])]);
    } catch {
      return [];
    }
  };
}

const namesOf = async (
  ...[context, what, line, argv]: [Context, ...Parameters<LookUp>]
): Promise<readonly string[]> => {
  const { cluster: access, namespace } = readPlace(line, { ...context, argv });
  if (what === "Context") {
    const { contextsOf } = await import("../../cluster/kube-config.ts");
    return contextsOf(access).filter((name) => /^[\w.:@/-]+$/.test(name));
  }
  return withCluster(context.connect, access, async (cluster) => {
    if (what !== "Namespace") return (await listOwn(cluster, what, namespace ?? cluster.namespace)).map(nameOf);
    const kind = (await cluster.discover()).kinds.find(({ group, kind: name }) => group === "" && name === "Namespace");
    const found: string[] = [];
    if (kind === undefined) return found;
    for await (const { identity } of cluster.list({ kind, namespace: "" })) found.push(identity.name);
    return found.toSorted();
  });
};

function nameOf(object: object): string {
  return (object as { readonly metadata: { readonly name: string } }).metadata.name;
}
