/**
 * Asks whether the API server reaches the admission webhook, by a dry-run create of a ConfigMap that carries a nonce:
 * with `failurePolicy: Ignore` nothing else would tell that it does not.
 */
import { randomBytes } from "node:crypto";
import { asFailure } from "../../operator/failures.ts";
import type { Cancel, Clock, ClusterWriter, Log } from "../../operator/ports.ts";
import type { JsonObject } from "../../operator/values.ts";
import { probeLabel } from "./parse-review.ts";

export interface ProbeOptions {
  readonly cluster: Pick<ClusterWriter, "create">;
  readonly clock: Clock;
  readonly log: Log;
  /** The operator's own, where it may create ConfigMaps; the registration's selector names it too. */
  readonly namespace: string;
  /** Where the registration tells the API server to find the webhook, for people: a URL, or `service NAMESPACE/NAME:PORT`. */
  readonly target: string;
  readonly onResult?: (result: ProbeResult) => void;
  /** Default: a minute. */
  readonly intervalMs?: number;
  /** How long after `start` silence means nothing yet: a Service sends nobody to a Pod that is not ready. Default: 0. */
  readonly graceMs?: number;
}

export interface ProbeResult {
  readonly reached: boolean;
  /** The likely cause and what to do; "" when reached. */
  readonly cause: string;
}

export interface Probe {
  /** Probes now and then every interval until `stop`. */
  start(): void;
  stop(): void;
  /** Probes once, now; never rejects. */
  run(): Promise<ProbeResult>;
  /** undefined until the first result. */
  result(): ProbeResult | undefined;
  /** The webhook was asked about an object with this nonce. */
  saw(nonce: string): void;
  /** A client gave up in the middle of the TLS handshake, in OpenSSL's words. */
  handshakeFailed(reason: string): void;
}

export function createProbe(options: ProbeOptions): Probe {
  const { cluster, clock, log, namespace, target } = options;
  const intervalMs = options.intervalMs ?? 60_000;
  let expected = "";
  let seen = false;
  let handshakeFailure: string | undefined;
  let last: ProbeResult | undefined;
  let cancel: Cancel | undefined;
  let stopped = true;
  let running: Promise<ProbeResult> | undefined;
  let failures = 0;
  let graceUntil = 0;

  async function ask(): Promise<ProbeResult> {
    expected = randomBytes(16).toString("hex");
    seen = false;
    handshakeFailure = undefined;
    try {
      await cluster.create(probeObject(namespace, expected), { dryRun: true });
    } catch (error) {
      if (seen) return { reached: true, cause: "" };
      const { message } = asFailure(error);
      return {
        reached: false,
        cause: `the probe, a dry-run create of a ConfigMap in ${namespace}, failed: ${message}`,
      };
    }
    if (seen) return { reached: true, cause: "" };
    return { reached: false, cause: silence(target, handshakeFailure) };
  }

  async function conclude(): Promise<ProbeResult> {
    const result = await ask();
    running = undefined;
    if (!result.reached && last === undefined && clock.now() < graceUntil) return result;
    failures = result.reached ? 0 : failures + 1;
    if (last?.reached !== result.reached) {
      if (result.reached) log.info({ target }, "the API server reaches the admission webhook");
      else log.warn({ target, cause: result.cause }, "the API server does not reach the admission webhook");
    }
    last = result;
    options.onResult?.(result);
    return result;
  }

  const run = (): Promise<ProbeResult> => (running ??= conclude());

  /** Sooner while it fails: right after the registration the API server may not know of it yet. */
  function schedule(): void {
    if (stopped) return;
    const settled = failures === 0 && last !== undefined;
    const ms = settled ? intervalMs : Math.min(intervalMs, 1_000 * 2 ** Math.min(failures, 16));
    cancel = clock.after(ms * (1 - clock.random() / 10), () => void run().then(schedule));
  }

  return {
    start() {
      stopped = false;
      graceUntil = clock.now() + (options.graceMs ?? 0);
      void run().then(schedule);
    },
    stop() {
      stopped = true;
      cancel?.();
    },
    run,
    result: () => last,
    saw(nonce) {
      if (nonce === expected) seen = true;
    },
    handshakeFailed(reason) {
      handshakeFailure = reason;
    },
  };
}

function probeObject(namespace: string, nonce: string): JsonObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `clickscribe-probe-${nonce}`, namespace, labels: { [probeLabel]: nonce } },
  };
}

function silence(target: string, handshakeFailure: string | undefined): string {
  if (handshakeFailure !== undefined) {
    return `the API server broke off the TLS handshake with ${target} (${handshakeFailure}): caBundle and certificate do not fit, or the certificate lacks that name`;
  }
  return (
    `the API server admitted the probe without asking ${target}: it cannot reach that address within its timeout ` +
    "(a private control plane reaches nodes only on ports that its firewall opens), a NetworkPolicy stops it, " +
    "or the ValidatingWebhookConfiguration was changed or removed"
  );
}
