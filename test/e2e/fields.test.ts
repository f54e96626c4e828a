/** `spec.fields`: what of an object is written, in the real cluster and repository. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { waitFor } from "../harness/wait-for.ts";
import { type KubeObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const deployment = (name: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, annotations: { "example.com/build": "1" } },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: "app", image: "x:1", env: [{ name: "A", value: "1" }] }] },
    },
  },
});
const small = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: NAMESPACE
  annotations:
    example.com/build: "1"
spec:
  replicas: 2
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - env:
        - name: A
          value: "1"
        image: x:1
        name: app
`;
const merge = { contentType: "application/merge-patch+json" };

describe("spec.fields", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  const file = async (place: Place): Promise<string> =>
    (await place.repository.show("main", "apps/deployment-web.yaml")) ?? "";
  const patch = (place: Place, user: string, change: object, name = "web"): Promise<Raw> =>
    place.send(user, "PATCH", pathOf(place.namespace, "Deployment", name), change, merge);
  const patchCapture = (place: Place, spec: object): Promise<Raw> =>
    place.send(
      "admin",
      "PATCH",
      `/apis/clickscribe.dev/v1alpha1/namespaces/${place.namespace}/captures/all`,
      { spec },
      merge,
    );
  const settled = async (place: Place): Promise<void> => {
    const request = new Date().toISOString();
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": request });
    await waitFor("the Capture to be looked at anew", async () => {
      const { metadata, status } = await place.capture();
      const isDone = status?.lastHandledReconcileAt === request && status.observedGeneration === metadata.generation;
      return isDone ? true : undefined;
    });
    await place.waitForReason("Succeeded");
  };

  it("ignore: a field is never written, and its changes are nobody's commits", async () => {
    const ignore = [
      { kinds: ["Deployment"], paths: ["/spec/replicas", "/spec/template/spec/containers/name=app/env/name=A"] },
      { kinds: ["*"], paths: ["/metadata/annotations/example.com~1*"] },
      { kinds: ["*"], paths: ["/metadata/annotations/example.com~1build"] },
    ];
    const place = await world.place("ignore", { spec: { fields: { ignore } } });
    await place.create("alice", deployment("web"));
    await place.waitForCommits(1);
    const first = await file(place);
    for (const gone of ["replicas", "env:", "annotations"]) assert.ok(!first.includes(gone), `${gone} in ${first}`);
    await patch(place, "bob", { spec: { replicas: 5 }, metadata: { annotations: { "example.com/build": "2" } } });
    await patch(place, "carol", { spec: { paused: true } });
    const commits = await place.waitForCommits(2);
    assert.deepEqual(
      commits.map(({ author }) => author.name),
      ["alice", "carol"],
    );
  });

  it("ignore: a field that is in Git already is neither written nor taken out", async () => {
    const place = await world.place("later", { objects: [deployment("web")] });
    assert.match(await file(place), /replicas: 2/);
    const count = (await place.commits()).length;
    await patchCapture(place, { fields: { ignore: [{ kinds: ["Deployment.apps"], paths: ["/spec/replicas"] }] } });
    await settled(place);
    await patch(place, "bob", { spec: { replicas: 7 } });
    await patch(place, "carol", { spec: { paused: true } });
    const commits = await place.waitForCommits(count + 1);
    assert.equal(commits.at(-1)?.author.name, "carol");
    assert.match(await file(place), /paused: true\n {2}replicas: 2\n/);
  });

  it("ignore: a path that is none is refused with its field", async () => {
    const place = await world.place("wrong", {});
    const fields = { ignore: [{ kinds: ["*"], paths: ["/metadata/name"] }] };
    await assert.rejects(patchCapture(place, { fields }), /must not cover apiVersion/);
  });

  it("defaults: without the right to dry-runs, those that the schema proves go, and the Capture says so", async () => {
    const place = await world.place("schema", { spec: { fields: { defaults: "Drop" } } });
    await place.create("alice", deployment("web"));
    await place.waitForCommits(1);
    assert.match(await file(place), /terminationGracePeriodSeconds: 30/);
    const [told] = await waitFor("an Event", async () => {
      const found = await place.events("DefaultsKept");
      return found.length > 0 ? found : undefined;
    });
    assert.match(told.note ?? told.message, /deployments in schema [^]*verbs: \["create"\]/);
  });

  it("defaults: with it, the file says what a person would have written, through restarts too", async () => {
    await world.plane.kubectl(["create", "clusterrole", "prove", "--verb=create", "--resource=deployments.apps"]);
    const account = "--serviceaccount=clickscribe-system:clickscribe";
    await world.plane.kubectl(["create", "clusterrolebinding", "prove", "--clusterrole=prove", account]);
    // What is denied is not asked for again at once.
    await world.startOperator();
    const place = await world.place("proven", { spec: { fields: { defaults: "Drop" } } });
    await place.create("alice", deployment("web"));
    await place.waitForCommits(1);
    assert.equal(await file(place), small.replace("NAMESPACE", "proven"));
    await patch(place, "bob", { spec: { revisionHistoryLimit: 3 } });
    await place.waitForCommits(2);
    assert.match(await file(place), /revisionHistoryLimit: 3/);
    // What is now the default again is not told from one that nobody set.
    await patch(place, "bob", { spec: { revisionHistoryLimit: 10 } });
    assert.deepEqual(
      (await place.waitForCommits(3)).map(({ author }) => author.name),
      ["alice", "bob", "bob"],
    );
    assert.equal(await file(place), small.replace("NAMESPACE", "proven"));
    await world.startOperator();
    await settled(place);
    await patch(place, "carol", { spec: { paused: true } });
    const commits = await place.waitForCommits(4);
    assert.equal(commits.at(-1)?.author.name, "carol");
  });

  it("defaults: a file that spells them out is adopted", async () => {
    const text = small
      .replace("NAMESPACE", "spelled")
      .replace("replicas: 2\n", "replicas: 2\n  revisionHistoryLimit: 10\n");
    const place = await world.place("spelled", {
      repository: { files: { "apps/web.yaml": text } },
      objects: [deployment("web")],
      spec: { fields: { defaults: "Drop" } },
    });
    await place.waitForReason("Succeeded");
    assert.deepEqual(await place.commits(), []);
    assert.equal((await place.capture()).status.objects.inSync, 1);
  });
});
