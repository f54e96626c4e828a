/** The circle: a change in the cluster, its commit, and who applies that; and what they put back before they know it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { retry } from "../../operator/failures.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { fakeKinds } from "../fakes/cluster.ts";
import { application, kustomization, labelledBy, trackedBy } from "../fixtures/gitops.ts";
import { type Condition, configMapText, createWorld, mainRef, type Operator, type World } from "./world.ts";

const kindOf = (group: string, kind: string, resource: string): Kind => ({
  group,
  version: "v1",
  kind,
  resource,
  namespaced: true,
  verbs: ["get", "list", "patch", "watch"],
  subresources: [],
});
const kinds = [
  ...fakeKinds,
  kindOf("argoproj.io", "Application", "applications"),
  kindOf("kustomize.toolkit.fluxcd.io", "Kustomization", "kustomizations"),
  kindOf("source.toolkit.fluxcd.io", "GitRepository", "gitrepositories"),
];
const url = "https://git.example.com/shop";
const path = "apps/shop";
const file = "apps/shop/configmap-web.yaml";
const argo = "system:serviceaccount:argocd:argocd-application-controller";
const refresh = "argocd.argoproj.io/refresh";
const requestedAt = "reconcile.fluxcd.io/requestedAt";

interface Place {
  readonly world: World;
  readonly operator: Operator;
  readonly click: (x: string) => Promise<void>;
  /** As Argo CD applies it. */
  readonly apply: (x: string) => Promise<void>;
  readonly synced: () => Condition | undefined;
  readonly consumers: () => readonly Readonly<Record<string, unknown>>[];
  readonly events: (reason: string) => readonly string[];
  /** As Argo CD says that it has come to a commit. */
  readonly says: (commit: string | undefined, more?: JsonObject) => Promise<void>;
  readonly annotation: (kind: string, name: string, annotation: string) => Promise<unknown>;
}

const automated = { syncPolicy: { automated: { prune: true, selfHeal: true } } };
const app = (spec: JsonObject = automated, name = "shop", folder = path): JsonObject => {
  const made = application({ name, namespace: "argocd", url, path: folder }) as JsonObject;
  return { ...made, spec: { ...(made["spec"] as JsonObject), ...spec } };
};

async function start(
  world: World,
  objects: readonly JsonObject[],
  spec: JsonObject = {},
  mark: object = trackedBy("shop", "shop", "web"),
): Promise<Place> {
  for (const object of objects) world.cluster.put(object);
  const web = (x: string): void => world.configMap("web", { x }, mark as JsonObject);
  web("1");
  world.capture(spec);
  const operator = await world.start();
  const change = async (who: string, x: string): Promise<void> => {
    world.as(who);
    web(x);
    await world.clock.advance(1_000);
  };
  return {
    world,
    operator,
    click: (x) => change("alice", x),
    apply: (x) => change(argo, x),
    synced: () => world.status().conditions.find(({ type }) => type === "Synced"),
    consumers: () => (world.status()["consumers"] ?? []) as never,
    events: (reason) => world.cluster.events.filter((event) => event.reason === reason).map(({ message }) => message),
    async says(commit, more = {}) {
      const kind = kinds.find((each) => each.kind === "Application") as Kind;
      const before = await world.cluster.get(kind, "argocd", "shop");
      const status = { sync: { status: "Synced", revision: commit ?? "" }, health: { status: "Healthy" }, ...more };
      world.cluster.put({ ...before, status });
      await world.clock.advance(1_000);
    },
    async annotation(name, object, annotation) {
      const kind = kinds.find((each) => each.kind === name) as Kind;
      const namespace = name === "Application" ? "argocd" : "flux-system";
      const found = await world.cluster.get(kind, namespace, object);
      return (found?.["metadata"] as { readonly annotations?: JsonObject } | undefined)?.annotations?.[annotation];
    },
  };
}
const tip = (world: World): string => world.remote.refs.get(mainRef) ?? "";
const sample = async (operator: Operator, name: string): Promise<string | undefined> =>
  (await operator.scrape()).split("\n").find((line) => line.startsWith(name));

