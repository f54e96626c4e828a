/** Applications that are left alone for the moment of a click, and never for longer. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { annotations } from "../../operator/api/annotations.ts";
import type { AdmissionFact, JsonObject, Kind } from "../../operator/values.ts";
import { fakeKinds } from "../fakes/cluster.ts";
import { application, trackedBy } from "../fixtures/gitops.ts";
import { createWorld, mainRef, type Operator, type World } from "./world.ts";

const applications: Kind = {
  group: "argoproj.io",
  version: "v1alpha1",
  kind: "Application",
  resource: "applications",
  namespaced: true,
  verbs: ["get", "list", "patch", "watch"],
  subresources: [],
};
const url = "https://git.example.com/shop";
const skip = "argocd.argoproj.io/skip-reconcile";
const argo = "system:serviceaccount:argocd:argocd-application-controller";

interface Place {
  readonly world: World;
  readonly operator: Operator;
  readonly marks: () => Promise<JsonObject>;
  readonly review: (more?: Partial<AdmissionFact>) => void;
  readonly click: (x: string) => void;
}

const healing = { syncPolicy: { automated: { prune: true, selfHeal: true } } };

interface Given {
  /** Of the Application's spec. */
  readonly sync?: JsonObject;
  /** Its annotations. */
  readonly own?: JsonObject;
}

async function start(spec: JsonObject, { sync = healing, own = {} }: Given = {}): Promise<Place> {
  const world = createWorld(undefined, [...fakeKinds, applications]);
  const made = application({ name: "shop", namespace: "argocd", url, path: "apps/shop" }) as JsonObject;
  const metadata = { name: "shop", namespace: "argocd", annotations: own };
  world.cluster.put({ ...made, metadata, spec: { ...(made["spec"] as JsonObject), ...sync } });
  const tracked = trackedBy("shop", "shop", "web") as JsonObject;
  const click = (x: string): void => world.configMap("web", { x }, tracked);
  click("1");
  world.capture(spec);
  const operator = await world.start();
  const old: JsonObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "web", namespace: "shop", ...tracked },
  };
  const fact: AdmissionFact = {
    uid: "u",
    identity: { group: "", kind: "ConfigMap", namespace: "shop", name: "web" },
    reviewedKind: "ConfigMap",
    operation: "UPDATE",
    oldResourceVersion: "1",
    object: old,
    oldObject: old,
    user: "alice",
    groups: [],
    at: 0,
    size: 1,
  };
  return {
    world,
    operator,
    click,
    review: (more = {}) => operator.reviewed({ ...fact, ...more }),
    async marks() {
      await world.clock.advance(50);
      const found = await world.cluster.get(applications, "argocd", "shop");
      return ((found?.["metadata"] as JsonObject | undefined)?.["annotations"] ?? {}) as JsonObject;
    },
  };
}
const protect = { protect: { mode: "Pause" } };

