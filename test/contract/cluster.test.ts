/** The ports ClusterReader and ClusterWriter on a real API server. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Cluster, type ClusterOptions, connectCluster } from "../../operator/cluster/index.ts";
import { Failure } from "../../operator/failures.ts";
import { systemClock } from "../../operator/main.ts";
import { identityKey, metadataOf, textAt } from "../../operator/manifest/identity.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import type { Log, Subscription, WatchSubscriber } from "../../operator/ports.ts";
import { createMetrics } from "../../operator/telemetry/metrics.ts";
import type { ClusterChange, JsonObject, Kind, Listing } from "../../operator/values.ts";
import { createAuthority } from "../control-plane/certificates.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** What one subscriber was told, as a view of the objects that it adds up to. */
interface View extends WatchSubscriber {
  readonly changes: ClusterChange[];
  readonly listings: Listing[];
  readonly failures: Failure[];
  readonly objects: Map<string, ClusterChange>;
}

function createView(): View {
  const view: View = {
    changes: [],
    listings: [],
    failures: [],
    objects: new Map(),
    onChange(change) {
      view.changes.push(change);
      if (change.type === "Delete") view.objects.delete(identityKey(change.identity));
      else view.objects.set(identityKey(change.identity), change);
    },
    onListing(listing) {
      view.listings.push(listing);
      for (const key of view.objects.keys()) if (!listing.keys.has(key)) view.objects.delete(key);
    },
    onFailure(failure) {
      view.failures.push(failure);
    },
  };
  return view;
}

async function until(what: string, done: () => boolean | Promise<boolean>, seconds = 30): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await done())) {
    if (Date.now() > deadline) assert.fail(`${what}: not within ${seconds} s`);
    await sleep(20);
  }
}

