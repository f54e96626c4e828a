import type { Cluster } from "../../cluster/index.ts";
import { asFailure } from "../../failures.ts";
import type { Context } from "../command.ts";
import { type Found, instanceLabel, nameLabel } from "./installed.ts";

export interface Left {
  readonly found: Found;
  readonly why: string;
}

const pollMs = 500;

/**
 * Removes all in order, and again what comes back: an operator that is ending may write once more. Answers what is
 * there after `timeoutMs`, or what may not be removed.
 */
export async function removeAll(
  cluster: Cluster,
  found: readonly Found[],
  { instance, timeoutMs }: { readonly instance: string | undefined; readonly timeoutMs: number },
  { now, sleep }: Pick<Context, "now" | "sleep">,
): Promise<readonly Left[]> {
  const until = now() + timeoutMs;
  for (;;) {
    const left: Left[] = [];
    for (const one of found) {
      const why = await removeOne(cluster, one);
      if (why !== undefined) left.push({ found: one, why });
    }
    for (const deployment of left.length === 0 ? found.filter(({ kind }) => kind.kind === "Deployment") : []) {
      if (await hasPods(cluster, deployment, instance)) left.push({ found: deployment, why: "its Pods are ending" });
    }
    if (left.length === 0) return [];
    if (now() >= until) return left;
    await sleep(pollMs);
  }
}

/** Why it is still there; undefined once it is not. */
async function removeOne(cluster: Cluster, { kind, namespace, name }: Found): Promise<string | undefined> {
  try {
    const object = await cluster.get(kind, namespace, name);
    if (object === undefined) return undefined;
    const { deletionTimestamp, finalizers = [] } = object["metadata"] as {
      readonly deletionTimestamp?: string;
      readonly finalizers?: readonly string[];
    };
    if (deletionTimestamp === undefined) await cluster.remove(kind, namespace, name);
    return finalizers.length === 0 ? "its removal has been asked for" : `it waits for ${finalizers.join(", ")}`;
  } catch (error) {
    return asFailure(error).message;
  }
}

/** Replicas that are ending. Whoever may not list Pods does not wait for them. */
async function hasPods(cluster: Cluster, { namespace }: Found, instance: string | undefined): Promise<boolean> {
  try {
    const { kinds } = await cluster.discover();
    const pods = kinds.find(({ group, kind }) => group === "" && kind === "Pod");
    if (pods === undefined) return false;
    const selector = instance === undefined ? nameLabel : `${nameLabel},${instanceLabel}=${instance}`;
    return (await cluster.labelled(pods, namespace, selector)).length > 0;
  } catch {
    return false;
  }
}
