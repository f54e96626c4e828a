/** The webhook as a whole: its server, its certificate, its registration, and the probe that sees whether they fit. */
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import { asFailure } from "../operator/failures.ts";
import type { Cancel, Clock, ClusterReader, ClusterWriter, FactSink, Log, Meter } from "../operator/ports.ts";
import type { Kind } from "../operator/values.ts";
import { clientOf, namesOf, targetOf, type WebhookAddress } from "./address.ts";
import { createProbe, type Probe } from "./admission/probe.ts";
import { createRegistrar } from "./admission/registrar.ts";
import { registration } from "./admission/registration.ts";
import { createRelay } from "./admission/relay.ts";
import { createServingCertificate } from "./certificate/create-certificate.ts";
import { listen } from "./listen.ts";
import { admissionPathOf, build, rotateCertificate, type WebhookServer } from "./server.ts";

export interface WebhookOptions extends WebhookAddress {
  /** 0: any free port. */
  readonly port: number;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
}

export interface WebhookParts {
  readonly cluster: ClusterReader & ClusterWriter;
  readonly facts: FactSink;
  readonly log: Log;
  readonly meter: Meter;
  readonly clock: Clock;
  /** The operator's own. */
  readonly namespace: string;
  /** `HOST:PORT` of the replica that writes; undefined where this is it, or none is known. */
  readonly writer: () => string | undefined;
}

export interface Webhook {
  /** The one that was bound. */
  readonly port: number;
  readonly probe: Probe;
  /** Resolves once the API server has taken it. Throws Failure. */
  register(kinds: readonly Kind[], namespaces: readonly string[]): Promise<void>;
  /** Leaves the registration where it is: another replica may be asked by it. */
  close(): Promise<void>;
}

/** The certificate lives a year; it is made anew when two thirds of that are gone. */
const rotateAfter = 2 / 3;
const dayMs = 86_400_000;

const notPutBack =
  "the ValidatingWebhookConfiguration could not be put back: if it was deleted, upgrade the Helm release";

/** Listens, and registers nothing yet. Throws Failure. */
export async function startWebhook(options: WebhookOptions, parts: WebhookParts): Promise<Webhook> {
  const { cluster, facts, log, meter, clock, namespace, writer } = parts;
  let certificate = await createServingCertificate(namesOf(options), clock.now());
  // Each segment of a Service's path must be a DNS subdomain, which upper case and underscores are not.
  const pathKey = randomBytes(18).toString("hex");
  const path = admissionPathOf(pathKey);
  let closed = false;
  const probe = createProbe({
    cluster,
    clock,
    log,
    namespace,
    target: targetOf(options),
    onResult: ({ reached }) => {
      meter.gauge("clickscribe_attributing", {}, reached ? 1 : 0);
      // Nobody else puts it back when it was removed, or replaced by another operator that has ended since.
      if (!reached && !closed)
        registrar.again().catch((error: unknown) => log.warn({ err: asFailure(error).message }, notPutBack));
    },
  });
  const relay = createRelay({
    // Only behind a Service do others get what is meant for the one that writes.
    writer: () => (options.reachedBy.type === "Service" ? writer() : undefined),
    trust: () => ({ ca: certificate.ca, serverName: namesOf(options)[0] ?? "" }),
    path: () => path,
    log,
    meter,
  });
  const server: WebhookServer = build({
    facts,
    probe,
    log,
    relay,
    meter,
    https: certificate,
    pathKey,
    now: () => clock.now(),
  });
  const tellExpiry = (): void =>
    meter.gauge("clickscribe_webhook_certificate_expiry_timestamp_seconds", {}, certificate.notAfter / 1000);
  tellExpiry();
  const operatorUser = await whoAmI(cluster);
  await listen(server, options, "--webhook-port");
  const { port } = server.server.address() as AddressInfo;
  const registrar = createRegistrar(async (scope) => {
    const client = clientOf(options, port, path, certificate.ca);
    const name = options.configuration;
    await cluster.apply(registration({ name, ...scope, client, operatorUser, probeNamespace: namespace }));
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
    certificate = await createServingCertificate(namesOf(options), clock.now());
    rotateCertificate(server, certificate);
    tellExpiry();
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

/** As the API server knows us (SelfSubjectReview, authentication.k8s.io/v1). */
async function whoAmI(cluster: Pick<ClusterWriter, "create">): Promise<string> {
  const review = await cluster.create({
    apiVersion: "authentication.k8s.io/v1",
    kind: "SelfSubjectReview",
    metadata: {},
  });
  const { userInfo } = (review["status"] ?? {}) as { readonly userInfo?: { readonly username?: string } };
  return userInfo?.username ?? "";
}