describe("after a push", () => {
  it("Argo CD is asked to look, and waited for until it has applied the commit", async () => {
    const { world, operator, click, says, synced, consumers, events, annotation } = await start(
      createWorld(undefined, kinds),
      [app()],
    );
    await says(tip(world));
    assert.equal(synced()?.status, "True", JSON.stringify(synced()));
    const first = tip(world).slice(0, 7);
    await click("2");
    const second = tip(world).slice(0, 7);
    assert.equal(await annotation("Application", "shop", refresh), "normal");
    assert.deepEqual(
      [synced()?.status, synced()?.reason, synced()?.message],
      [
        "False",
        "WaitingForConsumer",
        `Application argocd/shop has applied ${first}, and not ${second} yet: it was asked to look`,
      ],
    );
    assert.deepEqual(events("Applied"), []);
    await says(tip(world));
    assert.deepEqual(
      [synced()?.reason, synced()?.message],
      ["Applied", `${second} applied by Application argocd/shop`],
    );
    assert.match(
      events("Applied").join(),
      new RegExp(`^${second} applied by Application argocd/shop, [12]\\.\\d s after the change$`),
    );
    assert.match((await sample(operator, 'clickscribe_circle_seconds_count{consumer="ArgoCD"}')) ?? "", / 1$/);
    const [one] = consumers();
    assert.deepEqual(one, {
      kind: "Application",
      namespace: "argocd",
      name: "shop",
      path,
      applied: tip(world),
      upToDate: true,
      health: "Healthy",
      automatic: true,
      selfHeal: true,
      prune: true,
      reverts: 0,
    });
    await operator.stop();
  });

  it("Flux's GitRepository is, and its Kustomization once that has fetched the commit and does nothing", async () => {
    const world = createWorld(undefined, kinds);
    const flux = kustomization({ name: "shop", namespace: "flux-system", url, path }) as unknown as JsonObject[];
    const { operator, click, annotation, synced } = await start(world, flux, {}, labelledBy("shop", "flux-system"));
    await click("2");
    assert.match(String(await annotation("GitRepository", "shop", requestedAt)), /^\d{4}-/);
    assert.equal(await annotation("Kustomization", "shop", requestedAt), undefined);
    world.cluster.put({ ...flux[0], status: { artifact: { revision: `main@sha1:${tip(world)}` } } });
    await world.clock.advance(40_000);
    assert.match(String(await annotation("Kustomization", "shop", requestedAt)), /^\d{4}-/);
    world.cluster.put({ ...flux[1], status: { lastAppliedRevision: `main@sha1:${tip(world)}` } });
    await world.clock.advance(1_000);
    assert.equal(synced()?.status, "True");
    await operator.stop();
  });

  it("nobody is asked without the right; they look by themselves", async () => {
    const world = createWorld(undefined, kinds);
    world.cluster.deny("patch", "applications");
    const { operator, click, annotation, synced, says } = await start(world, [app()]);
    await click("2");
    assert.equal(await annotation("Application", "shop", refresh), undefined);
    assert.match(synced()?.message ?? "", /yet: it looks by itself from time to time$/);
    await says(tip(world));
    assert.equal(synced()?.status, "True");
    await operator.stop();
  });

  it("a later commit of a person's holds ours, also where it was not seen here yet", async () => {
    const { world, operator, click, says, synced, events } = await start(createWorld(undefined, kinds), [app()]);
    await click("2");
    const theirs = world.remote.commitAsPerson({ files: { "README.md": "more\n" } });
    await says(theirs);
    assert.equal(synced()?.status, "True", JSON.stringify(synced()));
    assert.equal(events("Applied").length, 1);
    await operator.stop();
  });

  it("two who apply the path are both waited for, and told apart", async () => {
    const world = createWorld(undefined, kinds);
    const { operator, click, says, synced, events, consumers } = await start(world, [app(), app(automated, "twin")]);
    await click("2");
    await says(tip(world));
    assert.match(synced()?.message ?? "", /^Application argocd\/twin has applied nothing of this branch/);
    assert.deepEqual(events("Applied"), []);
    assert.deepEqual(
      consumers().map(({ name, warnings }) => [
        name,
        (warnings as { readonly reason: string }[]).map(({ reason }) => reason),
      ]),
      [
        ["shop", ["SeveralConsumers"]],
        ["twin", ["SeveralConsumers"]],
      ],
    );
    await operator.stop();
  });

  it("asks again where nothing came of it, and says who is silent after two minutes", async () => {
    const { world, operator, click, synced, says } = await start(createWorld(undefined, kinds), [app()]);
    await says(tip(world));
    await click("2");
    await world.clock.advance(130_000);
    assert.equal(synced()?.reason, "ConsumerSilent");
    const asked = Number(
      (await sample(operator, 'clickscribe_consumer_requests_total{consumer="ArgoCD",outcome="Sent"}'))?.split(" ")[1],
    );
    assert.ok(asked >= 3 && asked <= 10, `${asked} requests`);
    await operator.stop();
  });

  it("is over where somebody rewrites the branch: what was pushed need never be applied", async () => {
    const { world, operator, click, says, synced } = await start(createWorld(undefined, kinds), [app()]);
    const before = tip(world);
    await says(before);
    await click("2");
    world.remote.forceRef(mainRef, before);
    await world.clock.advance(70_000);
    assert.equal(synced()?.status, "True", JSON.stringify(synced()));
    await operator.stop();
  });
});

