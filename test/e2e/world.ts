/** The real parts that an end-to-end test runs against; each test has a namespace, a repository and a Capture of its own. */
import assert from "node:assert/strict";
import type { RequestOptions } from "../control-plane/api-client.ts";
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "../control-plane/control-plane.ts";
import { type GitServer, type GitServerOptions, startGitServer } from "../git/git-server.ts";
import type { LogEntry, RepositoryOptions, TestRepository } from "../git/test-repository.ts";
import { installClickscribe } from "../harness/install.ts";
import { type OperatorProcess, startOperator } from "../harness/operator-process.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";

export const clusterName = "e2e";
export const operatorName = "clickscribe";

export interface WorldOptions {
  readonly plane?: ControlPlaneOptions;
  readonly git?: GitServerOptions;
  readonly flags?: readonly string[];
  /** False: `startOperator` is left to the test. Default: true. */
  readonly operator?: boolean;
}

export interface World {
  readonly plane: ControlPlane;
  readonly git: GitServer;
  readonly kubeconfig: string;
  /** The one that runs now; throws where none does. */
  readonly operator: OperatorProcess;
  /** Ends the one that runs, if any, and starts another. */
  startOperator(flags?: readonly string[]): Promise<OperatorProcess>;
  kill(): Promise<void>;
  place(namespace: string, options?: PlaceOptions): Promise<Place>;
  stop(): Promise<void>;
}

