/**
 * The whole circle: from the API's answer to a click until the real Argo CD, or the real Flux (its source-controller's part
 * is played), says that it has applied the commit that holds it. With the right to ask them to look, and without, where
 * they look every 10 s. The floor is a person's commit, pushed by the git CLI, for which they are asked to look at once.
 */

import type { TestRepository } from "../git/test-repository.ts";
import { refreshFixture } from "../harness/chart.ts";
import { waitFor } from "../harness/wait-for.ts";
import { startArgoCd } from "../real/argocd.ts";
import { startFlux } from "../real/flux.ts";
import { type Bench, type BenchCase, benchCase, percentile } from "./report.ts";
import { configMap, epoch, sendAll, startWorld, type World } from "./world.ts";

const lookEveryMs = 10_000;

interface Consumer {
  readonly name: "argocd" | "flux";
  follow(namespace: string, repository: TestRepository): Promise<void>;
  /** The commit that it has applied. */
  applied(namespace: string): Promise<string>;
  /** As somebody who has just pushed. */
  ask(namespace: string): Promise<void>;
}

export const circle: Bench = async ({ progress, quick }) => {
  await using world = await startWorld(progress);
  const clicks = quick ? 3 : 40;
  progress("starting Argo CD and Flux");
  const argo = await startArgoCd(world.plane, { resyncSeconds: lookEveryMs / 1_000 });
  await using _argo = { [Symbol.asyncDispose]: () => argo.stop() };
  const flux = await startFlux(world.plane);
  await using _flux = { [Symbol.asyncDispose]: () => flux.stop() };
  const get = async (path: string): ReturnType<typeof request> => request(world, "GET", path);
  const consumers: readonly Consumer[] = [
    {
      name: "argocd",
      follow: (namespace, repository) => argo.follow(namespace, repository, "captured"),
      async applied(namespace) {
        const { sync } = (await argo.application(namespace)).status ?? {};
        return sync?.status === "Synced" ? sync.revision : "";
      },
      ask: (namespace) =>
        argo.patch(namespace, { metadata: { annotations: { "argocd.argoproj.io/refresh": "normal" } } }),
    },
    {
      name: "flux",
      async follow(namespace, repository) {
        await flux.follow(namespace, repository, "captured");
        flux.serve(namespace, repository, lookEveryMs);
      },
      async applied(namespace) {
        const path = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/${namespace}`;
        return String((await get(path)).status?.lastAppliedRevision ?? "").replace(/^main@sha1:/, "");
      },
      async ask(namespace) {
        const path = `/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/${namespace}`;
        const annotations = { "reconcile.fluxcd.io/requestedAt": String(epoch()) };
        await request(world, "PATCH", path, { metadata: { annotations } });
      },
    },
  ];
  const cases: BenchCase[] = [];
  const measure = async (
    consumer: Consumer,
    how: string,
    floors: ReadonlyMap<string, readonly number[]>,
    count: number,
  ): Promise<void> => {
    const namespace = `${consumer.name}-${how.replaceAll(" ", "-")}`;
    progress(`${consumer.name} ${how}: ${count} clicks`);
    const first = { "captured/configmap-app.yaml": JSON.stringify(configMap("app")) };
    const { repository } = await world.capture(namespace, first);
    await consumer.follow(namespace, repository);
    await settled(consumer, namespace, repository);
    const samples: number[] = [];
    for (let i = 0; i < count; i++) {
      const before = await repository.tip("main");
      const path = `/api/v1/namespaces/${namespace}/configmaps`;
      const [at = Number.NaN] = await sendAll(world.plane, 1, [
        { method: "POST", path, body: configMap(`click-${i}`) },
      ]);
      await waitFor("the commit", async () => ((await repository.tip("main")) === before ? undefined : true), {
        intervalMs: 10,
      });
      await settled(consumer, namespace, repository);
      samples.push(epoch() - at);
    }
    for (const p of [0.5, 0.95]) {
      const floor = percentile(floors.get(consumer.name) ?? [], p);
      cases.push(
        benchCase(
          "circle",
          `${consumer.name} ${how} p${p * 100}`,
          percentile(samples, p),
          floor,
          "ms",
          "a person's push, and asked to look",
        ),
      );
    }
  };

  const floors = new Map<string, readonly number[]>();
  for (const consumer of consumers) {
    progress(`${consumer.name}: ${clicks} commits of a person`);
    const namespace = `${consumer.name}-floor`;
    const files = { "captured/configmap-app.yaml": JSON.stringify(configMap("app")) };
    const repository = await world.git.createRepository(namespace, { files });
    await request(world, "POST", "/api/v1/namespaces", { metadata: { name: namespace } });
    await consumer.follow(namespace, repository);
    await settled(consumer, namespace, repository);
    const samples: number[] = [];
    for (let i = 0; i < clicks; i++) {
      const began = epoch();
      await repository.commitAsPerson({
        files: { [`captured/configmap-${i}.yaml`]: JSON.stringify(configMap(`c-${i}`)) },
      });
      await consumer.ask(namespace);
      await settled(consumer, namespace, repository);
      samples.push(epoch() - began);
    }
    floors.set(consumer.name, samples);
  }
  for (const consumer of consumers) await measure(consumer, "without handshake", floors, quick ? 2 : 10);
  await world.plane.kubectl(["apply", "-f", refreshFixture]);
  for (const consumer of consumers) await measure(consumer, "handshake", floors, clicks);
  return cases;
};

async function settled(consumer: Consumer, namespace: string, repository: TestRepository): Promise<void> {
  const seen = async (): Promise<readonly unknown[]> => [
    await consumer.applied(namespace),
    await repository.tip("main"),
  ];
  await waitFor(
    `${consumer.name} to have applied ${namespace}`,
    async () => ((await consumer.applied(namespace)) === (await repository.tip("main")) ? true : undefined),
    { timeoutMs: 120_000, intervalMs: 20, seen },
  );
}

// oxlint-disable-next-line typescript/no-explicit-any -- raw Kubernetes JSON, read by a bench that knows what it asked for
async function request(world: World, method: string, path: string, body?: object): Promise<any> {
  const { status, body: answer } = await world.plane.request("admin", method, path, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  return answer;
}
