/**
 * The composition root: builds the operator in construction order and ends it on a signal. What it exports is for the
 * command line.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { type AddressInfo, isIPv6 } from "node:net";
import { hostname } from "node:os";
import type { Probe } from "../webhooks/admission/probe.ts";
import { createProbe } from "../webhooks/admission/probe.ts";
import { createRegistrar } from "../webhooks/admission/registrar.ts";
import type { WebhookClient } from "../webhooks/admission/registration.ts";
import { registration } from "../webhooks/admission/registration.ts";
import { createRelay } from "../webhooks/admission/relay.ts";
import { createServingCertificate } from "../webhooks/certificate.ts";
import { buildHttp } from "../webhooks/http.ts";
import type { WebhookServer } from "../webhooks/server.ts";
import { admissionPathOf, build, rotateCertificate } from "../webhooks/server.ts";
import { createFactStore } from "./attribution/fact-store.ts";
import type { Cluster } from "./cluster/index.ts";
import { connectCluster } from "./cluster/index.ts";
import { createLease, type Lease } from "./cluster/lease.ts";
import type { LeaseConfig } from "./config/run.ts";
import type { Config, WebhookConfig } from "./config.ts";
import { asFailure, stalled } from "./failures.ts";
import { createRepositories } from "./git/index.ts";
import { parseJson } from "./manifest/parse-json.ts";
import type { Cancel, Clock, FactSink, Log } from "./ports.ts";
import { Controller } from "./sync/controller.ts";
import { createLog } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { Kind } from "./values.ts";

/** The webhook's certificate lives a year; it is made anew when two thirds of that are gone. */
const rotateAfter = 2 / 3;
/** How long a stop may take to deliver what is known; below the 30 s after which a kubelet kills. */
const graceMs = 20_000;
const dayMs = 86_400_000;
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
  const metrics = createMetrics();
  const cluster = await connectCluster({ access: config.cluster, parseJson, clock, log, meter: metrics });
  stack.defer(() => cluster.close());
  const facts = createFactStore({ clock, meter: metrics });
  const lease = config.lease && leaseOf(config, config.lease, { cluster, clock, log });
  const webhook =
    config.webhook && (await startWebhook(config, config.webhook, { cluster, facts, log, metrics, clock, lease }));
  if (webhook) stack.defer(() => webhook.close());

  const repositories = createRepositories({ policy: config.urls, version });
  stack.defer(() => repositories.close());
  const controller = new Controller({
    cluster,
    repositories,
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
      captures: () => (standingBy || controller.ready ? undefined : "Captures and GitRemotes are being listed"),
    },
    metrics: () => metrics.render(),
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
  webhook?.probe.start().then(
    () => controller.webhookChanged(),
    () => undefined,
  );
  log.info({ server: cluster.server, ...ports, cluster: config.clusterName }, "ready");

  await aborted(lease === undefined ? signal : AbortSignal.any([signal, lease.lost]));
  if (lease?.lost.aborted) {
    await controller.close(false);
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

function leaseOf(config: Config, { name, advertise }: LeaseConfig, { cluster, clock, log }: LeaseParts): Lease {
  // What starts anew in a pod is the only process there, and need not wait for itself.
  const identity = config.cluster.from === "InCluster" ? hostname() : `${hostname()}_${randomUUID()}`;
  const port = config.webhook?.port ?? 0;
  const address =
    advertise === undefined || port === 0 ? "" : `${isIPv6(advertise) ? `[${advertise}]` : advertise}:${port}`;
  return createLease({ cluster, clock, log, namespace: config.namespace, name, identity, address });
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

const notPutBack =
  "the ValidatingWebhookConfiguration could not be put back: if it was deleted, apply charts/clickscribe/rbac/webhook.yaml again";

interface Webhook {
  readonly port: number;
  readonly probe: Probe;
  register(kinds: readonly Kind[], namespaces: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

interface WebhookParts {
  readonly cluster: Cluster;
  readonly facts: FactSink;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly lease: Lease | undefined;
}

async function startWebhook(config: Config, webhook: WebhookConfig, parts: WebhookParts): Promise<Webhook> {
  const { cluster, facts, log, metrics, clock, lease } = parts;
  let certificate = await createServingCertificate(namesOf(webhook), clock.now());
  const pathKey = randomBytes(18).toString("base64url");
  const path = admissionPathOf(pathKey);
  const target = targetOf(webhook);
  let closed = false;
  const probe = createProbe({
    cluster,
    clock,
    log,
    namespace: config.namespace,
    target,
    onResult: ({ reached }) => {
      metrics.gauge("clickscribe_attributing", {}, reached ? 1 : 0);
      // Nobody else puts it back when it was removed, or replaced by another operator that has ended since.
      if (!reached && !closed)
        registrar.again().catch((error: unknown) => log.warn({ err: asFailure(error).message }, notPutBack));
    },
  });
  const relay = createRelay({
    // Only behind a Service do others get what is meant for the one that writes.
    writer: () => (webhook.reachedBy.type === "Service" ? lease?.writer() : undefined),
    trust: () => ({ ca: certificate.ca, serverName: namesOf(webhook)[0] ?? "" }),
    path: () => path,
    log,
    meter: metrics,
  });
  const server: WebhookServer = build({
    facts,
    probe,
    log,
    relay,
    meter: metrics,
    https: certificate,
    pathKey,
    now: () => clock.now(),
  });
  const operatorUser = await whoAmI(cluster);
  await listen(server, webhook, "--webhook-port");
  const { port } = server.server.address() as AddressInfo;
  const registrar = createRegistrar(async (scope) => {
    const { configuration: name } = webhook;
    const client = clientOf(webhook, port, path, certificate.ca);
    await cluster.apply(registration({ name, ...scope, client, operatorUser, probeNamespace: config.namespace }));
  });
  let cancelRotation = rotateLater();

  function rotateLater(): Cancel {
    // Looked at daily: a timer cannot wait for months, and a process may sleep.
    return clock.after(dayMs, () => {
      rotate().catch((error: unknown) =>
        log.error({ err: String(error) }, "the webhook's certificate was not renewed"),
      );
      cancelRotation = rotateLater();
    });
  }

  async function rotate(): Promise<void> {
    const lifetime = 365 * dayMs;
    if (clock.now() < certificate.notAfter - lifetime * (1 - rotateAfter)) return;
    certificate = await createServingCertificate(namesOf(webhook), clock.now());
    rotateCertificate(server, certificate);
    await registrar.again();
    log.info({ notAfter: new Date(certificate.notAfter).toISOString() }, "the webhook's certificate was renewed");
  }
  return {
    port,
    probe,
    register: (kinds, namespaces) => registrar.register(kinds, namespaces),
    async close() {
      closed = true;
      cancelRotation();
      probe.stop();
      await relay.close();
      await server.close();
    },
  };
}

/** The names and addresses that the API server may call the webhook by. */
function namesOf({ reachedBy, bind }: WebhookConfig): readonly string[] {
  if (reachedBy.type === "Url")
    return [new URL(reachedBy.url.replace("{port}", "443")).hostname.replace(/^\[|\]$/g, "")];
  const { name, namespace } = reachedBy;
  return [`${name}.${namespace}.svc`, `${name}.${namespace}`, name, ...(bind === "127.0.0.1" ? [bind] : [])];
}

function targetOf({ reachedBy }: WebhookConfig): string {
  return reachedBy.type === "Url" ? reachedBy.url : `service ${reachedBy.namespace}/${reachedBy.name}`;
}

function clientOf({ reachedBy }: WebhookConfig, port: number, path: string, caBundle: string): WebhookClient {
  if (reachedBy.type === "Service") {
    return { service: { namespace: reachedBy.namespace, name: reachedBy.name, port: 443, path }, caBundle };
  }
  const url = new URL(reachedBy.url.replace("{port}", String(port)));
  url.pathname = path;
  return { url: url.href, caBundle };
}

/** As the API server knows us (SelfSubjectReview, authentication.k8s.io/v1). */
async function whoAmI(cluster: Cluster): Promise<string> {
  const review = await cluster.create({
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    metadata: {},
  });
  const { userInfo } = (review["status"] ?? {}) as { readonly userInfo?: { readonly username?: string } };
  return userInfo?.username ?? "";
}

interface Listener {
  listen(options: { readonly port: number; readonly host: string }): Promise<string>;
}

/** Throws a Failure that names the flag when the port is taken. */
async function listen(
  server: Listener,
  at: { readonly bind: string; readonly port: number },
  flag: string,
): Promise<void> {
  try {
    await server.listen({ port: at.port, host: at.bind });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "is taken by another process" : `cannot be listened on (${code})`;
    throw stalled(
      "AddressInUse",
      `${at.bind}:${at.port} ${why}: choose another with ${flag}`,
      { port: at.port },
      error,
    );
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
