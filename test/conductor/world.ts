/** The conductor on fakes: a cluster, a git server and a clock in memory. A new operator on the same world is a restart. */
import { toManifest } from "../../operator/manifest/to-manifest.ts";
import type { Attribution, Repositories } from "../../operator/ports.ts";
import { Controller } from "../../operator/sync/controller.ts";
import { createMetrics } from "../../operator/telemetry/metrics.ts";
import type { AdmissionFact, Author, ClusterChange, JsonObject, Kind } from "../../operator/values.ts";
import { createFakeClock, type FakeClock } from "../fakes/clock.ts";
import { createFakeCluster, type FakeCluster, fakeKinds } from "../fakes/cluster.ts";
import { createFakeMessengers, type FakeMessengers } from "../fakes/messengers.ts";
import { createFakeRemote, type FakeRemote, type FakeRemoteOptions } from "../fakes/repository.ts";

export const recordRef = "refs/clickscribe/dev/c/shop/all";
export const mainRef = "refs/heads/main";

export interface World {
  readonly clock: FakeClock;
  readonly cluster: FakeCluster;
  readonly remote: FakeRemote;
  /** Starts an operator and lets it capture. */
  start(): Promise<Operator>;
  /** As somebody: the next changes are theirs. */
  as(person: string | undefined): void;
  capture(spec?: JsonObject, annotations?: JsonObject): void;
  configMap(name: string, data: Readonly<Record<string, string>>, more?: JsonObject): void;
  /** A Notifier in the namespace `shop`, with its Secret. */
  notifier(spec?: JsonObject, name?: string, status?: JsonObject): void;
  readonly chat: FakeMessengers;
  /** A GitRemote, of the name `platform` unless another is given. */
  gitRemote(spec: JsonObject, name?: string): void;
  /** Another, empty repository at a URL. */
  serve(url: string): FakeRemote;
  status(): { readonly [key: string]: unknown; readonly conditions: readonly Condition[] };
  ready(): Condition;
  /** `author: subject` of each commit, oldest first, without the first one. */
  commits(ref?: string): readonly string[];
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

export interface Operator {
  /** Ends it at once: nothing is delivered any more. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** As Prometheus reads its metrics now. */
  scrape(): Promise<string>;
  /** What the admission webhook was asked about. */
  reviewed(fact: AdmissionFact): void;
}

export function createWorld(
  options: FakeRemoteOptions = { files: { "README.md": "shop\n" } },
  kinds: readonly Kind[] = fakeKinds,
  /** In place of the fake ones; then `remote` is nothing's. */
  real?: Repositories,
): World {
  const clock = createFakeClock();
  const cluster = createFakeCluster(() => clock.now(), kinds);
  const remote = createFakeRemote(options);
  let person: string | undefined = "alice";
  const namespace = (name: string): JsonObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  cluster.put(namespace("kube-system"));
  cluster.put(namespace("shop"));
  const chat = createFakeMessengers();
  const others = new Map<string, FakeRemote>();
  const repositories: Repositories = real ?? {
    ...remote.repositories,
    open: (access) => (others.get(access.url) ?? remote).repositories.open(access),
  };
  const gitRemote: World["gitRemote"] = (spec, name = "platform") => {
    cluster.put({
      apiVersion: "clickscribe.dev/v1alpha1",
      kind: "GitRemote",
      metadata: { name, namespace: "shop" },
      spec: { url: "https://git.example.com/shop.git", ...spec },
    });
  };
  gitRemote({});
  const attribution: Attribution = { attribute: (change: ClusterChange) => authorOf(change, person) };

  const status = (): World["status"] extends () => infer S ? S : never => {
    const found = [...cluster.statuses].find(([key]) => key.includes("Capture"))?.[1];
    return (found ?? { conditions: [] }) as never;
  };
  return {
    clock,
    cluster,
    remote,
    async start() {
      const quiet = (): void => undefined;
      // Throws where a metric is used that is not declared.
      const metrics = createMetrics();
      const controller = new Controller({
        cluster,
        repositories,
        messengers: chat,
        namespace: "clickscribe",
        attribution,
        clock,
        log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
        meter: metrics,
        clusterName: "dev",
        defaultServiceAccount: undefined,
        sourcePollMs: 60_000,
        recheckMs: 30_000,
        register: () => Promise.resolve(),
        webhook: () => ({ enabled: true, reached: true, cause: "" }),
      });
      await controller.start();
      await clock.advance(1_000);
      return {
        kill: () => controller.close(false),
        stop: () => controller.close(true),
        reviewed: controller.reviewed,
        async scrape() {
          for (const gauge of controller.gauges()) metrics.replace(gauge);
          return (await metrics.render()).text;
        },
      };
    },
    as: (who) => {
      person = who;
    },
    capture(spec = {}, annotations = {}) {
      cluster.put({
        apiVersion: "clickscribe.dev/v1alpha1",
        kind: "Capture",
        metadata: { name: "all", namespace: "shop", annotations },
        spec: { remote: { name: "platform" }, path: "apps/shop", batching: { quietPeriod: "0s" }, ...spec },
      });
    },
    configMap(name, data, more = {}) {
      cluster.put({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop", ...more }, data });
    },
    chat,
    notifier(spec = {}, name = "drift", status = {}) {
      const encode = (text: string): string => Buffer.from(text).toString("base64");
      const data = { token: encode("xoxb-1"), appToken: encode("xapp-1") };
      cluster.put({ apiVersion: "v1", kind: "Secret", metadata: { name: "slack", namespace: "shop" }, data });
      cluster.put({
        apiVersion: "clickscribe.dev/v1alpha1",
        kind: "Notifier",
        metadata: { name, namespace: "shop" },
        spec: { type: "Slack", channel: "C1", secretRef: { name: "slack" }, ...spec },
        status,
      });
    },
    gitRemote,
    serve(url) {
      const served = createFakeRemote();
      others.set(url, served);
      return served;
    },
    status,
    ready: () =>
      status().conditions.find(({ type }) => type === "Ready") ?? { type: "", status: "", reason: "", message: "" },
    commits: (ref = mainRef) =>
      remote
        .log(ref)
        .slice(ref === mainRef ? 1 : 0)
        .map(({ author, message }) => `${author.name}: ${message.split("\n")[0]}`),
  };
}

/** The text that a ConfigMap has in Git. */
export function configMapText(name: string, data: Readonly<Record<string, string>>): string {
  return toManifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop" }, data }).text;
}

function authorOf(change: ClusterChange, person: string | undefined): Author {
  if (change.evidence === "Listed" || person === undefined) return { rung: "None", candidates: [], evidence: "test" };
  return { rung: "Admission", person, groups: [], tool: "kubectl", evidence: "test" };
}