describe("an Application that is captured itself", () => {
  it("is not written for having been asked to look, or paused: that would go on for ever", async () => {
    const world = createWorld(undefined, kinds);
    const own = { metadata: { name: "shop", namespace: "shop" } };
    const place = await start(world, [{ ...app(), ...own }]);
    const { operator, click } = place;
    await world.clock.advance(10_000);
    const before = world.commits().length;
    await click("2");
    const kind = kinds.find((each) => each.kind === "Application") as Kind;
    const { metadata } = (await world.cluster.get(kind, "shop", "shop")) as { readonly metadata: JsonObject };
    assert.equal((metadata["annotations"] as JsonObject)[refresh], "normal");
    world.as("system:serviceaccount:clickscribe-system:clickscribe");
    const pausing = {
      "argocd.argoproj.io/skip-reconcile": "true",
      "clickscribe.dev/paused-until": "2026-12-01T00:00:00Z",
    };
    await world.cluster.patch(kind, "shop", "shop", { metadata: { annotations: pausing } });
    await world.clock.advance(130_000);
    assert.deepEqual(world.commits().slice(before), ["alice: web: key x: 1 -> 2"]);
    world.as("alice");
    await world.cluster.patch(kind, "shop", "shop", {
      metadata: { annotations: { "clickscribe.dev/paused-until": null } },
    });
    await world.clock.advance(10_000);
    assert.equal(world.commits().length, before + 2, "a pause of a person's is written");
    await operator.stop();
  });
});

