/** The webhook's certificate and registration through renewals, replicas, upgrades and removal, at a real API server. */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServingCertificate } from "../../webhooks/certificate/create-certificate.ts";
import type { CertificateTimes } from "../../webhooks/certificate/next-step.ts";
import { chartObjects, listOf } from "../harness/chart.ts";
import { waitFor } from "../harness/wait-for.ts";
import {
  configurationPath,
  type Replica,
  secretName,
  secretPath,
  startWebhookWorld,
  type WebhookWorld,
} from "./webhook-world.ts";

const inSecret = { keptIn: "Secret", name: secretName } as const;
const seconds = (count: number): number => count * 1_000;
/** A renewal every few seconds. */
const times: CertificateTimes = {
  lifetimeMs: seconds(13),
  renewBeforeMs: seconds(10),
  pauseMs: seconds(1.5),
  overlapMs: seconds(1),
  pollMs: 300,
};

describe("the webhook's life", () => {
  let world: WebhookWorld;
  before(async () => {
    world = await startWebhookWorld();
  });
  after(() => world.stop());

  const caBundle = async (): Promise<string> => {
    const { webhooks } = await world.send("GET", configurationPath);
    return Buffer.from(webhooks[0].clientConfig.caBundle, "base64").toString();
  };
  const version = async (): Promise<string> => (await world.send("GET", configurationPath)).metadata.resourceVersion;
  /** A registration is a moment's news to the API server. */
  const settled = async (...replicas: readonly Replica[]): Promise<void> => {
    await waitFor("a review to arrive", async () => {
      await world.medianCreate(1);
      return replicas.some(({ facts }) => facts.length > 0) || undefined;
    });
    await sleep(500);
  };
  const missed = (made: readonly string[], ...replicas: readonly Replica[]): readonly string[] => {
    const seen = new Set(replicas.flatMap(({ facts }) => facts.map(({ identity }) => identity.name)));
    return made.filter((name) => !seen.has(name));
  };

  it("renews for two replicas, and no call is missed", async () => {
    const first = await world.startReplica({ certificate: inSecret, times });
    const second = await world.startReplica({ certificate: inSecret, times });
    await first.register();
    await settled(first, second);
    const renewals = (): number =>
      first.logs.filter((line) => line.startsWith("the webhook's certificate was renewed")).length;
    const made = await world.createUntil(() => renewals() >= 3);
    assert.ok(made.length > 100, String(made.length));
    assert.deepEqual(missed(made, first, second), []);
    assert.ok(first.facts.length > 0 && second.facts.length > 0);
    await first.stop();
    await second.stop();
  });

  it("serves and registers the same after a restart, and beside another replica, without a write", async () => {
    const first = await world.startReplica({ certificate: inSecret });
    await first.register();
    const [bundle, registered] = [await caBundle(), await version()];
    const { metadata } = await world.send("GET", secretPath);
    const second = await world.startReplica({ certificate: inSecret });
    await second.register();
    await first.register();
    await first.stop();
    const third = await world.startReplica({ certificate: inSecret });
    await third.register();
    assert.equal(await caBundle(), bundle);
    assert.equal(await version(), registered);
    assert.equal((await world.send("GET", secretPath)).metadata.resourceVersion, metadata.resourceVersion);
    await second.stop();
    await third.stop();
  });

  it("keeps its registration when what the chart holds, an empty one, is applied again", async () => {
    const replica = await world.startReplica({ certificate: inSecret });
    await replica.register();
    const bundle = await caBundle();
    const kinds = ["ValidatingWebhookConfiguration", "Secret"];
    const input = listOf((await chartObjects()).filter(({ kind }) => kinds.includes(kind)));
    const { data } = await world.send("GET", secretPath);
    for (const how of [["--server-side", "--field-manager=helm", "--force-conflicts"], []]) {
      await world.plane.kubectl(["apply", ...how, "-f", "-"], { input });
      assert.equal(await caBundle(), bundle);
      assert.deepEqual((await world.send("GET", secretPath)).data, data);
    }
    await replica.stop();
  });

  it("puts back what somebody changed in its registration, though the probe still arrives", async () => {
    const replica = await world.startReplica({ certificate: inSecret });
    await replica.register();
    await settled(replica);
    const own = await world.send("GET", configurationPath);
    const { resourceVersion } = own.metadata;
    assert.deepEqual(await replica.webhook.probe.run(), { reached: true, cause: "" });
    const changed = structuredClone(own);
    changed.webhooks[0].failurePolicy = "Fail";
    changed.webhooks[0].rules[0].operations = ["DELETE"];
    await world.send("PUT", configurationPath, changed);
    assert.deepEqual(await replica.webhook.probe.run(), { reached: true, cause: "" });
    await waitFor("the registration as it was", async () => {
      const { webhooks } = await world.send("GET", configurationPath);
      return JSON.stringify(webhooks) === JSON.stringify(own.webhooks) || undefined;
    });
    const restored = await version();
    assert.notEqual(restored, resourceVersion);
    await replica.webhook.probe.run();
    await sleep(500);
    assert.equal(await version(), restored, "what is as it should be is not written");
    await replica.stop();
  });

  it("serves what cert-manager writes, two replicas and no call missed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "clickscribe-certificate-"));
    const issue = async (): Promise<string> => {
      const { cert, key, ca } = await createServingCertificate(["127.0.0.1"], Date.now());
      for (const [name, text] of Object.entries({ "tls.crt": cert, "tls.key": key, "ca.crt": ca })) {
        writeFileSync(join(folder, `${name}.new`), text);
        renameSync(join(folder, `${name}.new`), join(folder, name));
      }
      return ca;
    };
    await issue();
    const certificate = { keptIn: "Folder", path: folder } as const;
    const first = await world.startReplica({ certificate, times });
    const second = await world.startReplica({ certificate, times });
    await first.register();
    await settled(first, second);
    const made: string[] = [];
    for (let round = 0; round < 3; round++) {
      const ca = await issue();
      made.push(...(await world.createUntil(async () => (await caBundle()) === ca)));
    }
    assert.ok(made.length > 100, String(made.length));
    assert.deepEqual(missed(made, first, second), []);
    assert.ok(first.facts.length > 0 && second.facts.length > 0);
    await first.stop();
    await second.stop();
    rmSync(folder, { recursive: true });
  });

  it("costs the API server little when no replica is there", async () => {
    await world.send("PATCH", configurationPath, { webhooks: [] });
    await sleep(1_000);
    const without = await world.medianCreate(20);
    const replica = await world.startReplica({ certificate: inSecret });
    await replica.register();
    await settled(replica);
    const reviewed = await world.medianCreate(20);
    await replica.stop();
    const { webhooks } = await world.send("GET", configurationPath);
    for (const { failurePolicy, timeoutSeconds } of webhooks) {
      assert.deepEqual([failurePolicy, timeoutSeconds], ["Ignore", 2]);
    }
    const refused = await world.medianCreate(20);
    const figures = `${without.toFixed(1)} ms without, ${reviewed.toFixed(1)} ms reviewed, ${refused.toFixed(1)} ms refused`;
    assert.ok(refused < without + 50, figures);
    console.log(figures);
  });

  it("goes with the ClusterRole that owns it, whose uid it follows", async () => {
    const roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
    const owners = async (): Promise<unknown> => (await world.send("GET", configurationPath)).metadata.ownerReferences;
    const reference = (uid: string): unknown => [
      { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", name: "owner", uid },
    ];
    const replica = await world.startReplica({ certificate: inSecret, ownerClusterRole: "owner" });
    await replica.register();
    assert.equal(await owners(), undefined);
    assert.match(replica.logs.join("\n"), /--owner-cluster-role: .* has no owner.*there is no such ClusterRole/);

    const before = await world.send("POST", roles, { metadata: { name: "owner" } });
    await replica.register();
    assert.deepEqual(await owners(), reference(before.metadata.uid));
    const registered = await version();
    await replica.register();
    assert.equal(await version(), registered);

    await world.send("DELETE", `${roles}/owner?propagationPolicy=Orphan`);
    const anew = await waitFor("the ClusterRole to be gone", async () => {
      const { status, body } = await world.plane.request("admin", "POST", roles, { metadata: { name: "owner" } });
      return status === 201 ? body : undefined;
    });
    await replica.register();
    assert.deepEqual(await owners(), reference(anew.metadata.uid));

    const withIt = await world.medianCreate(20);
    await world.send("DELETE", `${roles}/owner`);
    const began = Date.now();
    await waitFor("the registration to be collected", async () => {
      const { status } = await world.plane.request("admin", "GET", configurationPath);
      return status === 404 || undefined;
    });
    assert.ok(Date.now() - began < 10_000);
    await assert.rejects(replica.register(), "it is not made again without the right to");
    await replica.stop();
    const afterIt = await world.medianCreate(20);
    console.log(
      `collected after ${Date.now() - began} ms; ${withIt.toFixed(1)} ms before, ${afterIt.toFixed(1)} ms after`,
    );
    assert.ok(afterIt < withIt + 20, `${withIt} ms before, ${afterIt} ms after`);
  });
});
