/** Every way in which people edit, against the real parts: each edit is one commit by its author, and a clean file. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LogEntry } from "../git/test-repository.ts";
import { waitFor } from "../harness/wait-for.ts";
import {
  configMap,
  everyObject,
  type KubeObject,
  type Place,
  pathOf,
  type Raw,
  startWorld,
  type World,
} from "./world.ts";

const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: { app: "web" } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "app", image: "registry.example/web:1.0" }] },
    },
  },
};

describe("in a real cluster and repository", () => {
  let world: World;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  describe("an edit", () => {
    let place: Place;
    let web: string;
    before(async () => {
      place = await world.place("shop");
      web = pathOf("shop", "Deployment", "web");
    });

    const file = "apps/deployment-web.yaml";
    const show = async (path = file): Promise<string> => (await place.repository.show("main", path)) ?? "";

    /** Does it, and answers the one commit that it became. */
    async function edit(does: () => Promise<unknown>): Promise<LogEntry> {
      const count = (await place.commits()).length;
      await does();
      const commits = await place.waitForCommits(count + 1);
      assert.equal(commits.length, count + 1);
      return commits[count] as LogEntry;
    }

    function assertCommit(commit: LogEntry, user: string, subject: string, objects: readonly string[]): void {
      assert.deepEqual(commit.author.name, user);
      assert.equal(commit.author.email, `${user}@clickscribe.invalid`);
      assert.equal(commit.committer.name, "clickscribe");
      assert.equal(commit.subject, subject);
      assert.deepEqual(commit.files, [file]);
      const { trailers } = commit;
      assert.deepEqual(trailers["Clickscribe-Cluster"], ["e2e"]);
      assert.deepEqual(trailers["Clickscribe-Capture"], ["shop/all"]);
      assert.deepEqual(trailers["Changed-Object"], objects);
      assert.deepEqual(trailers["Changed-By"], [user]);
      assert.deepEqual(trailers["Attribution"], ["Admission"]);
      const at = Date.parse(trailers["Changed-At"]?.[0] ?? "");
      assert.ok(Math.abs(at - commit.author.at.getTime()) < 60_000);
    }
    const it1 = ["Deployment.apps shop/web"];

    it("that creates an object", async () => {
      const commit = await edit(() => place.create("alice", deployment));
      assertCommit(commit, "alice", "create Deployment web", it1);
      const text = await show();
      assert.match(text, /^apiVersion: apps\/v1\nkind: Deployment\nmetadata:\n/);
      assert.doesNotMatch(
        text,
        /managedFields|resourceVersion|uid:|creationTimestamp|status:|generation|deployment\.kubernetes/,
      );
    });

    it("that scales it, through the subresource", async () => {
      const commit = await edit(() =>
        world.plane.kubectl(["-n", "shop", "scale", "deployment", "web", "--replicas=3"], { user: "bob" }),
      );
      assertCommit(commit, "bob", "web: scale 1 -> 3", it1);
      assert.match(await show(), /^ {2}replicas: 3$/m);
    });

    it("that labels it", async () => {
      const commit = await edit(() =>
        world.plane.kubectl(["-n", "shop", "label", "deployment", "web", "team=shop"], { user: "carol" }),
      );
      assertCommit(commit, "carol", "web: label team=shop", it1);
    });

    it("by kubectl set image", async () => {
      const commit = await edit(() =>
        world.plane.kubectl(["-n", "shop", "set", "image", "deployment/web", "app=registry.example/web:1.1"], {
          user: "alice",
        }),
      );
      assertCommit(commit, "alice", "web: image app 1.0 -> 1.1", it1);
    });

    it("by server-side apply", async () => {
      const commit = await edit(() =>
        world.plane.kubectl(["-n", "shop", "apply", "--server-side", "--field-manager=ci", "-f", "-"], {
          user: "bob",
          input: JSON.stringify({
            ...deployment,
            metadata: { name: "web", annotations: { note: "applied" } },
            spec: {
              ...(deployment["spec"] as object),
              replicas: undefined,
              template: {
                metadata: { labels: { app: "web" } },
                spec: { containers: [{ name: "app", image: "registry.example/web:1.1" }] },
              },
            },
          }),
        }),
      );
      assertCommit(commit, "bob", "web: annotation note=applied", it1);
      assert.deepEqual(commit.trailers["Changed-With"], ["ci"]);
    });

    it("by JSON patch", async () => {
      const patch = [{ op: "replace", path: "/spec/replicas", value: 2 }];
      const contentType = "application/json-patch+json";
      const commit = await edit(() => place.send("carol", "PATCH", web, patch, { contentType }));
      assertCommit(commit, "carol", "web: scale 3 -> 2", it1);
    });

    it("as Headlamp sends it: the whole live object by PUT", async () => {
      const commit = await edit(() =>
        retryConflict(async () => {
          const live = await place.send("alice", "GET", web);
          assert.ok(live.metadata.managedFields.length > 0);
          live.spec.template.spec.containers[0].image = "registry.example/web:1.2";
          await place.send("alice", "PUT", `${web}?fieldManager=Mozilla`, live);
        }),
      );
      assertCommit(commit, "alice", "web: image app 1.1 -> 1.2", it1);
      assert.deepEqual(commit.trailers["Changed-With"], ["Mozilla"]);
      assert.doesNotMatch(await show(), /managedFields|resourceVersion/);
    });

    it("as Lens sends it: JSON patch with a test of the version, and strategic merge patch", async () => {
      const first = await edit(() =>
        retryConflict(async () => {
          const { metadata } = await place.send("bob", "GET", web);
          const patch = [
            { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
            { op: "add", path: "/metadata/labels/tier", value: "front" },
          ];
          await place.send("bob", "PATCH", `${web}?fieldManager=Lens`, patch, {
            contentType: "application/json-patch+json",
          });
        }),
      );
      assertCommit(first, "bob", "web: label tier=front", it1);
      const patch = {
        spec: { template: { spec: { containers: [{ name: "app", env: [{ name: "MODE", value: "x" }] }] } } },
      };
      const contentType = "application/strategic-merge-patch+json";
      const second = await edit(() => place.send("carol", "PATCH", `${web}?fieldManager=Lens`, patch, { contentType }));
      assert.equal(second.author.name, "carol");
      assert.match(second.subject, /^web: .*env/);
      assert.deepEqual(second.trailers["Changed-With"], ["Lens"]);
    });

    it("of several objects at once is one commit", async () => {
      const several = await world.place("several", { spec: { batching: { quietPeriod: "1s" } } });
      const items = ["a", "b", "c"].map((name) => configMap(name, { x: "1" }));
      const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
      await world.plane.kubectl(["-n", "several", "create", "-f", "-"], { user: "alice", input });
      const [commit, ...more] = await several.waitForCommits(1);
      assert.ok(commit);
      assert.deepEqual(more, []);
      assert.equal(commit.author.name, "alice");
      assert.equal(commit.subject, "create 3 objects (ConfigMap)");
      const names = ["a", "b", "c"];
      assert.deepEqual(
        commit.trailers["Changed-Object"],
        names.map((name) => `ConfigMap several/${name}`),
      );
      assert.deepEqual(
        commit.files,
        names.map((name) => `apps/configmap-${name}.yaml`),
      );
    });

    it("shows as an Event on the object", async () => {
      const commits = await place.commits();
      for (const commit of commits.filter(({ trailers }) => trailers["Changed-Object"]?.includes(it1[0] ?? ""))) {
        const note = await waitFor(`an Event for ${commit.subject}`, async () =>
          (await place.events("Committed", "web")).find(({ note: text }) => text.startsWith(commit.oid.slice(0, 7))),
        );
        assert.equal(note.regarding.kind, "Deployment");
        assert.equal(note.type, "Normal");
        assert.match(note.note, new RegExp(`^[0-9a-f]{7} on main by ${commit.author.name}: `));
      }
    });

    it("shows in the status of the Capture", async () => {
      const commit = await edit(() => place.send("bob", "PATCH", web, { spec: { replicas: 4 } }));
      const status = await waitFor("the status to name it", async () => {
        const { status: found, metadata } = await place.capture();
        return found.lastCommit?.commit === commit.oid ? { ...found, generation: metadata.generation } : undefined;
      });
      assert.equal(status.lastCommit.author, "bob");
      assert.equal(status.lastCommit.subject, "web: scale 2 -> 4");
      assert.equal(status.observedGeneration, status.generation);
      assert.equal(status.record.ref, place.recordRef);
      assert.equal(status.record.commit, await place.repository.tip(place.recordRef));
      assert.deepEqual(status.source, { branch: "main", commit: commit.oid });
      assert.equal(status.objects.inScope, status.objects.inSync);
      const conditions = status.conditions.map(({ type, status: is }: Raw) => `${type}=${is}`);
      assert.deepEqual(conditions, ["Ready=True", "Attributing=True"]);
    });

    it("that deletes it removes the file", async () => {
      const commit = await edit(() =>
        world.plane.kubectl(["-n", "shop", "delete", "deployment", "web"], { user: "bob" }),
      );
      assertCommit(commit, "bob", "delete Deployment web", it1);
      assert.equal(await place.repository.show("main", file), undefined);
    });

    it("leaves a repository without a flaw", async () => {
      assert.deepEqual(await place.repository.fsck(), []);
      const pushes = world.git.errors.filter((line) => line.includes("receive-pack"));
      assert.deepEqual(pushes, []);
    });
  });

  describe("no commit", () => {
    it("comes of a change of status alone, or of none", async () => {
      const place = await world.place("calm", { objects: [configMap("app", { x: "1" })] });
      await place.create("alice", deployment);
      await place.waitForCommits(2);
      const web = pathOf("calm", "Deployment", "web");
      const record = await place.repository.tip(place.recordRef);
      const status = { status: { replicas: 1, observedGeneration: 1, conditions: [] } };
      await place.send("admin", "PATCH", `${web}/status`, status);
      await place.send("bob", "PATCH", pathOf("calm", "ConfigMap", "app"), { data: { x: "1" } });
      await world.plane.kubectl([
        "-n",
        "calm",
        "annotate",
        "deployment",
        "web",
        "deployment.kubernetes.io/revision=7",
        "--overwrite",
      ]);
      await sleep(1_500);
      await place.create("carol", configMap("end", { x: "1" }));
      const commits = await place.waitForCommits(3);
      assert.deepEqual(
        commits.map(({ subject }) => subject),
        ["capture 1 object of calm", "create Deployment web", "create ConfigMap end"],
      );
      assert.equal((await place.repository.log(place.recordRef)).at(-2)?.oid, record);
    });

    it("holds a Secret, or what Helm, Argo CD or a controller made; what a person edited of it is told once", async () => {
      const canary = "c4n4ry-0f-a-Secret";
      const place = await world.place("hidden", { objects: [configMap("app", { x: "1" })] });
      const owner = await place.send("admin", "GET", pathOf("hidden", "ConfigMap", "app"));
      const ownerReferences = [
        { apiVersion: "v1", kind: "ConfigMap", name: "app", uid: owner.metadata.uid, controller: true },
      ];
      const skipped: readonly KubeObject[] = [
        { apiVersion: "v1", kind: "Secret", metadata: { name: "password" }, stringData: { password: canary } },
        configMap("helm", { canary }, { annotations: { "meta.helm.sh/release-name": "shop" } }),
        configMap(
          "argo",
          { canary },
          { annotations: { "argocd.argoproj.io/tracking-id": "shop:/ConfigMap:hidden/argo" } },
        ),
        configMap("owned", { canary }, { ownerReferences }),
      ];
      for (const object of skipped) await place.create("alice", object);
      for (const n of ["1", "2"]) {
        for (const { kind, metadata } of skipped)
          await place.send("bob", "PATCH", pathOf("hidden", kind, metadata.name), { metadata: { labels: { n } } });
      }
      await place.create("carol", deployment);
      await place.waitForCommits(2);
      await waitFor("the status to count them", async () => {
        const { skipped: counts } = (await place.capture()).status;
        return counts.HelmManaged === 1 && counts.ManagedElsewhere === 1 && counts.ControllerOwned >= 1
          ? true
          : undefined;
      });
      const everything = await everyObject(place.repository);
      assert.ok(!everything.includes(canary));
      assert.ok(!everything.includes(Buffer.from(canary).toString("base64")));
      assert.deepEqual(await place.repository.files("main", "apps"), [
        "apps/configmap-app.yaml",
        "apps/deployment-web.yaml",
      ]);
      for (const name of ["helm", "argo", "owned"]) {
        const events = await waitFor(`an Event on ${name}`, async () => {
          const found = await place.events("Skipped", name);
          return found.length > 0 ? found : undefined;
        });
        assert.equal(events.length, 1, JSON.stringify(events));
        assert.equal(events[0].series?.count ?? 1, 1);
      }
      // What a controller made, no person edited.
      const replicaSet = await waitFor("a ReplicaSet", async () => {
        const { items } = await place.send("admin", "GET", pathOf("hidden", "ReplicaSet"));
        return items[0];
      });
      assert.deepEqual(await place.events("Skipped", replicaSet.metadata.name), []);
      assert.deepEqual(await place.events("Skipped", "kube-root-ca.crt"), []);
      const printed = JSON.stringify([world.operator.logs, world.operator.output]);
      assert.ok(!printed.includes(canary));
    });
  });
});

/** The Deployment controller writes status between a person's read and write; an editor reads again, as here. */
async function retryConflict(does: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await does();
    } catch (error) {
      if (attempt === 5 || !/: (?:409|422) /.test(String(error))) throw error;
    }
  }
}
