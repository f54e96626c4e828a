/** People commit, people click, and the real Flux applies: nothing of theirs is lost, nothing of its own is written back. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "../e2e/world.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type Flux, startFlux } from "./flux.ts";

const file = "apps/web.yaml";
const text = `# The shop.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2 # enough
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - name: app
          image: registry.example.com/app:1
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {mode: 'fast'} # or slow
`;

describe("Clickscribe beside Flux", { timeout: 300_000 }, () => {
  const stack = new AsyncDisposableStack();
  let world: World;
  let flux: Flux;
  let count = 0;
  before(async () => {
    world = await startWorld();
    stack.defer(() => world.stop());
    flux = await startFlux(world.plane);
    stack.defer(() => flux.stop());
    // The kinds of Flux are there now.
    await world.startOperator();
  });
  after(() => stack.disposeAsync());

  /** A namespace that Flux has made what the repository says. */
  async function settledPlace(spec: object = {}): Promise<Place> {
    const namespace = `flux-${++count}`;
    const repository = await world.git.createRepository(namespace, {
      files: { [file]: text, "README.md": "# shop\n" },
    });
    await world.plane.kubectl(["create", "namespace", namespace]);
    await flux.follow(namespace, repository, "apps");
    await flux.apply(namespace, repository);
    const place = await world.place(namespace, { existing: repository, spec });
    await inStep(place);
    assert.deepEqual(await place.commits(), []);
    return place;
  }
  const objectsOf = async (place: Place): Promise<Raw> => (await place.capture()).status.objects;
  const inStep = async (place: Place): Promise<void> => {
    await waitFor(
      "both objects to be in step",
      async () => ((await objectsOf(place))?.inSync === 2 ? true : undefined),
      {
        seen: async () => [await objectsOf(place), await place.ready()],
      },
    );
  };
  const scale = async (place: Place, replicas: number): Promise<void> => {
    await place.send("alice", "PATCH", pathOf(place.namespace, "Deployment", "web"), { spec: { replicas } });
  };
  const replicas = async (place: Place): Promise<number> =>
    (await place.send("admin", "GET", pathOf(place.namespace, "Deployment", "web"))).spec.replicas;
  const until = async (place: Place, wanted: string): Promise<void> => {
    await waitFor("the file", async () => ((await place.repository.show("main", file)) === wanted ? true : undefined), {
      seen: async () => [await place.repository.show("main", file), await place.ready()],
    });
  };
  const authors = async (place: Place): Promise<readonly string[]> =>
    (await place.commits()).map(({ author }) => author.name);

  it("keeps both, where a person commits one field while alice clicks another; and nobody is reverted", async () => {
    const place = await settledPlace();
    await place.repository.commitAsPerson({ files: { [file]: text.replace("app:1", "app:2") } });
    await scale(place, 4);
    const both = text.replace("app:1", "app:2").replace("replicas: 2", "replicas: 4");
    await until(place, both);
    await flux.apply(place.namespace, place.repository);
    await inStep(place);
    assert.equal(await replicas(place), 4);
    assert.equal(await place.repository.show("main", file), both);
    assert.deepEqual(await authors(place), ["Paula Person", "alice"]);
  });

  it("commits nothing of what Flux applies: a container that a person added, a file that goes", async () => {
    const place = await settledPlace();
    const added = "        - name: proxy\n          image: registry.example.com/proxy:1\n";
    await place.repository.commitAsPerson({ files: { [file]: text.replace("---\n", `${added}---\n`) } });
    await flux.apply(place.namespace, place.repository);
    await inStep(place);
    await place.repository.commitAsPerson({ files: { [file]: text.slice(0, text.indexOf("---\n")) } });
    await flux.apply(place.namespace, place.repository);
    await waitFor("the ConfigMap to be pruned", async () =>
      (await objectsOf(place)).inScope === 1 ? true : undefined,
    );
    await place.create("bob", configMap("late", { a: "1" }));
    await waitFor("bob's commit", async () => ((await authors(place)).includes("bob") ? true : undefined));
    assert.deepEqual(await authors(place), ["Paula Person", "Paula Person", "bob"]);
  });

  it("keeps a click that Flux reverts from an old revision: it is in Git, and comes back", async () => {
    const place = await settledPlace();
    const old = (await place.repository.tip("main")) ?? "";
    await scale(place, 4);
    const clicked = text.replace("replicas: 2", "replicas: 4");
    await until(place, clicked);
    await flux.apply(place.namespace, place.repository, old);
    await waitFor("the revert", async () => ((await replicas(place)) === 2 ? true : undefined));
    await waitFor("it to be told", async () => ((await objectsOf(place)).applying === 1 ? true : undefined), {
      seen: () => objectsOf(place),
    });
    assert.equal(await place.repository.show("main", file), clicked);
    await flux.apply(place.namespace, place.repository);
    await waitFor("the click", async () => ((await replicas(place)) === 4 ? true : undefined));
    await inStep(place);
    assert.deepEqual(await authors(place), ["alice"]);
  });

  it("lets the cluster win a field where the Capture says so, and Flux bring what it won", async () => {
    const place = await settledPlace({ onConflict: "ClusterWins" });
    await place.repository.commitAsPerson({ files: { [file]: text.replace("replicas: 2", "replicas: 5") } });
    await scale(place, 3);
    await until(place, text.replace("replicas: 2", "replicas: 3"));
    await waitFor("the Event", async () => (await place.events("ConflictDecided", "web"))[0]);
    await flux.apply(place.namespace, place.repository);
    await inStep(place);
    assert.equal(await replicas(place), 3);
  });

  it("makes no file again that a person deleted while alice edited: Flux prunes what it held", async () => {
    const place = await settledPlace();
    await place.repository.commitAsPerson({
      files: { [file]: null, "apps/settings.yaml": text.slice(text.indexOf("---\n")) },
    });
    await scale(place, 3);
    await waitFor("it to be told", async () => (await place.events("Diverged", "web"))[0]);
    await flux.apply(place.namespace, place.repository);
    await waitFor("the Deployment to be pruned", async () =>
      (await objectsOf(place)).inScope === 1 ? true : undefined,
    );
    await waitFor("the rest to be in step", async () => ((await objectsOf(place)).inSync === 1 ? true : undefined));
    assert.deepEqual(await place.repository.files("main"), ["README.md", "apps/settings.yaml"]);
    assert.deepEqual(await authors(place), ["Paula Person"]);
  });

  it("follows a file that is moved and formatted anew, and a branch that is rebased", async () => {
    const place = await settledPlace();
    const moved = text.replaceAll("        - name", "      - name").replaceAll("          image", "        image");
    await place.repository.commitAsPerson({ files: { [file]: null, "apps/team/all.yaml": moved } });
    await flux.apply(place.namespace, place.repository);
    await inStep(place);
    await scale(place, 3);
    const edited = moved.replace("replicas: 2", "replicas: 3");
    const shown = (): Promise<string | undefined> => place.repository.show("main", "apps/team/all.yaml");
    await waitFor("the edit", async () => ((await shown()) === edited ? true : undefined), { seen: shown });
    const git = (...args: readonly string[]): Promise<string> => place.repository.git(...args);
    const root = (await git("rev-list", "--max-parents=0", "main")).trim();
    const squashed = (await git("commit-tree", "main^{tree}", "-p", root, "-m", "squashed")).trim();
    await git("update-ref", "refs/heads/main", squashed);
    await flux.apply(place.namespace, place.repository);
    await scale(place, 4);
    const last = moved.replace("replicas: 2", "replicas: 4");
    await waitFor("the edit on top", async () => ((await shown()) === last ? true : undefined), { seen: shown });
    await flux.apply(place.namespace, place.repository);
    await inStep(place);
    assert.equal(await replicas(place), 4);
    assert.ok((await place.repository.log()).some(({ oid }) => oid === squashed));
  });
});
