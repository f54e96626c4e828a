/** Replicas of the webhook behind one address, as behind a Service, at a real API server. */
import assert from "node:assert/strict";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { connectCluster } from "../../operator/cluster/index.ts";
import { systemClock } from "../../operator/main.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import type { Log, Meter } from "../../operator/ports.ts";
import type { AdmissionFact, Kind } from "../../operator/values.ts";
import type { CertificateTimes } from "../../webhooks/certificate/next-step.ts";
import type { CertificatePlace } from "../../webhooks/certificate/open-certificate.ts";
import { startWebhook, type Webhook } from "../../webhooks/start-webhook.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { installClickscribe, operatorNamespace } from "../harness/install.ts";
import type { Raw } from "./world.ts";

export const configuration = "clickscribe";
export const configurationPath: string = `/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/${configuration}`;
export const secretName = "clickscribe-webhook";
export const secretPath: string = `/api/v1/namespaces/${operatorNamespace}/secrets/${secretName}`;

const configMaps: Kind = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
  verbs: [],
  subresources: [],
};

export interface WebhookWorld {
  readonly plane: ControlPlane;
  /** Who creates, how often it was refused, and what became of each. */
  startReplica(options: ReplicaOptions): Promise<Replica>;
  /** A request as admin; rejects unless it succeeds. */
  send(method: string, path: string, body?: unknown): Promise<Raw>;
  /** The names of the ConfigMaps that alice creates in `shop`, one after the other, until `isEnough`. */
  createUntil(isEnough: () => boolean | Promise<boolean>): Promise<readonly string[]>;
  /** Of creates one after the other; milliseconds. */
  medianCreate(count: number): Promise<number>;
  stop(): Promise<void>;
}

export interface ReplicaOptions {
  readonly certificate: CertificatePlace;
  readonly times?: Partial<CertificateTimes>;
  readonly ownerClusterRole?: string;
  /**
   * `HOST:PORT` of the replica that writes, to which the others hand reviews on. With it the webhook is registered by its
   * Service, which leads nowhere here: who calls it is the test.
   */
  readonly writer?: () => string | undefined;
}

export interface Replica {
  readonly webhook: Webhook;
  readonly facts: readonly AdmissionFact[];
  readonly logs: readonly string[];
  /** Of ConfigMaps in `shop`. */
  register(): Promise<void>;
  /** Ends it, and leaves the registration. */
  stop(): Promise<void>;
}

/** Beside those of the chart, whose ClusterRole must stay. */
const rights = [
  { apiGroups: ["rbac.authorization.k8s.io"], resources: ["clusterroles"], resourceNames: ["owner"], verbs: ["get"] },
];

export async function startWebhookWorld(): Promise<WebhookWorld> {
  await using stack = new AsyncDisposableStack();
  const plane = await startControlPlane({ progress: () => undefined });
  stack.defer(() => plane.stop());
  const { kubeconfig } = await installClickscribe({ controlPlane: plane });
  const send: WebhookWorld["send"] = async (method, path, body) => {
    const { status, body: answer } = await plane.request("admin", method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(answer)}`);
    return answer;
  };
  const rbac = "/apis/rbac.authorization.k8s.io/v1";
  await send("POST", `${rbac}/clusterroles`, { metadata: { name: "reads-owner" }, rules: rights });
  await send("POST", `${rbac}/clusterrolebindings`, {
    metadata: { name: "reads-owner" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "reads-owner" },
    subjects: [{ kind: "ServiceAccount", name: "clickscribe", namespace: operatorNamespace }],
  });
  await send("POST", "/api/v1/namespaces", { metadata: { name: "shop" } });

  const balancer = await startBalancer();
  stack.defer(() => balancer.close());
  let names = 0;
  const create = async (): Promise<string> => {
    const name = `made-${++names}`;
    const { status } = await plane.request("alice", "POST", "/api/v1/namespaces/shop/configmaps", {
      metadata: { name },
    });
    assert.equal(status, 201);
    return name;
  };
  const running = new Set<Replica>();
  stack.defer(async () => {
    for (const replica of running) await replica.stop();
  });
  const disposables = stack.move();
  return {
    plane,
    send,
    async startReplica({ certificate, times = {}, ownerClusterRole, writer }) {
      const logs: string[] = [];
      const write = (data: object, message: string): void => void logs.push(`${message} ${JSON.stringify(data)}`);
      const log: Log = { debug: () => undefined, info: write, warn: write, error: write };
      const meter: Meter = { count: () => undefined, gauge: () => undefined, observe: () => undefined };
      const access = { from: "File", path: kubeconfig, context: undefined } as const;
      const cluster = await connectCluster({ access, parseJson, clock: systemClock, log, meter });
      const facts: AdmissionFact[] = [];
      const webhook = await startWebhook(
        {
          bind: "127.0.0.1",
          port: 0,
          configuration,
          reachedBy:
            writer === undefined
              ? { type: "Url", url: `https://127.0.0.1:${balancer.port}` }
              : { type: "Service", namespace: operatorNamespace, name: secretName },
          certificate,
          ownerClusterRole,
        },
        {
          cluster,
          facts: { add: (fact) => void facts.push(fact) },
          log,
          meter,
          clock: systemClock,
          namespace: operatorNamespace,
          writer: writer ?? ((): undefined => undefined),
          certificateTimes: times,
        },
      );
      balancer.targets.add(webhook.port);
      const replica: Replica = {
        webhook,
        facts,
        logs,
        register: () => webhook.register([configMaps], ["shop"]),
        async stop() {
          if (!running.delete(replica)) return;
          balancer.targets.delete(webhook.port);
          await webhook.close();
          await cluster.close();
        },
      };
      running.add(replica);
      return replica;
    },
    async createUntil(isEnough) {
      const made: string[] = [];
      while (!(await isEnough())) {
        made.push(await create());
        await sleep(20);
      }
      return made;
    },
    async medianCreate(count) {
      const took: number[] = [];
      for (let i = 0; i < count; i++) {
        const began = performance.now();
        await create();
        took.push(performance.now() - began);
      }
      return took.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? 0;
    },
    stop: () => disposables.disposeAsync(),
  };
}

interface Balancer {
  readonly port: number;
  /** Ports on loopback; each connection goes to the next one, and is refused where there is none. */
  readonly targets: Set<number>;
  close(): Promise<void>;
}

async function startBalancer(): Promise<Balancer> {
  const targets = new Set<number>();
  const sockets = new Set<Socket>();
  let turn = 0;
  const server = createServer((client) => {
    const port = [...targets][turn++ % Math.max(targets.size, 1)];
    if (port === undefined) {
      client.resetAndDestroy();
      return;
    }
    const target = connect(port, "127.0.0.1");
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    targets,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
