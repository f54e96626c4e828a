/** Where objects stand in Git: new ones where the layout says, what is there already where a person put it. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { waitFor } from "../harness/wait-for.ts";
import { assertNothingTwice, configMap, type KubeObject, type Place, pathOf, startWorld, type World } from "./world.ts";

const service: KubeObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
};

/** As a person writes: comments, flow style, keys in another order, what the API server fills in left out. */
const ownStyle = `# The shop's settings.
kind: ConfigMap
apiVersion: v1
data: { zone: 'a', "mode": plain }
metadata:
    name: settings
    labels: {team: shop}
`;

async function edit(place: Place, user: string, name: string, data: object): Promise<void> {
  await place.send(user, "PATCH", pathOf(place.namespace, "ConfigMap", name), { data });
}

async function lines(place: Place): Promise<readonly string[]> {
  return (await place.commits()).map(({ author, subject }) => `${author.name}: ${subject}`);
}

describe("a layout", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ flags: ["--source-poll=1s"] });
  });
  after(() => world.stop());

  for (const [mode, app, web] of [
    ["Flat", "apps/configmap-app.yaml", "apps/service-web.yaml"],
    ["ByNamespace", "apps/layout-bynamespace/configmap-app.yaml", "apps/layout-bynamespace/service-web.yaml"],
    ["ByKind", "apps/configmap/app.yaml", "apps/service/web.yaml"],
  ] as const) {
    it(`${mode}: an object is created, changed and deleted at ${app}`, async () => {
      const objects = [configMap("app", { x: "1" })];
      const place = await world.place(`layout-${mode.toLowerCase()}`, { objects, spec: { layout: { mode } } });
      const { repository } = place;
      assert.deepEqual(await repository.files("main", "apps"), [app]);
      await place.create("alice", service);
      await place.waitForCommits(2);
      assert.deepEqual(await repository.files("main", "apps"), [app, web]);
      await edit(place, "bob", "app", { x: "2" });
      await place.waitForCommits(3);
      assert.deepEqual(parse((await repository.show("main", app)) ?? "").data, { x: "2" });
      await place.send("carol", "DELETE", pathOf(place.namespace, "ConfigMap", "app"));
      const commits = await place.waitForCommits(4);
      assert.deepEqual(await repository.files("main", "apps"), [web]);
      assert.deepEqual(
        commits.slice(1).map(({ author, files }) => [author.name, files]),
        [
          ["alice", [web]],
          ["bob", [app]],
          ["carol", [app]],
        ],
      );
    });
  }

  it("finds its files again after a restart and after the layout was changed", async () => {
    const place = await world.place("relaid", { objects: [configMap("app", { x: "1" })] });
    await place.send("admin", "PATCH", "/apis/clickscribe.dev/v1alpha1/namespaces/relaid/captures/all", {
      spec: { layout: { mode: "ByKind" } },
    });
    await world.startOperator();
    await place.create("alice", configMap("new", { x: "1" }));
    await place.waitForCommits(2);
    await edit(place, "bob", "app", { x: "2" });
    assert.deepEqual((await place.waitForCommits(3)).at(-1)?.files, ["apps/configmap-app.yaml"]);
    assert.deepEqual(await place.repository.files("main", "apps"), [
      "apps/configmap-app.yaml",
      "apps/configmap/new.yaml",
    ]);
  });
});

