/** The webhook as a whole: its server, its certificate, its registration, and the probe that sees whether they fit. */
import type { AddressInfo } from "node:net";
import { asFailure } from "../operator/failures.ts";
import type { Clock, ClusterReader, ClusterWriter, FactSink, Log, Meter } from "../operator/ports.ts";
import type { Kind } from "../operator/values.ts";
import { clientOf, namesOf, targetOf, type WebhookAddress } from "./address.ts";
import { findOwner } from "./admission/owner.ts";
import { createProbe, type Probe } from "./admission/probe.ts";
import { createRegistrar } from "./admission/registrar.ts";
import { registration } from "./admission/registration.ts";
import { createRelay } from "./admission/relay.ts";
import { bundleOf } from "./certificate/kept.ts";
import type { CertificateTimes } from "./certificate/next-step.ts";
import { type CertificatePlace, openCertificate } from "./certificate/open-certificate.ts";
import { listen } from "./listen.ts";
import { admissionPathOf, build, rotateCertificate, type WebhookServer } from "./server.ts";

export interface WebhookOptions extends WebhookAddress {
  /** 0: any free port. */
  readonly port: number;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  readonly certificate: CertificatePlace;
  /** The ClusterRole with which the ValidatingWebhookConfiguration goes; undefined: it goes with nothing. */
  readonly ownerClusterRole: string | undefined;
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
  /** Whether the API server reaches the webhook is known now, or is another. */
  readonly onProbed?: () => void;
  /** For tests, which cannot wait for months. */
  readonly certificateTimes?: Partial<CertificateTimes>;
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

const notPutBack =
  "the ValidatingWebhookConfiguration could not be put back: if it was deleted, upgrade the Helm release";

/** Until a Pod that listens is an endpoint of its Service. */
const readinessMs = 20_000;

/** Listens, and registers nothing yet. Throws Failure. */
export async function startWebhook(options: WebhookOptions, parts: WebhookParts): Promise<Webhook> {
  const { cluster, facts, log, meter, clock, namespace, writer } = parts;
  const names = namesOf(options);
  const path = (): string => admissionPathOf(keeper.kept.pathKey);
  const operatorUser = await whoAmI(cluster);
  let closed = false;
  let lastReached: boolean | undefined;
  let port = 0;
  const registrar = createRegistrar(async (scope) => {
    const { kept } = keeper;
    const client = clientOf(options, port, path(), bundleOf(kept));
    const owner = await findOwner(options.ownerClusterRole, { cluster, log });
    const name = options.configuration;
    await cluster.apply(registration({ name, ...scope, client, operatorUser, probeNamespace: namespace, owner }));
    keeper.registered(kept);
  });
  const tellExpiry = ({ notAfter }: { readonly notAfter: number }): void =>
    meter.gauge("clickscribe_webhook_certificate_expiry_timestamp_seconds", {}, notAfter / 1000);
  const keeper = await openCertificate({
    place: options.certificate,
    cluster,
    clock,
    log,
    names,
    namespace,
    configuration: options.configuration,
    times: parts.certificateTimes,
    leads: () => registrar.isUsed,
    register: () => registrar.again(),
    serve(certificate) {
      rotateCertificate(server, certificate);
      tellExpiry(certificate);
    },
  });
  const probe = createProbe({
    cluster,
    clock,
    log,
    namespace,
    target: targetOf(options),
    graceMs: options.reachedBy.type === "Service" ? readinessMs : 0,
    onResult: ({ reached }) => {
      meter.gauge("clickscribe_attributing", {}, reached ? 1 : 0);
      if (reached !== lastReached) parts.onProbed?.();
      lastReached = reached;
      // Nobody else puts it back when it was removed, replaced by another operator that has ended since, or edited: a
      // failurePolicy that blocks, or rules that are gone, the probe would not notice. What is right is not written anew.
      if (!closed && writer() === undefined)
        registrar.again().catch((error: unknown) => log.warn({ err: asFailure(error).message }, notPutBack));
    },
  });
  const relay = createRelay({
    // Only behind a Service do others get what is meant for the one that writes.
    writer: () => (options.reachedBy.type === "Service" ? writer() : undefined),
    trust: () => ({ ca: bundleOf(keeper.kept), serverName: names[0] ?? "" }),
    path,
    log,
    meter,
  });
  const { serving } = keeper.kept;
  tellExpiry(serving);
  const server: WebhookServer = build({
    facts,
    probe,
    log,
    relay,
    meter,
    https: { cert: serving.cert, key: serving.key },
    pathKey: () => keeper.kept.pathKey,
    now: () => clock.now(),
  });
  try {
    await listen(server, options, "--webhook-port");
  } catch (error) {
    keeper.stop();
    throw error;
  }
  ({ port } = server.server.address() as AddressInfo);
  return {
    port,
    probe,
    register: (kinds, namespaces) => registrar.register(kinds, namespaces),
    async close() {
      closed = true;
      keeper.stop();
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
