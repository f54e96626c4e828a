/**
 * A stand-in for scheduler, kubelet, container runtime and kube-proxy, so that what is applied to the real API server runs:
 * Pods that the real controllers make are bound to one Node and run from an image that is a folder, each with its own network,
 * address and host name (see network.ts), its ServiceAccount's token, and exactly what the Pod says. What is not implemented
 * is refused: the container waits with reason CreateContainerConfigError and the message says what.
 *
 * Not done: resource limits, seccomp, NetworkPolicy, DNS (names stand in /etc/hosts), `kubectl logs` and `exec`, images by
 * their name (any name means the one image), node affinity. Needs root. Nothing outlives `close()`, nor this process.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "../harness/wait-for.ts";
import { startNetwork } from "./network.ts";
import { NODE_NAME, startNode } from "./node.ts";
import type { Image, Pod } from "./pod.ts";
import { type RunningPod, runPod } from "./run-pod.ts";

/** Something on this machine's loopback that Pods reach under a name, as they reach a service of their company. */
export interface Service {
  readonly name: string;
  /** As Pods see it. */
  readonly port: number;
  /** On loopback. */
  readonly to: number;
}

export interface PodsOptions {
  /** Started with `pods: true`. */
  readonly controlPlane: ControlPlane;
  /** Of every container, whatever its image is called. */
  readonly image: Image;
  /** Pods of other namespaces stay Pending. */
  readonly namespaces: readonly string[];
  readonly services?: readonly Service[];
}

export interface WaitReadyOptions {
  /** Default: the first of `namespaces`. */
  readonly namespace?: string;
  /** How many Pods. Default: at least one. */
  readonly count?: number;
  /** Default: 60 s. */
  readonly timeoutMs?: number;
}

export interface Pods {
  /** Waits until all Pods with the labels are ready and none is on its way out; answers their names. */
  waitReady(selector: string, options?: WaitReadyOptions): Promise<readonly string[]>;
  /** Standard output and error of all starts of its container; also of a Pod that is gone. */
  logs(podName: string): Promise<string>;
  /** Ends a container at once, as the kernel does when memory is out. */
  kill(podName: string): void;
  /** Ends all Pods at once, without a word to the API server. May be called again. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const APISERVER = { address: "10.0.0.1", port: 443 };
/** RFC 5737: addresses for documentation, which nobody has. */
const SERVICES = "203.0.113";
const POLL_MS = 200;

export async function startPods(options: PodsOptions): Promise<Pods> {
  const { controlPlane, image, namespaces, services = [] } = options;
  const folder = await mkdtemp(join(controlPlane.folder, "pods-"));
  const placed = services.map((service, index) => ({ ...service, address: `${SERVICES}.${index + 1}` }));
  const apiserver = { ...APISERVER, to: Number(new URL(controlPlane.server).port) };
  const network = await startNetwork(join(folder, "net"), [apiserver, ...placed]);
  const names = placed.map(({ name, address }) => [name, address] as const);
  const node = startNode(controlPlane, network.hostAddress);
  const closing = new AbortController();
  const running = new Map<string, RunningPod>();
  const byName = new Map<string, RunningPod>();
  const failures: unknown[] = [];

  const forget = async (uid: string, pod: RunningPod): Promise<void> => {
    await pod.ended.catch((error: unknown) => failures.push(error));
    running.delete(uid);
  };
  const take = (pod: Pod): void => {
    const { uid, name, deletionTimestamp, deletionGracePeriodSeconds = 0 } = pod.metadata;
    let own = running.get(uid);
    if (own === undefined) {
      if (pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed") return;
      const where = { folder: join(folder, uid), logs: join(folder, "logs", uid) };
      own = runPod(pod, { controlPlane, network, image, apiserver: APISERVER, names, ...where });
      running.set(uid, own);
      byName.set(name, own);
      void forget(uid, own);
    }
    if (deletionTimestamp !== undefined) own.terminate(deletionGracePeriodSeconds);
  };
  const sync = async (namespace: string): Promise<readonly string[]> => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const { status, body } = await controlPlane.request("admin", "GET", path);
    if (status !== 200) throw new Error(`GET ${path}: ${status}`);
    const pods = body.items as readonly Pod[];
    for (const pod of pods) {
      if (pod.spec.nodeName === NODE_NAME) take(pod);
      else if (pod.spec.nodeName === undefined && pod.metadata.deletionTimestamp === undefined) {
        const target = { apiVersion: "v1", kind: "Node", name: NODE_NAME };
        const binding = { metadata: { name: pod.metadata.name, uid: pod.metadata.uid }, target };
        await controlPlane.request("admin", "POST", `${path}/${pod.metadata.name}/binding`, binding);
      }
    }
    return pods.map(({ metadata }) => metadata.uid);
  };
  const keepSyncing = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        const there = new Set((await Promise.all(namespaces.map(sync))).flat());
        // A Pod that is gone from the API server, by force, ends at once.
        for (const [uid, pod] of running) if (!there.has(uid)) pod.terminate(0);
      } catch {
        // The API server is not there for a while.
      }
      await sleep(POLL_MS, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
    }
  };
  try {
    await node.registered;
    await mkdir(join(folder, "logs"), { recursive: true });
  } catch (error) {
    await network.close();
    throw error;
  }
  const syncing = keepSyncing();

  const close = async (): Promise<void> => {
    closing.abort();
    await syncing;
    await Promise.all([...running.values()].map((pod) => pod.abandon().catch(() => undefined)));
    await node.close();
    await network.close();
    await rm(folder, { recursive: true, force: true });
  };
  let closed: Promise<void> | undefined;
  const logs = async (podName: string): Promise<string> => (await byName.get(podName)?.log()) ?? "";
  const list = async (namespace: string, selector: string): Promise<readonly Pod[]> => {
    const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
    return (await controlPlane.request("admin", "GET", path)).body.items;
  };

  const pods: Pods = {
    async waitReady(selector, { namespace = namespaces[0] ?? "", count, timeoutMs = 60_000 } = {}) {
      const describe = async (): Promise<unknown> => {
        const found = await list(namespace, selector);
        return await Promise.all(
          found.map(async ({ metadata: { name }, status }) => [name, status, (await logs(name)).slice(-4_000)]),
        );
      };
      const probe = async (): Promise<readonly string[] | undefined> => {
        if (failures.length > 0) return [];
        const found = await list(namespace, selector);
        const ready = found.filter(({ metadata, status }) => {
          const condition = status?.conditions?.find(({ type }) => type === "Ready");
          return condition?.status === "True" && metadata.deletionTimestamp === undefined;
        });
        const enough = count === undefined ? ready.length > 0 : ready.length === count;
        return enough && ready.length === found.length ? ready.map(({ metadata }) => metadata.name) : undefined;
      };
      const ready = await waitFor(`Pods with ${selector} to be ready`, probe, { timeoutMs, seen: describe });
      if (failures.length > 0) throw failures[0];
      return ready;
    },
    logs,
    kill: (podName) => byName.get(podName)?.kill(),
    close: () => (closed ??= close()),
    [Symbol.asyncDispose]: () => pods.close(),
  };
  return pods;
}
