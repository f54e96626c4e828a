/**
 * Argo CD at work in a control plane: its application-controller and repo-server with a redis, as plain processes on
 * loopback. It is who admission says it is: `system:serviceaccount:argocd:argocd-application-controller`.
 */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ControlPlane } from "../control-plane/control-plane.ts";
import { startOnFreePorts, waitUntil } from "../control-plane/servers.ts";
import { type Supervised, supervise } from "../control-plane/supervise.ts";
import type { Raw } from "../e2e/world.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { resolvePart } from "./parts/parts.ts";

export interface FollowOptions {
  /** Default: the name of the Application. */
  readonly namespace?: string;
  /** Default: it heals itself and prunes. */
  readonly automated?: object | undefined;
  /** Of the Application's source, beside URL, branch and path. Default: it looks into folders. */
  readonly source?: object;
}

export interface ArgoCd {
  /** Makes an Application in the namespace `argocd` that reads a folder of a repository's branch main. */
  follow(name: string, repository: TestRepository, path: string, options?: FollowOptions): Promise<void>;
  application(name: string): Promise<Raw>;
  /** A JSON merge patch of an Application. */
  patch(name: string, change: object): Promise<void>;
  /** Has it looked at now, and answers when this commit, by default the branch's newest, was found to be applied. */
  apply(name: string, repository: TestRepository, commit?: string): Promise<void>;
  /** As `argocd app rollback`: automated sync is switched off, and an older commit synced. Answers when that is done. */
  rollback(name: string, commit: string): Promise<void>;
  /** Ends the application-controller, or lets it run again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

const namespace = "argocd";
const api = `/apis/argoproj.io/v1alpha1/namespaces/${namespace}/applications`;

/** `resyncSeconds`: how often it looks by itself. Default: 180, as it is installed. */
export async function startArgoCd(
  plane: ControlPlane,
  { resyncSeconds = 180 }: { readonly resyncSeconds?: number } = {},
): Promise<ArgoCd> {
  const [program, redisProgram] = [await resolvePart("argocd"), await resolvePart("redis-server")];
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "clickscribe-argocd-"));
  stack.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  await install(plane, dirname(program));
  const env = await environment(
    folder,
    await plane.serviceAccountKubeconfig(namespace, "argocd-application-controller"),
  );
  const logFile = (name: string): string => join(folder, `${name}.log`);

  const started = async (
    name: string,
    ports: number,
    command: (ports: readonly number[]) => { readonly command: string; readonly args: readonly string[] },
  ): Promise<{ readonly process: Supervised; readonly port: number }> =>
    startOnFreePorts(ports, logFile(name), async (free) => {
      const [port = 0] = free;
      // For how long a branch is taken for where it was, unless somebody asks to look.
      const named = { ...env, ARGOCD_BINARY_NAME: name, ARGOCD_RECONCILIATION_TIMEOUT: `${resyncSeconds}s` };
      const process = supervise({
        ...command(free),
        env: named,
        cwd: folder,
        logFile: logFile(name),
        removeWhenOrphaned: folder,
      });
      await waitUntil(process, name, 60_000, () => isOpen(port));
      return { process, port };
    });

  const redis = await started("redis", 1, ([port]) => ({
    command: redisProgram,
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder],
  }));
  stack.defer(() => redis.process.stop(0));
  const redisAddress = `127.0.0.1:${redis.port}`;
  const repoServer = await started("argocd-repo-server", 2, ([port, metrics]) => ({
    command: program,
    args: [
      ...["--address", "127.0.0.1", "--port", String(port), "--metrics-address", "127.0.0.1"],
      ...["--metrics-port", String(metrics), "--disable-tls", "--redis", redisAddress],
    ],
  }));
  stack.defer(() => repoServer.process.stop(0));
  const startController = (): Promise<{ readonly process: Supervised }> =>
    started("argocd-application-controller", 1, ([metrics]) => ({
      command: program,
      args: [
        ...["--kubeconfig", env["KUBECONFIG"] ?? "", "--namespace", namespace, "--metrics-port", String(metrics)],
        ...["--repo-server", `127.0.0.1:${repoServer.port}`, "--repo-server-plaintext", "--redis", redisAddress],
        ...["--app-resync", String(resyncSeconds), "--app-resync-jitter", "0"],
      ],
    }));
  let controller = await startController();
  stack.defer(() => controller.process.stop(0));
  const disposables = stack.move();

  const send = async (method: string, path: string, body?: object): Promise<Raw> => {
    const { status, body: answer } = await plane.request("admin", method, `${api}${path}`, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const application = (name: string): Promise<Raw> => send("GET", `/${name}`);
  const patch = async (name: string, change: object): Promise<void> => void (await send("PATCH", `/${name}`, change));
  const until = async (what: string, name: string, isSo: (status: Raw) => boolean): Promise<void> => {
    await waitFor(
      what,
      async () => {
        const code = controller.process.exitCode();
        if (code !== undefined) throw new Error(`argocd-application-controller ended with exit code ${code}`);
        return isSo((await application(name)).status ?? {}) ? true : undefined;
      },
      {
        timeoutMs: 60_000,
        seen: async () => [
          (await application(name)).status,
          (await readFile(logFile("argocd-application-controller"), "utf8")).slice(-2_000),
        ],
      },
    );
  };

  return {
    async follow(name, repository, path, options = {}) {
      const { namespace: target = name, source = { directory: { recurse: true } } } = options;
      const automated = "automated" in options ? options.automated : { prune: true, selfHeal: true };
      await send("POST", "", {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "Application",
        metadata: { name },
        spec: {
          project: "default",
          destination: { server: "https://kubernetes.default.svc", namespace: target },
          source: { repoURL: repository.url, targetRevision: "main", path, ...source },
          ...(automated && { syncPolicy: { automated } }),
        },
      });
    },
    application,
    patch,
    async apply(name, repository, given) {
      const commit = given ?? (await repository.tip("main")) ?? "";
      await patch(name, { metadata: { annotations: { "argocd.argoproj.io/refresh": "normal" } } });
      await until(
        `Argo CD to apply ${commit.slice(0, 7)}`,
        name,
        ({ sync }) => sync?.status === "Synced" && sync.revision === commit,
      );
    },
    async rollback(name, commit) {
      await patch(name, { spec: { syncPolicy: { automated: null } } });
      await patch(name, { operation: { initiatedBy: { username: "admin" }, sync: { revision: commit, prune: true } } });
      await until(
        `Argo CD to go back to ${commit.slice(0, 7)}`,
        name,
        ({ operationState }) => operationState?.phase === "Succeeded" && operationState.syncResult?.revision === commit,
      );
    },
    async pause() {
      await controller.process.stop(0);
    },
    async resume() {
      controller = await startController();
    },
    stop: () => disposables.disposeAsync(),
  };
}

async function install(plane: ControlPlane, folder: string): Promise<void> {
  for (const kind of ["application", "applicationset", "appproject"])
    await plane.kubectl(["apply", "--server-side", "-f", join(folder, `manifests/crds/${kind}-crd.yaml`)]);
  await established(plane);
  const part = { labels: { "app.kubernetes.io/part-of": "argocd" } };
  const config = (name: string, data: object = {}): object => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, ...part },
    data,
  });
  const account = { kind: "ServiceAccount", name: "argocd-application-controller", namespace };
  const items = [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    config("argocd-cm"),
    config("argocd-rbac-cm"),
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "argocd-secret", namespace, ...part },
      stringData: { "server.secretkey": randomBytes(16).toString("hex") },
    },
    {
      apiVersion: "argoproj.io/v1alpha1",
      kind: "AppProject",
      metadata: { name: "default", namespace },
      spec: {
        sourceRepos: ["*"],
        destinations: [{ server: "*", namespace: "*" }],
        clusterResourceWhitelist: [{ group: "*", kind: "*" }],
      },
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "argocd-application-controller" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
      subjects: [account],
    },
  ];
  const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  await plane.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input });
}

async function environment(folder: string, kubeconfig: string): Promise<Readonly<Record<string, string>>> {
  const inFolder = async (name: string): Promise<string> => {
    const path = join(folder, name);
    await mkdir(path, { recursive: true });
    return path;
  };
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: await inFolder("home"),
    TMPDIR: await inFolder("tmp"),
    KUBECONFIG: kubeconfig,
    ARGOCD_FAKE_IN_CLUSTER: "true",
    ARGOCD_GPG_ENABLED: "false",
    ARGOCD_TLS_DATA_PATH: await inFolder("tls"),
    ARGOCD_SSH_DATA_PATH: await inFolder("ssh"),
    ARGOCD_GPG_DATA_PATH: await inFolder("gpg-source"),
    ARGOCD_GNUPGHOME: await inFolder("gpg-keys"),
    ARGOCD_PLUGINSOCKFILEPATH: await inFolder("plugins"),
    GIT_CONFIG_NOSYSTEM: "1",
  };
}

async function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
