/** One run of a container: its process in the sandbox, and its probes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";
import { sandboxCommand } from "../../scripts/image/sandbox.ts";
import type { PodNetwork } from "./network.ts";
import type { Plan } from "./plan.ts";
import type { Image, Probe } from "./pod.ts";
import { keepProbing } from "./probe.ts";
import { type Terminated, timestamp } from "./status.ts";
import type { Volumes } from "./volumes.ts";

export interface ContainerOptions {
  readonly image: Image;
  readonly plan: Plan;
  readonly volumes: Volumes;
  readonly network: PodNetwork;
  /** Standard output and error are appended. */
  readonly logFile: string;
  readonly onStarted: () => void;
  readonly onReady: (ready: boolean) => void;
}

export interface RunningContainer {
  readonly startedAt: string;
  readonly exited: Promise<Terminated>;
  /** SIGTERM after the hook preStop, whose time counts as grace; SIGKILL when the grace is over. */
  stop(graceSeconds: number): void;
  kill(): void;
}

const REFRESH_MS = 5_000;

export function startContainer(options: ContainerOptions): RunningContainer {
  const { image, plan, volumes, network, onStarted, onReady } = options;
  const { user, readOnly, workdir, env, argv, container } = plan;
  const { rootfs } = image;
  const sandbox = sandboxCommand({ rootfs, user, readOnly, workdir, env, argv, binds: volumes.binds });
  const [enter, ...how] = network.enter;
  const log = openSync(options.logFile, "a");
  const child = (() => {
    try {
      const args = [...how, sandbox.command, ...sandbox.args];
      return spawn(enter, args, { env: sandbox.env, stdio: ["ignore", log, log] });
    } finally {
      closeSync(log);
    }
  })();
  const startedAt = timestamp();
  const gone = new AbortController();
  const timers: NodeJS.Timeout[] = [setInterval(() => void volumes.refresh().catch(() => undefined), REFRESH_MS)];
  let stopping = false;

  const exited = (async (): Promise<Terminated> => {
    const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
    gone.abort();
    for (const timer of timers) clearTimeout(timer);
    const exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
    return { exitCode, reason: exitCode === 0 ? "Completed" : "Error", startedAt, finishedAt: timestamp() };
  })();

  const stop = (graceSeconds: number, delaySeconds: number): void => {
    stopping = true;
    timers.push(
      setTimeout(() => child.kill("SIGTERM"), Math.min(delaySeconds, graceSeconds) * 1000),
      setTimeout(() => child.kill("SIGKILL"), graceSeconds * 1000),
    );
  };
  const probe = (each: Probe, onResult: (passed: boolean) => void): void =>
    void keepProbing({ container, probe: each, address: network.address, signal: gone.signal, onResult });
  const failed = (passed: boolean): void => {
    if (!passed && !stopping) stop(plan.graceSeconds, plan.stopDelaySeconds);
  };
  let started = false;
  const begin = (): void => {
    if (started) return;
    started = true;
    onStarted();
    if (container.livenessProbe) probe(container.livenessProbe, failed);
    if (container.readinessProbe) probe(container.readinessProbe, onReady);
    else onReady(true);
  };
  if (container.startupProbe) probe(container.startupProbe, (passed) => (passed ? begin() : failed(started)));
  else begin();
  return {
    startedAt,
    exited,
    stop: (graceSeconds) => stop(graceSeconds, plan.stopDelaySeconds),
    kill: () => void child.kill("SIGKILL"),
  };
}