export interface PlaceOptions {
  readonly repository?: RepositoryOptions;
  /** Instead of a fresh one. */
  readonly existing?: TestRepository;
  readonly spec?: object;
  /** Of the GitRemote's spec, beside URL and Secret. */
  readonly remote?: object;
  /** Of the GitRemote, over the repository's own. */
  readonly url?: string;
  /** Name of its Secret. */
  readonly secret?: string;
  /** Objects that are there before the Capture. */
  readonly objects?: readonly KubeObject[];
  /** Answer without waiting for the Capture to be ready. */
  readonly wait?: boolean;
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

// oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON, read by tests that know what they asked for
export type Raw = any;

/** A namespace with a repository, the GitRemote `platform` and the Capture `all` of path `apps`. */
export interface Place {
  readonly namespace: string;
  readonly repository: TestRepository;
  readonly recordRef: string;
  /** A request as a user; rejects unless it succeeds. Answers the object. */
  send(user: string, method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Raw>;
  create(user: string, object: KubeObject): Promise<Raw>;
  capture(): Promise<Raw>;
  ready(): Promise<Condition>;
  annotate(annotations: Readonly<Record<string, string | null>>): Promise<void>;
  events(reason: string, name?: string): Promise<readonly Raw[]>;
  /** Of the source branch, without what was there before the Capture. */
  commits(): Promise<readonly LogEntry[]>;
  waitForCommits(count: number, timeoutMs?: number): Promise<readonly LogEntry[]>;
  /** Until the condition Ready has this reason. */
  waitForReason(reason: string, timeoutMs?: number): Promise<Condition>;
}

export const plurals: Readonly<Record<string, string>> = {
  ConfigMap: "configmaps",
  Secret: "secrets",
  Deployment: "deployments",
  Service: "services",
  ReplicaSet: "replicasets",
};

/** The URL of the objects of a kind in a namespace, or of one of them. */
export function pathOf(namespace: string, kind: string, name = ""): string {
  const root = kind === "Deployment" || kind === "ReplicaSet" ? "/apis/apps/v1" : "/api/v1";
  return `${root}/namespaces/${namespace}/${plurals[kind]}${name === "" ? "" : `/${name}`}`;
}

export function configMap(name: string, data: Readonly<Record<string, string>>, metadata: object = {}): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, ...metadata }, data };
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const plane = await startControlPlane({ progress: () => undefined, ...options.plane });
    stack.defer(() => plane.stop());
    const git = await startGitServer(options.git);
    stack.defer(() => git.stop());
    const { kubeconfig } = await installClickscribe({ controlPlane: plane });
    let operator: OperatorProcess | undefined;
    const kill = async (): Promise<void> => {
      await operator?.kill();
      operator = undefined;
    };
    stack.defer(kill);
    const start: World["startOperator"] = async (flags = options.flags ?? []) => {
      await kill();
      operator = await startOperator({ kubeconfig, clusterName, flags });
      return operator;
    };
    if (options.operator !== false) await start();
    const disposables = stack.move();
    return {
      plane,
      git,
      kubeconfig,
      get operator() {
        assert.ok(operator, "no operator runs");
        return operator;
      },
      startOperator: start,
      kill,
      place: (namespace, placeOptions) => makePlace(plane, git, namespace, placeOptions),
      stop: () => disposables.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function makePlace(
  plane: ControlPlane,
  git: GitServer,
  namespace: string,
  options: PlaceOptions = {},
): Promise<Place> {
  const repository = options.existing ?? (await git.createRepository(namespace, options.repository));
  const before = new Set((await repository.log()).map(({ oid }) => oid));
  const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}`;
  const send: Place["send"] = async (user, method, path, body, requestOptions) => {
    const { status, body: answer } = await plane.request(user, method, path, body, requestOptions);
    if (status >= 300) throw new Error(`${user}: ${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const capture = (): Promise<Raw> => send("admin", "GET", `${api}/captures/all`);
  const ready = async (): Promise<Condition> => {
    const conditions: readonly Condition[] = (await capture()).status?.conditions ?? [];
    return conditions.find(({ type }) => type === "Ready") ?? { type: "Ready", status: "", reason: "", message: "" };
  };
  const commits = async (): Promise<readonly LogEntry[]> =>
    (await repository.log()).filter(({ oid }) => !before.has(oid));
  const place: Place = {
    namespace,
    repository,
    recordRef: `refs/clickscribe/${clusterName}/c/${namespace}/all`,
    send,
    create: (user, object) => send(user, "POST", pathOf(namespace, object.kind), object),
    capture,
    ready,
    annotate: async (annotations) => {
      await send("admin", "PATCH", `${api}/captures/all`, { metadata: { annotations } });
    },
    async events(reason, name) {
      const { items } = await send("admin", "GET", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`);
      return (items as Raw[]).filter(
        (event) => event.reason === reason && (name === undefined || event.regarding.name === name),
      );
    },
    commits,
    waitForCommits: async (count, timeoutMs = 20_000) =>
      await waitFor(
        `${count} commits`,
        async () => {
          const found = await commits();
          return found.length >= count ? found : undefined;
        },
        {
          timeoutMs,
          seen: async () => [(await commits()).map((c) => `${c.author.name}: ${c.subject}`), await ready()],
        },
      ),
    waitForReason: async (reason, timeoutMs = 20_000) =>
      await waitFor(
        `Ready to be ${reason}`,
        async () => {
          const found = await ready();
          return found.reason === reason ? found : undefined;
        },
        { timeoutMs, seen: ready },
      ),
  };
  await ensureNamespace(plane, namespace);
  for (const object of options.objects ?? []) await place.create("admin", object);
  const { url = repository.url, secret, remote: remoteSpec = {} } = options;
  const named = { name: "platform", namespace, url, spec: remoteSpec };
  const remote = gitRemoteObject({ ...named, ...(secret !== undefined && { secret }) });
  await send("admin", "POST", `${api}/gitremotes`, remote);
  const spec = { batching: { quietPeriod: "0s" }, ...options.spec };
  await send(
    "admin",
    "POST",
    `${api}/captures`,
    captureObject({ name: "all", namespace, remote: "platform", path: "apps", spec }),
  );
  if (options.wait !== false) await place.waitForReason("Succeeded");
  return place;
}

/** With what a controller manager puts into it, so that a test meets no late change of it. */
async function ensureNamespace(plane: ControlPlane, name: string): Promise<void> {
  const { status, body } = await plane.request("admin", "POST", "/api/v1/namespaces", { metadata: { name } });
  if (status !== 201 && status !== 409) throw new Error(`namespace ${name}: ${status} ${JSON.stringify(body)}`);
}

/** Every object of a repository, reachable or not, as text. */
export async function everyObject(repository: TestRepository): Promise<string> {
  return await repository.git("cat-file", "--batch-all-objects", "--batch");
}

/** That each commit of the source branch changes something, and no two in a row the same way. */
export async function assertNothingTwice(repository: TestRepository): Promise<void> {
  let last = "";
  for (const { oid, parents, subject } of await repository.log()) {
    if (parents.length === 0) continue;
    const diff = await repository.git("diff-tree", "-p", "--no-commit-id", oid);
    assert.notEqual(diff, "", `${oid} changes nothing: ${subject}`);
    assert.notEqual(diff, last, `${oid} does again what its parent did: ${subject}`);
    last = diff;
  }
}