describe("who does not come round", () => {
  const table: readonly (readonly [
    what: string,
    application: JsonObject,
    status: JsonObject,
    reason: string,
    words: RegExp,
  ])[] = [
    [
      "a suspended one",
      {
        ...app(),
        metadata: { name: "shop", namespace: "argocd", annotations: { "argocd.argoproj.io/skip-reconcile": "true" } },
      },
      {},
      "ConsumerSuspended",
      /: it is suspended\. Resume it/,
    ],
    ["one that syncs by hand", app({}), {}, "ConsumerManual", /: it syncs only when told to\. Sync it/],
    [
      "one that fails",
      app(),
      { conditions: [{ type: "ComparisonError", message: "boom\u001b[31m" }] },
      "ConsumerFailed",
      /: boom\S*\. Mend what it names/,
    ],
  ];
  for (const [what, object, status, reason, words] of table) {
    it(`is told of ${what}`, async () => {
      const world = createWorld(undefined, kinds);
      const { operator, click, says, synced } = await start(world, [object]);
      const before = tip(world);
      await click("2");
      await says(before, status);
      assert.equal(synced()?.reason, reason, JSON.stringify(synced()));
      assert.match(synced()?.message ?? "", words);
      assert.ok(!(synced()?.message ?? "").includes("\u001b"));
      await operator.stop();
    });
  }

  it("is no reader of the path: Argo CD does not look into folders by default", async () => {
    const world = createWorld(undefined, kinds);
    const made = app(automated, "shop", "apps");
    const source = { repoURL: url, targetRevision: "main", path: "apps" };
    const { operator, synced, consumers } = await start(world, [{ ...made, spec: { ...automated, source } }]);
    assert.equal(synced(), undefined);
    assert.deepEqual(
      ((consumers()[0]?.["warnings"] ?? []) as { readonly reason: string }[]).map(({ reason }) => reason),
      ["NotRecursive"],
    );
    await operator.stop();
  });

  it("is told of a rollback: what was there is gone, and is never written to Git", async () => {
    const { world, operator, click, apply, says, synced } = await start(createWorld(undefined, kinds), [app()]);
    const before = tip(world);
    await click("2");
    await says(tip(world));
    world.cluster.put(app({}));
    await apply("1");
    await says(before, {
      sync: { status: "OutOfSync", revision: tip(world) },
      operationState: { phase: "Succeeded", syncResult: { revision: before } },
    });
    await world.clock.advance(20_000);
    assert.equal(synced()?.reason, "ConsumerManual");
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "2"/);
    assert.deepEqual((world.status()["objects"] as JsonObject)["applying"], 1);
    await operator.stop();
  });
});

