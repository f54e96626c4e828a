/** The Node that Pods are bound to, with the heartbeat that keeps the real controllers from evicting them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { timestamp } from "./status.ts";

export interface NodeHeartbeat {
  readonly registered: Promise<void>;
  /** The Node stays, and falls silent. */
  close(): Promise<void>;
}

export const NODE_NAME = "stand-in";

/** Less than the 40 s after which a Node counts as lost; the kubelet's own. */
const HEARTBEAT_MS = 10_000;

export function startNode(controlPlane: ControlPlane, address: string): NodeHeartbeat {
  const closing = new AbortController();
  const labels = { "kubernetes.io/os": "linux", "kubernetes.io/hostname": NODE_NAME };
  const capacity = { cpu: "2", memory: "4Gi", pods: "200" };
  const since = timestamp();
  const beat = async (): Promise<boolean> => {
    const conditions = [
      {
        type: "Ready",
        status: "True",
        reason: "KubeletReady",
        lastHeartbeatTime: timestamp(),
        lastTransitionTime: since,
      },
    ];
    const addresses = [{ type: "InternalIP", address }];
    const status = { addresses, capacity, allocatable: capacity, conditions };
    const patch = { contentType: "application/strategic-merge-patch+json" };
    const path = `/api/v1/nodes/${NODE_NAME}`;
    const answer = await controlPlane.request("admin", "PATCH", `${path}/status`, { status }, patch);
    return answer.status === 200;
  };
  const register = async (): Promise<void> => {
    const node = { apiVersion: "v1", kind: "Node", metadata: { name: NODE_NAME, labels } };
    const { status, body } = await controlPlane.request("admin", "POST", "/api/v1/nodes", node);
    if (status !== 201 && status !== 409) throw new Error(`Node ${NODE_NAME}: ${status} ${JSON.stringify(body)}`);
    await beat();
  };
  const registered = register();
  const beating = (async () => {
    await registered.catch(() => closing.abort());
    while (!closing.signal.aborted) {
      await sleep(HEARTBEAT_MS, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      // While the API server is down there is nobody to tell.
      if (!closing.signal.aborted) await beat().catch(() => false);
    }
  })();
  return {
    registered,
    async close() {
      closing.abort();
      await beating;
    },
  };
}
