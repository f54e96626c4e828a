/** Objects without their defaults, on a real API server: it makes the same objects of what is left. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Cluster, connectCluster } from "../../operator/cluster/index.ts";
import { Failure } from "../../operator/failures.ts";
import { systemClock } from "../../operator/main.ts";
import { clean } from "../../operator/manifest/clean.ts";
import { equalJson } from "../../operator/manifest/equal-json.ts";
import { identityOf, metadataOf } from "../../operator/manifest/identity.ts";
import { parseJson } from "../../operator/manifest/parse-json.ts";
import { serialize } from "../../operator/manifest/serialize.ts";
import type { Clock, Log } from "../../operator/ports.ts";
import { createKindSchemas } from "../../operator/sync/kind-schemas.ts";
import { createDefaultsProver, type DefaultsProver } from "../../operator/sync/prover.ts";
import { createMetrics } from "../../operator/telemetry/metrics.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { type ControlPlane, startControlPlane } from "../control-plane/control-plane.ts";
import { waitFor } from "../harness/wait-for.ts";
import { createAll, readRaw, subjects } from "../manifest/subjects.ts";

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Less the one whose chosen address a dry-run finds free at one time and not at another. */
const steady = subjects.filter(({ path }) => path !== "/api/v1/namespaces/shop/services/pinned");

interface Asking {
  readonly prover: DefaultsProver;
  readonly cluster: Cluster;
  /** Dry-runs so far. */
  readonly creates: () => number;
  readonly denied: string[];
  readonly changed: string[];
}

let plane: ControlPlane;
let kinds: readonly Kind[];
let admin: Asking;
const open: Asking[] = [];

before(async () => {
  plane = await startControlPlane({ progress: () => undefined });
  await createAll(plane, subjects);
  await plane.addUser("reader", []);
  admin = await askingAs("admin");
  ({ kinds } = await admin.cluster.discover());
});

after(async () => {
  for (const { prover, cluster } of open) {
    prover.close();
    await cluster.close();
  }
  await plane?.stop();
});

async function askingAs(user: string, clock: Clock = systemClock): Promise<Asking> {
  const access = { from: "File", path: await plane.kubeconfig(user), context: undefined } as const;
  const cluster = await connectCluster({ access, parseJson, clock, log: silent, meter: createMetrics() });
  let creates = 0;
  const [denied, changed]: [string[], string[]] = [[], []];
  const counted: Pick<Cluster, "allowed" | "create"> = {
    allowed: (question) => cluster.allowed(question),
    create: async (object, options) => {
      assert.equal(options?.dryRun, true);
      creates++;
      return await cluster.create(object, options);
    },
  };
  const prover = createDefaultsProver({
    cluster: counted,
    schemas: createKindSchemas(cluster),
    clock,
    log: silent,
    onDenied: (_, message) => denied.push(message),
    onChange: ({ kind }) => changed.push(kind),
  });
  const asking = { prover, cluster, creates: () => creates, denied, changed };
  open.push(asking);
  return asking;
}

function kindOf(content: JsonObject): Kind {
  const { group, kind } = identityOf(content);
  const found = kinds.find((candidate) => candidate.group === group && candidate.kind === kind);
  assert.ok(found, kind);
  return found;
}

/** As the server would store it under another name; undefined where it would not. */
async function stored(content: JsonObject): Promise<JsonObject | undefined> {
  const metadata = { ...metadataOf(content), name: "a-judge" };
  try {
    const object = clean(await admin.cluster.create({ ...content, metadata }, { dryRun: true }));
    return { ...object, metadata: { ...metadataOf(object), name: metadataOf(content)["name"] ?? "" } };
  } catch (error) {
    assert.ok(error instanceof Failure && error.code !== "ClusterUnreachable", String(error));
    return undefined;
  }
}

async function contentOf(path: string): Promise<JsonObject> {
  return clean(parseJson(await readRaw(plane, path)) as JsonObject);
}

async function applied(manifest: string, path: string): Promise<JsonObject> {
  await plane.kubectl(["apply", "--server-side", "-f", "-"], { input: manifest });
  return await contentOf(path);
}

const lines = (content: JsonObject): number => serialize(content).split("\n").length;

