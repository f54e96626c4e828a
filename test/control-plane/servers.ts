/**
 * etcd, kube-apiserver and kube-controller-manager as supervised processes on loopback.
 *
 * Ports are chosen by the kernel (port 0) and handed on by number, so another process may take one in between: a server
 * that ends because its address is in use is started again with other ports.
 */
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { request } from "undici";
import type { Binaries } from "./binaries.ts";
import { type Supervised, supervise } from "./supervise.ts";

const ATTEMPTS = 8;

/** Nothing of the caller's environment reaches the servers: no KUBECONFIG, no proxy, no home. */
export const BARE_ENV: Readonly<Record<string, string>> = { PATH: "/usr/bin:/bin" };

export interface Running {
  readonly process: Supervised;
  readonly port: number;
}

/** Is told of each process as it starts, ready or not: whoever stops the control plane has them all. */
export type OnStart = (process: Supervised) => void;

/** Starts etcd in a folder below `folder` and answers once it serves. */
export async function startEtcd(binaries: Binaries, folder: string, onStart: OnStart): Promise<Running> {
  const logFile = join(folder, "etcd.log");
  return startOnFreePorts(2, logFile, async ([port, peerPort]) => {
    const client = `http://127.0.0.1:${port}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    const process = supervise({
      command: binaries.etcd,
      args: [
        ...["--data-dir", join(folder, `etcd-${port}`), "--unsafe-no-fsync", "--log-level", "warn"],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", `default=${peer}`],
        // One member elects itself; the default waits a second for others to come forward.
        ...["--heartbeat-interval", "20", "--election-timeout", "200"],
      ],
      env: BARE_ENV,
      logFile,
      removeWhenOrphaned: folder,
    });
    onStart(process);
    await waitUntil(process, "etcd", 30_000, async () => {
      const answer = await request(`${client}/health`, { headersTimeout: 2_000 });
      return (await answer.body.text()).includes('"true"');
    });
    return { process, port: port ?? 0 };
  });
}

export interface ApiserverFiles {
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly clientCa: string;
  readonly tokens: string;
  readonly serviceAccountKey: string;
  readonly serviceAccountPublicKey: string;
}

/** Starts kube-apiserver on `port`, or on a free one; answers once `ready` does. */
export async function startApiserver(options: {
  readonly kubeApiserver: string;
  readonly folder: string;
  readonly etcdPort: number;
  readonly files: ApiserverFiles;
  readonly port: number | undefined;
  readonly auditLogFile: string | undefined;
  /** Whether somebody runs the Pods. */
  readonly pods: boolean;
  readonly flags: readonly string[];
  readonly ready: (server: string) => Promise<boolean>;
  readonly onStart: OnStart;
}): Promise<Running> {
  const { folder, files } = options;
  const logFile = join(folder, "kube-apiserver.log");
  const auditFlags: string[] = [];
  if (options.auditLogFile !== undefined) {
    const policy = join(folder, "audit-policy.json");
    await writeFile(
      policy,
      JSON.stringify({
        apiVersion: "audit.k8s.io/v1",
        kind: "Policy",
        omitStages: ["RequestReceived"],
        rules: [{ level: "RequestResponse" }],
      }),
    );
    auditFlags.push("--audit-policy-file", policy, "--audit-log-path", options.auditLogFile);
  }
  const start = async (port: number): Promise<Running> => {
    const server = `https://127.0.0.1:${port}`;
    const process = supervise({
      command: options.kubeApiserver,
      args: [
        ...["--etcd-servers", `http://127.0.0.1:${options.etcdPort}`],
        ...["--bind-address", "127.0.0.1", "--secure-port", String(port), "--cert-dir", join(folder, "certs")],
        ...["--tls-cert-file", files.serverCertificate, "--tls-private-key-file", files.serverKey],
        ...["--client-ca-file", files.clientCa, "--token-auth-file", files.tokens],
        ...["--service-account-issuer", server, "--service-account-key-file", files.serviceAccountPublicKey],
        ...["--service-account-signing-key-file", files.serviceAccountKey],
        ...["--authorization-mode", "RBAC", "--service-cluster-ip-range", "10.0.0.0/24"],
        // A Pod that is never run needs no token; with the plugin it would wait for its ServiceAccount.
        ...(options.pods ? [] : ["--disable-admission-plugins", "ServiceAccount"]),
        // No kube-proxy is here: webhooks behind a Service are reached by its EndpointSlices.
        ...["--allow-privileged=true", "--enable-aggregator-routing=true"],
        ...auditFlags,
        ...options.flags,
      ],
      env: BARE_ENV,
      cwd: folder,
      logFile,
      removeWhenOrphaned: folder,
    });
    options.onStart(process);
    await waitUntil(process, "kube-apiserver", 120_000, () => options.ready(server));
    return { process, port };
  };
  const wanted = options.port;
  if (wanted === undefined) return startOnFreePorts(1, logFile, ([port]) => start(port ?? 0));
  return startAgainWhileTaken(logFile, () => start(wanted));
}

/** Starts kube-controller-manager; it serves nothing and leads without an election. */
export function startControllerManager(options: {
  readonly binaries: Binaries;
  readonly folder: string;
  readonly kubeconfig: string;
  readonly caFile: string;
  readonly serviceAccountKey: string;
  readonly flags: readonly string[];
}): Supervised {
  return supervise({
    command: options.binaries.kubeControllerManager,
    args: [
      ...["--kubeconfig", options.kubeconfig, "--leader-elect=false", "--secure-port", "0"],
      ...["--use-service-account-credentials", "--service-account-private-key-file", options.serviceAccountKey],
      ...["--root-ca-file", options.caFile, "--kube-api-qps", "500", "--kube-api-burst", "1000"],
      ...options.flags,
    ],
    env: BARE_ENV,
    cwd: options.folder,
    logFile: join(options.folder, "kube-controller-manager.log"),
    removeWhenOrphaned: options.folder,
  });
}

/** Polls `ready` (a rejection is a no) until it says yes; throws when the process ends first, or after `timeoutMs`. */
export async function waitUntil(
  process: Supervised | undefined,
  what: string,
  timeoutMs: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    const code = process?.exitCode();
    if (code !== undefined) throw new Error(`${what} ended with exit code ${code}`);
    try {
      // Whoever else has the port may never answer: the end of the process ends the wait for an answer too.
      if (await Promise.race([ready(), ...(process ? [process.exited.then(() => false)] : [])])) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) {
      await process?.stop(0);
      throw new Error(`${what} was not ready within ${timeoutMs / 1000} s`, { cause: last });
    }
    await sleep(50);
  }
}

/** `start` with ports that were free a moment ago, and again with others where its log says that one was taken meanwhile. */
export async function startOnFreePorts(
  count: number,
  logFile: string,
  start: (ports: readonly number[]) => Promise<Running>,
): Promise<Running> {
  return retryWhileTaken(logFile, async () => start(await freePorts(count)), 0);
}

async function startAgainWhileTaken(logFile: string, start: () => Promise<Running>): Promise<Running> {
  return retryWhileTaken(logFile, start, 500);
}

async function retryWhileTaken(logFile: string, start: () => Promise<Running>, pauseMs: number): Promise<Running> {
  for (let attempt = 1; ; attempt++) {
    const before = (await readLog(logFile)).length;
    try {
      return await start();
    } catch (error) {
      const written = (await readLog(logFile)).slice(before);
      const taken = written.includes("address already in use");
      if (!taken || attempt === ATTEMPTS) {
        throw new Error(`${(error as Error).message}; the end of ${logFile}:\n${lastLines(written, 15)}`, {
          cause: error,
        });
      }
      await sleep(pauseMs);
    }
  }
}

async function readLog(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/** Ports that were free a moment ago; held together while they are chosen, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(0, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
  return ports;
}
