/** Fields that only controllers own, in the real cluster: an autoscaler's, an injector's, a custom resource's operator's. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { definitionOf } from "../fixtures/definition.ts";
import { established } from "../harness/established.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type KubeObject, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const merge = "application/merge-patch+json";
const definition = definitionOf({ group: "example.com", kind: "Database", plural: "databases", status: true });
const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "app", image: "x:1" }] } },
  },
};

describe("what controllers write into people's objects", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
    await world.plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(definition) });
    const resources = "--resource=databases.example.com,databases.example.com/status";
    await world.plane.kubectl(["create", "clusterrole", "databases", "--verb=*", resources]);
    const everybody = ["--clusterrole=databases", "--group=system:authenticated"];
    await world.plane.kubectl(["create", "clusterrolebinding", "databases", ...everybody]);
    await established(world.plane);
  });
  after(() => world.stop());

  const file = async (place: Place, name: string): Promise<string> =>
    (await place.repository.show("main", `apps/${name}.yaml`)) ?? "";
  const as = (place: Place, manager: string, path: string, change: object): Promise<Raw> =>
    place.send("admin", "PATCH", `${path}?fieldManager=${manager}`, change, { contentType: merge });
  const databases = (place: Place, name = ""): string =>
    `/apis/example.com/v1/namespaces/${place.namespace}/databases${name === "" ? "" : `/${name}`}`;

  it("an autoscaler's number of replicas is in no commit of its own, a person's is", async () => {
    const place = await world.place("scaled");
    await place.create("alice", deployment);
    await place.waitForCommits(1);
    assert.match(await file(place, "deployment-web"), /replicas: 1\n/);
    const scaler = (minReplicas: number): object => ({
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web" },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        minReplicas,
        maxReplicas: 9,
      },
    });
    const scalers = `/apis/autoscaling/v2/namespaces/${place.namespace}/horizontalpodautoscalers`;
    await place.send("alice", "POST", scalers, scaler(3));
    const replicas = (count: number): Promise<unknown> =>
      waitFor(
        `${count} replicas`,
        async () => {
          const { spec } = await place.send("admin", "GET", pathOf(place.namespace, "Deployment", "web"));
          return spec.replicas === count ? true : undefined;
        },
        { timeoutMs: 60_000 },
      );
    await replicas(3);
    // The scaler's own file, and the replicas leave that of the Deployment.
    await waitFor("replicas to leave the file", async () =>
      (await file(place, "deployment-web")).includes("replicas") ? undefined : true,
    );
    const before = (await place.commits()).length;
    await place.send("alice", "PATCH", `${scalers}/web`, { spec: { minReplicas: 4 } }, { contentType: merge });
    await replicas(4);
    await place.create("alice", configMap("after", { x: "1" }));
    const commits = await place.waitForCommits(before + 2);
    assert.deepEqual(
      commits.slice(before).flatMap(({ files }) => files),
      ["apps/horizontalpodautoscaler-web.yaml", "apps/configmap-after.yaml"],
    );
    const scale = `${pathOf(place.namespace, "Deployment", "web")}/scale`;
    await place.send(
      "bob",
      "PATCH",
      `${scale}?fieldManager=kubectl`,
      { spec: { replicas: 6 } },
      { contentType: merge },
    );
    const last = (await place.waitForCommits(before + 3)).at(-1);
    assert.deepEqual([last?.author.name, last?.files], ["bob", ["apps/deployment-web.yaml"]]);
  });

  it("what a custom resource's own controller fills in is not in Git, and what only it wrote is skipped", async () => {
    const place = await world.place("operated");
    const database = { apiVersion: "example.com/v1", kind: "Database", metadata: { name: "shop" }, spec: { size: 1 } };
    await place.send("alice", "POST", `${databases(place)}?fieldManager=kubectl-create`, database);
    const own = "database-operator";
    const filled = { spec: { endpoint: "10.0.0.1" }, metadata: { annotations: { "db.example.com/seen": "1" } } };
    await as(place, own, `${databases(place, "shop")}/status`, { status: { ready: true } });
    await as(place, own, databases(place, "shop"), filled);
    const made = { ...database, metadata: { name: "made" } };
    await place.send("admin", "POST", `${databases(place)}?fieldManager=${own}`, made);
    await as(place, own, `${databases(place, "made")}/status`, { status: { ready: true } });
    await as(place, own, databases(place, "shop"), { spec: { endpoint: "10.0.0.2" } });
    await place.send("bob", "PATCH", databases(place, "shop"), { spec: { size: 2 } }, { contentType: merge });
    const name = "database.example.com-shop";
    await waitFor("bob's change", async () => ((await file(place, name)).includes("size: 2") ? true : undefined));
    assert.equal(
      await file(place, name),
      `apiVersion: example.com/v1\nkind: Database\nmetadata:\n  name: shop\n  namespace: operated\nspec:\n  size: 2\n`,
    );
    await waitFor("the count of what an operator made", async () => {
      const { status } = await place.capture();
      return status.skipped?.OperatorManaged === 1 ? true : undefined;
    });
  });
});
