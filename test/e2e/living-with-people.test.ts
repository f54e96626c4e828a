/** People commit while people click: nothing of either is lost, and files keep the form that their authors gave them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { TestRepository } from "../git/test-repository.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type KubeObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const container = { name: "app", image: "registry.example.com/app:1" };

function deployment(replicas = 2, containers: readonly object[] = [container]): KubeObject {
  const labels = { app: "web" };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

/** As a person keeps it: with comments, in another order, without what the API server fills in. */
const webText = `# Our shop. Ask team-web before you scale it.
---
kind: Deployment
apiVersion: apps/v1
metadata:
    name: web
spec:
    replicas: 2 # enough for a Monday

    selector:
        matchLabels: {app: web}
    template:
        metadata:
            labels: {app: web}
        spec:
            containers:
                # the shop itself
                - name: app
                  image: registry.example.com/app:1 # {"$imagepolicy": "flux-system:app"}
`;
const file = "apps/web/all.yaml";
const settings = `---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}   # odd, but ours\ndata:\n    a:  'x'\n`;

describe("living with people", () => {
  let world: World;
  let count = 0;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  /** A namespace whose objects are as a person's files say. */
  async function settledPlace(spec: object = {}): Promise<Place> {
    const repository = await world.git.createRepository(`people-${++count}`, {
      files: { [file]: webText + settings, "README.md": "# shop\n" },
    });
    const objects = [deployment(), configMap("settings", { a: "x" })];
    return await world.place(`people-${count}`, { existing: repository, objects, spec });
  }
  const setImage = async (place: Place, image: string, user = "alice"): Promise<void> => {
    const containers = [{ name: "app", image }];
    await place.send(
      user,
      "PATCH",
      pathOf(place.namespace, "Deployment", "web"),
      { spec: { template: { spec: { containers } } } },
      { contentType: "application/strategic-merge-patch+json" },
    );
  };
  const scale = async (place: Place, replicas: number, user = "alice"): Promise<void> => {
    await place.send(user, "PATCH", pathOf(place.namespace, "Deployment", "web"), { spec: { replicas } });
  };
  const commit = async (place: Place, files: Readonly<Record<string, string | null>>): Promise<void> => {
    await place.repository.commitAsPerson({ files });
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
  };
  const shown = (place: Place): Promise<string | undefined> => place.repository.show("refs/heads/main", file);
  const until = async (place: Place, text: string): Promise<void> => {
    await waitFor("the file", async () => ((await shown(place)) === text ? true : undefined), {
      timeoutMs: 20_000,
      seen: async () => [await shown(place), await place.ready()],
    });
  };
  const objectsOf = async (place: Place): Promise<Raw> => (await place.capture()).status.objects;
  /** As Flux's kustomize-controller does it. */
  const applyAsFlux = async (namespace: string, object: KubeObject): Promise<void> => {
    const who = ["--as=system:serviceaccount:flux-system:kustomize-controller", "--as-group=system:masters"];
    const how = ["--server-side", "--force-conflicts", "--field-manager=kustomize-controller"];
    await world.plane.kubectl(["apply", ...who, ...how, "-n", namespace, "-f", "-"], { input: JSON.stringify(object) });
  };
  const theirs = async (repository: TestRepository): Promise<readonly string[]> =>
    (await repository.log()).map(({ author }) => author.name);

  it("writes a click where a careful colleague would have, and nothing else", async () => {
    const place = await settledPlace();
    assert.deepEqual(await place.commits(), []);
    await setImage(place, "registry.example.com/app:2");
    await until(place, (webText + settings).replace("app:1", "app:2"));
    await place.send("bob", "PATCH", pathOf(place.namespace, "ConfigMap", "settings"), { data: { a: "y", b: "z" } });
    await until(
      place,
      (webText + settings).replace("app:1", "app:2").replace("    a:  'x'\n", "    a:  'y'\n    b: z\n"),
    );
    assert.deepEqual(
      (await place.commits()).map(({ author }) => author.name),
      ["alice", "bob"],
    );
    await place.create("carol", configMap("new", { a: "1" }));
    await waitFor("the third document", async () => ((await shown(place))?.includes("name: new") ? true : undefined));
    assert.deepEqual((await place.repository.files("main")).toSorted(), ["README.md", file].toSorted());
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 3 ? true : undefined));
  });

  it("keeps both, where a person commits one field while alice clicks another", async () => {
    const place = await settledPlace();
    await place.repository.commitAsPerson({
      files: { [file]: (webText + settings).replace("replicas: 2", "replicas: 5") },
    });
    await setImage(place, "registry.example.com/app:2");
    await until(place, (webText + settings).replace("replicas: 2", "replicas: 5").replace("app:1", "app:2"));
    const live = await place.send("admin", "GET", pathOf(place.namespace, "Deployment", "web"));
    assert.equal(live.spec.replicas, 2);
    await waitFor("one to be ahead in Git", async () => ((await objectsOf(place)).gitAhead === 1 ? true : undefined));
    await applyAsFlux(place.namespace, deployment(5, [{ ...container, image: "registry.example.com/app:2" }]));
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined), {
      seen: () => objectsOf(place),
    });
    assert.deepEqual(await theirs(place.repository).then((names) => names.slice(1)), ["Paula Person", "alice"]);
  });

  for (const [onConflict, replicas, words] of [
    ["Hold", 5, /spec\.replicas changed in the cluster and in Git, to different values; make one equal/],
    ["ClusterWins", 3, /spec\.replicas changed .*: what the cluster has stands on main/],
    ["GitWins", 5, /spec\.replicas changed .*: what main says stays/],
  ] as const) {
    it(`leaves it to ${onConflict}, where both change the same field, and says so on the object`, async () => {
      const place = await settledPlace({ onConflict });
      await place.repository.commitAsPerson({
        files: { [file]: (webText + settings).replace("replicas: 2", "replicas: 5") },
      });
      await scale(place, 3);
      await setImage(place, "registry.example.com/app:2");
      await until(
        place,
        (webText + settings).replace("replicas: 2", `replicas: ${replicas}`).replace("app:1", "app:2"),
      );
      const reason = onConflict === "Hold" ? "Diverged" : "ConflictDecided";
      const event = await waitFor("the Event", async () => (await place.events(reason, "web"))[0]);
      assert.match(event.note, words);
    });
  }

  it("commits nothing, where a person adds a container and a consumer applies it", async () => {
    const place = await settledPlace();
    const added = "                - name: proxy\n                  image: registry.example.com/proxy:1\n";
    await commit(place, { [file]: webText + added + settings });
    await waitFor("one to be ahead in Git", async () => ((await objectsOf(place)).gitAhead === 1 ? true : undefined));
    await applyAsFlux(
      place.namespace,
      deployment(2, [container, { name: "proxy", image: "registry.example.com/proxy:1" }]),
    );
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined), {
      seen: () => objectsOf(place),
    });
    assert.deepEqual(await theirs(place.repository).then((names) => names.slice(1)), ["Paula Person"]);
  });

  it("writes nothing back, where a person deletes the file while alice edits", async () => {
    const place = await settledPlace();
    await place.repository.commitAsPerson({ files: { [file]: null } });
    await scale(place, 3);
    await place.waitForReason("Diverged");
    const [event] = await place.events("Diverged", "web");
    assert.match(event.note, /removed/);
    assert.deepEqual(await place.repository.files("main"), ["README.md"]);
  });

  it("follows a file that is moved, and one that is formatted anew", async () => {
    const place = await settledPlace();
    const formatted = `kind: List\napiVersion: v1\nitems:\n${[deployment(), configMap("settings", { a: "x" })].map((object) => `  - ${JSON.stringify(object)}\n`).join("")}`;
    await commit(place, { [file]: null, "apps/moved.yaml": webText, "apps/list.yaml": settings.replace("---\n", "") });
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined));
    await setImage(place, "registry.example.com/app:2");
    const moved = webText.replace("app:1", "app:2");
    await waitFor("the edit", async () =>
      (await place.repository.show("refs/heads/main", "apps/moved.yaml")) === moved ? true : undefined,
    );
    await commit(place, { "apps/moved.yaml": null, "apps/list.yaml": formatted.replace("app:1", "app:2") });
    await waitFor("all in step again", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined));
    await scale(place, 4, "bob");
    const expected = formatted.replace("app:1", "app:2").replace('"replicas":2', '"replicas":4');
    await waitFor(
      "the edit in the List",
      async () => ((await place.repository.show("refs/heads/main", "apps/list.yaml")) === expected ? true : undefined),
      { seen: () => place.repository.show("refs/heads/main", "apps/list.yaml") },
    );
    assert.deepEqual(
      (await place.commits()).filter(({ author }) => author.name !== "Paula Person").map(({ author }) => author.name),
      ["alice", "bob"],
    );
  });

  it("goes on from a branch that a person rebases, and never forces it back", async () => {
    const place = await settledPlace();
    await setImage(place, "registry.example.com/app:2");
    await place.waitForCommits(1);
    const git = (...args: readonly string[]): Promise<string> => place.repository.git(...args);
    const root = (await git("rev-list", "--max-parents=0", "main")).trim();
    const squashed = (await git("commit-tree", "main^{tree}", "-p", root, "-m", "squashed")).trim();
    await git("update-ref", "refs/heads/main", squashed);
    await scale(place, 4, "bob");
    await until(place, (webText + settings).replace("app:1", "app:2").replace("replicas: 2", "replicas: 4"));
    assert.ok((await place.repository.log()).some(({ oid }) => oid === squashed));
    assert.ok((await place.events("SourceRewritten", "all")).length > 0);
  });

  it("writes nothing back of whom the Capture names as one who applies from Git", async () => {
    const place = await settledPlace({ appliers: ["bob"] });
    const committed = (webText + settings).replace("replicas: 2", "replicas: 5");
    await commit(place, { [file]: committed });
    await waitFor("one to be ahead in Git", async () => ((await objectsOf(place)).gitAhead === 1 ? true : undefined));
    await scale(place, 5, "bob");
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined));
    await scale(place, 2, "bob");
    await waitFor("the stale state", async () => ((await objectsOf(place)).applying === 1 ? true : undefined));
    assert.equal(await shown(place), committed);
  });

  it("keeps a click, where a consumer applies an old revision over it", async () => {
    const place = await settledPlace();
    await scale(place, 4);
    const clicked = (webText + settings).replace("replicas: 2", "replicas: 4");
    await until(place, clicked);
    await applyAsFlux(place.namespace, deployment(2));
    await waitFor(
      "the stale state to be told",
      async () => ((await objectsOf(place)).applying === 1 ? true : undefined),
      { seen: () => objectsOf(place) },
    );
    assert.equal(await shown(place), clicked);
    await applyAsFlux(place.namespace, deployment(4));
    await waitFor("all in step", async () => ((await objectsOf(place)).inSync === 2 ? true : undefined));
    assert.equal((await place.commits()).length, 1);
    assert.equal(await shown(place), clicked);
  });
});
