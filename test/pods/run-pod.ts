/** The life of one Pod with one container, as the kubelet leads it: network, volumes, container, status, end. */
import { once } from "node:events";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { type RunningContainer, startContainer } from "./container.ts";
import type { Network, PodNetwork } from "./network.ts";
import { type Circumstances, type Plan, planPod } from "./plan.ts";
import type { Image, Pod } from "./pod.ts";
import { createReporter } from "./report.ts";
import { backOffMs, type ContainerState, timestamp } from "./status.ts";
import { prepareVolumes, type Volumes } from "./volumes.ts";

export interface RunPodOptions {
  readonly controlPlane: ControlPlane;
  readonly network: Network;
  readonly image: Image;
  readonly apiserver: Circumstances["apiserver"];
  /** In place of DNS. */
  readonly names: readonly (readonly [name: string, address: string])[];
  /** Of this Pod alone; removed at its end. */
  readonly folder: string;
  /** Kept: one file per start of the container, `0.log` and so on. */
  readonly logs: string;
}

export interface RunningPod {
  /** The Pod's life is over and the API server knows; rejects when that could not be brought about. */
  readonly ended: Promise<void>;
  /** Deletion, as the API server says it: SIGTERM, SIGKILL after the grace period, and the Pod is removed. */
  terminate(graceSeconds: number): void;
  /** Ends the container at once, as the kernel does when memory is out. */
  kill(): void;
  /** Ends everything at once and tells the API server nothing. */
  abandon(): Promise<void>;
  log(): Promise<string>;
}

const RETRY_MS = 500;

export function runPod(pod: Pod, options: RunPodOptions): RunningPod {
  const { controlPlane, network, image, apiserver, folder, logs, names } = options;
  const ending = new AbortController();
  const abandoned = new AbortController();
  const startTime = timestamp();
  const { name = "", image: imageName = "" } = pod.spec.containers[0] ?? {};
  let graceSeconds = 0;
  let container: RunningContainer | undefined;
  let own: PodNetwork | undefined;
  let state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  let lastState: ContainerState | undefined;
  let restartCount = 0;
  let started = false;
  let ready = false;
  let over = false;

  const reporter = createReporter(
    controlPlane,
    pod,
    () => {
      const where = { podIP: own?.address ?? "", hostIP: network.hostAddress };
      return { name, image: imageName, ...where, startTime, state, lastState, restartCount, started, ready, over };
    },
    abandoned.signal,
  );
  const reportWaiting = (reason: string, error: unknown): Promise<void> => {
    state = { waiting: { reason, message: error instanceof Error ? error.message : String(error) } };
    return reporter.report();
  };

  const prepare = async (plan: Plan, podIP: string): Promise<Volumes | undefined> => {
    while (!ending.signal.aborted) {
      try {
        return await prepareVolumes({ controlPlane, pod, plan, podIP, folder, names });
      } catch (error) {
        await reportWaiting("ContainerCreating", error);
        await pause(RETRY_MS, ending.signal);
      }
    }
    return undefined;
  };

  /** Answers whether it is to be started again. */
  const runOnce = async (plan: Plan, volumes: Volumes, podNetwork: PodNetwork): Promise<boolean> => {
    const logFile = join(logs, `${restartCount}.log`);
    const change = (to: { readonly started?: boolean; readonly ready?: boolean }): void => {
      ({ started = started, ready = ready } = to);
      void reporter.report();
    };
    const onStarted = (): void => change({ started: true });
    const onReady = (isReady: boolean): void => change({ ready: isReady });
    const running = startContainer({ image, plan, volumes, network: podNetwork, logFile, onStarted, onReady });
    container = running;
    state = { running: { startedAt: running.startedAt } };
    void reporter.report();
    const stop = (): void => running.stop(graceSeconds);
    ending.signal.addEventListener("abort", stop, { once: true });
    if (ending.signal.aborted) stop();
    const terminated = await running.exited;
    ending.signal.removeEventListener("abort", stop);
    container = undefined;
    started = false;
    ready = false;
    state = { terminated };
    const policy = pod.spec.restartPolicy ?? "Always";
    over = ending.signal.aborted || policy === "Never" || (policy === "OnFailure" && terminated.exitCode === 0);
    await reporter.report();
    return !over;
  };

  const live = async (): Promise<void> => {
    await Promise.all([logs, folder].map((each) => mkdir(each, { recursive: true })));
    own = await network.addPod(pod.spec.hostname ?? pod.metadata.name);
    let plan: Plan;
    try {
      plan = planPod(pod, { image, podIP: own.address, apiserver });
    } catch (error) {
      return await reportWaiting("CreateContainerConfigError", error);
    }
    const volumes = await prepare(plan, own.address);
    if (volumes === undefined) return;
    while (await runOnce(plan, volumes, own)) {
      lastState = state;
      const waitMs = backOffMs(restartCount);
      if (waitMs > 0) {
        await reportWaiting("CrashLoopBackOff", `back-off ${waitMs / 1000}s restarting failed container=${name}`);
        await pause(waitMs, ending.signal);
      }
      if (ending.signal.aborted) return;
      restartCount++;
    }
  };

  const ended = (async () => {
    try {
      await live();
      if (!ending.signal.aborted) await once(ending.signal, "abort");
      await reporter.remove();
    } finally {
      await own?.close();
      await rm(folder, { recursive: true, force: true });
    }
  })();

  return {
    ended,
    terminate(seconds) {
      graceSeconds = seconds;
      ending.abort();
    },
    kill: () => container?.kill(),
    async abandon() {
      abandoned.abort();
      ending.abort();
      container?.kill();
      await ended;
    },
    async log() {
      const numbers = Array.from({ length: restartCount + 1 }, (_, index) => index);
      const texts = numbers.map((number) => readFile(join(logs, `${number}.log`), "utf8").catch(() => ""));
      return (await Promise.all(texts)).join("");
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
