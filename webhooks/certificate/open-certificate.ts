/** The webhook's certificate, kept where the flags say. */
import { createHash, randomBytes } from "node:crypto";
import type { ClusterReader, ClusterWriter } from "../../operator/ports.ts";
import type { Kind } from "../../operator/values.ts";
import { yearMs } from "./create-certificate.ts";
import { type CertificateKeeper, createKeeper, type KeeperOptions } from "./keeper.ts";
import type { Kept } from "./kept.ts";
import type { CertificateTimes } from "./next-step.ts";
import { readFolder, watchFolder } from "./read-folder.ts";
import { createMemoryStore, createSecretStore } from "./store.ts";

export type CertificatePlace =
  | { readonly keptIn: "Memory" }
  /** In the operator's namespace. */
  | { readonly keptIn: "Secret"; readonly name: string }
  | { readonly keptIn: "Folder"; readonly path: string };

export interface OpenOptions extends Pick<KeeperOptions, "clock" | "log" | "names" | "serve"> {
  readonly place: CertificatePlace;
  readonly cluster: Pick<ClusterReader, "get"> & Pick<ClusterWriter, "apply">;
  /** The operator's own. */
  readonly namespace: string;
  /** Name of the ValidatingWebhookConfiguration. */
  readonly configuration: string;
  /** Whether this replica has registered the webhook. */
  readonly leads: () => boolean;
  /** Registers it anew, with what is kept now. */
  readonly register: () => Promise<void>;
  readonly times?: Partial<CertificateTimes> | undefined;
}

const dayMs = 86_400_000;
const folderPollMs = 10_000;
/** The pause: two looks at the Secret, and half a minute for API servers to see a changed registration. */
const usual: CertificateTimes = {
  lifetimeMs: yearMs,
  renewBeforeMs: yearMs / 3,
  pauseMs: 150_000,
  overlapMs: 3_600_000,
  pollMs: 60_000,
};

/** Throws Failure. */
export async function openCertificate(options: OpenOptions): Promise<CertificateKeeper> {
  const { place, cluster, namespace } = options;
  const times = { ...usual, ...options.times };
  if (place.keptIn === "Memory") return await keepAlone(options, times);
  if (place.keptIn === "Folder") return await followFolder(options, place.path, times);
  return await createKeeper({ ...options, times, store: createSecretStore(cluster, namespace, place.name) });
}

/** What one process keeps it renews itself, whether or not it is the one that registers the webhook. */
async function keepAlone(options: OpenOptions, times: CertificateTimes, first?: Kept): Promise<CertificateKeeper> {
  const keeper = await createKeeper({
    ...options,
    times: { ...times, pollMs: dayMs },
    store: createMemoryStore(first),
    leads: () => true,
    register: async () => (options.leads() ? await options.register() : keeper.registered(keeper.kept)),
  });
  return keeper;
}

async function followFolder(options: OpenOptions, path: string, times: CertificateTimes): Promise<CertificateKeeper> {
  const first = await readFolder(path);
  const kept: Kept = { serving: first, next: undefined, retired: "", pathKey: await sharedPathKey(options) };
  const keeper = await keepAlone(options, { ...times, renewBeforeMs: Infinity }, kept);
  const pollMs = options.times?.pollMs ?? folderPollMs;
  const cancel = watchFolder({ ...options, path, first, pollMs, onChange: (certificate) => keeper.offer(certificate) });
  return {
    get kept() {
      return keeper.kept;
    },
    registered: (of) => keeper.registered(of),
    offer: (certificate) => keeper.offer(certificate),
    stop() {
      cancel();
      keeper.stop();
    },
  };
}

/** The same for all replicas, and no better known than the path itself: who reads the one object reads the other. */
async function sharedPathKey({ cluster, configuration }: OpenOptions): Promise<string> {
  const found = await cluster.get(configurationKind, "", configuration);
  const { uid } = (found?.["metadata"] ?? {}) as { readonly uid?: string };
  if (uid === undefined) return randomBytes(18).toString("base64url");
  return createHash("sha256").update(`clickscribe webhook ${uid}`).digest("base64url").slice(0, 24);
}

const configurationKind: Kind = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  resource: "validatingwebhookconfigurations",
  namespaced: false,
  verbs: [],
  subresources: [],
};
