import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createAuthority } from "./certificates.ts";
import { type ControlPlane, startControlPlane } from "./control-plane.ts";

async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) assert.fail(`${what}: not within ${timeoutMs} ms`);
    await sleep(50);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Processes whose command line names `text`. */
function processesNaming(text: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
      } catch {
        return false;
      }
    });
}

const deployment = (name: string): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "web", image: "registry.example/web:1" }] },
    },
  },
});

describe("a control plane", () => {
  let here: ControlPlane;
  let garbage: string;
  const kubeconfigBefore = process.env.KUBECONFIG;

  before(async () => {
    garbage = mkdtempSync(join(tmpdir(), "clickscribe-garbage-"));
    process.env.KUBECONFIG = join(garbage, "config");
    writeFileSync(process.env.KUBECONFIG, "this is no kubeconfig: [");
    here = await startControlPlane({
      auditLog: true,
      developerRules: [{ apiGroups: ["example.com"], resources: ["*"], verbs: ["*"] }],
    });
  });
  after(async () => {
    await here.stop();
    if (kubeconfigBefore === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = kubeconfigBefore;
    rmSync(garbage, { recursive: true });
  });

  it("knows its users, by token and by certificate", async () => {
    const whoami = async (user: string): Promise<{ username: string; groups: string[] }> => {
      const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
      const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
      return (await here.request(user, "POST", path, review)).body.status.userInfo;
    };
    await here.addUser("dave@example.com", ["auditors", "guests"]);
    assert.deepEqual(
      here.users().map((user) => user.name),
      ["admin", "alice", "bob", "carol", "dave@example.com"],
    );
    for (const user of here.users()) {
      const { username, groups } = await whoami(user.name);
      assert.equal(username, user.name);
      assert.deepEqual(groups, [...user.groups, "system:authenticated"]);
    }
    assert.notEqual(here.token("alice"), here.token("bob"));
    assert.throws(() => here.token("dave@example.com"), /client certificate/u);
    assert.throws(() => here.token("mallory"), /no user mallory/u);
  });

  it("runs kubectl as a user, never by the environment's KUBECONFIG", async () => {
    for (const user of ["alice", "dave@example.com"]) {
      const { stdout } = await here.kubectl(["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}"], { user });
      assert.equal(stdout, user);
    }
    const applied = await here.kubectl(["apply", "-f", "-"], {
      user: "bob",
      input: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "by-bob" }, data: { a: "1" } }),
    });
    assert.match(applied.stdout, /configmap\/by-bob created/u);
    await assert.rejects(here.kubectl(["get", "nodes"], { user: "alice" }), /as alice\): exit code 1[^]*Forbidden/u);
    const refused = await here.kubectl(["get", "nodes"], { user: "alice", check: false });
    assert.equal(refused.code, 1);
  });

  it("runs the controllers, each as its own ServiceAccount", async () => {
    const base = "/apis/apps/v1/namespaces/default";
    const created = await here.request("alice", "POST", `${base}/deployments`, deployment("web"));
    assert.equal(created.status, 201);
    await eventually("one ReplicaSet and two Pods", async () => {
      const replicaSets = (await here.request("alice", "GET", `${base}/replicasets`)).body.items;
      const pods = (await here.request("alice", "GET", "/api/v1/namespaces/default/pods")).body.items;
      return replicaSets.length === 1 && pods.length === 2 ? true : undefined;
    });
    await eventually("the audit log", () =>
      readFileSync(here.logs().audit, "utf8").includes("system:serviceaccount:kube-system:replicaset-controller")
        ? true
        : undefined,
    );
  });

  it("lets developers edit what the test adds to their rights, and no more", async () => {
    const crd = {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: "widgets.example.com" },
      spec: {
        group: "example.com",
        scope: "Namespaced",
        names: { plural: "widgets", singular: "widget", kind: "Widget" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        ],
      },
    };
    const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    assert.equal((await here.request("carol", "POST", crds, crd)).status, 403);
    assert.equal((await here.request("admin", "POST", crds, crd)).status, 201);
    const widget = { apiVersion: "example.com/v1", kind: "Widget", metadata: { name: "w" }, spec: { size: 1 } };
    await eventually("a served Widget", async () => {
      const answer = await here.request("carol", "POST", "/apis/example.com/v1/namespaces/default/widgets", widget);
      return answer.status === 201 ? true : undefined;
    });
  });

  it("gives a ServiceAccount's token that stands for it", async () => {
    const token = await here.serviceAccountToken("default", "operator");
    const again = await here.serviceAccountToken("default", "operator");
    assert.notEqual(token, here.token("admin"));
    for (const value of [token, again]) {
      const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token: value } };
      const answer = await here.request("admin", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", review);
      assert.equal(answer.body.status.user.username, "system:serviceaccount:default:operator");
    }
    const kubeconfig = JSON.parse(readFileSync(await here.serviceAccountKubeconfig("default", "operator"), "utf8"));
    assert.equal(kubeconfig.clusters[0].cluster.server, here.server);
    assert.equal(kubeconfig["current-context"], here.context);
  });

  it("finishes the deletion of a namespace", async () => {
    assert.equal(
      (await here.request("admin", "POST", "/api/v1/namespaces", { metadata: { name: "brief" } })).status,
      201,
    );
    await here.request("alice", "POST", "/api/v1/namespaces/brief/configmaps", { metadata: { name: "c" } });
    await here.request("admin", "DELETE", "/api/v1/namespaces/brief");
    await eventually("no namespace", async () =>
      (await here.request("admin", "GET", "/api/v1/namespaces/brief")).status === 404 ? true : undefined,
    );
  });

  it("calls an admission webhook by URL on loopback", async () => {
    const authority = await createAuthority();
    const { key, certificate } = await authority.issueServer(["localhost"], ["127.0.0.1"]);
    const reviewed: string[] = [];
    const webhook = createServer({ key, cert: certificate }, (request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        const review = JSON.parse(text);
        reviewed.push(`${review.request.userInfo.username} ${review.request.operation} ${review.request.name}`);
        response.setHeader("content-type", "application/json");
        response.end(
          JSON.stringify({ ...review, request: undefined, response: { uid: review.request.uid, allowed: true } }),
        );
      });
    });
    await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
    const configuration = {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: "seen" },
      webhooks: [
        {
          name: "seen.example.com",
          sideEffects: "None",
          admissionReviewVersions: ["v1"],
          clientConfig: {
            url: `https://127.0.0.1:${(webhook.address() as AddressInfo).port}/`,
            caBundle: Buffer.from(authority.certificate).toString("base64"),
          },
          rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["configmaps"] }],
        },
      ],
    };
    const configurations = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    assert.equal((await here.request("admin", "POST", configurations, configuration)).status, 201);
    await here.request("alice", "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "reviewed" } });
    await eventually("a review", async () => {
      const patch = { data: { at: String(Date.now()) } };
      await here.request("carol", "PATCH", "/api/v1/namespaces/default/configmaps/reviewed", patch);
      return reviewed[0];
    });
    assert.equal(reviewed[0], "carol UPDATE reviewed");
    await here.request("admin", "DELETE", `${configurations}/seen`);
    webhook.closeAllConnections();
    webhook.close();
  });

  it("refuses connections while the API server is stopped, and keeps its data and address", async () => {
    await here.request("alice", "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "kept" } });
    await here.stopApiserver();
    await assert.rejects(here.request("alice", "GET", "/api/v1/namespaces"), /ECONNREFUSED|closed|ECONNRESET/u);
    await here.startApiserver();
    const kept = await here.request("alice", "GET", "/api/v1/namespaces/default/configmaps/kept");
    assert.equal(kept.status, 200);
    assert.equal(here.pids().length, 3);
  });

  it("answers 410 to a watch from before a compaction and a restart", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    const old = (await here.request("alice", "GET", path)).body.metadata.resourceVersion;
    for (const name of ["one", "two"]) await here.request("alice", "POST", path, { metadata: { name } });
    const watch = async (): Promise<unknown> =>
      (await here.request("alice", "GET", `${path}?watch=1&timeoutSeconds=1&resourceVersion=${old}`)).body;
    assert.match(String(await watch()), /"ADDED"/u);
    await here.compact();
    await here.restartApiserver();
    assert.equal(((await watch()) as { object: { code: number } }).object.code, 410);
  });
});

