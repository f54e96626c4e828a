/** `clickscribe check`: before the installation and after it, against a real API server, git server and operator. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { type GitServer, startGitServer } from "../git/git-server.ts";
import { installClickscribe, lendSecret, operatorNamespace, root } from "../harness/install.ts";
import { type OperatorProcess, startOperator } from "../harness/operator-process.ts";
import { captureObject, gitRemoteObject, secretObject } from "../harness/remote-yaml.ts";
import { waitFor } from "../harness/wait-for.ts";

interface Item {
  readonly name: string;
  readonly group: string;
  readonly status: string;
  readonly message: string;
  readonly remedy: string;
}

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const namespace = "shop";
const password = "s3cr3t-c4n4ry";

describe("clickscribe check", { timeout: 300_000 }, () => {
  let plane: ControlPlane;
  let git: GitServer;
  let operator: OperatorProcess | undefined;

  before(async () => {
    // Without controllers the status of the Deployment is the test's to say.
    plane = await startControlPlane({ progress: () => undefined, controllerManager: false });
    git = await startGitServer({ auth: { username: "bot", password } });
  });
  after(async () => {
    await operator?.kill();
    await git?.stop();
    await plane?.stop();
  });

  async function run(user: string, ...args: readonly string[]): Promise<Ran> {
    const kubeconfig = await plane.kubeconfig(user);
    const all = [join(root, "operator/cli/bin.mjs"), "check", `--kubeconfig=${kubeconfig}`, ...args];
    const env = { PATH: process.env["PATH"] ?? "", HOME: plane.folder };
    return await new Promise((resolve) => {
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  async function items(
    user: string,
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly find: (name: string, group?: string) => Item }> {
    const { code, stdout, stderr } = await run(user, "-o", "json", ...args);
    assert.equal(stderr, "");
    assert.ok(!stdout.includes(password));
    const report = JSON.parse(stdout) as { readonly items: readonly Item[]; readonly passed: boolean };
    assert.equal(report.passed, code === 0);
    return {
      code,
      find(name, group) {
        const found = report.items.filter(
          (item) => item.name === name && (group === undefined || item.group === group),
        );
        assert.equal(found.length, 1, `${name}: ${stdout}`);
        return found[0] ?? assert.fail();
      },
    };
  }

  it("before: is content with an empty cluster and an administrator", async () => {
    const { code, stdout, stderr } = await run("admin", "--pre");
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /^Kubernetes\n✔ https:\/\/127\.0\.0\.1:\d+ is Kubernetes v1\.\d+/);
    assert.match(stdout, /the CRD of Capture is not there: the installation brings it/);
    assert.match(stdout, /Everything that is needed is there/);
  });

  it("before: names what somebody with few rights may not make", async () => {
    const { code, find } = await items("alice", "--pre");
    assert.equal(code, 1);
    assert.equal(find("may-create-customresourcedefinitions").status, "Failed");
    assert.equal(find("may-grant-rights").status, "Failed");
  });

  it("before: asks the git server of a file, and writes only when told to", async () => {
    const repository = await git.createRepository("platform");
    await plane.kubectl(["create", "namespace", namespace]);
    await plane.kubectl(["apply", "-f", "-"], {
      input: JSON.stringify(secretObject("git", namespace, { username: "bot", password })),
    });
    const file = join(plane.folder, "capture.yaml");
    const remote = gitRemoteObject({ name: "platform", namespace, url: repository.url, secret: "git" });
    const capture = captureObject({ name: "all", namespace, remote: "platform", path: "apps" });
    await writeFile(file, `${JSON.stringify(remote)}\n---\n${JSON.stringify(capture)}\n`);
    const local = ["--pre", "-f", file, "--allow-plain-http", "--allow-local-addresses"];
    const refs = await repository.refs();

    const read = await items("admin", ...local);
    assert.equal(read.code, 0);
    assert.equal(read.find("git").status, "Passed");
    assert.equal(read.find("git-atomic").status, "Passed");
    assert.match(read.find("git-branch").message, /the branch main of Capture shop\/all is there/);
    assert.deepEqual([read.find("git-record-ref").status, repository.pushes.length], ["Warning", 0]);

    assert.equal((await items("admin", ...local, "--write")).find("git-record-ref").status, "Passed");
    assert.equal(repository.pushes.length, 2);
    assert.deepEqual(await repository.refs(), refs);

    await repository.rejectRef("refs/clickscribe/*", "only branches here");
    const refused = await items("admin", ...local, "--write");
    assert.equal(refused.code, 1);
    assert.match(refused.find("git-record-ref").message, /only branches here/);
    await repository.acceptAll();

    assert.match((await items("admin", "--pre", "-f", file)).find("git").message, /spec\.url/);
  });

  it("after: is content with what works, and says what is skipped", async () => {
    const { kubeconfig } = await installClickscribe({ controlPlane: plane });
    await lendSecret(plane, namespace, "git");
    operator = await startOperator({ kubeconfig, clusterName: "e2e" });
    await plane.kubectl(["apply", "-f", join(plane.folder, "capture.yaml")]);
    await plane.kubectl(["create", "configmap", "kube-root-ca.crt", "-n", namespace]);
    await deploy(["run", "--cluster-name=e2e", "--allow-plain-http", "--allow-local-addresses"], 1);
    await waitFor("a Capture that is ready", async () => {
      const { stdout } = await plane.kubectl(["get", "captures", "-n", namespace, "-o", "json"]);
      return (
        /"type": "Attributing"[^]*"type": "Ready"|"reason": "Succeeded"[^]*"WebhookReached"/.test(stdout) || undefined
      );
    });
    const { code, find } = await items("admin");
    assert.equal(code, 0);
    assert.equal(find("operator-ready").status, "Passed");
    assert.match(find("webhook-configuration").message, /valid until .*; the API server reaches the webhook/);
    assert.equal(find("operator-rights").status, "Passed");
    assert.deepEqual([find("crd-capture").status, find("crd-gitremote").status], ["Passed", "Passed"]);
    assert.equal(find("secret-rights").status, "Passed");
    assert.equal(find("ready", "GitRemote shop/platform").status, "Passed");
    assert.equal(find("ready", "Capture shop/all").status, "Passed");
    assert.equal(find("attributing").status, "Passed");
    assert.match(find("skipped").message, /GeneratedByCluster/);
  });

  it("after: tells which right was taken away, and what does not work, with what to do", async () => {
    await plane.kubectl(["delete", "clusterrolebinding", "clickscribe"]);
    await plane.kubectl(["delete", "rolebinding", "--all", "-n", namespace]);
    await deploy(["run", "--cluster-name=e2e"], 0);
    const { code, find } = await items("admin");
    assert.equal(code, 1);
    assert.match(find("secret-rights").remedy, /resourceNames: \["git"\], verbs: \["get"\]/);
    assert.match(find("operator-ready").message, /not ready: 0 of 1/);
    assert.match(find("git").message, /spec\.url begins with http/);
    const { stdout } = await run("admin");
    assert.match(stdout, /✖ system:serviceaccount:clickscribe-system:clickscribe may not list captures/);
    assert.match(stdout, /^Something is to be done: \d+ failed/m);
  });

  it("says what it may not look at, to whom", async () => {
    const { find } = await items("alice", "-n", namespace);
    assert.match(find("captures").message, /(?:captures|gitremotes)\.clickscribe\.dev is forbidden/);
    assert.match(find("webhook-configuration").message, /not looked at: .*forbidden/);
    const nobody = await run("admin", "--context=nowhere");
    assert.equal(nobody.code, 1);
    assert.match(nobody.stdout, /✖ .*has no context nowhere/);
  });

  /** What the chart would make, and what the kubelet would say of it. */
  async function deploy(args: readonly string[], readyReplicas: number): Promise<void> {
    const labels = { "app.kubernetes.io/name": "clickscribe" };
    const containers = [{ name: "clickscribe", image: "clickscribe:0.1.0", args }];
    const spec = {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { serviceAccountName: "clickscribe", containers } },
    };
    const metadata = { name: "clickscribe", namespace: operatorNamespace, labels };
    const input = JSON.stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
    await plane.kubectl(["apply", "-f", "-"], { input });
    const path = `/apis/apps/v1/namespaces/${operatorNamespace}/deployments/clickscribe`;
    const { body } = await plane.request("admin", "GET", path);
    const status = { observedGeneration: body.metadata.generation, replicas: 1, readyReplicas };
    assert.equal((await plane.request("admin", "PATCH", `${path}/status`, { status })).status, 200);
  }
});