describe("files that a person wrote", () => {
  let world: World;
  before(async () => {
    world = await startWorld({ flags: ["--source-poll=1s"] });
  });
  after(() => world.stop());

  it("in another style, under other names and in other folders are adopted; a change goes into that very file", async () => {
    const settings = configMap("settings", { zone: "a", mode: "plain" }, { labels: { team: "shop" } });
    const files = {
      "apps/00-settings.yml": ownStyle,
      "apps/deep/er/network.yaml": `---\n${JSON.stringify({ ...service, spec: { ports: [{ port: 80 }] } })}\n`,
      "other/untouched.yaml": "not: ours\n",
    };
    const place = await world.place("adopted", { objects: [settings, service], repository: { files } });
    const { repository } = place;
    assert.deepEqual(await lines(place), []);
    assert.ok(await repository.tip(place.recordRef));
    assert.equal((await place.capture()).status.objects.inSync, 2);

    await edit(place, "alice", "settings", { mode: "fancy" });
    const [commit] = await place.waitForCommits(1);
    assert.deepEqual(commit?.files, ["apps/00-settings.yml"]);
    assert.deepEqual(await lines(place), ["alice: settings: key mode: plain -> fancy"]);
    const { metadata, data } = parse((await repository.show("main", "apps/00-settings.yml")) ?? "");
    assert.deepEqual(
      { metadata, data },
      {
        metadata: {
          name: "settings",
          labels: { team: "shop" },
          ...("namespace" in metadata && { namespace: "adopted" }),
        },
        data: { zone: "a", mode: "fancy" },
      },
    );

    await place.send("bob", "PATCH", pathOf("adopted", "Service", "web"), { metadata: { labels: { tier: "front" } } });
    const second = (await place.waitForCommits(2)).at(-1);
    assert.deepEqual(second?.files, ["apps/deep/er/network.yaml"]);
    assert.equal(second?.author.name, "bob");
    assert.equal(await repository.show("main", "other/untouched.yaml"), "not: ours\n");

    await place.send("carol", "DELETE", pathOf("adopted", "ConfigMap", "settings"));
    assert.deepEqual((await place.waitForCommits(3)).at(-1)?.files, ["apps/00-settings.yml"]);
    assert.equal(await repository.show("main", "apps/00-settings.yml"), undefined);
    await assertNothingTwice(repository);
    assert.deepEqual(await repository.fsck(), []);
  });

  it("and that contradict the object at first contact stay until both are equal", async () => {
    const files = { "apps/mine.yaml": ownStyle };
    const objects = [configMap("settings", { zone: "b", mode: "plain" }), configMap("more", { x: "1" })];
    const place = await world.place("contradicts", { objects, repository: { files }, wait: false });
    const condition = await place.waitForReason("Diverged");
    assert.match(condition.message, /ConfigMap contradicts\/settings/);
    await waitFor("an Event", async () => (await place.events("Diverged", "settings"))[0]);
    assert.equal(await place.repository.show("main", "apps/mine.yaml"), ownStyle);
    assert.deepEqual(await lines(place), ["clickscribe: capture 1 object of contradicts"]);

    const equal = { metadata: { labels: { team: "shop" } }, data: { zone: "a" } };
    await place.send("alice", "PATCH", pathOf("contradicts", "ConfigMap", "settings"), equal);
    await place.waitForReason("Succeeded");
    assert.equal(await place.repository.show("main", "apps/mine.yaml"), ownStyle);
    assert.equal((await place.commits()).length, 1);
    await edit(place, "bob", "settings", { zone: "c" });
    assert.deepEqual((await place.waitForCommits(2)).at(-1)?.files, ["apps/mine.yaml"]);
  });

  it("at the path of another object are not overwritten, nor removed with it", async () => {
    const theirs = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: somebody-else}\ndata: {x: '1'}\n";
    const files = { "apps/configmap-app.yaml": theirs };
    const place = await world.place("occupied", { repository: { files } });
    await place.create("alice", configMap("app", { x: "1" }));
    const condition = await place.waitForReason("Diverged");
    assert.equal(condition.status, "False");
    const event = await waitFor("an Event", async () => (await place.events("Diverged", "app"))[0]);
    assert.match(event.note, /apps\/configmap-app\.yaml/);
    await place.create("bob", configMap("web", { x: "1" }));
    await place.waitForCommits(1);
    assert.deepEqual(await lines(place), ["bob: create ConfigMap web"]);
    await place.send("alice", "DELETE", pathOf("occupied", "ConfigMap", "app"));
    await place.waitForReason("Succeeded");
    assert.equal(await place.repository.show("main", "apps/configmap-app.yaml"), theirs);
    assert.equal((await place.commits()).length, 1);
  });

  it("as JSON, or as one of several documents, are adopted, and edited in their form", async () => {
    const several = `${JSON.stringify(configMap("one", { x: "1" }))}\n---\n${JSON.stringify(configMap("two", { x: "1" }))}\n`;
    const json = `${JSON.stringify(configMap("app", { x: "1" }))}\n`;
    const files = { "apps/app.json": json, "apps/several.yaml": several };
    const objects = ["app", "one", "two"].map((name) => configMap(name, { x: "1" }));
    const place = await world.place("several", { objects, repository: { files } });
    assert.equal((await place.capture()).status.objects.inSync, 3);
    await edit(place, "alice", "app", { x: "2" });
    await place.waitForCommits(1);
    await edit(place, "alice", "one", { x: "2" });
    await place.waitForCommits(2);
    await place.send("bob", "DELETE", pathOf("several", "ConfigMap", "two"));
    await place.waitForCommits(3);
    assert.deepEqual(await lines(place), [
      "alice: app: key x: 1 -> 2",
      "alice: one: key x: 1 -> 2",
      "bob: delete ConfigMap two",
    ]);
    assert.equal(await place.repository.show("main", "apps/app.json"), json.replace('"x":"1"', '"x":"2"'));
    assert.equal(
      await place.repository.show("main", "apps/several.yaml"),
      `${JSON.stringify(configMap("one", { x: "2" }))}\n`,
    );
  });

  it("and that hold something else than objects are left alone, and what stands beside them is written", async () => {
    const files = { "apps/README.md": "# Shop\n", "apps/values.txt": "x\n" };
    const place = await world.place("beside", { objects: [configMap("app", { x: "1" })], repository: { files } });
    await place.send("alice", "DELETE", pathOf("beside", "ConfigMap", "app"));
    await place.waitForCommits(2);
    assert.deepEqual(await place.repository.files("main", "apps"), ["apps/README.md", "apps/values.txt"]);
  });
});