describe("several control planes", () => {
  it("run side by side with different data and leave no process and no folder", async () => {
    const both = await Promise.all([
      startControlPlane({ controllerManager: false }),
      startControlPlane({ controllerManager: false, context: "second" }),
    ]);
    const [one, two] = both;
    assert.notEqual(one.server, two.server);
    const path = "/api/v1/namespaces/default/configmaps";
    // Without a controller manager ClusterRole `edit` is empty; developers have its rights all the same.
    assert.equal((await one.request("alice", "POST", path, { metadata: { name: "only-here" } })).status, 201);
    assert.equal((await two.request("alice", "GET", `${path}/only-here`)).status, 404);
    const uid = async (controlPlane: ControlPlane): Promise<string> =>
      (await controlPlane.request("admin", "GET", "/api/v1/namespaces/kube-system")).body.metadata.uid;
    assert.notEqual(await uid(one), await uid(two));

    const pids = both.flatMap((controlPlane) => controlPlane.pids());
    assert.equal(pids.length, 4);
    await Promise.all([one.stop(), one.stop(), two.stop()]);
    await one.stop();
    for (const { folder } of both) {
      assert.equal(existsSync(folder), false);
      assert.deepEqual(processesNaming(folder), []);
    }
    assert.deepEqual(pids.filter(isRunning), []);
  });

  it("can be rebuilt at the same address as another cluster", async () => {
    const first = await startControlPlane({ controllerManager: false });
    const port = Number(new URL(first.server).port);
    await first.stop();
    const second = await startControlPlane({ controllerManager: false, port });
    try {
      assert.equal(second.server, first.server);
      assert.notEqual(second.ca, first.ca);
    } finally {
      await second.stop();
    }
  });
});

