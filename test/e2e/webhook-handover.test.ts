/** The webhook's certificate is renewed while replicas hand reviews on and the Lease moves between them. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { CertificateTimes } from "../../webhooks/certificate/next-step.ts";
import { operatorNamespace } from "../harness/install.ts";
import {
  configurationPath,
  type Replica,
  secretName,
  secretPath,
  startWebhookWorld,
  type WebhookWorld,
} from "./webhook-world.ts";

const seconds = (count: number): number => count * 1_000;
/** A renewal every few seconds. */
const times: CertificateTimes = {
  lifetimeMs: seconds(13),
  renewBeforeMs: seconds(10),
  pauseMs: seconds(1.5),
  overlapMs: seconds(1),
  pollMs: 300,
};

function review(uid: string): string {
  const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: uid, namespace: "shop", uid } };
  const asked = { uid, operation: "CREATE", userInfo: { username: "alice" }, object };
  return JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", request: asked });
}

describe("replicas that hand on reviews", { timeout: 120_000 }, () => {
  let world: WebhookWorld;
  before(async () => {
    world = await startWebhookWorld();
  });
  after(() => world?.stop());

  /** As an API server, which knows the registration within a moment: a connection of its own, trusting caBundle alone. */
  async function call({ webhook }: Replica, uid: string): Promise<string> {
    const { webhooks } = await world.send("GET", configurationPath);
    const { caBundle, service } = webhooks[0].clientConfig;
    return await new Promise((resolve) => {
      const asked = request(
        {
          ...{ host: "127.0.0.1", port: webhook.port, path: service.path, method: "POST", agent: false },
          ca: Buffer.from(caBundle, "base64").toString(),
          servername: `${secretName}.${operatorNamespace}.svc`,
          headers: { "content-type": "application/json" },
        },
        (answer) => resolve(String(answer.resume().statusCode)),
      );
      asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      asked.end(review(uid));
    });
  }

  it("leave the registration to the one that writes", async () => {
    let leader: Replica | undefined;
    const certificate = { keptIn: "Secret", name: secretName } as const;
    const last = await world.startReplica({
      certificate,
      writer: () => leader && `127.0.0.1:${leader.webhook.port}`,
    });
    await last.register();
    leader = await world.startReplica({ certificate, writer: () => undefined });
    await leader.webhook.register([], []);
    const { metadata } = await world.send("GET", configurationPath);
    await last.webhook.probe.run();
    await sleep(500);
    assert.equal((await world.send("GET", configurationPath)).metadata.resourceVersion, metadata.resourceVersion);
    await last.stop();
    await leader.stop();
    await world.send("PATCH", secretPath, { data: null });
  });

  it("lose none, whatever is renewed and whoever leads", async () => {
    let leader: Replica | undefined;
    const start = async (): Promise<Replica> => {
      const replica: Replica = await world.startReplica({
        certificate: { keptIn: "Secret", name: secretName },
        times,
        writer: () => (leader === replica || leader === undefined ? undefined : `127.0.0.1:${leader.webhook.port}`),
      });
      return replica;
    };
    leader = await start();
    await leader.register();
    let other = await start();
    const bundles = new Set<string>();
    const missed: string[] = [];
    let calls = 0;
    for (let term = 0; term < 4; term++) {
      const until = Date.now() + seconds(4);
      while (Date.now() < until) {
        const to: Replica = calls % 3 === 0 ? leader : other;
        const uid = `review-${++calls}`;
        const status = await call(to, uid);
        if (status !== "200") missed.push(`${uid}: ${status}`);
        else if (!leader.facts.some((fact) => fact.uid === uid)) missed.push(`${uid}: not handed on`);
        const { webhooks } = await world.send("GET", configurationPath);
        bundles.add(webhooks[0].clientConfig.caBundle);
        await sleep(15);
      }
      const last: Replica = leader;
      leader = other;
      await leader.register();
      await last.stop();
      other = await start();
    }
    console.log(`${calls} calls, ${bundles.size} registered authorities, 4 leaders`);
    assert.deepEqual(missed, []);
    assert.ok(calls > 200 && bundles.size >= 4, `${calls} calls, ${bundles.size} bundles`);
  });
});
