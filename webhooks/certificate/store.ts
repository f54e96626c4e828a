/** Where the webhook's certificate is kept: in a Secret that all replicas share, or in this process alone. */
import { asFailure, stalled } from "../../operator/failures.ts";
import type { ClusterReader, ClusterWriter } from "../../operator/ports.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { fromSecretData, type Kept, type Parsed, toSecretData } from "./kept.ts";

export type Stored = Parsed & {
  /** What a write must name to be the next one after what was read. */
  readonly version: string;
  /** Nobody has put anything there yet. */
  readonly isEmpty: boolean;
};

export interface CertificateStore {
  /** Throws Failure. */
  read(): Promise<Stored>;
  /** Answers the version that it has then; undefined: somebody else wrote first, and nothing was written. Throws Failure. */
  write(kept: Kept, version: string): Promise<string | undefined>;
}

const secretKind: Kind = {
  group: "",
  version: "v1",
  kind: "Secret",
  resource: "secrets",
  namespaced: true,
  verbs: [],
  subresources: [],
};

/** A Secret that exists, if only empty: it takes the rights `get` and `patch` of that one name. */
export function createSecretStore(
  cluster: Pick<ClusterReader, "get"> & Pick<ClusterWriter, "apply">,
  namespace: string,
  name: string,
): CertificateStore {
  return {
    async read() {
      const secret = await cluster.get(secretKind, namespace, name);
      if (secret === undefined) {
        throw stalled(
          "WebhookCertificateInvalid",
          `--webhook-secret names the Secret ${namespace}/${name}, which does not exist: create it empty, as the Helm chart does; the operator fills it`,
        );
      }
      const data = decoded(secret);
      return { ...fromSecretData(data), version: versionOf(secret), isEmpty: Object.keys(data).length === 0 };
    },
    async write(kept, version) {
      const data = Object.entries(toSecretData(kept)).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
      try {
        const written = await cluster.apply({
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name, namespace, resourceVersion: version },
          data: Object.fromEntries(data) as JsonObject,
        });
        return versionOf(written);
      } catch (error) {
        if (asFailure(error).data["status"] === 409) return undefined;
        throw error;
      }
    },
  };
}

/** For one process; it ends with it. */
export function createMemoryStore(first?: Kept): CertificateStore {
  let kept = first;
  let version = 0;
  return {
    async read() {
      const parsed: Parsed = kept === undefined ? { ok: false, problem: "nothing is kept yet" } : { ok: true, kept };
      return { ...parsed, version: String(version), isEmpty: kept === undefined };
    },
    async write(next) {
      kept = next;
      return String(++version);
    },
  };
}

function versionOf(object: JsonObject): string {
  const { resourceVersion } = (object["metadata"] ?? {}) as { readonly resourceVersion?: string };
  return resourceVersion ?? "";
}

function decoded(secret: JsonObject): Readonly<Record<string, string>> {
  const data = (secret["data"] ?? {}) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(String(value), "base64").toString("utf8")]),
  );
}
