/** The operator in the cluster: what the chart renders by default, applied to the real API server and run from the image. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { type Pods, startPods } from "../pods/pods.ts";
import { image as buildImage } from "./image.ts";
import { lendSecret, operatorNamespace, root } from "./install.ts";
import { captureObject, gitRemoteObject, secretObject } from "./remote-yaml.ts";
import { waitFor } from "./wait-for.ts";

export interface InCluster {
  readonly plane: ControlPlane;
  /** Serves as https://git.example.com for Pods. */
  readonly git: GitServer;
  readonly pods: Pods;
  readonly repository: TestRepository;
  /** A request as a user; rejects unless it succeeds. Answers the object. */
  // oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON
  send(user: string, method: string, path: string, body?: unknown): Promise<any>;
  /** Until the Deployment is rolled out; rejects with what its Pods say. */
  rolledOut(): Promise<void>;
  /** Makes the GitRemote `platform` and the Capture `all` in the namespace `shop`; both conditions are then True. */
  capture(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export const inClusterNamespace = "shop";
/** Of the operator's Pods. */
export const operatorSelector = "app.kubernetes.io/name=clickscribe";
const gitHost = "git.example.com";
const api = `/apis/clickscribe.dev/v1alpha1/namespaces/${inClusterNamespace}`;

/** Answers when the Deployment is rolled out. */
export async function startInCluster(): Promise<InCluster> {
  await using stack = new AsyncDisposableStack();
  const image = await buildImage((line) => void process.stderr.write(`${line}\n`));
  const plane = stack.use(await startControlPlane({ progress: () => undefined, pods: true }));
  const git = await startGitServer({ tls: true, names: [gitHost] });
  stack.defer(() => git.stop());
  const repository = await git.createRepository("platform");
  const services = [{ name: gitHost, port: 443, to: git.port }];
  const pods = stack.use(await startPods({ controlPlane: plane, image, namespaces: [operatorNamespace], services }));
  for (const name of [operatorNamespace, inClusterNamespace]) await plane.kubectl(["create", "namespace", name]);
  const input = await readFile(join(root, "test/fixtures/chart/default.yaml"), "utf8");
  await plane.kubectl(["apply", "--server-side", "-f", "-"], { input });

  const send: InCluster["send"] = async (user, method, path, body) => {
    const answer = await plane.request(user, method, path, body);
    if (answer.status >= 300) throw new Error(`${user}: ${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const rolledOut = async (): Promise<void> => {
    const told = ["rollout", "status", "deployment/clickscribe", "-n", operatorNamespace, "--timeout=90s"];
    const { code, stderr } = await plane.kubectl(told, { check: false });
    // It says what the Pods say.
    if (code !== 0) await pods.waitReady(operatorSelector, { timeoutMs: 1 });
    if (code !== 0) throw new Error(stderr);
  };
  await rolledOut();
  const own = stack.move();
  return {
    plane,
    git,
    pods,
    repository,
    send,
    rolledOut,
    async capture() {
      const namespace = inClusterNamespace;
      const secret = secretObject("git", namespace, { "ca.crt": git.ca ?? "" });
      await send("admin", "POST", `/api/v1/namespaces/${namespace}/secrets`, secret);
      await lendSecret(plane, namespace, "git");
      const url = `https://${gitHost}/platform.git`;
      await send(
        "admin",
        "POST",
        `${api}/gitremotes`,
        gitRemoteObject({ name: "platform", namespace, url, secret: "git" }),
      );
      const spec = { batching: { quietPeriod: "0s" } };
      const capture = captureObject({ name: "all", namespace, remote: "platform", path: "apps", spec });
      await send("admin", "POST", `${api}/captures`, capture);
      type Conditions = readonly { readonly type: string; readonly status: string }[];
      const conditions = async (): Promise<Conditions> =>
        (await send("admin", "GET", `${api}/captures/all`)).status?.conditions ?? [];
      const holds = (found: Conditions, type: string): boolean =>
        found.some((each) => each.type === type && each.status === "True");
      await waitFor(
        "the Capture to be Ready and Attributing",
        async () => {
          const found = await conditions();
          return (holds(found, "Ready") && holds(found, "Attributing")) || undefined;
        },
        { seen: conditions, timeoutMs: 60_000 },
      );
    },
    [Symbol.asyncDispose]: () => own.disposeAsync(),
  };
}