describe("an Application that heals itself", () => {
  it("is left alone from the review of a click until its commit is on the branch, and then looks", async () => {
    const { world, operator, marks, review, click } = await start({ ...protect, batching: { quietPeriod: "1s" } });
    review();
    const paused = await marks();
    assert.equal(paused[skip], "true");
    const until = new Date(world.clock.now() - 50 + 30_000).toISOString();
    assert.equal(paused[annotations.pausedUntil], until);
    click("2");
    await world.clock.advance(500);
    assert.equal((await marks())[skip], "true", "while it is not on the branch");
    await world.clock.advance(2_000);
    assert.match(world.remote.show(mainRef, "apps/shop/configmap-web.yaml") ?? "", /x: "2"/);
    assert.equal((await marks())[skip], "true", "for the next click");
    await world.clock.advance(3_000);
    const after = await marks();
    assert.deepEqual([after[skip], after[annotations.pausedUntil]], [undefined, undefined]);
    assert.equal(after["argocd.argoproj.io/refresh"], "normal");
    await operator.stop();
  });

  it("is left alone all the while that one click follows the other, for five minutes at most", async () => {
    const { world, operator, marks, review, click } = await start({ ...protect, batching: { quietPeriod: "0s" } });
    const seen: boolean[] = [];
    for (let i = 2; i < 302; i++) {
      review();
      click(String(i));
      await world.clock.advance(600);
      const now = await marks();
      seen.push(now[skip] === "true");
      const ahead = Date.parse((now[annotations.pausedUntil] as string | undefined) ?? "") - world.clock.now();
      assert.ok(!(ahead > 30_000), `${ahead} ms`);
      await world.clock.advance(550);
      seen.push((await marks())[skip] === "true");
    }
    const gone = seen.flatMap((isPaused, i) => (isPaused ? [] : [i]));
    // A moment, after five minutes.
    assert.ok(gone.length >= 1 && gone.length <= 3 && (gone[0] ?? 0) > 470, gone.join());
    assert.match(await operator.scrape(), /^clickscribe_pauses_total 2$/m);
    await world.clock.advance(4_000);
    assert.equal((await marks())[skip], undefined);
    await operator.stop();
  });

  it("goes on soon where no change follows the review", async () => {
    const { world, operator, marks, review } = await start(protect);
    review();
    assert.equal((await marks())[skip], "true");
    await world.clock.advance(10_000);
    assert.equal((await marks())[skip], undefined);
    await operator.stop();
  });

  it("is not left alone again and again for requests that change nothing", async () => {
    const { world, operator, marks, review } = await start(protect);
    let pausedMs = 0;
    for (let i = 0; i < 600; i++) {
      review();
      if ((await marks())[skip] === "true") pausedMs += 500;
      await world.clock.advance(450);
    }
    assert.ok(pausedMs > 0 && pausedMs <= 300_000 / 2, `${pausedMs} of 300,000 ms`);
    await operator.stop();
  });

  it("goes on when the operator ends, whatever it waits for", async () => {
    const { world, operator, marks, review, click } = await start({ ...protect, batching: { quietPeriod: "10s" } });
    review();
    click("2");
    assert.equal((await marks())[skip], "true");
    const stopped = operator.stop();
    await world.clock.advance(1_000);
    await stopped;
    assert.equal((await marks())[skip], undefined);
  });

  it("goes on after its deadline where who paused it is gone, and not before", async () => {
    const { world, operator, marks, review } = await start(protect);
    review();
    await marks();
    // Killed: what it paused stays.
    world.cluster.deny("patch", "applications");
    await operator.kill();
    assert.equal((await marks())[skip], "true");
    world.cluster.allow("patch", "applications");
    const next = await world.start();
    assert.equal((await marks())[skip], "true", "another replica may be at work on it");
    await world.clock.advance(31_000);
    assert.equal((await marks())[skip], undefined);
    await next.stop();
  });

  const left: readonly (readonly [what: string, spec: JsonObject, given: Given, fact: Partial<AdmissionFact>])[] = [
    ["by default", {}, {}, {}],
    ["for what Argo CD itself changes", protect, {}, { user: argo }],
    ["for what is made", protect, {}, { operation: "CREATE" }],
    [
      "for an object of another namespace",
      protect,
      {},
      { identity: { group: "", kind: "ConfigMap", namespace: "other", name: "web" } },
    ],
    [
      "for an object that it does not apply",
      protect,
      {},
      { oldObject: { metadata: { name: "web", namespace: "shop" } } },
    ],
    ["where it does not heal itself", protect, { sync: { syncPolicy: { automated: { prune: true } } } }, {}],
  ];
  for (const [what, spec, given, fact] of left) {
    it(`is not left alone ${what}`, async () => {
      const { operator, marks, review } = await start(spec, given);
      review(fact);
      assert.equal((await marks())[skip], undefined);
      await operator.stop();
    });
  }

  it("that a person paused stays so", async () => {
    const { world, operator, marks, review, click } = await start(protect, { own: { [skip]: "true" } });
    review();
    click("2");
    await world.clock.advance(40_000);
    assert.deepEqual([(await marks())[skip], (await marks())[annotations.pausedUntil]], ["true", undefined]);
    await operator.stop();
  });

  it("is left alone once for many clicks, by a scale too", async () => {
    const { world, operator, marks, review } = await start(protect);
    for (let i = 0; i < 50; i++) review({ reviewedKind: "Scale" });
    assert.equal((await marks())[skip], "true");
    assert.match(await operator.scrape(), /^clickscribe_pauses_total 1$/m);
    await world.clock.advance(40_000);
    await operator.stop();
  });
});
