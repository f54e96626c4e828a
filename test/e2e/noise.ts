/**
 * Writes that change nothing that anybody meant: statuses, renewed Leases, managers of fields, what is there already, and
 * annotations of controllers; against many objects of many kinds, with an operator that captures them.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { samples } from "../fixtures/objects.ts";
import { waitFor } from "../harness/wait-for.ts";
import type { Place, Raw, World } from "./world.ts";

const namespace = "noisy";
/** Beside what controllers do by themselves, per second. */
const writesPerSecond = 40;

/** What controllers and tools note in objects. */
const annotations = [
  "deployment.kubernetes.io/revision",
  "deployment.kubernetes.io/desired-replicas",
  "field.cattle.io/publicEndpoints",
  "endpoints.kubernetes.io/last-change-trigger-time",
  "autoscaling.alpha.kubernetes.io/current-metrics",
  "cni.projectcalico.org/podIP",
  "volume.kubernetes.io/selected-node",
  "argocd.argoproj.io/tracking-id",
  "kustomize.toolkit.fluxcd.io/checksum",
  "kubectl.kubernetes.io/last-applied-configuration",
] as const;

export interface Quiet {
  /** Made, and as many of them as are in Git. */
  readonly objects: number;
  readonly captured: number;
  readonly kinds: number;
  readonly writes: number;
  readonly seconds: number;
  /** Watch events that the operator received meanwhile. */
  readonly events: number;
  readonly cpuSeconds: number;
}

interface Made {
  readonly path: string;
  readonly object: Raw;
}

/** Asserts that nothing was written to Git meanwhile, and that a person's edit afterwards is. */
export async function stayQuiet(world: World, count: number, seconds: number): Promise<Quiet> {
  await world.plane.kubectl(["create", "namespace", namespace]);
  const made = await makeObjects(world, count);
  const place = await world.place(namespace, { spec: { batching: { quietPeriod: "0s" } } });
  await settled(place);
  const captured = (await place.repository.files("main", "apps")).length;
  const tips = async (): Promise<readonly (string | undefined)[]> =>
    Promise.all(["main", place.recordRef].map((ref) => place.repository.tip(ref)));
  const before = { tips: await tips(), metrics: await metricsOf(world) };
  const started = Date.now();
  const writes = await disturb(world, made, seconds);
  const passed = (Date.now() - started) / 1_000;
  // What is on its way is written at once, if it is to be.
  await sleep(2_000);
  assert.deepEqual(await tips(), before.tips, "the branch and the record are where they were");
  const after = await metricsOf(world);

  const edited = made.find(({ object }) => object.kind === "ConfigMap");
  assert.ok(edited);
  await place.send("alice", "PATCH", edited.path, { metadata: { labels: { edited: "true" } } });
  const commits = await place.commits();
  const [edit] = (await place.waitForCommits(commits.length + 1)).slice(-1);
  assert.deepEqual([edit?.author.name, edit?.files.length], ["alice", 1]);
  return {
    objects: made.length,
    captured,
    kinds: new Set(made.map(({ object }) => object.kind)).size,
    writes,
    seconds: passed,
    events: after.events - before.metrics.events,
    cpuSeconds: after.cpuSeconds - before.metrics.cpuSeconds,
  };
}

async function makeObjects(world: World, count: number): Promise<readonly Made[]> {
  const usable = samples.filter(
    ({ resource, object }) => !resource.includes(".example.com") && object.kind !== "Secret",
  );
  const made: Made[] = [];
  for (let round = 0; made.length < count; round++) {
    const before = made.length;
    for (const { resource, object } of usable) {
      if (made.length >= count) break;
      const [version = "", plural = ""] = resource.split(" ");
      const collection = `${version.includes("/") ? "/apis" : "/api"}/${version}/namespaces/${namespace}/${plural}`;
      const metadata = { ...(object["metadata"] as Raw), namespace };
      const copy = { ...object, metadata: { ...metadata, name: `${metadata.name}-${round}` } };
      const { status, body } = await world.plane.request("admin", "POST", collection, copy);
      // An address that a sample chooses is free once only.
      if (status === 201) made.push({ path: `${collection}/${body.metadata.name}`, object: body });
    }
    assert.ok(made.length > before, "no object can be made any more");
  }
  return made;
}

