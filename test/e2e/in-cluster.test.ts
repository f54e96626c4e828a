/**
 * What the chart renders by default, applied to the real API server and really run: its Deployment, ServiceAccount, rights,
 * arguments, probes, and the webhook behind its Service.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import type { TestRepository } from "../git/test-repository.ts";
import { lendSecret, operatorNamespace, root } from "../harness/install.ts";
import { captureObject, gitRemoteObject, secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";
import { makeOperatorImage } from "../pods/operator-image.ts";
import { type Pods, startPods } from "../pods/pods.ts";
import { assertNothingTwice, configMap, type Raw } from "./world.ts";

const gitHost = "git.example.com";
const namespace = "shop";
const selector = "app.kubernetes.io/name=clickscribe";
const captures = `/apis/clickscribe.dev/v1alpha1/namespaces/${namespace}/captures`;

describe("the chart's defaults, in the cluster", { timeout: 300_000 }, () => {
  const stack = new AsyncDisposableStack();
  let plane: ControlPlane;
  let git: GitServer;
  let pods: Pods;
  let repository: TestRepository;

  before(async () => {
    plane = stack.use(await startControlPlane({ progress: () => undefined, pods: true }));
    git = await startGitServer({ tls: true, names: [gitHost] });
    stack.defer(() => git.stop());
    repository = await git.createRepository("platform");
    const image = await makeOperatorImage(join(plane.folder, "image"));
    const services = [{ name: gitHost, port: 443, to: git.port }];
    pods = stack.use(await startPods({ controlPlane: plane, image, namespaces: [operatorNamespace], services }));
    for (const name of [operatorNamespace, namespace]) await plane.kubectl(["create", "namespace", name]);
    const rendered = await readFile(join(root, "test/fixtures/chart/default.yaml"), "utf8");
    await plane.kubectl(["apply", "--server-side", "-f", "-"], { input: rendered });
    await rolledOut();
  });
  after(() => stack.disposeAsync());

  const rolledOut = async (): Promise<void> => {
    const told = ["rollout", "status", "deployment/clickscribe", "-n", operatorNamespace, "--timeout=90s"];
    const { code, stderr } = await plane.kubectl(told, { check: false });
    if (code !== 0) throw new Error(`${stderr}\n${JSON.stringify(await pods.waitReady(selector, { timeoutMs: 1 }))}`);
  };
  const send = async (user: string, method: string, path: string, body?: unknown): Promise<Raw> => {
    const answer = await plane.request(user, method, path, body);
    if (answer.status >= 300) throw new Error(`${user}: ${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const waitForCondition = (type: string, status: string): Promise<unknown> => {
    const conditions = async (): Promise<readonly Raw[]> =>
      (await send("admin", "GET", `${captures}/all`)).status?.conditions ?? [];
    const probe = async (): Promise<true | undefined> =>
      (await conditions()).some((each) => each.type === type && each.status === status) || undefined;
    return waitFor(`condition ${type} to be ${status}`, probe, { seen: conditions, timeoutMs: 40_000 });
  };
  const create = (user: string, name: string): Promise<Raw> =>
    send(user, "POST", `/api/v1/namespaces/${namespace}/configmaps`, configMap(name, { hello: "world" }));
  const authorOf = (subject: string): Promise<string> =>
    waitFor(
      `the commit ${subject}`,
      async () => (await repository.log()).find((commit) => commit.subject.includes(subject))?.author.name,
      { seen: () => repository.log() },
    );
  /** The API server asks a new Pod once it knows its address and certificate; until then authors are unknown. */
  const attributedAgain = async (user: string, prefix: string): Promise<void> => {
    let attempt = 0;
    await waitFor("a change to be attributed again", async () => {
      const name = `${prefix}-${++attempt}`;
      await create(user, name);
      return (await authorOf(`create ConfigMap ${name}`)) === user ? true : undefined;
    });
  };

  it("capture, and know who made a change by the webhook behind its Service", async () => {
    await send(
      "admin",
      "POST",
      `/api/v1/namespaces/${namespace}/secrets`,
      secretObject("git", namespace, { "ca.crt": git.ca ?? "" }),
    );
    await lendSecret(plane, namespace, "git");
    const remote = gitRemoteObject({
      name: "platform",
      namespace,
      url: `https://${gitHost}/platform.git`,
      secret: "git",
    });
    await send("admin", "POST", captures.replace("captures", "gitremotes"), remote);
    const spec = { batching: { quietPeriod: "0s" } };
    await send(
      "admin",
      "POST",
      captures,
      captureObject({ name: "all", namespace, remote: "platform", path: "apps", spec }),
    );
    await waitForCondition("Ready", "True");
    await waitForCondition("Attributing", "True");
    await create("alice", "greeting");
    assert.equal(await authorOf("create ConfigMap greeting"), "alice");
  });

  it("go on after a crash of the container, and say nothing twice", async () => {
    const [name = ""] = await pods.waitReady(selector);
    pods.kill(name);
    await create("bob", "meanwhile");
    await authorOf("create ConfigMap meanwhile");
    await pods.waitReady(selector);
    await attributedAgain("bob", "later");
  });

  it("lose nothing in a rolling update while somebody works", async () => {
    const old = await pods.waitReady(selector);
    await plane.kubectl(["rollout", "restart", "deployment/clickscribe", "-n", operatorNamespace]);
    const rolling = new AbortController();
    let last = 0;
    const working = (async () => {
      while (!rolling.signal.aborted) {
        const name = `step-${++last}`;
        await create("carol", name);
        await sleep(500);
      }
    })();
    await rolledOut();
    await waitFor("the old Pod to go", async () => {
      const names = await pods.waitReady(selector, { count: 1 });
      return names[0] === old[0] ? undefined : names;
    });
    rolling.abort();
    await working;
    const expected = Array.from({ length: last }, (_, step) => `apps/configmap-step-${step + 1}.yaml`);
    const inGit = async (): Promise<readonly string[]> =>
      (await repository.git("ls-tree", "-r", "--name-only", "main")).split("\n");
    await waitFor(
      "every ConfigMap in Git",
      async () => {
        const files = await inGit();
        return expected.every((file) => files.includes(file)) || undefined;
      },
      { seen: inGit },
    );
    await attributedAgain("carol", "after");
    await assertNothingTwice(repository);
  });
});
