/** The status of a Pod as the kubelet writes it. */
import type { Condition } from "./pod.ts";

export type ContainerState =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

/** What is known of a Pod with one container. */
export interface Known {
  readonly name: string;
  readonly image: string;
  readonly podIP: string;
  readonly hostIP: string;
  readonly startTime: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState | undefined;
  readonly restartCount: number;
  /** The startup probe has passed, or there is none and it runs. */
  readonly started: boolean;
  readonly ready: boolean;
  /** It is not started again: restartPolicy, or the Pod is being deleted. */
  readonly over: boolean;
}

export interface PodStatus {
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly conditions: readonly Condition[];
  readonly [field: string]: unknown;
}

/** `before` are the conditions as last written: their times stay where they did not change. */
export function podStatus(known: Known, before: readonly Condition[], now: string): PodStatus {
  const { name, image, podIP, hostIP, startTime, state, lastState, restartCount, started } = known;
  const ready = known.ready && "running" in state;
  const phase = phaseOf(known);
  const why = ready ? {} : { reason: phase === "Succeeded" ? "PodCompleted" : "ContainersNotReady" };
  const condition = (type: string, holds: boolean, extra: object): Condition => {
    const status = holds ? "True" : "False";
    const old = before.find((each) => each.type === type);
    const same = old?.status === status ? old.lastTransitionTime : undefined;
    return { type, status, lastTransitionTime: same ?? now, ...extra };
  };
  return {
    phase,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime,
    conditions: [
      condition("PodReadyToStartContainers", true, {}),
      condition("Initialized", true, {}),
      condition("ContainersReady", ready, why),
      condition("Ready", ready, why),
    ],
    containerStatuses: [
      {
        name,
        image,
        imageID: image,
        containerID: `stand-in://${podIP}-${restartCount}`,
        ready,
        started,
        restartCount,
        state,
        ...(lastState !== undefined && { lastState }),
      },
    ],
  };
}

function phaseOf({ state, lastState, over }: Known): PodStatus["phase"] {
  if ("terminated" in state && over) return state.terminated.exitCode === 0 ? "Succeeded" : "Failed";
  return "waiting" in state && lastState === undefined ? "Pending" : "Running";
}

/** Before the n-th restart, as the kubelet waits: none, then 10 s, doubled each time up to 5 min. */
export function backOffMs(restartCount: number): number {
  return restartCount === 0 ? 0 : Math.min(300_000, 10_000 * 2 ** (restartCount - 1));
}

/** Of the Kubernetes API: RFC 3339 in UTC, whole seconds. */
export function timestamp(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}