/** Until the controllers have done what they do with new objects. */
async function settled(place: Place): Promise<void> {
  let last: string | undefined;
  await waitFor(
    "the controllers to come to rest",
    async () => {
      const tip = await place.repository.tip(place.recordRef);
      const isSame = tip === last;
      last = tip;
      return isSame ? true : undefined;
    },
    { intervalMs: 3_000, timeoutMs: 120_000 },
  );
}

/** Answers the number of writes. */
async function disturb(world: World, made: readonly Made[], seconds: number): Promise<number> {
  const request: World["plane"]["request"] = (...asked) => world.plane.request(...asked);
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  await request("admin", "POST", lease, { metadata: { name: "held" }, spec: { holderIdentity: "a" } });
  const withStatus = made.filter(({ object }) => ["Deployment", "Ingress", "Service"].includes(object.kind));
  const at = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
  const refused = new Map<string, number>();
  const write = async (
    what: string,
    method: string,
    path: string,
    body: unknown,
    contentType?: string,
  ): Promise<void> => {
    const { status } = await request("admin", method, path, body, contentType === undefined ? {} : { contentType });
    // A controller that wrote at the same time makes a PUT a conflict.
    if (status >= 300 && status !== 409)
      refused.set(`${what}: ${status}`, (refused.get(`${what}: ${status}`) ?? 0) + 1);
  };
  const kinds: readonly ((n: number) => Promise<void>)[] = [
    (n) => {
      const { path } = at(withStatus, n);
      const condition = {
        type: "Noise",
        status: n % 2 === 0 ? "True" : "False",
        reason: "Noise",
        message: `${n}`,
        lastTransitionTime: new Date().toISOString(),
      };
      return write(
        "status",
        "PATCH",
        `${path}/status`,
        path.includes("/ingresses/")
          ? { status: { loadBalancer: { ingress: [{ ip: `10.0.${n % 250}.1` }] } } }
          : { status: { conditions: [condition] } },
      );
    },
    (n) => {
      const { path, object } = at(made, n);
      const { apiVersion, kind, metadata } = object;
      const { name, labels = {} } = metadata;
      // What is there already, taken over and given up by turns.
      const isTaken = Math.floor(n / made.length) % 2 === 0;
      const applied = { apiVersion, kind, metadata: { name, namespace, ...(isTaken && { labels }) } };
      const query = `fieldManager=noise-${n % 3}&force=true`;
      return write("managers", "PATCH", `${path}?${query}`, applied, "application/apply-patch+yaml");
    },
    (n) => {
      const note = { [at(annotations, n)]: `{"n":${n}}` };
      return write("annotations", "PATCH", at(made, n * 7).path, { metadata: { annotations: note } });
    },
    (n) =>
      write("lease", "PATCH", `${lease}/held`, {
        spec: { renewTime: new Date(Date.now() + n).toISOString().replace("Z", "000Z") },
      }),
    async (n) => {
      const { path } = at(made, n * 3);
      const { body } = await request("admin", "GET", path);
      await (n % 2 === 0 ? write("the same", "PUT", path, body) : write("nothing", "PATCH", path, {}));
    },
    (n) => {
      // On a ConfigMap it makes the whole object a lock.
      const note = { "control-plane.alpha.kubernetes.io/leader": `{"holderIdentity":"node-${n}"}` };
      return write("leader", "PATCH", at(withStatus, n * 11).path, { metadata: { annotations: note } });
    },
  ];
  const started = Date.now();
  let writes = 0;
  const worker = async (): Promise<void> => {
    while (Date.now() - started < seconds * 1_000) {
      const n = writes++;
      await at(kinds, n)(Math.floor(n / kinds.length));
      const due = started + (writes / writesPerSecond) * 1_000;
      if (due > Date.now()) await sleep(due - Date.now());
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  assert.deepEqual([...refused], []);
  return writes;
}

async function metricsOf(world: World): Promise<{ readonly events: number; readonly cpuSeconds: number }> {
  const text = await (await fetch(world.operator.url("/metrics"))).text();
  const sum = (name: string): number =>
    text
      .split("\n")
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
  return { events: sum("clickscribe_changes_total"), cpuSeconds: sum("process_cpu_seconds_total") };
}