describe("a port that is taken", () => {
  it("is waited for when it was asked for, as after a restart", async () => {
    // It takes connections and says nothing: what asks it whether it is ready must not wait for an answer.
    const silent = new Set<Socket>();
    const holder = createTcpServer((socket) => void silent.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as AddressInfo;
    const starting = startControlPlane({ controllerManager: false, port });
    await sleep(2_500);
    holder.close();
    for (const socket of silent) socket.destroy();
    const controlPlane = await starting;
    assert.equal(controlPlane.server, `https://127.0.0.1:${port}`);
    assert.match(readFileSync(controlPlane.logs().apiserver, "utf8"), /address already in use/u);
    await controlPlane.stop();
  });
});

describe("a server that cannot start", () => {
  it("is reported with the end of its log, and leaves nothing", async () => {
    const own = mkdtempSync(join(tmpdir(), "clickscribe-own-"));
    const temporaryBefore = process.env.TMPDIR;
    process.env.TMPDIR = own;
    try {
      await assert.rejects(
        startControlPlane({ apiserverFlags: ["--no-such-flag"] }),
        /kube-apiserver ended with exit code 1[^]*unknown flag: --no-such-flag/u,
      );
    } finally {
      if (temporaryBefore === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = temporaryBefore;
    }
    assert.deepEqual(readdirSync(own), []);
    assert.deepEqual(processesNaming(own), []);
    rmSync(own, { recursive: true });
  });
});

describe("the end of the parent process", () => {
  const script = fileURLToPath(new URL("abandon.ts", import.meta.url));
  const endings: { readonly name: string; readonly mode: string; readonly signal?: NodeJS.Signals }[] = [
    { name: "SIGKILL", mode: "wait", signal: "SIGKILL" },
    { name: "SIGINT", mode: "wait", signal: "SIGINT" },
    { name: "process.exit", mode: "exit" },
    { name: "an uncaught exception", mode: "throw" },
    { name: "having nothing left to do, without stop()", mode: "return" },
  ];

  it("ends everything, however it comes", { timeout: 60_000 }, async () => {
    await Promise.all(
      endings.map(async ({ name, mode, signal }) => {
        const parent = spawn(process.execPath, [script, mode], { stdio: ["ignore", "pipe", "ignore"] });
        let output = "";
        parent.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
        const ended = new Promise((resolve) => parent.once("exit", resolve));
        const { folder, pids } = await eventually(`${name}: a started control plane`, () =>
          output.endsWith("\n") ? (JSON.parse(output) as { folder: string; pids: number[] }) : undefined,
        );
        if (signal) parent.kill(signal);
        await ended;
        await eventually(
          `${name}: no process`,
          () => (pids.some(isRunning) || processesNaming(folder).length > 0 ? undefined : true),
          5_000,
        );
        await eventually(`${name}: no folder`, () => (existsSync(folder) ? undefined : true), 5_000);
      }),
    );
  });
});
