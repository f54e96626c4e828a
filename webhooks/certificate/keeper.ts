/** Keeps the webhook's certificate: makes it, shares it with other replicas, renews it in time. */
import { randomBytes } from "node:crypto";
import { asFailure, type Failure, retry } from "../../operator/failures.ts";
import type { Cancel, Clock, Log } from "../../operator/ports.ts";
import { createServingCertificate, type ServingCertificate } from "./create-certificate.ts";
import { namesMissing, pemWithout } from "./inspect-certificate.ts";
import { announced, bundleOf, type Kept, switched, withoutRetired } from "./kept.ts";
import { type CertificateTimes, nextStep, type Registered, type Step } from "./next-step.ts";
import type { CertificateStore } from "./store.ts";

export interface KeeperOptions {
  readonly store: CertificateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** What the certificate must cover, DNS names and IP addresses. */
  readonly names: readonly string[];
  readonly times: CertificateTimes;
  /** Whether this replica registers the webhook. */
  readonly leads: () => boolean;
  /** Registers the webhook with what is kept now, and says so by `registered`. */
  readonly register: () => Promise<void>;
  /** New handshakes get this one from now on. */
  readonly serve: (certificate: ServingCertificate) => void;
}

export interface CertificateKeeper {
  readonly kept: Kept;
  /** The API server has taken a registration with what was kept then. */
  registered(kept: Kept): void;
  /** Takes one that others made; it is served at once where API servers trust it already. */
  offer(certificate: ServingCertificate): Promise<void>;
  stop(): void;
}

/** A replica that lost so many races in a row meets something else than replicas. */
const maxAttempts = 5;
const soonMs = 1_000;
const jitterMs = 86_400_000;

/** Reads what is kept, and fills or replaces what is none. Throws Failure. */
export async function createKeeper(options: KeeperOptions): Promise<CertificateKeeper> {
  const { store, clock, log, names, times, leads } = options;
  const jitter = clock.random() * Math.min(jitterMs, times.renewBeforeMs / 10);
  let { kept, version } = await open(options);
  let registered: Registered | undefined;
  let servingSince = clock.now();
  let told = "";
  let cancel: Cancel = () => undefined;
  let stopped = false;
  let queue: Promise<void> = Promise.resolve();

  async function look(): Promise<number> {
    const stored = await store.read();
    // Who leads knows best which names are called; the others serve what it keeps.
    const isBetter = leads() && misnamed(kept, options) === "";
    const problem = stored.ok ? (isBetter ? misnamed(stored.kept, options) : "") : stored.problem;
    if (stored.ok && problem === "") {
      version = stored.version;
      await adopt(stored.kept);
    } else if (leads()) {
      log.warn({ problem }, "the webhook's certificate was taken away or broken: it is put back");
      const written = await store.write(kept, stored.version);
      if (written === undefined) return clock.now() + soonMs;
      version = written;
    } else return Infinity;
    for (;;) {
      const step = nextStep(
        { kept, now: clock.now(), leads: leads(), registered, servingSince, jitterMs: jitter },
        times,
      );
      if (step.type === "Wait") return step.until;
      if (!(await perform(step))) return clock.now() + soonMs;
    }
  }

  /** False: look again soon. Throws Failure. */
  async function perform(step: Exclude<Step, { readonly type: "Wait" }>): Promise<boolean> {
    if (step.type === "Register") {
      const before = kept;
      await options.register();
      return registered?.bundle === bundleOf(before);
    }
    const next = await after(step);
    const written = await store.write(next, version);
    if (written === undefined) return false;
    version = written;
    const notAfter = new Date((next.next ?? next.serving).notAfter).toISOString();
    log.info({ notAfter }, messages[step.type]);
    await adopt(next);
    return true;
  }

  async function after({ type }: Exclude<Step, { readonly type: "Wait" | "Register" }>): Promise<Kept> {
    if (type === "Switch") return switched(kept);
    if (type === "Forget") return withoutRetired(kept);
    const fresh = await createServingCertificate(names, clock.now(), times.lifetimeMs);
    return type === "Announce" ? announced(kept, fresh) : { ...kept, serving: fresh, next: undefined, retired: "" };
  }

  /** What is served changes after what is trusted. */
  async function adopt(now: Kept): Promise<void> {
    const isServed = now.serving.cert === kept.serving.cert;
    kept = now;
    if (isServed) return;
    if (leads() && registered?.bundle !== bundleOf(now)) {
      await options.register().catch((error: unknown) => warn(asFailure(error)));
    }
    options.serve(now.serving);
    servingSince = clock.now();
  }

  function warn({ code, message }: Failure): void {
    if (message !== told)
      log.warn({ code, err: message }, "the webhook's certificate could not be looked after: it is tried again");
    told = message;
  }

  async function run(work: () => Promise<number>): Promise<void> {
    if (stopped) return;
    cancel();
    let due = Infinity;
    try {
      due = await work();
      told = "";
    } catch (error) {
      warn(asFailure(error));
    }
    if (stopped) return;
    const ms = Math.max(0, Math.min(due - clock.now(), times.pollMs));
    cancel = clock.after(ms, () => void turn(look));
  }

  /** One after the other: what one read, the next must not write over. */
  function turn(work: () => Promise<number>): Promise<void> {
    queue = queue.then(() => run(work));
    return queue;
  }

  void turn(async () => clock.now() + times.pollMs);
  return {
    get kept() {
      return kept;
    },
    registered(of) {
      const bundle = bundleOf(of);
      const isKnown = registered?.bundle === bundle && registered.pathKey === of.pathKey;
      if (!isKnown) registered = { bundle, pathKey: of.pathKey, at: clock.now() };
    },
    offer: (certificate) =>
      turn(async () => {
        const written = await store.write(offered(kept, certificate, clock.now()), version);
        if (written !== undefined) version = written;
        return await look();
      }),
    stop() {
      stopped = true;
      cancel();
    },
  };
}

