/**
 * The composition root: builds the operator in construction order and ends it on a signal. What it exports is for the
 * command line.
 */
import { randomUUID } from "node:crypto";
import { type AddressInfo, isIPv6 } from "node:net";
import { hostname } from "node:os";
import { findOwner } from "../webhooks/admission/owner.ts";
import { ownerReference } from "../webhooks/admission/registration.ts";
import { buildHttp } from "../webhooks/http.ts";
import { listen } from "../webhooks/listen.ts";
import { startWebhook } from "../webhooks/start-webhook.ts";
import { createFactStore } from "./attribution/fact-store.ts";
import { createMessengers } from "./chat/index.ts";
import type { Cluster } from "./cluster/index.ts";
import { connectCluster } from "./cluster/index.ts";
import { createLease, type Lease } from "./cluster/lease.ts";
import type { LeaseConfig } from "./config/run.ts";
import type { Config } from "./config.ts";
import { createRepositories } from "./git/index.ts";
import { parseJson } from "./manifest/parse-json.ts";
import { stringifyJson } from "./manifest/stringify-json.ts";
import type { Clock, Log } from "./ports.ts";
import { Controller } from "./sync/controller.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { JsonObject } from "./values.ts";

/** How long a stop may take to deliver what is known; below the 30 s after which a kubelet kills. */
const graceMs = 20_000;
/** How long a replica that lost the Lease may take to end. */
const lostGraceMs = 2_000;
const recheckMs = 30_000;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, work) {
    const timer = setTimeout(work, Math.min(ms, 2_147_483_647));
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};

/** Runs until `signal` aborts, then delivers what is known and resolves. Throws Failure when it cannot start. */
export async function run(config: Config, version: string, signal: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const clock = systemClock;
  const log = createLog({ level: config.logLevel });
  const metrics = createMetrics({ process: true });
  metrics.gauge("clickscribe_build_info", { version }, 1);
  const cluster = await connectCluster({
    access: config.cluster,
    parseJson,
    stringifyJson,
    clock,
    log,
    meter: metrics,
  });
  stack.defer(() => cluster.close());
  const facts = createFactStore({ clock, meter: metrics });
  const lease = config.lease && leaseOf(config, config.lease, { cluster, clock, log });
  const { namespace } = config;
  const writer = (): string | undefined => lease?.writer();
  const webhook =
    config.webhook &&
    (await startWebhook(config.webhook, {
      ...{ cluster, log, meter: metrics, clock, namespace, writer },
      facts: {
        add(fact) {
          facts.add(fact);
          controller.reviewed(fact);
        },
      },
      onProbed: () => controller.webhookChanged(),
    }));
  if (webhook) stack.defer(() => webhook.close());

  const wallClock = (): number => clock.now();
  const repositories = createRepositories({ policy: config.urls, version, meter: metrics, wallClock });
  stack.defer(() => repositories.close());
  const messengers = createMessengers({ policy: config.urls, version, clock });
  stack.defer(() => messengers.close());
  const controller = new Controller({
    cluster,
    repositories,
    messengers,
    namespace,
    attribution: facts,
    clock,
    log,
    meter: metrics,
    clusterName: config.clusterName,
    defaultServiceAccount: config.defaultServiceAccount,
    sourcePollMs: config.sourcePollMs,
    recheckMs,
    register: async (kinds, namespaces) => webhook?.register(kinds, namespaces),
    webhook: () => ({ enabled: webhook !== undefined, reached: undefined, cause: "", ...webhook?.probe.result() }),
  });
  let standingBy = lease !== undefined;
  const http = buildHttp({
    checks: {
      captures: () =>
        standingBy || controller.ready ? undefined : "Captures, GitRemotes and Notifiers are being listed",
    },
    metrics: () => {
      if (!standingBy) for (const gauge of controller.gauges()) metrics.replace(gauge);
      return metrics.render();
    },
    press: async (notifier, request) => (standingBy ? undefined : await controller.takePress(notifier, request)),
  });
  await listen(http, config.http, "--http-port");
  stack.defer(() => http.close());
  const httpPort = (http.server.address() as AddressInfo).port;
  const ports = { httpPort, webhookPort: webhook?.port ?? 0 };
  metrics.gauge("clickscribe_leading", {}, 0);
  if (lease !== undefined) {
    log.info(ports, "standing by until the Lease is held");
    stack.defer(() => lease.release());
    if (!(await acquired(lease, signal))) return;
    standingBy = false;
  }
  metrics.gauge("clickscribe_leading", {}, 1);
  await webhook?.register([], []);
  await controller.start();
  webhook?.probe.start();
  log.info({ server: cluster.server, ...ports, cluster: config.clusterName }, "ready");

  await aborted(lease === undefined ? signal : AbortSignal.any([signal, lease.lost]));
  if (lease?.lost.aborted) {
    // A push that is under way may take long: the other replica writes by now, and its push is the fence.
    await Promise.race([controller.close(false), aborted(AbortSignal.timeout(lostGraceMs))]);
    throw lease.lost.reason;
  }
  log.info({}, "stopping: delivering what is known");
  const grace = AbortSignal.timeout(graceMs);
  await Promise.race([controller.close(true), aborted(grace)]);
  log.info({}, "stopped");
}

interface LeaseParts {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly log: Log;
}

function leaseOf(config: Config, options: LeaseConfig, { cluster, clock, log }: LeaseParts): Lease {
  const { name, advertise, ownerClusterRole } = options;
  // What starts anew in a pod is the only process there, and need not wait for itself.
  const identity = config.cluster.from === "InCluster" ? hostname() : `${hostname()}_${randomUUID()}`;
  const port = config.webhook?.port ?? 0;
  const address =
    advertise === undefined || port === 0 ? "" : `${isIPv6(advertise) ? `[${advertise}]` : advertise}:${port}`;
  const owner = async (): Promise<JsonObject | undefined> => {
    const role = await findOwner(ownerClusterRole, { cluster, log });
    return role && ownerReference(role);
  };
  return createLease({ cluster, clock, log, namespace: config.namespace, name, identity, address, owner });
}

/** Whether it is held; false when it was asked to stop first. */
async function acquired(lease: Lease, signal: AbortSignal): Promise<boolean> {
  try {
    await lease.acquire(signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
