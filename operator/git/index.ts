import { createHash } from "node:crypto";
import { type AddressPolicy, type Resolve, resolveHost } from "../net/address-policy.ts";
import { createConnections } from "../net/connections.ts";
import type { Meter, RemoteAccess, Repositories, Repository } from "../ports.ts";
import type { RefName, Signature } from "../values.ts";
import { countRequests } from "./count-requests.ts";
import { createGitHubApps } from "./github-app.ts";
import { defaultLimits, type Limits } from "./limits.ts";
import { createLogin } from "./login.ts";
import { createLoginGuard } from "./login-guard.ts";
import { MemoryRepository } from "./memory-repository.ts";
import { createPackReader } from "./pack-reader.ts";
import { HttpRepository } from "./repository.ts";
import { type RefHistory, readHistory } from "./rewrite-history.ts";
import { createSigners } from "./signing/create-signer.ts";
import { createSessions } from "./ssh/sessions.ts";
import { createSshTransport } from "./ssh/ssh-transport.ts";
import { createTransport, type Transport } from "./transport.ts";
import { type RefTrial, tryRef } from "./try-ref.ts";

export type { AddressPolicy } from "../net/address-policy.ts";
export type { RefHistory, RewrittenHistory } from "./rewrite-history.ts";
export type { RefTrial } from "./try-ref.ts";

export interface RepositoriesOptions {
  readonly policy: AddressPolicy;
  /** Of Clickscribe, told to servers. */
  readonly version: string;
  readonly limits?: Partial<Limits>;
  /** For the texts of blobs, per repository. Default 64 MiB. */
  readonly blobCacheBytes?: number;
  readonly resolve?: Resolve;
  /** Told of every request. */
  readonly meter?: Meter;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
  /** Milliseconds since the epoch: tokens are signed and end by it. Default: the machine's. */
  readonly wallClock?: () => number;
}

export interface ClosableRepositories extends Repositories {
  /** The server's clock, in milliseconds since the epoch; undefined where it does not tell. Throws Failure. */
  clockOf(access: RemoteAccess): Promise<number | undefined>;
  /** Makes a ref that nobody else uses, and removes it again. Throws Failure where the outcome is unknown. */
  tryRef(access: RemoteAccess, ref: RefName, committer: Signature): Promise<RefTrial>;
  /** All commits of a ref, to be rewritten; undefined: there is no such ref. Throws Failure. */
  history(access: RemoteAccess, ref: RefName): Promise<RefHistory | undefined>;
  /** Ends all connections and threads; what is under way fails. */
  close(): Promise<void>;
}

/**
 * A Repository lives as long as somebody holds it: rotated credentials leave nothing behind. What one pair of URL and
 * credentials has read is never answered to another.
 */
export function createRepositories(options: RepositoriesOptions): ClosableRepositories {
  const limits = { ...defaultLimits, ...options.limits };
  const agent = `clickscribe/${options.version}`;
  const connections = createConnections(options.policy, options.resolve ?? resolveHost);
  const sessions = createSessions(connections);
  const packs = createPackReader(limits);
  const opened = new Map<string, WeakRef<Repository>>();
  const { policy } = options;
  // Servers look for git at the start of the user agent.
  const userAgent = `git/2.0 (${agent})`;
  const now = options.now ?? (() => performance.now());
  const wallClock = options.wallClock ?? (() => Date.now());
  const logins = createLoginGuard(now);
  const apps = createGitHubApps({ policy, connections, userAgent, wallClock });
  const transportTo = (access: RemoteAccess): Transport => {
    const transport = access.url.startsWith("ssh:")
      ? createSshTransport({ access, policy, sessions, limits })
      : createTransport({
          ...{ access, policy, connections, limits, userAgent, wallClock },
          login: createLogin(access, apps),
        });
    return logins.guard(access, options.meter === undefined ? transport : countRequests(transport, options.meter));
  };
  return {
    open(access) {
      const key = keyOf(access);
      const known = opened.get(key)?.deref();
      if (known !== undefined) return known;
      for (const [old, reference] of opened) if (reference.deref() === undefined) opened.delete(old);
      const repository = new HttpRepository({
        transport: transportTo(access),
        url: access.url,
        readOnly: access.readOnly ?? false,
        agent,
        limits,
        packs,
        blobCacheBytes: options.blobCacheBytes ?? 64 * 2 ** 20,
        now,
      });
      opened.set(key, new WeakRef(repository));
      return repository;
    },
    inMemory: () => new MemoryRepository({ limits, now }),
    signer: createSigners(),
    async clockOf(access) {
      const url = `${access.url.replace(/\/+$/, "")}/info/refs?service=git-upload-pack`;
      const asked = { method: "GET", url, headers: {}, idempotent: true, redirects: true } as const;
      const { date, body } = await transportTo(access).send(asked);
      for await (const _ of body) continue;
      return date;
    },
    tryRef: (access, ref, committer) => tryRef(transportTo(access), { url: access.url, ref, committer, agent }),
    history: (access, ref) =>
      readHistory({ transport: transportTo(access), url: access.url, agent, limits, packs }, ref),
    async close() {
      await Promise.all([connections.close(), sessions.close(), packs.close()]);
    },
  };
}

function keyOf(access: RemoteAccess): string {
  return createHash("sha256").update(JSON.stringify(access)).digest("hex");
}