describe("an object without its defaults", { timeout: 300_000 }, () => {
  it("is made the same again by the server, of every kind, whether or not the operator may ask it", async (t) => {
    const reader = await askingAs("reader");
    const found: string[] = [];
    const sum = { objects: 0, full: 0, published: 0, proven: 0 };
    const refused: string[] = [];
    const forms = new Map<string, string>();
    for (const { path } of steady) {
      const content = await contentOf(path);
      const proven = await admin.prover.form(kindOf(content), content);
      const published = await reader.prover.form(kindOf(content), content);
      const whole = await stored(content);
      sum.objects++;
      sum.full += lines(content);
      sum.published += lines(published);
      sum.proven += lines(proven);
      forms.set(path, serialize(proven));
      if (whole === undefined) {
        // It names what there is once only: itself, an address, a port.
        refused.push(path);
        continue;
      }
      for (const [what, form] of Object.entries({ published, proven })) {
        const again = await stored(form);
        if (again === undefined || !equalJson(again, whole)) found.push(`${what} ${path}`);
      }
    }
    t.diagnostic(`lines: ${JSON.stringify(sum)}, ${admin.creates()} dry-runs`);
    assert.deepEqual([...found], []);
    assert.ok(refused.length <= 9, refused.join("\n"));
    assert.ok(sum.proven < sum.full - 200 && sum.published < sum.full - 10, JSON.stringify(sum));
    assert.equal(reader.creates(), 0);
    assert.match(reader.denied.join("\n"), /resources: \["deployments"\], verbs: \["create"\]/);
    assert.ok(admin.creates() < sum.objects * 9, `${admin.creates()} dry-runs`);

    const other = await askingAs("admin");
    for (const { path } of steady.toReversed()) {
      const content = await contentOf(path);
      const form = serialize(await other.prover.form(kindOf(content), content));
      if (form !== forms.get(path)) found.push(`in another order ${path}`);
    }
    assert.deepEqual(found, []);
  });

  it("is what a person applied, line by line", async () => {
    const manifest = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: twelve
  namespace: shop
spec:
  selector:
    matchLabels:
      app: twelve
  template:
    metadata:
      labels:
        app: twelve
    spec:
      containers:
      - image: registry.example.com/app:1.4
        name: app
`;
    const content = await applied(manifest, "/apis/apps/v1/namespaces/shop/deployments/twelve");
    assert.ok(lines(content) > 30);
    assert.equal(serialize(await admin.prover.form(kindOf(content), content)), manifest);
  });

  it("leaves of a custom resource what its schema does not give, at any depth", async () => {
    const asking = await askingAs("reader");
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(gizmos(3)) });
    const content = await waitFor("gizmos to be served", () => applied(gizmo("deep", spec), pathOf("deep")));
    ({ kinds } = await waitFor("gizmos to be discovered", async () => {
      const found = await asking.cluster.discover();
      return found.kinds.some(({ kind }) => kind === "Gizmo") ? found : undefined;
    }));
    const published = await asking.prover.form(kindOf(content), content);
    assert.deepEqual(published["spec"], {
      tuning: { speed: null },
      parts: [{ name: "a" }, { name: "b", weight: 2 }],
      labels: { team: "" },
    });
    assert.deepEqual(await admin.prover.form(kindOf(content), content), published);
    assert.ok(equalJson((await stored(published)) ?? {}, content));
  });

  it("says so when the defaults become others, and keeps what is none any more", async () => {
    // Minutes pass in seconds.
    const clock: Clock = { ...systemClock, after: (ms, work) => systemClock.after(ms / 100, work) };
    const { prover, changed } = await askingAs("reader", clock);
    const content = await applied(gizmo("few", { tuning: {} }), pathOf("few"));
    assert.deepEqual((await prover.form(kindOf(content), content))["spec"], {});
    await plane.kubectl(["apply", "-f", "-"], { input: JSON.stringify(gizmos(5)) });
    await waitFor("the change to be seen", () => changed.includes("Gizmo") || undefined);
    const { replicas } = (await prover.form(kindOf(content), content))["spec"] as JsonObject;
    assert.equal(replicas, 3);
  });

  it("costs nothing more for 500 of one shape", async (t) => {
    const content = await contentOf("/apis/apps/v1/namespaces/shop/deployments/twelve");
    const { prover, creates } = await askingAs("admin");
    const copies = Array.from({ length: 500 }, (_, i) => ({
      ...content,
      metadata: { ...metadataOf(content), name: `twelve-${i}` },
    }));
    const formed = await Promise.all(copies.map(async (copy) => await prover.form(kindOf(copy), copy)));
    const needed = creates();
    assert.ok(needed <= 20, `${needed} dry-runs`);
    assert.deepEqual(new Set(formed.map((form) => serialize(form).split("\n").length)).size, 1);
    const again = prover.form(kindOf(content), content);
    assert.ok(!(again instanceof Promise) && creates() === needed);

    const began = performance.now();
    const distinct = copies.map((copy, i) => {
      const metadata = { ...metadataOf(copy), annotations: { "example.com/number": String(i) } };
      return { ...copy, metadata };
    });
    await Promise.all(distinct.map(async (copy) => await prover.form(kindOf(copy), copy)));
    const seconds = (performance.now() - began) / 1000;
    t.diagnostic(`${(500 / seconds).toFixed(0)} proofs a second, ${creates() - needed} dry-runs for 500 contents`);
    assert.ok(creates() - needed < 520);
  });
});

const spec = { tuning: { speed: null }, parts: [{ name: "a" }, { name: "b", weight: 2 }], labels: { team: "" } };

function pathOf(name: string): string {
  return `/apis/example.dev/v1/namespaces/shop/gizmos/${name}`;
}

function gizmo(name: string, given: JsonObject): string {
  const metadata = { name, namespace: "shop" };
  return JSON.stringify({ apiVersion: "example.dev/v1", kind: "Gizmo", metadata, spec: given });
}

function gizmos(replicas: number): JsonObject {
  const tuning = {
    type: "object",
    default: {},
    properties: {
      level: { type: "integer", default: 7 },
      speed: { type: "string", nullable: true, default: "Fast" },
      inner: {
        type: "object",
        default: { a: 1 },
        properties: { a: { type: "integer" }, b: { type: "number", default: 0.5 } },
      },
    },
  };
  const part = {
    type: "object",
    required: ["name"],
    properties: { name: { type: "string", default: "" }, weight: { type: "integer", default: 1 } },
  };
  const parts = { type: "array", items: part, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] };
  const labels = { type: "object", additionalProperties: { type: "string", default: "" } };
  const properties = { replicas: { type: "integer", default: replicas }, tuning, parts, labels };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties } } } };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gizmos.example.dev" },
    spec: {
      group: "example.dev",
      scope: "Namespaced",
      names: { kind: "Gizmo", plural: "gizmos", singular: "gizmo", listKind: "GizmoList" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
}
