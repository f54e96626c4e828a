/**
 * A real control plane on loopback for the demo and the tests: etcd, kube-apiserver and kube-controller-manager as plain
 * processes with their own CA, users and data folder.
 *
 * Several run side by side, in one process and in parallel ones. Nothing outlives `stop()`, nor this process (see
 * supervise.ts). The environment's KUBECONFIG and the home folder's are never read.
 */
import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, type ApiResponse, createApiClient, type RequestOptions } from "./api-client.ts";
import { type Binaries, resolveBinaries } from "./binaries.ts";
import { createAuthority } from "./certificates.ts";
import { BARE_ENV, type Running, startApiserver, startControllerManager, startEtcd, waitUntil } from "./servers.ts";
import type { Supervised } from "./supervise.ts";
import {
  CONTROLLER_MANAGER,
  type Credential,
  developerRights,
  kubeconfigText,
  newToken,
  type PolicyRule,
  STANDARD_USERS,
  tokenFile,
  type User,
} from "./users.ts";

export interface ControlPlaneOptions {
  /** Default: `resolveBinaries({ progress })`. */
  readonly binaries?: Binaries;
  /** One line of progress each, for people. Default: stderr. */
  readonly progress?: (line: string) => void;
  /** Without it no ReplicaSets, Pods or garbage collection appear and namespaces never finish deleting. Default: true. */
  readonly controllerManager?: boolean;
  /** Pods will be run (test/pods): they get tokens as ServiceAccount admission gives them. Default: false. */
  readonly pods?: boolean;
  /** Writes every request with its bodies to `logs().audit`. Default: false. */
  readonly auditLog?: boolean;
  /** More flags, after the own ones: a repeated flag wins. */
  readonly apiserverFlags?: readonly string[];
  readonly controllerManagerFlags?: readonly string[];
  /** The API server's port, for a cluster rebuilt at the same address. Default: a free one. */
  readonly port?: number;
  /** The name of context and cluster in kubeconfigs. Default: `control-plane`. */
  readonly context?: string;
  /** What alice, bob and carol may do besides ClusterRole `edit`: custom resources, say. */
  readonly developerRules?: readonly PolicyRule[];
}

export interface KubectlOptions {
  /** Default: `admin`. */
  readonly user?: string;
  readonly input?: string;
  /** False: answer with the exit code instead of rejecting when it is not 0. Default: true. */
  readonly check?: boolean;
  /** The editor of `kubectl edit`, a command that gets the file's name. */
  readonly editor?: string;
}

