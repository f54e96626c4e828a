import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "../harness/wait-for.ts";
import { makeNodeImage } from "./node-image.ts";
import { type Pods, startPods } from "./pods.ts";

const namespace = "running";

/** Serves what it finds around itself; a SIGTERM takes it 300 ms. */
const program = `
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, get } from "node:http";
import { request } from "node:https";
import os from "node:os";
const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
const read = (name) => readFileSync(folder + "/" + name, "utf8");
const attempt = (run) => { try { return run() ?? "done"; } catch (error) { return error.code; } };
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const whoAmI = () => new Promise((resolve, reject) => {
  const call = request({ host, port, ca: read("ca.crt"), method: "POST", path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    headers: { authorization: "Bearer " + read("token"), "content-type": "application/json" } }, async (answer) => {
      let text = ""; for await (const part of answer) text += part; resolve(JSON.parse(text).status.userInfo);
    });
  call.on("error", reject).end('{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}');
});
const service = () => new Promise((resolve) => get("http://git.example.com/", async (answer) => {
  let text = ""; for await (const part of answer) text += part; resolve(text);
}).on("error", (error) => resolve(error.code)));
createServer(async (request, response) => {
  if (request.url === "/ready") return response.end();
  const user = await whoAmI().catch(String);
  response.end(JSON.stringify({ user, argv: process.argv.slice(2), env: process.env, uid: process.getuid(), hostname: os.hostname(),
    namespace: read("namespace"), writeRoot: attempt(() => writeFileSync("/app/x", "")), writeTmp: attempt(() => writeFileSync("/tmp/x", "")),
    secret: readFileSync("/secret/key", "utf8"), service: await service() }));
}).listen(8080, () => console.log("listening"));
process.on("SIGTERM", () => { console.log("stopping"); setTimeout(() => process.exit(0), 300); });
`;

function deployment(args: readonly string[], over: object = {}): object {
  const httpGet = { path: "/ready", port: "http" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: {
        metadata: { labels: { app: "web" } },
        spec: {
          serviceAccountName: "web",
          terminationGracePeriodSeconds: 5,
          securityContext: { runAsNonRoot: true, runAsUser: 65532 },
          containers: [
            {
              name: "web",
              image: "registry.example.com/any:1",
              args: ["/app/program.mjs", ...args],
              env: [
                { name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
                { name: "GREETING", value: "hello $(POD)" },
              ],
              ports: [{ name: "http", containerPort: 8080 }],
              readinessProbe: { httpGet, periodSeconds: 1 },
              securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
              volumeMounts: [
                { name: "tmp", mountPath: "/tmp" },
                { name: "secret", mountPath: "/secret" },
              ],
            },
          ],
          volumes: [
            { name: "tmp", emptyDir: {} },
            { name: "secret", secret: { secretName: "web" } },
          ],
          ...over,
        },
      },
    },
  };
}