describe("a cluster", { timeout: 300_000 }, () => {
  let control: ControlPlane;
  let cluster: Cluster;
  let configMaps: Kind;
  let deployments: Kind;
  const subscriptions: Subscription[] = [];
  const clusters: Cluster[] = [];

  async function connectAs(path: string, options: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const meter = createMetrics();
    const access = { from: "File", path, context: undefined } as const;
    const connected = await connectCluster({ access, parseJson, clock: systemClock, log: silent, meter, ...options });
    clusters.push(connected);
    return connected;
  }
  function watch(of: Cluster, kind: Kind, namespace: string): View {
    const view = createView();
    subscriptions.push(of.watch({ kind, namespace }, view));
    return view;
  }
  async function kindNamed(group: string, name: string): Promise<Kind> {
    const found = (await cluster.discover()).kinds.find((kind) => kind.group === group && kind.kind === name);
    return found ?? assert.fail(`${name} is not served`);
  }
  /** As admin; fails unless the server accepts it. */
  async function send(method: string, path: string, body?: object, contentType?: string): Promise<JsonObject> {
    const answer = await control.request("admin", method, path, body, contentType ? { contentType } : {});
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as JsonObject;
  }
  const createNamespace = (name: string): Promise<JsonObject> =>
    send("POST", "/api/v1/namespaces", { metadata: { name } });
  const mapsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/configmaps`;
  const createMap = (namespace: string, name: string, data = {}): Promise<JsonObject> =>
    send("POST", mapsIn(namespace), { metadata: { name }, data });
  const versionOf = (object: JsonObject): string => textAt(metadataOf(object), "resourceVersion");
  async function versionsNow(path: string): Promise<readonly string[]> {
    const { items } = (await send("GET", path)) as unknown as { readonly items: readonly JsonObject[] };
    return items.map((item) => `${textAt(metadataOf(item), "name")}@${versionOf(item)}`).toSorted();
  }
  const versionsIn = (view: View): readonly string[] =>
    [...view.objects.values()].map((change) => `${change.identity.name}@${change.resourceVersion}`).toSorted();

  before(async () => {
    control = await startControlPlane({ controllerManager: false, progress: () => undefined });
    cluster = await connectAs(await control.kubeconfig("admin"));
    configMaps = await kindNamed("", "ConfigMap");
    deployments = await kindNamed("apps", "Deployment");
  });
  after(async () => {
    for (const subscription of subscriptions) subscription.close();
    await Promise.all(clusters.map((one) => one.close()));
    await control.stop();
  });

  it("discovers kinds with scale and scope; an aggregated API that is down is unavailable", async () => {
    assert.equal(cluster.server, control.server);
    assert.deepEqual(deployments.subresources, ["scale"]);
    assert.deepEqual([configMaps.namespaced, (await kindNamed("", "Namespace")).namespaced], [true, false]);
    await send("POST", "/apis/apiregistration.k8s.io/v1/apiservices", {
      metadata: { name: "v1.broken.example" },
      spec: {
        group: "broken.example",
        version: "v1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
        service: { namespace: "default", name: "nowhere" },
      },
    });
    await until("the group as unavailable", async () => {
      const { unavailable, kinds } = await cluster.discover();
      return unavailable.includes("broken.example") && kinds.some(({ kind }) => kind === "Deployment");
    });
    await send("DELETE", "/apis/apiregistration.k8s.io/v1/apiservices/v1.broken.example");
  });

  it("tells each change of an object in order, with the version seen before it", async () => {
    await createNamespace("order");
    const view = watch(cluster, deployments, "order");
    await until("the first list", () => view.listings.length === 1);
    const path = "/apis/apps/v1/namespaces/order/deployments";
    const labels = { app: "web" };
    const versions = [
      await send("POST", path, {
        metadata: { name: "web" },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: "app", image: "a:1" }] } },
        },
      }),
      await send("PATCH", `${path}/web`, { metadata: { annotations: { note: "größe 日本 🦊" } } }),
      await send("PATCH", `${path}/web/status`, { status: { replicas: 1 } }),
      await send("PATCH", `${path}/web/scale`, { spec: { replicas: 4 } }),
    ].map(versionOf);
    await send("DELETE", `${path}/web`);
    await createMap("order", "elsewhere");
    await until("the deletion", () => view.changes.length === 5);
    assert.deepEqual(
      view.changes.map(({ type, evidence }) => `${evidence} ${type}`),
      ["Event Upsert", "Event Upsert", "Event Upsert", "Event Upsert", "Event Delete"],
    );
    assert.deepEqual(
      view.changes.slice(0, 4).map(({ resourceVersion }) => resourceVersion),
      versions,
    );
    assert.deepEqual(
      view.changes.map(({ previousResourceVersion }) => previousResourceVersion),
      [undefined, ...versions],
    );
    const { object, identity, kind } = view.changes[3] ?? assert.fail();
    assert.deepEqual(identity, { group: "apps", kind: "Deployment", namespace: "order", name: "web" });
    assert.deepEqual(kind, deployments);
    assert.equal((object["spec"] as JsonObject)["replicas"], 4);
    assert.equal(((object["metadata"] as JsonObject)["annotations"] as JsonObject)["note"], "größe 日本 🦊");
    assert.ok(Array.isArray((object["metadata"] as JsonObject)["managedFields"]));
  });

  it("reads 1,200 objects page by page, and tells who comes later all of them before any event", async () => {
    await createNamespace("many");
    const total = 1_200;
    for (let i = 0; i < total; i += 60) {
      await Promise.all(Array.from({ length: 60 }, (_, j) => createMap("many", `c-${i + j}`)));
    }
    const view = watch(cluster, configMaps, "many");
    await until("the list", () => view.listings.length === 1);
    assert.equal(view.listings[0]?.keys.size, total);
    assert.equal(view.changes.length, total);
    const [first] = view.changes;
    assert.ok(view.listings[0]?.keys.has(identityKey(first?.identity ?? assert.fail())), "keys are identityKey's");

    let listed = 0;
    for await (const change of cluster.list({ kind: configMaps, namespace: "many" })) {
      assert.equal(change.evidence, "Listed");
      assert.equal(change.object["kind"], "ConfigMap");
      listed++;
    }
    assert.equal(listed, total);

    // Changes go on while the other subscribes.
    const stop = new AbortController();
    const changing = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        await send("PATCH", `${mapsIn("many")}/c-${i % 10}`, { data: { turn: String(i) } });
      }
    })();
    await sleep(100);
    const late = watch(cluster, configMaps, "many");
    await until("its list and events", () => late.listings.length === 1 && late.changes.length > total + 20);
    stop.abort();
    await changing;
    const firstEvent = late.changes.findIndex(({ evidence }) => evidence === "Event");
    assert.ok(firstEvent >= total, `an event after ${firstEvent} listed objects`);
    const now = await versionsNow(mapsIn("many"));
    await until("both in step", () => [view, late].every((one) => versionsIn(one).join() === now.join()));
    // Without gap or double: each event names the version that was told before.
    const told = new Map<string, string>();
    for (const { identity, resourceVersion, previousResourceVersion, evidence } of late.changes) {
      if (evidence === "Event") assert.equal(previousResourceVersion, told.get(identity.name));
      told.set(identity.name, resourceVersion);
    }
  });

  it("has what is there brought by the watch, in one request for all who ask together", async () => {
    await createNamespace("streamed");
    for (let i = 0; i < 3; i++) await createMap("streamed", `s-${i}`);
    const count = async (): Promise<number> => {
      const { body } = await control.request("admin", "GET", "/metrics");
      const lines = String(body).split("\n");
      return lines.reduce((sum, line) => {
        const [, n] =
          /^apiserver_watch_list_duration_seconds_count\{.*resource="configmaps".*\} (\d+)$/.exec(line) ?? [];
        return sum + Number(n ?? 0);
      }, 0);
    };
    const before = await count();
    const views = [watch(cluster, configMaps, "streamed"), watch(cluster, configMaps, "streamed")];
    await until("the lists", () => views.every(({ listings }) => listings.length === 1));
    for (const { changes } of views) {
      const maps = changes.filter(({ identity }) => identity.name.startsWith("s-"));
      assert.deepEqual(
        maps.map(({ evidence }) => evidence),
        ["Listed", "Listed", "Listed"],
      );
    }
    assert.equal((await count()) - before, 1);
  });

  it("misses nothing when the API server restarts and its history is gone", async () => {
    await createNamespace("restart");
    for (let i = 0; i < 20; i++) await createMap("restart", `c-${i}`);
    const view = watch(cluster, configMaps, "restart");
    const quiet = watch(cluster, deployments, "restart");
    await until("the lists", () => view.listings.length === 1 && quiet.listings.length === 1);
    await control.restartApiserver();
    await send("DELETE", `${mapsIn("restart")}/c-3`);
    await send("PATCH", `${mapsIn("restart")}/c-4`, { data: { now: "other" } });
    await createMap("restart", "c-new");
    await control.compact();
    await control.stopApiserver();
    await until("that it is away", () => view.failures.length > 0 && quiet.failures.length > 0);
    assert.equal(view.failures.at(-1)?.code, "ClusterUnreachable");
    assert.ok(view.failures.at(-1)?.message.includes(control.server), view.failures.at(-1)?.message);
    const listings = [view.listings.length, quiet.listings.length] as const;
    await control.startApiserver();
    await until(
      "that it is back, told even where nothing changed",
      () => view.listings.length > listings[0] && quiet.listings.length > listings[1],
      60,
    );
    const now = await versionsNow(mapsIn("restart"));
    await until("in step", () => versionsIn(view).join() === now.join(), 60);
    assert.ok(!view.objects.has(identityKey({ group: "", kind: "ConfigMap", namespace: "restart", name: "c-3" })));
    await createMap("restart", "c-after");
    await until("an event after it", () => view.changes.at(-1)?.identity.name === "c-after");
  });

  it("notices a connection that is silently dead, and goes on over another", async () => {
    await createNamespace("dead");
    const target = Number(new URL(control.server).port);
    const pairs: { readonly near: Socket; readonly far: Socket }[] = [];
    const proxy = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const socket of [near, far]) socket.on("error", () => undefined);
      near.pipe(far).pipe(near);
      pairs.push({ near, far });
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const port = (proxy.address() as AddressInfo).port;
    const path = join(control.folder, "through-proxy.json");
    const text = readFileSync(await control.kubeconfig("admin"), "utf8");
    writeFileSync(path, text.replaceAll(control.server, `https://127.0.0.1:${port}`), { mode: 0o600 });
    try {
      const through = await connectAs(path, { watchIdleMs: 1_500, timeoutMs: 1_500 });
      const view = watch(through, configMaps, "dead");
      await until("the list", () => view.listings.length === 1);
      for (const { near, far } of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.pause();
        far.pause();
      }
      await createMap("dead", "unheard");
      await until("the change, over another connection", () => view.objects.size === 1, 20);
      await through.close();
    } finally {
      for (const { near, far } of pairs) {
        near.destroy();
        far.destroy();
      }
      proxy.close();
    }
  });

  it("names the rule that is missing, and goes on by itself once it is there", async () => {
    await createNamespace("closed");
    await control.addUser("eve", []);
    const asEve = await connectAs(await control.kubeconfig("eve"));
    const question = { user: undefined, verb: "list", group: "", resource: "configmaps", namespace: "closed" };
    assert.equal(await asEve.allowed({ ...question, name: undefined }), false);
    const view = watch(asEve, configMaps, "closed");
    await until("the failure", () => view.failures.length === 1);
    assert.equal(view.failures[0]?.code, "AccessDenied");
    assert.match(
      view.failures[0].message,
      /User "eve" cannot (?:list|watch) .*: add the rule \{apiGroups: \[""\], resources: \["configmaps"\], verbs: \["get", "list", "watch"\]\}/,
    );
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/closed";
    await send("POST", `${rbac}/roles`, {
      metadata: { name: "reader" },
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list", "watch"] }],
    });
    await send("POST", `${rbac}/rolebindings`, {
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "eve" }],
    });
    await until("the list", () => view.listings.length === 1, 40);
    assert.equal(view.failures.length, 1);
    const asked = { ...question, user: "system:serviceaccount:closed:nobody", name: undefined };
    assert.equal(await cluster.allowed(asked), false);
    assert.equal(await cluster.allowed({ ...question, name: undefined }), true);
  });

  it("writes Events that kubectl shows, repeated ones as one with a count", async () => {
    await createNamespace("told");
    const object = await createMap("told", "settings");
    const event = {
      about: { apiVersion: "v1", kind: "ConfigMap", ...object },
      type: "Normal",
      reason: "Committed",
      message: "written to main as 1234567 — größe 日本",
    } as const;
    for (let i = 0; i < 3; i++) {
      cluster.event(event);
      await sleep(50);
    }
    cluster.event({ ...event, type: "Warning", reason: "Diverged", message: "x".repeat(5_000) });
    const namespaces = await kindNamed("", "Namespace");
    const namespace = (await cluster.get(namespaces, "", "told")) ?? assert.fail();
    cluster.event({ ...event, about: namespace });
    const read = async (inNamespace: string): Promise<readonly JsonObject[]> => {
      const { stdout } = await control.kubectl(["get", "events", "-n", inNamespace, "-o", "json"]);
      return (JSON.parse(stdout) as { readonly items: readonly JsonObject[] }).items;
    };
    const committed = async (): Promise<JsonObject | undefined> =>
      (await read("told")).find(({ reason }) => reason === "Committed");
    await until("the count", async () => ((await committed())?.["series"] as JsonObject | undefined)?.["count"] === 2);
    const found = (await committed()) ?? assert.fail();
    assert.equal(found["message"], event.message);
    assert.equal(found["reportingComponent"], "clickscribe.dev/operator");
    assert.equal((found["involvedObject"] as JsonObject)["uid"], (object["metadata"] as JsonObject)["uid"]);
    const warning = (await read("told")).find(({ reason }) => reason === "Diverged");
    assert.equal(textAt(warning ?? {}, "message").length, 1_024);
    await until("the Event about the Namespace", async () =>
      (await read("default")).some(({ involvedObject }) => (involvedObject as JsonObject)["name"] === "told"),
    );
    const { stdout } = await control.kubectl(["get", "events", "-n", "told"]);
    assert.match(stdout, /Normal\s+Committed\s+configmap\/settings\s+written to main as 1234567/);
  });

  it("applies status of a custom resource that was defined a moment ago, and knows a missing object", async () => {
    await createNamespace("own");
    await cluster.discover();
    await send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "widgets.shop.example" },
      spec: {
        group: "shop.example",
        scope: "Namespaced",
        names: { kind: "Widget", plural: "widgets" },
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          },
        ],
      },
    });
    const path = "/apis/shop.example/v1/namespaces/own/widgets";
    await until("the new kind", async () => (await control.request("admin", "GET", path)).status === 200);
    await send("POST", path, {
      apiVersion: "shop.example/v1",
      kind: "Widget",
      metadata: { name: "w" },
      spec: { size: 1 },
    });
    const widget = (name: string, more: JsonObject): JsonObject => ({
      apiVersion: "shop.example/v1",
      kind: "Widget",
      metadata: { name, namespace: "own" },
      ...more,
    });
    await until("discovery", async () => {
      const { kinds } = await cluster.discover();
      return kinds.some(({ kind }) => kind === "Widget");
    });
    const applied = await cluster.apply(widget("w", { status: { ready: "yes" } }), { subresource: "status" });
    assert.deepEqual([applied["status"], applied["spec"]], [{ ready: "yes" }, { size: 1 }]);
    const managed = (applied["metadata"] as JsonObject)["managedFields"] as readonly JsonObject[];
    assert.ok(
      managed.some(
        (entry) =>
          entry["manager"] === "clickscribe" && entry["operation"] === "Apply" && entry["subresource"] === "status",
      ),
    );
    const widgets = await kindNamed("shop.example", "Widget");
    assert.equal((await cluster.get(widgets, "own", "w"))?.["kind"], "Widget");

    await cluster.create(widget("dry", { spec: {} }), { dryRun: true });
    assert.equal(await cluster.get(widgets, "own", "dry"), undefined);
    await cluster.create(widget("real", { spec: {} }));
    assert.notEqual(await cluster.get(widgets, "own", "real"), undefined);

    await send("DELETE", `${path}/w`);
    const gone = cluster.apply(widget("w", { status: {} }), { subresource: "status" });
    await assert.rejects(gone, (error: Failure) => {
      assert.deepEqual([error.class, error.data["status"]], ["Retry", 404]);
      return true;
    });
    await assert.rejects(
      cluster.apply({ apiVersion: "no.example/v1", kind: "Nothing", metadata: { name: "x" } }),
      (error: Failure) => error.code === "KindNotServed",
    );
  });

  it("changes and removes what a person names, in that person's name", async () => {
    await createNamespace("people");
    await createMap("people", "one", { kept: "1", gone: "2" });
    const person = await connectAs(await control.kubeconfig("admin"), { fieldManager: "clickscribe-cli" });
    assert.equal(person.namespace, "default");
    const changed = await person.patch(configMaps, "people", "one", { data: { gone: null, more: "3" } });
    assert.deepEqual(changed["data"], { kept: "1", more: "3" });
    const managers = metadataOf(changed)["managedFields"] as readonly { readonly manager: string }[];
    assert.deepEqual(managers.map(({ manager }) => manager).includes("clickscribe-cli"), true);
    await assert.rejects(person.patch(configMaps, "people", "nobody", {}), /"nobody" not found/);
    await person.patch(configMaps, "people", "one", { metadata: { labels: { app: "web" } } });
    const names = async (namespace: string, selector: string): Promise<readonly string[]> =>
      (await person.labelled(configMaps, namespace, selector)).map((object) => textAt(metadataOf(object), "name"));
    assert.deepEqual(await names("", "app=web"), ["one"]);
    assert.deepEqual([await names("people", "app=other"), await names("default", "app=web")], [[], []]);
    assert.equal(await person.remove(configMaps, "people", "one", { dryRun: true }), true);
    assert.notEqual(await person.get(configMaps, "people", "one"), undefined);
    assert.equal(await person.remove(configMaps, "people", "one"), true);
    assert.equal(await person.get(configMaps, "people", "one"), undefined);
    assert.equal(await person.remove(configMaps, "people", "one"), false);
  });

  it("tells when a kind is no longer served, and never that it is empty", async () => {
    const widgets = await kindNamed("shop.example", "Widget");
    const view = watch(cluster, widgets, "own");
    await until("the list", () => view.listings.length === 1);
    await send("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.shop.example");
    await until("the failure", () => view.failures.some(({ code }) => code === "KindNotServed"), 60);
    assert.ok(view.listings.every(({ keys }) => keys.size > 0));
  });

  it("says why it cannot connect: an untrusted certificate, wrong credentials, nobody there", async () => {
    const text = readFileSync(await control.kubeconfig("admin"), "utf8");
    const base64 = (value: string): string => Buffer.from(value).toString("base64");
    const other = await createAuthority();
    const attempt = async (name: string, changed: string): Promise<Failure> => {
      const path = join(control.folder, `${name}.json`);
      writeFileSync(path, changed, { mode: 0o600 });
      try {
        await connectAs(path);
      } catch (error) {
        assert.ok(error instanceof Failure);
        return error;
      }
      return assert.fail("it should fail");
    };
    const untrusted = await attempt("untrusted", text.replace(base64(control.ca), base64(other.certificate)));
    assert.ok(untrusted.message.startsWith(`the API server ${control.server} cannot be reached: its certificate`));
    const unknown = await attempt("unknown", text.replace(control.token("admin"), "wrong"));
    assert.equal(unknown.code, "AccessDenied");
    assert.ok(unknown.message.includes(control.server) && !unknown.message.includes(control.token("admin")));
    const nobody = await attempt("nobody", text.replaceAll(control.server, "https://127.0.0.1:1"));
    assert.match(nobody.message, /https:\/\/127\.0\.0\.1:1 cannot be reached: ECONNREFUSED/);
  });
});
