/**
 * The loop is closed, and nobody fights: people click and commit on one path, while the real Argo CD, with self-heal and
 * prune on, or the real Flux applies it. Nothing is lost, nothing of theirs is written back, and all comes to rest.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "../e2e/world.ts";
import { pauseFixture } from "../harness/chart.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type ArgoCd, startArgoCd } from "./argocd.ts";
import { type Flux, startFlux } from "./flux.ts";

const clicks = 100;
const commits = 20;
const everyMs = 1_200;
const objects = ["a", "b", "c", "d", "e", "f"];
const text = (name: string, x: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  x: "${x}" # ours\n`;
const files = Object.fromEntries(objects.map((name) => [`apps/${name}.yaml`, text(name, "0")]));

/** One of those who apply from Git. */
interface Applying {
  /** Has it apply a folder of a repository into the namespace of the same name, from now on by itself. */
  follow(namespace: string, place: Pick<Place, "repository">): Promise<void>;
  /** Of the Capture, beside the quiet period. */
  readonly spec: object;
}

describe("Clickscribe, and those who apply what it writes", { timeout: 900_000 }, () => {
  const stack = new AsyncDisposableStack();
  let world: World;
  let argo: ArgoCd;
  let flux: Flux;
  before(async () => {
    world = await startWorld({ operator: false });
    stack.defer(() => world.stop());
    argo = await startArgoCd(world.plane);
    stack.defer(() => argo.stop());
    flux = await startFlux(world.plane);
    stack.defer(() => flux.stop());
    await world.plane.kubectl(["apply", "-f", pauseFixture]);
    // The kinds of both are there now.
    await world.startOperator();
  });
  after(() => stack.disposeAsync());

  const applying: Readonly<Record<"Argo CD" | "Flux" | "Argo CD, paused for each click", Applying>> = {
    "Argo CD": {
      follow: (namespace, { repository }) => argo.follow(namespace, repository, "apps"),
      spec: {},
    },
    Flux: {
      async follow(namespace, { repository }) {
        await flux.follow(namespace, repository, "apps");
        flux.serve(namespace, repository);
      },
      spec: {},
    },
    "Argo CD, paused for each click": {
      follow: (namespace, { repository }) => argo.follow(namespace, repository, "apps"),
      spec: { protect: { mode: "Pause" } },
    },
  };

  async function placeFor(namespace: string, by: Applying): Promise<Place> {
    const repository = await world.git.createRepository(namespace, { files: { ...files, "README.md": "# shop\n" } });
    await world.plane.kubectl(["create", "namespace", namespace]);
    await by.follow(namespace, { repository });
    const count = async (): Promise<number> =>
      (await world.plane.request("admin", "GET", pathOf(namespace, "ConfigMap"))).body.items.length;
    await waitFor("the objects to be applied", async () => ((await count()) >= objects.length ? true : undefined), {
      timeoutMs: 90_000,
      seen: count,
    });
    const place = await world.place(namespace, {
      existing: repository,
      spec: { batching: { quietPeriod: "0s" }, ...by.spec },
    });
    await inStep(place, objects.length);
    assert.deepEqual(await place.commits(), [], "what was applied is adopted");
    return place;
  }
  const statusOf = async (place: Place): Promise<Raw> => (await place.capture()).status ?? {};
  const synced = async (place: Place): Promise<Raw> =>
    ((await statusOf(place)).conditions ?? []).find(({ type }: Raw) => type === "Synced");
  const inStep = async (place: Place, count: number): Promise<void> => {
    await waitFor(
      `${count} objects to be in step`,
      async () => {
        const { objects: told = {} } = await statusOf(place);
        return told.inSync === count && (await synced(place))?.status === "True" ? true : undefined;
      },
      {
        timeoutMs: 90_000,
        seen: async () => [(await statusOf(place)).objects, await synced(place), await place.ready()],
      },
    );
  };
  const click = async (place: Place, name: string, x: string): Promise<void> => {
    await place.send("alice", "PATCH", pathOf(place.namespace, "ConfigMap", name), { data: { x } });
  };
  const live = async (place: Place, name: string): Promise<string> =>
    (await place.send("admin", "GET", pathOf(place.namespace, "ConfigMap", name))).data.x;
  const byAlice = async (place: Place): Promise<readonly string[]> =>
    (await place.commits()).filter(({ author }) => author.name === "alice").map(({ subject }) => subject);

  for (const [name, by] of Object.entries(applying)) {
    it(`beside ${name}: every click and every commit is in Git and in the cluster, and then all is quiet`, async (test) => {
      const place = await placeFor(`loop-${name.toLowerCase().replaceAll(/\W+/g, "-")}`, by);
      const began = performance.now();
      const last = new Map<string, string>();
      for (let i = 1; i <= clicks; i++) {
        const object = objects[i % objects.length] ?? "";
        await click(place, object, String(i));
        last.set(object, String(i));
        if (i % (clicks / commits) === 0) {
          const n = String(i / (clicks / commits));
          await place.repository.commitAsPerson({
            files: { "apps/theirs.yaml": text("theirs", n) },
            message: `their ${n}`,
          });
        }
        await sleep(Math.max(0, began + i * everyMs - performance.now()));
      }
      last.set("theirs", String(commits));
      await inStep(place, objects.length + 1);
      const subjects = await byAlice(place);
      const missing = Array.from({ length: clicks }, (_, i) => i + 1).filter(
        (i) => !subjects.some((subject) => subject.endsWith(`-> ${i}`)),
      );
      assert.deepEqual(missing, [], subjects.join("\n"));
      assert.equal(subjects.length, clicks, "commits of ours are clicks");
      const all = await place.commits();
      assert.equal(all.filter(({ author }) => author.name === "Paula Person").length, commits);
      const others = all.filter(({ author }) => !["alice", "Paula Person"].includes(author.name));
      assert.deepEqual(
        others.map(({ author, subject }) => `${author.name}: ${subject}`),
        [],
      );
      for (const [object, x] of last) {
        assert.equal(await live(place, object), x, `${object} in the cluster`);
        assert.equal(await place.repository.show("main", `apps/${object}.yaml`), text(object, x), `${object} in Git`);
      }
      const [{ reverts }] = (await statusOf(place)).consumers;
      test.diagnostic(`${name}: ${clicks} clicks, ${commits} commits, ${reverts} temporary reverts with the handshake`);
      const tips = await Promise.all([place.repository.tip("main"), place.repository.tip(place.recordRef)]);
      await sleep(60_000);
      assert.deepEqual(await Promise.all([place.repository.tip("main"), place.repository.tip(place.recordRef)]), tips);
    });
  }

  it("is told of a rollback in Argo CD, which is never written to Git", async () => {
    const place = await placeFor("rollback", applying["Argo CD"]);
    const before = (await place.repository.tip("main")) ?? "";
    await click(place, "a", "clicked");
    await place.waitForCommits(1);
    await inStep(place, objects.length);
    const after = await place.repository.tip("main");
    await argo.rollback("rollback", before);
    await waitFor(
      "it to be told",
      async () => ((await synced(place))?.reason === "ConsumerManual" ? true : undefined),
      { timeoutMs: 60_000, seen: () => synced(place) },
    );
    assert.equal(await live(place, "a"), "0");
    await waitFor(
      "the object to be applying",
      async () => ((await statusOf(place)).objects.applying === 1 ? true : undefined),
      { seen: () => statusOf(place) },
    );
    assert.equal(await place.repository.tip("main"), after);
  });

  it("is told of a suspended Kustomization, and waits for nobody else", async () => {
    const place = await placeFor("suspended", applying.Flux);
    await flux.patch("suspended", { spec: { suspend: true } });
    await click(place, "a", "clicked");
    const condition = await waitFor(
      "it to be told",
      async () => {
        const found = await synced(place);
        return found?.reason === "ConsumerSuspended" ? found : undefined;
      },
      { seen: () => synced(place) },
    );
    assert.match(condition.message, /^Kustomization flux-system\/suspended has applied .* it is suspended\. Resume it/);
    assert.deepEqual(await byAlice(place), ["a: key x: 0 -> clicked"]);
    await flux.patch("suspended", { spec: { suspend: false } });
    await inStep(place, objects.length);
    const [event] = await place.events("Applied", "a");
    assert.match(event?.note ?? "", /applied by Kustomization flux-system\/suspended, /);
  });

  it("is told of a consumer that is down, and goes on", async () => {
    const place = await placeFor("down", applying["Argo CD"]);
    await argo.pause();
    try {
      await click(place, "a", "clicked");
      await place.waitForCommits(1);
      await waitFor(
        "it to wait",
        async () => ((await synced(place))?.reason === "WaitingForConsumer" ? true : undefined),
        { seen: () => synced(place) },
      );
      await waitFor(
        "it to be told",
        async () => ((await synced(place))?.reason === "ConsumerSilent" ? true : undefined),
        { timeoutMs: 150_000, seen: () => synced(place) },
      );
      assert.equal((await place.ready()).status, "True");
    } finally {
      await argo.resume();
    }
    await inStep(place, objects.length);
    assert.equal(await live(place, "a"), "clicked");
  });

  it("knows who reads a folder above, who looks into no folders, and who applies the same objects from elsewhere", async () => {
    const namespace = "above";
    const repository = await world.git.createRepository(namespace, {
      files: { "apps/shop/a.yaml": text("a", "0"), "README.md": "x\n" },
    });
    const other = await world.git.createRepository("elsewhere", { files: { "b.yaml": text("b", "0") } });
    await world.plane.kubectl(["create", "namespace", namespace]);
    await argo.follow("above", repository, "apps");
    await argo.follow("flat", repository, "apps", { namespace, source: {}, automated: undefined });
    await argo.follow("elsewhere", other, ".", { namespace });
    await waitFor(
      "both objects",
      async () => {
        const { items } = (await world.plane.request("admin", "GET", pathOf(namespace, "ConfigMap"))).body;
        return items.filter(({ metadata }: Raw) => ["a", "b"].includes(metadata.name)).length === 2 ? true : undefined;
      },
      { timeoutMs: 90_000 },
    );
    const spec = { path: "apps/shop", batching: { quietPeriod: "0s" } };
    const place = await world.place(namespace, { existing: repository, spec });
    await inStep(place, 1);
    const { consumers, skipped } = await statusOf(place);
    assert.deepEqual(
      consumers.map(({ name, path, upToDate, warnings = [] }: Raw) => [
        name,
        path,
        upToDate,
        warnings.map(({ reason }: Raw) => reason),
      ]),
      [
        ["above", "apps", true, []],
        ["flat", "apps", undefined, ["NotRecursive"]],
      ],
    );
    assert.equal(skipped.ManagedElsewhere, 1);
    await click(place, "a", "clicked");
    await place.waitForCommits(1);
    await inStep(place, 1);
    assert.equal(await repository.show("main", "apps/shop/a.yaml"), text("a", "clicked"));
    await place.send("alice", "PATCH", pathOf(namespace, "ConfigMap", "b"), { data: { x: "lost" } });
    const [event] = await waitFor("it to be told", async () => {
      const events = await place.events("Skipped", "b");
      return events.length > 0 ? events : undefined;
    });
    assert.match(event.note, /ManagedElsewhere \(Argo CD Application elsewhere, from .*elsewhere, branch main/);
  });

  it("warns of two who apply one path", async () => {
    const place = await placeFor("twice", applying["Argo CD"]);
    await argo.follow("twin", place.repository, "apps", { namespace: "twice", automated: undefined });
    const told = await waitFor("it to be told", async () => {
      const { consumers = [] } = await statusOf(place);
      return consumers.length === 2 ? consumers : undefined;
    });
    for (const { warnings } of told)
      assert.deepEqual(
        warnings.map(({ reason }: Raw) => reason),
        ["SeveralConsumers"],
      );
    await place.create("alice", configMap("more", { x: "1" }));
    await waitFor(
      "the new object to be told as applied",
      async () => ((await place.events("Applied", "more")).length > 0 ? true : undefined),
      { timeoutMs: 60_000, seen: () => synced(place) },
    );
  });
});
