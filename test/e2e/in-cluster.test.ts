/**
 * What the chart renders by default, applied to the real API server and really run: its Deployment, ServiceAccount, rights,
 * arguments, probes, and the webhook behind its Service.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { story } from "../demo/story.ts";
import { verify } from "../demo/verify.ts";
import { widgetDefinition, widgetReader, widgetRule } from "../demo/widget.ts";
import { type InCluster, inClusterNamespace, operatorSelector, startInCluster } from "../harness/in-cluster.ts";
import { operatorNamespace } from "../harness/install.ts";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, configMap, pathOf } from "./world.ts";

const rbac = "rbac.authorization.k8s.io";
const widgetWriter = {
  apiVersion: `${rbac}/v1`,
  kind: "ClusterRole",
  metadata: { name: "widget-writer" },
  rules: [widgetRule],
};
const widgetWriters = ["alice", "bob", "carol"].map((name) => ({
  apiVersion: `${rbac}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name: `widget-writer-${name}` },
  roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "widget-writer" },
  subjects: [{ apiGroup: rbac, kind: "User", name }],
}));

describe("the chart's defaults, in the cluster", { timeout: 300_000 }, () => {
  let world: InCluster;

  before(async () => {
    world = await startInCluster();
    for (const object of [widgetDefinition, widgetReader, widgetWriter, ...widgetWriters]) {
      await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(object) });
    }
    await waitFor("Widgets to be served", async () => {
      const { status } = await world.plane.request("alice", "GET", "/apis/demo.example.com/v1/widgets");
      return status === 200 ? true : undefined;
    });
  });
  after(() => world?.[Symbol.asyncDispose]());

  const create = (user: string, name: string): Promise<unknown> =>
    world.send(user, "POST", pathOf(inClusterNamespace, "ConfigMap"), configMap(name, { hello: "world" }));
  const authorOf = (subject: string): Promise<string> =>
    waitFor(
      `the commit ${subject}`,
      async () => (await world.repository.log()).find((commit) => commit.subject === subject)?.author.name,
      { seen: () => world.repository.log() },
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
    await world.capture();
    await create("alice", "greeting");
    assert.equal(await authorOf("create ConfigMap greeting"), "alice");
  });

  it("do the whole story of the demo: each step a commit by who did it, and a clone that changes nothing when applied", async () => {
    const { plane, repository } = world;
    // A kind that came after the operator is found by its next look at what is served.
    const configuration = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/clickscribe";
    const isAsked = async (): Promise<true | undefined> => {
      const { webhooks } = await world.send("admin", "GET", configuration);
      return JSON.stringify(webhooks).includes('"widgets"') || undefined;
    };
    await waitFor("the webhook to be asked about Widgets", isAsked, { timeoutMs: 90_000 });
    for (const { who, what, method, path, body, contentType } of story(inClusterNamespace, true)) {
      const before = (await repository.log()).length;
      const { status } = await plane.request(who, method, path, body, contentType === undefined ? {} : { contentType });
      assert.ok(status < 300, `${who} ${what}: ${status}`);
      const log = await waitFor(`the commit: ${who} ${what}`, async () => {
        const found = await repository.log();
        return found.length > before ? found : undefined;
      });
      assert.equal(log.at(-1)?.author.name, who, what);
    }
    const kubectl: Parameters<typeof verify>[0]["kubectl"] = async (args, options) =>
      (await plane.kubectl(args, options)).stdout;
    const rights = [`roles.${rbac}`, `rolebindings.${rbac}`];
    const resources = [
      "deployments.apps",
      "configmaps",
      "services",
      "serviceaccounts",
      "widgets.demo.example.com",
      ...rights,
    ];
    const { problems, files } = await verify({ kubectl, namespace: inClusterNamespace, resources }, repository, "apps");
    assert.deepEqual(problems, []);
    assert.ok(files >= 3);
  });

  it("go on after a crash of the container", async () => {
    const [name = ""] = await world.pods.waitReady(operatorSelector);
    world.pods.kill(name);
    await create("bob", "meanwhile");
    await authorOf("create ConfigMap meanwhile");
    assert.deepEqual(await world.pods.waitReady(operatorSelector), [name]);
    await attributedAgain("bob", "later");
  });

  it("lose nothing in a rolling update while somebody works, and say nothing twice", async () => {
    const { plane, pods, repository } = world;
    const old = await pods.waitReady(operatorSelector);
    await plane.kubectl(["rollout", "restart", "deployment/clickscribe", "-n", operatorNamespace]);
    const rolling = new AbortController();
    const made: string[] = [];
    const working = (async () => {
      while (!rolling.signal.aborted) {
        const name = `step-${made.length + 1}`;
        await create("carol", name);
        made.push(`apps/configmap-${name}.yaml`);
        await sleep(500);
      }
    })();
    await world.rolledOut();
    await waitFor("the old Pod to go", async () => {
      const names = await pods.waitReady(operatorSelector, { count: 1 });
      return names[0] === old[0] ? undefined : names;
    });
    rolling.abort();
    await working;
    assert.ok(made.length > 5);
    const inGit = async (): Promise<readonly string[]> =>
      (await repository.git("ls-tree", "-r", "--name-only", "main")).split("\n");
    const missing = async (): Promise<readonly string[]> => {
      const files = await inGit();
      return made.filter((file) => !files.includes(file));
    };
    const allThere = async (): Promise<true | undefined> => (await missing()).length === 0 || undefined;
    await waitFor("every ConfigMap in Git", allThere, { seen: missing });
    await attributedAgain("carol", "after");
    await assertNothingTwice(repository);
    assert.match(await pods.logs(old[0] ?? ""), /"msg":"stopped"\}\n$/);
  });
});