export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ControlPlane {
  /** `https://127.0.0.1:PORT`; stays the same when the API server restarts. */
  readonly server: string;
  /** PEM of the authority that signed the API server's certificate, and the file that holds it. */
  readonly ca: string;
  readonly caFile: string;
  readonly context: string;
  /** Data, logs and kubeconfigs; removed by `stop()`. */
  readonly folder: string;
  /** Where etcd serves its gRPC and JSON gateway, without authentication. */
  readonly etcd: string;
  readonly binaries: Binaries;
  /** admin (`system:masters`), alice, bob and carol (`developers`), and who `addUser` added. */
  users(): readonly User[];
  /** A user with a client certificate, for one who should have no token or other groups. */
  addUser(name: string, groups: readonly string[]): Promise<User>;
  /** The bearer token of a standard user; throws for a user with a certificate. */
  token(user: string): string;
  /** The path of a kubeconfig file with the credential of `user` and one context. */
  kubeconfig(user: string): Promise<string>;
  /** A token of the TokenRequest API, valid for an hour; the ServiceAccount is created if it is missing. */
  serviceAccountToken(namespace: string, name: string, expirationSeconds?: number): Promise<string>;
  /** The path of a kubeconfig file with such a token. */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>;
  /** The real kubectl, as a user; rejects with its stderr unless `check` is false. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<KubectlResult>;
  /** A raw request as a user; answers whatever the status. */
  request(user: string, method: string, path: string, body?: unknown, options?: RequestOptions): Promise<ApiResponse>;
  /** Ends the API server and leaves etcd and its port: connections are then refused. 0 (default) kills it at once. */
  stopApiserver(graceMs?: number): Promise<void>;
  /**
   * Starts it again at the same address on the same data, and answers when it is ready. `kubeApiserver` is the path of
   * another binary, which runs from now on: an upgrade in place. Watches from before answer 410, as after a restart.
   */
  startApiserver(kubeApiserver?: string): Promise<void>;
  restartApiserver(graceMs?: number): Promise<void>;
  /** Forgets all history in etcd. With a restart of the API server, whose cache remembers too, older watches answer 410. */
  compact(): Promise<void>;
  logs(): {
    readonly etcd: string;
    readonly apiserver: string;
    readonly controllerManager: string;
    readonly audit: string;
  };
  /** The process ids of what runs now. */
  pids(): readonly number[];
  /** Ends all processes and removes the folder; may be called again. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts a control plane and answers once `/readyz` is ok, users have their rights and, with the controller manager, ServiceAccount `default` exists. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const progress = options.progress ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const binaries = options.binaries ?? (await resolveBinaries({ progress }));
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-control-plane-"));
  const context = options.context ?? "control-plane";
  const withControllers = options.controllerManager ?? true;

  const running = new Set<Supervised>();
  const clients = new Map<string, ApiClient>();
  const credentials = new Map<string, Credential>();
  const people: User[] = [...STANDARD_USERS];
  let stopping: Promise<void> | undefined;

  async function release(): Promise<void> {
    await Promise.all([...clients.values()].map((client) => client.close()));
    await Promise.all([...running].map((process) => process.stop(0)));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    const tokens = new Map([...STANDARD_USERS, CONTROLLER_MANAGER].map((user) => [user.name, newToken()]));
    for (const [name, token] of tokens) credentials.set(name, { token });

    const inFolder = (name: string): string => join(folder, name);
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(inFolder(name), text, { mode: 0o600 });
      return inFolder(name);
    };
    const onStart = (process: Supervised): void => void running.add(process);
    const etcdStarting = startEtcd(binaries, folder, onStart);
    etcdStarting.catch(() => undefined);

    await mkdir(inFolder("kubeconfigs"), { mode: 0o700 });
    const authority = await createAuthority();
    const serving = await authority.issueServer(
      ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
      ["127.0.0.1", "10.0.0.1"],
    );
    const signing = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const files = {
      serverCertificate: await write("apiserver.crt", serving.certificate),
      serverKey: await write("apiserver.key", serving.key),
      clientCa: await write("ca.crt", authority.certificate),
      tokens: await write("tokens.csv", tokenFile([...STANDARD_USERS, CONTROLLER_MANAGER], tokens)),
      serviceAccountKey: await write("sa.key", signing.privateKey),
      serviceAccountPublicKey: await write("sa.pub", signing.publicKey),
    };
    const etcd = await etcdStarting;

    const readiness = async (server: string): Promise<boolean> => {
      const client = createApiClient(server, authority.certificate, { token: tokens.get("admin") ?? "" });
      try {
        return (await client.request("GET", "/readyz")).status === 200;
      } finally {
        await client.close();
      }
    };
    const launch = (port: number | undefined, kubeApiserver: string): Promise<Running> =>
      startApiserver({
        kubeApiserver,
        folder,
        etcdPort: etcd.port,
        files,
        port,
        auditLogFile: options.auditLog === true ? inFolder("audit.log") : undefined,
        pods: options.pods ?? false,
        flags: options.apiserverFlags ?? [],
        ready: readiness,
        onStart,
      });
    let { kubeApiserver } = binaries;
    let apiserver = await launch(options.port, kubeApiserver);
    const server = `https://127.0.0.1:${apiserver.port}`;

    const credentialOf = (user: string): Credential => {
      const credential = credentials.get(user);
      if (credential === undefined) throw new Error(`no user ${user} here: ${[...credentials.keys()].join(", ")}`);
      return credential;
    };
    const clientOf = (user: string): ApiClient => {
      const known = clients.get(user);
      if (known) return known;
      const client = createApiClient(server, authority.certificate, credentialOf(user));
      clients.set(user, client);
      return client;
    };
    const request: ControlPlane["request"] = (user, method, path, body, requestOptions) =>
      clientOf(user).request(method, path, body, requestOptions);
    const writeKubeconfig = (user: string, credential: Credential): Promise<string> =>
      write(
        join("kubeconfigs", `${user.replaceAll(/[^A-Za-z0-9.-]/gu, "_")}.json`),
        kubeconfigText({ context, server, ca: authority.certificate, user, credential }),
      );

    if (withControllers) {
      onStart(
        startControllerManager({
          binaries,
          folder,
          kubeconfig: await writeKubeconfig(CONTROLLER_MANAGER.name, credentialOf(CONTROLLER_MANAGER.name)),
          caFile: files.clientCa,
          serviceAccountKey: files.serviceAccountKey,
          flags: options.controllerManagerFlags ?? [],
        }),
      );
    }
    await Promise.all(
      developerRights(options.developerRules ?? []).map(async ({ path, object }) => {
        const answer = await request("admin", "POST", path, object);
        if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
      }),
    );
    await waitUntil(undefined, "the rights of alice", 30_000, async () => {
      const answer = await request("alice", "GET", "/apis/apps/v1/namespaces/default/deployments");
      return answer.status === 200;
    });
    if (withControllers) {
      await waitUntil(undefined, "ServiceAccount default (kube-controller-manager)", 60_000, async () => {
        const answer = await request("admin", "GET", "/api/v1/namespaces/default/serviceaccounts/default");
        return answer.status === 200;
      });
    }

    const stopApiserver = async (graceMs = 0): Promise<void> => {
      await apiserver.process.stop(graceMs);
      running.delete(apiserver.process);
    };
    const relaunch = async (another?: string): Promise<void> => {
      if (apiserver.process.exitCode() === undefined) return;
      kubeApiserver = another ?? kubeApiserver;
      apiserver = await launch(apiserver.port, kubeApiserver);
    };
    const serviceAccountToken = async (
      namespace: string,
      name: string,
      expirationSeconds = 86_400,
    ): Promise<string> => {
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
      const created = await request("admin", "POST", path, { metadata: { name } });
      if (created.status !== 201 && created.status !== 409) {
        throw new Error(`ServiceAccount ${namespace}/${name}: ${created.status} ${JSON.stringify(created.body)}`);
      }
      const answer = await request("admin", "POST", `${path}/${name}/token`, { spec: { expirationSeconds } });
      if (answer.status !== 201) throw new Error(`token of ${namespace}/${name}: ${answer.status}`);
      return answer.body.status.token;
    };

    const controlPlane: ControlPlane = {
      server,
      ca: authority.certificate,
      caFile: files.clientCa,
      context,
      folder,
      etcd: `http://127.0.0.1:${etcd.port}`,
      binaries,
      users: () => [...people],
      async addUser(name, groups) {
        if (credentials.has(name)) throw new Error(`user ${name} is there already`);
        credentials.set(name, await authority.issueClient(name, groups));
        const user = { name, groups: [...groups] };
        people.push(user);
        return user;
      },
      token(user) {
        const credential = credentialOf(user);
        if ("token" in credential) return credential.token;
        throw new Error(`user ${user} has a client certificate, no token`);
      },
      kubeconfig: (user) => writeKubeconfig(user, credentialOf(user)),
      serviceAccountToken,
      async serviceAccountKubeconfig(namespace, name) {
        const token = await serviceAccountToken(namespace, name);
        return writeKubeconfig(`system:serviceaccount:${namespace}:${name}`, { token });
      },
      async kubectl(args, kubectlOptions = {}) {
        const user = kubectlOptions.user ?? "admin";
        const kubeconfig = await writeKubeconfig(user, credentialOf(user));
        const result = await run(binaries.kubectl, args, kubectlOptions.input ?? "", {
          ...BARE_ENV,
          HOME: folder,
          KUBECONFIG: kubeconfig,
          KUBECACHEDIR: join(folder, "kubectl-cache"),
          ...(kubectlOptions.editor !== undefined && { KUBE_EDITOR: kubectlOptions.editor }),
        });
        if (result.code !== 0 && (kubectlOptions.check ?? true)) {
          throw new Error(`kubectl ${args.join(" ")} (as ${user}): exit code ${result.code}\n${result.stderr}`);
        }
        return result;
      },
      request,
      stopApiserver,
      startApiserver: relaunch,
      async restartApiserver(graceMs = 0) {
        await stopApiserver(graceMs);
        await relaunch();
      },
      compact: () => compactEtcd(`http://127.0.0.1:${etcd.port}`),
      logs: () => ({
        etcd: inFolder("etcd.log"),
        apiserver: inFolder("kube-apiserver.log"),
        controllerManager: inFolder("kube-controller-manager.log"),
        audit: inFolder("audit.log"),
      }),
      pids: () => [...running].filter((process) => process.exitCode() === undefined).map((process) => process.pid),
      stop: () => (stopping ??= release()),
      [Symbol.asyncDispose]: () => controlPlane.stop(),
    };
    return controlPlane;
  } catch (error) {
    await release();
    throw error;
  }
}

function run(
  command: string,
  args: readonly string[],
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<KubectlResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, { env, maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** Over etcd's JSON gateway: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/ */
async function compactEtcd(etcd: string): Promise<void> {
  const post = async (path: string, body: object): Promise<{ header?: { revision?: string } }> => {
    const answer = await fetch(`${etcd}${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { header?: { revision?: string } };
  };
  const { header } = await post("/v3/kv/range", { key: "AA==", limit: 1 });
  await post("/v3/kv/compaction", { revision: header?.revision ?? "0", physical: true });
}