describe("a click that Argo CD puts back", () => {
  for (const quietPeriod of ["0s", "3s"]) {
    it(`is in Git and comes back, with a quiet period of ${quietPeriod}`, async () => {
      const spec = { batching: { quietPeriod } };
      const { world, operator, click, apply, consumers, events } = await start(
        createWorld(undefined, kinds),
        [app()],
        spec,
      );
      await world.clock.advance(10_000);
      await click("2");
      await apply("1");
      await world.clock.advance(10_000);
      assert.match(world.remote.show(mainRef, file) ?? "", /x: "2"/);
      assert.deepEqual(events("RevertedByArgoCD"), [
        "put data.x back, which alice had changed: the change goes to main all the same, and comes back from there",
      ]);
      assert.equal(consumers()[0]?.["reverts"], 1);
      assert.deepEqual((world.status()["objects"] as JsonObject)["applying"], 1);
      await apply("2");
      await world.clock.advance(10_000);
      assert.deepEqual((world.status()["objects"] as JsonObject)["inSync"], 1);
      assert.deepEqual(world.commits().slice(1), ["alice: web: key x: 1 -> 2"]);
      assert.match((await sample(operator, 'clickscribe_reverts_total{consumer="ArgoCD"}')) ?? "", / 1$/);
      assert.match((await sample(operator, 'clickscribe_revert_seconds_count{consumer="ArgoCD"}')) ?? "", / 1$/);
      await operator.stop();
    });
  }

  it("by deleting what somebody had deleted again: the file goes all the same, and the object after it", async () => {
    const spec = { batching: { quietPeriod: "3s" } };
    const { world, operator, apply, events } = await start(createWorld(undefined, kinds), [app()], spec);
    world.as("alice");
    world.cluster.delete("ConfigMap", "shop", "web");
    await apply("1");
    await world.clock.advance(10_000);
    assert.equal(world.remote.show(mainRef, file), undefined);
    assert.equal(events("RevertedByArgoCD").length, 1);
    await world.clock.advance(60_000);
    assert.equal(world.remote.show(mainRef, file), undefined, "what a consumer made again is not written back");
    world.as(argo);
    world.cluster.delete("ConfigMap", "shop", "web");
    await world.clock.advance(10_000);
    assert.deepEqual(world.commits().slice(1), ["alice: delete ConfigMap web"]);
    assert.deepEqual((world.status()["objects"] as JsonObject)["inScope"], 0);
    await operator.stop();
  });

  it("in part, where it manages only a part of it", async () => {
    const { world, operator, events } = await start(createWorld(undefined, kinds), [app()]);
    const both = async (who: string, data: Readonly<Record<string, string>>): Promise<void> => {
      world.as(who);
      world.configMap("web", data, trackedBy("shop", "shop", "web") as JsonObject);
      await world.clock.advance(1_000);
    };
    await both("alice", { x: "2", y: "new" });
    await both(argo, { x: "1", y: "new" });
    assert.deepEqual(events("RevertedByArgoCD").length, 1);
    assert.equal(world.remote.show(mainRef, file), configMapText("web", { x: "2", y: "new" }));
    await operator.stop();
  });

  for (const [what, spec, isRefused] of [
    ["waits in the window", { batching: { quietPeriod: "3s" } }, false],
    ["waits for a branch that is refused", {}, true],
  ] as const) {
    it(`or leaves as it is, while it applies what a person committed, is delivered where it ${what}`, async () => {
      const { world, operator, events } = await start(createWorld(undefined, kinds), [app()], spec);
      await world.clock.advance(10_000);
      if (isRefused) world.remote.refuseRef(mainRef, "protected");
      const put = (who: string, data: Readonly<Record<string, string>>): void => {
        world.as(who);
        world.configMap("web", data, trackedBy("shop", "shop", "web") as JsonObject);
      };
      put("alice", { x: "1", y: "hers" });
      await world.clock.advance(1_000);
      world.remote.commitAsPerson({ files: { [file]: configMapText("web", { x: "5" }) } });
      put(argo, { x: "5", y: "hers" });
      await world.clock.advance(20_000);
      world.remote.acceptAll();
      await world.clock.advance(600_000);
      assert.equal(world.remote.show(mainRef, file), configMapText("web", { x: "5", y: "hers" }));
      assert.match(world.commits().at(-1) ?? "", /^alice: web: /);
      assert.deepEqual(events("RevertedByArgoCD"), []);
      assert.deepEqual((world.status()["objects"] as JsonObject)["inSync"], 1);
      await operator.stop();
    });
  }

  it("is no other change of Argo CD's: what it applies of a later commit", async () => {
    const { world, operator, click, events } = await start(createWorld(undefined, kinds), [app()]);
    await click("2");
    world.remote.commitAsPerson({ files: { [file]: configMapText("web", { x: "2", y: "theirs" }) } });
    world.as(argo);
    world.configMap("web", { x: "2", y: "theirs" }, trackedBy("shop", "shop", "web") as JsonObject);
    await world.clock.advance(10_000);
    assert.deepEqual(events("RevertedByArgoCD"), []);
    assert.deepEqual((world.status()["objects"] as JsonObject)["inSync"], 1);
    await operator.stop();
  });

  it("is kept while the git server does not answer, and comes first when it does", async () => {
    const { world, operator, click, apply } = await start(createWorld(undefined, kinds), [app()]);
    world.remote.down(retry("RemoteUnreachable", "no answer"));
    await click("2");
    await apply("1");
    await world.clock.advance(60_000);
    world.remote.down(undefined);
    await world.clock.advance(60_000);
    assert.match(world.remote.show(mainRef, file) ?? "", /x: "2"/);
    assert.deepEqual(world.commits().slice(1), ["alice: web: key x: 1 -> 2"]);
    await operator.stop();
  });
});