const messages = {
  Announce: "a new certificate of the webhook is announced to the API server",
  Switch: "the webhook's certificate was renewed",
  Forget: "the authority of the webhook's certificate before is not trusted any more",
  Replace: "the webhook's certificate was over: it is replaced",
} as const;

/** What is kept once a certificate came that others made. */
function offered(kept: Kept, certificate: ServingCertificate, now: number): Kept {
  const { serving } = kept;
  const retired = pemWithout(serving.ca + kept.retired, certificate.ca);
  const isTrusted = certificate.ca === serving.ca || now >= serving.notAfter;
  if (certificate.cert === serving.cert) return { ...kept, serving: certificate, next: undefined, retired };
  return isTrusted ? { ...kept, serving: certificate, next: undefined } : announced(kept, certificate);
}

async function open(options: KeeperOptions): Promise<{ kept: Kept; version: string }> {
  const { store, clock, log, names, times } = options;
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    const stored = await store.read();
    const problem = stored.ok ? unusable(stored.kept, options, clock.now()) : stored.problem;
    if (stored.ok && problem === "") {
      return { kept: stored.kept, version: stored.version };
    }
    if (!stored.isEmpty) log.warn({ problem }, "the webhook's certificate that is kept cannot be used: it is replaced");
    const serving = await createServingCertificate(names, clock.now(), times.lifetimeMs);
    const pathKey = stored.ok ? stored.kept.pathKey : randomBytes(18).toString("hex");
    const kept: Kept = { serving, next: undefined, retired: "", pathKey };
    const version = await store.write(kept, stored.version);
    if (version !== undefined) return { kept, version };
  }
  throw retry("WebhookCertificateInvalid", "the Secret of the webhook's certificate is written all the time by others");
}

/** What others renew is theirs, as it is. */
const isTheirs = ({ times }: Pick<KeeperOptions, "times">): boolean => times.renewBeforeMs === Infinity;

function unusable(kept: Kept, options: KeeperOptions, now: number): string {
  const { notAfter } = kept.serving;
  if (now >= notAfter && !isTheirs(options)) return `it was valid until ${new Date(notAfter).toISOString()}`;
  return misnamed(kept, options);
}

function misnamed({ serving }: Kept, options: Pick<KeeperOptions, "names" | "times">): string {
  const missing = isTheirs(options) ? [] : namesMissing(serving.cert, options.names);
  return missing.length === 0 ? "" : `it does not cover ${missing.join(", ")}`;
}
