/** The real parts that a bench runs against: control plane, git server, and the operator as a process of its own. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { type GitServer, type PostReceive, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { installClickscribe } from "../harness/install.ts";
import { type OperatorProcess, startOperator } from "../harness/operator-process.ts";
import { captureObject, gitRemoteObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { buildRelease } from "./release.ts";

export interface World extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly git: GitServer;
  /** The one that runs now. */
  readonly operator: OperatorProcess;
  /** Another, once the one that runs was ended. Answers at once. */
  startOperator(): Promise<OperatorProcess>;
  /**
   * Names the namespace and gives it a repository, a GitRemote and a ready Capture of its ConfigMaps, quiet period 0.
   * `files`: so many that it has nothing to do with, or these.
   */
  capture(namespace: string, files: number | Readonly<Record<string, string>>, objects?: number): Promise<Captured>;
}

export interface Captured {
  readonly namespace: string;
  readonly repository: TestRepository;
  /** When each push of the source branch was done, oldest first. */
  readonly received: readonly PostReceive[];
}

export async function startWorld(progress: (line: string) => void): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    progress("starting control plane, git server and the operator, compiled");
    const { folder: release, env } = stack.use(await buildRelease());
    const plane = await startControlPlane({ progress });
    stack.defer(() => plane.stop());
    const git = await startGitServer();
    stack.defer(() => git.stop());
    const installed = await installClickscribe({ controlPlane: plane });
    const { kubeconfig } = installed;
    let operator = await startOperator({ kubeconfig, clusterName: "bench", release, env });
    stack.defer(() => operator.stop());
    const disposables = stack.move();
    return {
      plane,
      git,
      get operator() {
        return operator;
      },
      async startOperator() {
        operator = await startOperator({ kubeconfig, clusterName: "bench", release, env, waitUntilReady: false });
        return operator;
      },
      capture: (namespace, files, objects) => startCapture(plane, git, namespace, files, objects),
      [Symbol.asyncDispose]: () => disposables.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startCapture(
  plane: ControlPlane,
  git: GitServer,
  namespace: string,
  given: number | Readonly<Record<string, string>>,
  objects = 0,
): Promise<Captured> {
  const files = typeof given === "number" ? manyFiles(given) : given;
  const repository = await git.createRepository(namespace, { files });
  const received: PostReceive[] = [];
  git.onPostReceive((event) => {
    if (event.repository === repository.name && event.refs.some(({ ref }) => ref === "refs/heads/main"))
      received.push(event);
  });
  await must(plane, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  for (let i = 0; i < objects; i++)
    await must(plane, "POST", `/api/v1/namespaces/${namespace}/configmaps`, configMap(`app-${i}`));
  const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}`;
  await must(plane, "POST", `${api}/gitremotes`, gitRemoteObject({ name: "platform", namespace, url: repository.url }));
  await must(
    plane,
    "POST",
    `${api}/captures`,
    captureObject({
      name: "all",
      namespace,
      remote: "platform",
      path: "captured",
      spec: {
        batching: { quietPeriod: "0s", maxWait: "30s" },
        resources: { include: [{ groups: [""], kinds: ["ConfigMap"] }] },
      },
    }),
  );
  await waitFor(`Capture ${namespace}/all to be ready`, async () => {
    const { body } = await plane.request("admin", "GET", `${api}/captures/all`);
    const ready = body.status?.conditions?.find((condition: { type: string }) => condition.type === "Ready");
    return ready?.status === "True" ? true : undefined;
  });
  received.length = 0;
  return { namespace, repository, received };
}

/** Files that the capture has nothing to do with, a hundred to a folder. */
function manyFiles(count: number): Record<string, string> {
  const files: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    files[`platform/folder-${Math.floor(i / 100)}/file-${i}.txt`] = `file ${i}\n${"x".repeat(900)}\n`;
  }
  return files;
}

export function configMap(name: string, bytes = 200): object {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: { text: `${name} ${"x".repeat(bytes)}` } };
}

export interface Request {
  readonly method: "POST" | "PATCH" | "PUT";
  readonly path: string;
  readonly body: object;
}

/**
 * Sends requests as alice through so many connections, at most so many a second, and answers when the last one was
 * answered, with each one's time.
 */
export async function sendAll(
  plane: ControlPlane,
  connections: number,
  requests: readonly Request[],
  perSecond: number = Infinity,
): Promise<readonly number[]> {
  const began = epoch();
  const agent = new Agent({ connections, connect: { ca: plane.ca } });
  const answered: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < requests.length; i = next++) {
      const request = requests[i];
      if (request === undefined) return;
      const early = began + (i * 1000) / perSecond - epoch();
      if (early > 0) await sleep(early);
      const response = await agent.request({
        origin: plane.server,
        path: request.path,
        method: request.method,
        headers: {
          authorization: `Bearer ${plane.token("alice")}`,
          "content-type": request.method === "PATCH" ? "application/merge-patch+json" : "application/json",
        },
        body: JSON.stringify(request.body),
      });
      await response.body.dump();
      if (response.statusCode >= 300) throw new Error(`${request.method} ${request.path}: ${response.statusCode}`);
      answered[i] = epoch();
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  await agent.close();
  return answered;
}

/** Milliseconds since the epoch, with fractions: comparable with what the git server notes. */
export function epoch(): number {
  return performance.timeOrigin + performance.now();
}

/** Seconds of CPU that a process has used (proc(5); a tick is 10 ms). */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory that a process holds now, in MB (VmRSS of proc(5)). */
export function memory(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

/** The most memory that a process ever held, in MB (VmHWM of proc(5)). */
export function peakMemory(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

export async function must(plane: ControlPlane, method: string, path: string, body: object): Promise<void> {
  const { status, body: answer } = await plane.request("admin", method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
}