describe("Pods", () => {
  let plane: ControlPlane;
  let pods: Pods;
  let outside: ReturnType<typeof createServer>;

  before(async () => {
    plane = await startControlPlane({ pods: true });
    outside = createServer((_, response) => response.end("from outside")).listen(0, "127.0.0.1");
    await once(outside, "listening");
    const image = await makeNodeImage(join(plane.folder, "image"));
    await writeFile(join(image.rootfs, "app/program.mjs"), program);
    const services = [{ name: "git.example.com", port: 80, to: (outside.address() as AddressInfo).port }];
    pods = await startPods({ controlPlane: plane, image, namespaces: [namespace], services });
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "web", namespace } });
    await apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "web", namespace },
      stringData: { key: "first" },
    });
    await apply({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace },
      spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: "http" }] },
    });
    await apply(deployment(["one"]));
    await rolledOut();
  });
  after(async () => {
    await pods?.close();
    outside?.close();
    await plane?.stop();
  });

  const apply = (object: object): Promise<unknown> =>
    plane.kubectl(["apply", "--server-side", "-f", "-"], { input: JSON.stringify(object) });
  const rolledOut = (): Promise<unknown> =>
    plane.kubectl(["rollout", "status", "deployment/web", "-n", namespace, "--timeout=60s"]);
  // oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON
  const get = async (resource: string): Promise<any> => {
    const { body } = await plane.request("admin", "GET", `/api/v1/namespaces/${namespace}/${resource}`);
    return body;
  };
  // oxlint-disable-next-line typescript/no-explicit-any -- what the program prints
  const ask = async (pod: string): Promise<any> => {
    const { status } = await get(`pods/${pod}`);
    return await (await fetch(`http://${status.podIP}:8080/`)).json();
  };

  it("run as their spec says, with their ServiceAccount's token, and nothing else", async () => {
    const [name = ""] = await pods.waitReady("app=web", { count: 2 });
    const told = await ask(name);
    assert.equal(told.user.username, `system:serviceaccount:${namespace}:web`);
    assert.deepEqual(told.user.extra["authentication.kubernetes.io/pod-name"], [name]);
    assert.deepEqual(told.argv, ["one"]);
    assert.equal(told.uid, 65532);
    assert.equal(told.hostname, name);
    assert.equal(told.namespace, namespace);
    assert.equal(told.writeRoot, "EROFS");
    assert.equal(told.writeTmp, "done");
    assert.equal(told.secret, "first");
    assert.equal(told.service, "from outside");
    assert.deepEqual(told.env, {
      NODE_ENV: "production",
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOSTNAME: name,
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      KUBERNETES_SERVICE_PORT_HTTPS: "443",
      POD: name,
      GREETING: `hello ${name}`,
    });
    assert.match(await pods.logs(name), /listening/);
  });

  it("stand behind their Service by the real EndpointSlice controller", async () => {
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=web`;
    const isReady = ({ conditions }: { readonly conditions: { readonly ready: boolean } }): boolean => conditions.ready;
    const slice = await waitFor("two ready endpoints", async () => {
      const [found] = (await plane.request("admin", "GET", path)).body.items;
      return found?.endpoints?.filter(isReady).length === 2 ? found : undefined;
    });
    assert.equal(slice.endpoints.length, 2);
    assert.equal(slice.ports[0].port, 8080);
  });

  it("see a changed Secret while they run", async () => {
    const [name = ""] = await pods.waitReady("app=web", { count: 2 });
    await apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "web", namespace },
      stringData: { key: "second" },
    });
    await waitFor("the new content", async () => ((await ask(name)).secret === "second" ? true : undefined));
  });

  it("are started again when they crash, and later each time", async () => {
    const [name = ""] = await pods.waitReady("app=web", { count: 2 });
    const restarts = (count: number, state: string): Promise<true> =>
      waitFor(`restart ${count}`, async () => {
        const [container] = (await get(`pods/${name}`)).status.containerStatuses;
        return container.restartCount === count && state in container.state ? true : undefined;
      });
    pods.kill(name);
    await restarts(1, "running");
    const { status } = await get(`pods/${name}`);
    assert.equal(status.containerStatuses[0].lastState.terminated.exitCode, 137);
    pods.kill(name);
    await restarts(1, "waiting");
    assert.equal((await get(`pods/${name}`)).status.containerStatuses[0].state.waiting.reason, "CrashLoopBackOff");
    await restarts(2, "running");
    await pods.waitReady("app=web", { count: 2 });
  });

  it("are replaced one after the other, each told to stop first", async () => {
    const old = await pods.waitReady("app=web", { count: 2 });
    await apply(deployment(["two"]));
    await rolledOut();
    const fresh = await pods.waitReady("app=web", { count: 2, timeoutMs: 20_000 });
    assert.deepEqual((await ask(fresh[0] ?? "")).argv, ["two"]);
    for (const name of old) {
      const seen = async (): Promise<unknown> => [await pods.logs(name), await get(`pods/${name}`)];
      const isOver = async (): Promise<true | undefined> =>
        (await pods.logs(name)).endsWith("stopping\n") && (await get(`pods/${name}`)).code === 404 ? true : undefined;
      await waitFor(`the end of ${name}`, isOver, { seen });
    }
  });

  it("are refused where they need what is not here, in words", async () => {
    const refused = deployment(["three"], {
      volumes: [
        { name: "tmp", hostPath: { path: "/" } },
        { name: "secret", emptyDir: {} },
      ],
    });
    await apply({ ...refused, metadata: { name: "refused", namespace } });
    await assert.rejects(
      pods.waitReady("app=web", { count: 4, timeoutMs: 3_000 }),
      /not implemented by test\/pods: spec.volumes tmp: hostPath/,
    );
  });
});
