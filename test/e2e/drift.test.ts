/** Drift, made by kubectl and by commits: each sort is found, told once and closed once; kept, or undone, from the command line. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { clickscribe, type Ran } from "../harness/command-line.ts";
import { waitFor } from "../harness/wait-for.ts";
import { configMap, type Place, pathOf, type Raw, startWorld, type World } from "./world.ts";

const file = "apps/app.yaml";
const text =
  "# Ours.\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: app}\ndata:\n    size: small # enough\n    mode: fast\n";
const main = "refs/heads/main";
const detect = { delivery: { mode: "Detect" } };
const local = ["--allow-plain-http", "--allow-local-addresses"];

describe("drift", { timeout: 300_000 }, () => {
  let world: World;
  let count = 0;
  before(async () => {
    world = await startWorld();
  });
  after(() => world.stop());

  /** The ConfigMap `app` of a namespace of its own, in the cluster as in Git. */
  async function settled(
    spec: object = detect,
    files: Readonly<Record<string, string>> = {},
    remote: object = {},
  ): Promise<Place> {
    const name = `drift-${++count}`;
    const repository = await world.git.createRepository(name, { files: { [file]: text, ...files } });
    const objects = [configMap("app", { size: "small", mode: "fast" })];
    return await world.place(name, {
      existing: repository,
      objects,
      remote,
      spec: { drift: { after: "1s" }, ...spec },
    });
  }
  const patch = (place: Place, user: string, change: object, name = "app"): Promise<Raw> =>
    place.send(user, "PATCH", pathOf(place.namespace, "ConfigMap", name), change);
  const remove = (place: Place, name: string): Promise<Raw> =>
    place.send("alice", "DELETE", pathOf(place.namespace, "ConfigMap", name));
  const commit = async (place: Place, files: Readonly<Record<string, string | null>>): Promise<void> => {
    await place.repository.commitAsPerson({ files });
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
  };
  const drifted = async (place: Place): Promise<readonly string[]> =>
    ((await place.capture()).status?.drift?.objects ?? []).map(({ object, sort }: Raw) => `${object} ${sort}`);
  const untilDrifted = async (place: Place, ...wanted: readonly string[]): Promise<void> => {
    const all = wanted.map((each) => each.replace("/", `${place.namespace}/`)).toSorted();
    const isSo = async (): Promise<true | undefined> =>
      JSON.stringify((await drifted(place)).toSorted()) === JSON.stringify(all) ? true : undefined;
    await waitFor(`drift ${all.join(", ")}`, isSo, { seen: () => drifted(place) });
  };
  const told = async (place: Place, reason: string): Promise<number> =>
    (await place.events(reason)).reduce((n, { series }) => n + (series?.count ?? 1), 0);
  const run = (place: Place, user: string, command: string, ...args: readonly string[]): Promise<Ran> =>
    clickscribe(world.plane, [command, "-n", place.namespace, ...local, ...args], { user });

  interface Sort {
    readonly sort: string;
    readonly object?: string;
    readonly spec?: object;
    readonly files?: Readonly<Record<string, string>>;
    readonly make: (place: Place) => Promise<unknown>;
    readonly mend: (place: Place) => Promise<unknown>;
    /** It is there, so that an Event can be about it. */
    readonly isThere?: boolean;
  }
  const applied = { appliers: ["carol"] };
  const anchored = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: fixed}\ndata: {a: &a x, b: *a}\n";
  const sorts: readonly Sort[] = [
    {
      sort: "ChangedInCluster",
      make: (place) => patch(place, "alice", { data: { size: "huge" } }),
      mend: (place) => patch(place, "bob", { data: { size: "small" } }),
    },
    {
      sort: "CreatedInCluster",
      object: "new",
      make: (place) => place.create("alice", configMap("new", { a: "1" })),
      mend: (place) => remove(place, "new"),
      isThere: false,
    },
    {
      sort: "DeletedInCluster",
      make: (place) => remove(place, "app"),
      mend: (place) => place.create("bob", configMap("app", { size: "small", mode: "fast" })),
    },
    {
      sort: "ChangedInGit",
      spec: applied,
      make: (place) => commit(place, { [file]: text.replace("small", "large") }),
      mend: (place) => patch(place, "carol", { data: { size: "large" } }),
    },
    {
      sort: "CreatedInGit",
      spec: applied,
      object: "planned",
      make: (place) => commit(place, { "apps/planned.yaml": text.replace("name: app", "name: planned") }),
      mend: (place) => place.create("carol", configMap("planned", { size: "small", mode: "fast" })),
    },
    {
      sort: "DeletedInGit",
      spec: applied,
      make: (place) => commit(place, { [file]: null }),
      mend: (place) => remove(place, "app"),
      isThere: false,
    },
    {
      sort: "BothChanged",
      spec: { delivery: { mode: "Push" } },
      make: async (place) => {
        await commit(place, { [file]: text.replace("small", "large") });
        await patch(place, "alice", { data: { size: "huge" } });
      },
      mend: (place) => commit(place, { [file]: text.replace("small", "huge") }),
    },
    {
      sort: "FirstContact",
      spec: {},
      object: "late",
      make: async (place) => {
        await commit(place, { "apps/late.yaml": text.replace("name: app", "name: late") });
        await place.create("alice", configMap("late", { size: "other" }));
      },
      mend: (place) => patch(place, "alice", { data: { size: "small", mode: "fast" } }, "late"),
    },
    {
      sort: "NotWritable",
      spec: {},
      object: "fixed",
      files: { "apps/fixed.yaml": anchored },
      make: async (place) => {
        await place.create("alice", configMap("fixed", { a: "x", b: "x" }));
      },
      mend: (place) => remove(place, "fixed"),
      isThere: false,
    },
    {
      sort: "Reverted",
      spec: applied,
      make: async (place) => {
        await patch(place, "alice", { data: { size: "huge" } });
        await place.waitForCommits(1);
        await patch(place, "carol", { data: { size: "small" } });
      },
      mend: (place) => patch(place, "carol", { data: { size: "huge" } }),
    },
  ];
  for (const { sort, object = "app", spec = detect, files, make, mend, isThere = true } of sorts) {
    it(`${sort}: found, told once, closed once`, async () => {
      const place = await settled(spec, files);
      await make(place);
      await untilDrifted(place, `ConfigMap /${object} ${sort}`);
      const hasObject = sort !== "DeletedInCluster" && sort !== "CreatedInGit";
      await waitFor("the Event", async () =>
        (await told(place, "Drifted")) === (hasObject ? 1 : 0) ? true : undefined,
      );
      await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
      await mend(place);
      await untilDrifted(place);
      const closes = isThere ? 1 : 0;
      await waitFor("the Event", async () => ((await told(place, "DriftResolved")) === closes ? true : undefined));
      assert.equal(await told(place, "Drifted"), hasObject ? 1 : 0);
    });
  }

  it("is told of again by nobody after a restart", async () => {
    const place = await settled();
    await patch(place, "alice", { data: { size: "huge" } });
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
    const [since] = (await place.capture()).status.drift.objects;
    await world.startOperator();
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
    await waitFor("the operator to have looked", async () =>
      (await place.capture()).status.lastHandledReconcileAt === String(count) ? true : undefined,
    );
    assert.deepEqual((await place.capture()).status.drift.objects, [since]);
    assert.equal(await told(place, "Drifted"), 1);
    assert.deepEqual(await place.commits(), []);
  });

  it("is found on a repository that may only be read", async () => {
    const place = await settled({}, {}, { access: "ReadOnly" });
    await patch(place, "alice", { data: { size: "huge" } });
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
    assert.deepEqual(await place.commits(), []);
    const { code, err } = await run(place, "admin", "keep", "cm/app");
    assert.equal(code, 1);
    assert.match(
      err,
      /^clickscribe: spec\.access of GitRemote platform is ReadOnly: .*set spec\.access to ReadWrite\n$/,
    );
    await patch(place, "alice", { data: { size: "small" } });
    await untilDrifted(place);
  });

  it("is looked at: diff and explain say that nothing is about to be written", async () => {
    const place = await settled();
    await patch(place, "alice", { data: { size: "huge" } });
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
    const { code, out } = await run(place, "admin", "diff");
    assert.equal(code, 1);
    assert.match(out, /^ConfigMap app: ClusterAhead \(DetectOnly: spec\.delivery\.mode of the Capture is Detect: /m);
    assert.match(out, /^\+ {4}size: huge # enough$/m);
    const explained = await run(place, "admin", "explain", "cm/app");
    assert.match(explained.out, /it changed in the cluster\. spec\.delivery\.mode of the Capture is Detect/);
    assert.match(explained.out, /clickscribe keep/);
  });

  it("is kept from the command line: the author stays, and the commit says who kept it", async () => {
    const place = await settled();
    await patch(place, "alice", { data: { size: "huge" } });
    await place.create("alice", configMap("other", { a: "1" }));
    await untilDrifted(place, "ConfigMap /app ChangedInCluster", "ConfigMap /other CreatedInCluster");
    const { code, out, err } = await run(place, "admin", "keep", "configmap/app");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /^ConfigMap drift-\d+\/app: main of \S+ has it now as the cluster has it\n$/);
    const [kept, ...more] = await place.commits();
    assert.deepEqual([kept?.author.name, kept?.files, more], ["alice", [file], []]);
    assert.match(await place.repository.git("log", "-1", "--format=%B", main), /^Kept-By: admin$/m);
    assert.equal(await place.repository.show(main, file), text.replace("small", "huge"));
    await untilDrifted(place, "ConfigMap /other CreatedInCluster");
    assert.match((await run(place, "admin", "keep", "cm/app")).out, /there is nothing to keep/);
    assert.equal((await place.commits()).length, 1);
  });

  it("keeps what the person saw, and nothing that came after", async () => {
    const place = await settled();
    await patch(place, "alice", { data: { size: "huge" } });
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
    await place.annotate({ "clickscribe.dev/keep": `now ConfigMap/app=${"0".repeat(40)} nonsense` });
    await place.annotate({ "clickscribe.dev/reconcile-requested-at": String(++count) });
    await waitFor("the operator to have looked", async () =>
      (await place.capture()).status.lastHandledReconcileAt === String(count) ? true : undefined,
    );
    assert.deepEqual(await place.commits(), []);
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
  });

  it("is undone from the command line with the user's own rights: what Git has, and nothing else", async () => {
    const place = await settled();
    const path = pathOf(place.namespace, "ConfigMap", "app");
    const before = await place.send("admin", "GET", path);
    await patch(place, "alice", { data: { size: "huge", extra: "x" }, metadata: { labels: { a: "b" } } });
    await untilDrifted(place, "ConfigMap /app ChangedInCluster");
    const tried = await run(place, "admin", "undo", "configmap/app", "--dry-run");
    assert.match(tried.out, /would be again as main of/);
    assert.equal((await place.send("admin", "GET", path)).data.size, "huge");
    const { code, out, err } = await run(place, "admin", "undo", "configmap", "app");
    assert.deepEqual([code, err], [0, ""]);
    assert.match(out, /is again as main of \S+ has it\n {2}remove key extra\n {2}key size: huge -> small\n/);
    const now = await place.send("admin", "GET", path);
    assert.deepEqual([now.data, now.metadata.labels], [before.data, before.metadata.labels]);
    await untilDrifted(place);
    assert.deepEqual(await place.commits(), []);
    assert.match((await run(place, "admin", "undo", "cm/app")).out, /there is nothing to undo/);
  });

  it("creates again what was deleted, and deletes what Git does not have only when asked twice", async () => {
    const place = await settled();
    await remove(place, "app");
    await place.create("alice", configMap("new", { a: "1" }));
    await untilDrifted(place, "ConfigMap /app DeletedInCluster", "ConfigMap /new CreatedInCluster");
    assert.match((await run(place, "admin", "undo", "cm/app", "-o", "json")).out, /"action": "Create"/);
    const refused = await run(place, "admin", "undo", "cm/new");
    assert.deepEqual([refused.code, refused.out], [1, ""]);
    assert.match(
      refused.err,
      /^clickscribe: main of \S+ has no ConfigMap \S+\/new: --yes deletes it in the cluster\n$/,
    );
    assert.equal((await run(place, "admin", "undo", "cm/new", "--yes")).code, 0);
    await untilDrifted(place);
    assert.deepEqual((await place.send("admin", "GET", pathOf(place.namespace, "ConfigMap", "app"))).data, {
      size: "small",
      mode: "fast",
    });
  });
});
