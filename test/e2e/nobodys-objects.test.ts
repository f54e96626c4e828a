/**
 * Without any configuration a repository has what a person would have written: of all that a real control plane and its
 * controllers make, nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { filter } from "../../operator/manifest/filter.ts";
import { plainPolicy } from "../../operator/manifest/policy.ts";
import type { JsonObject, Kind } from "../../operator/values.ts";
import { waitFor } from "../harness/wait-for.ts";
import { type KubeObject, type Place, type Raw, startWorld, type World } from "./world.ts";

const labels = { app: "web" };
const template = {
  metadata: { labels },
  spec: { containers: [{ name: "app", image: "registry.example.com/web:1" }] },
};
const once = { spec: { ...template.spec, restartPolicy: "Never" } };
const named = (name: string, more: object = {}): { readonly name: string } => ({ name, ...more });

/** What people wrote, by the path of its collection below the Namespace's. */
const people: readonly (readonly [api: string, plural: string, object: KubeObject])[] = [
  [
    "apis/apps/v1",
    "deployments",
    object("apps/v1", "Deployment", { spec: { selector: { matchLabels: labels }, template } }),
  ],
  [
    "apis/apps/v1",
    "statefulsets",
    object("apps/v1", "StatefulSet", {
      spec: {
        selector: { matchLabels: labels },
        template,
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      },
    }),
  ],
  [
    "apis/apps/v1",
    "daemonsets",
    object("apps/v1", "DaemonSet", { spec: { selector: { matchLabels: labels }, template } }),
  ],
  ["apis/batch/v1", "jobs", object("batch/v1", "Job", { spec: { template: once } })],
  [
    "apis/batch/v1",
    "cronjobs",
    object("batch/v1", "CronJob", { spec: { schedule: "* * * * *", jobTemplate: { spec: { template: once } } } }),
  ],
  ["api/v1", "services", object("v1", "Service", { spec: { selector: labels, ports: [{ port: 80 }] } })],
  ["api/v1", "configmaps", object("v1", "ConfigMap", { data: { a: "1" } })],
  ["api/v1", "serviceaccounts", object("v1", "ServiceAccount", {})],
  ["apis/rbac.authorization.k8s.io/v1", "roles", object("rbac.authorization.k8s.io/v1", "Role", { rules: [] })],
];

function object(apiVersion: string, kind: string, rest: object): KubeObject {
  return { apiVersion, kind, metadata: named("web"), ...rest };
}

/** What people or their tools write that is no wish: Secrets, a lock. */
const noWishes: readonly (readonly [api: string, plural: string, object: KubeObject])[] = [
  [
    "api/v1",
    "secrets",
    {
      ...object("v1", "Secret", { type: "kubernetes.io/service-account-token" }),
      metadata: named("web-token", { annotations: { "kubernetes.io/service-account.name": "web" } }),
    },
  ],
  [
    "api/v1",
    "secrets",
    {
      ...object("v1", "Secret", { type: "helm.sh/release.v1", stringData: { release: "x" } }),
      metadata: named("sh.helm.release.v1.web.v1", { labels: { owner: "helm", name: "web", status: "deployed" } }),
    },
  ],
  [
    "apis/coordination.k8s.io/v1",
    "leases",
    object("coordination.k8s.io/v1", "Lease", { spec: { holderIdentity: "a" } }),
  ],
];

/** Each is there, and why it is not in Git. `name` matches the beginning. */
const made: readonly (readonly [api: string, plural: string, name: string, why: string])[] = [
  ["apis/apps/v1", "replicasets", "web-", "KindNotCaptured"],
  ["apis/apps/v1", "controllerrevisions", "web-", "KindNotCaptured"],
  ["api/v1", "pods", "web-", "ControllerOwned"],
  ["api/v1", "pods", "web-0", "ControllerOwned"],
  ["api/v1", "persistentvolumeclaims", "data-web-0", "ControllerOwned"],
  ["apis/batch/v1", "jobs", "web-", "ControllerOwned"],
  ["api/v1", "endpoints", "web", "KindNotCaptured"],
  ["apis/discovery.k8s.io/v1", "endpointslices", "web-", "KindNotCaptured"],
  ["api/v1", "events", "web", "KindNotCaptured"],
  ["apis/events.k8s.io/v1", "events", "web", "KindNotCaptured"],
  ["apis/coordination.k8s.io/v1", "leases", "web", "KindNotCaptured"],
  ["api/v1", "configmaps", "kube-root-ca.crt", "GeneratedByCluster"],
  ["api/v1", "serviceaccounts", "default", "GeneratedByCluster"],
  ["api/v1", "secrets", "web-token", "SecretExcluded"],
  ["api/v1", "secrets", "sh.helm.release.v1.web.v1", "SecretExcluded"],
];

let world: World;
let place: Place;
let system: Place;

before(async () => {
  world = await startWorld({});
  const send = async (path: string, body: unknown): Promise<void> => {
    const answer = await world.plane.request("admin", "POST", path, body);
    assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`);
  };
  await send("/api/v1/namespaces", { metadata: { name: "made" } });
  for (const [api, plural, body] of [...people, ...noWishes]) await send(`/${api}/namespaces/made/${plural}`, body);
  place = await world.place("made");
  system = await world.place("kube-system");
});

after(() => world.stop());

const read = async (path: string): Promise<Raw> => (await world.plane.request("admin", "GET", path)).body;

/** Of every kind that can be listed, each object with what is made of it. */
async function judged(only: (kind: Kind) => boolean): Promise<ReadonlyMap<string, string>> {
  const groups: readonly string[] = (await read("/apis")).groups.map(
    (group: Raw) => `/apis/${group.preferredVersion.groupVersion}`,
  );
  const found = new Map<string, string>();
  for (const root of ["/api/v1", ...groups]) {
    const { groupVersion, resources } = await read(root);
    const [group, version] = groupVersion.includes("/") ? groupVersion.split("/") : ["", groupVersion];
    for (const { name: resource, kind, namespaced, verbs } of resources as readonly Raw[]) {
      const of: Kind = { group, version, kind, resource, namespaced, verbs, subresources: [] };
      if (resource.includes("/") || !verbs.includes("list") || !only(of)) continue;
      for (const item of (await read(`${root}/${resource}`)).items as readonly Raw[]) {
        const judgement = filter({ apiVersion: groupVersion, kind, ...item } as JsonObject, of, plainPolicy());
        const { namespace = "", name } = item.metadata;
        const why = judgement.verdict === "Kept" ? "Kept" : judgement.reason;
        found.set(`${group === "" ? kind : `${kind}.${group}`} ${namespace}/${name}`, why);
      }
    }
  }
  return found;
}

function kept(found: ReadonlyMap<string, string>): readonly string[] {
  return [...found].filter(([, why]) => why === "Kept").map(([name]) => name);
}

describe("what controllers make of what people wrote", () => {
  for (const [api, plural, name, why] of made) {
    it(`${plural} of ${api}: ${name} is there, and not in Git: ${why}`, async () => {
      const path = `/${api}/namespaces/made/${plural}`;
      const list = await waitFor(
        `${name} among ${plural}`,
        async () => {
          const found = await read(path);
          return found.items.some((item: Raw) => item.metadata.name.startsWith(name)) ? found : undefined;
        },
        { timeoutMs: 90_000 },
      );
      const [group = "", version = ""] = list.apiVersion.includes("/") ? list.apiVersion.split("/") : ["", "v1"];
      const kind = list.kind.replace(/List$/, "") as string;
      const of: Kind = {
        group,
        version,
        kind,
        resource: plural,
        namespaced: true,
        verbs: ["list", "watch"],
        subresources: [],
      };
      for (const item of list.items as readonly Raw[]) {
        if (!item.metadata.name.startsWith(name)) continue;
        const judgement = filter({ apiVersion: list.apiVersion, kind, ...item } as JsonObject, of, plainPolicy());
        assert.equal(judgement.verdict === "Kept" ? "Kept" : judgement.reason, why, item.metadata.name);
      }
    });
  }

  it("leaves Git with what people wrote", async () => {
    const wanted = people.map(([, , { kind }]) => `apps/${kind.toLowerCase()}-web.yaml`).toSorted();
    const files = async (): Promise<readonly string[]> =>
      (await place.repository.files("main")).filter((file) => file.startsWith("apps/")).toSorted();
    await waitFor("all files", async () => ((await files()).length >= wanted.length ? true : undefined), {
      seen: files,
    });
    assert.deepEqual(await files(), wanted);
  });
});

describe("what the control plane makes for itself", () => {
  it("is not in Git, with a Capture of its own Namespace", async () => {
    assert.equal((await system.ready()).status, "True");
    const files = (await system.repository.files("main")).filter((file) => file.startsWith("apps/"));
    assert.deepEqual(files, []);
  });

  it("is nobody's wish, in no Namespace and outside them", async () => {
    const found = await judged(() => true);
    const foreign = (name: string): boolean =>
      / made\//.test(name) || /developers|clickscribe|captures|gitremotes/.test(name);
    assert.ok(found.size > 200, `${found.size} objects`);
    assert.deepEqual(
      kept(found).filter((name) => !foreign(name)),
      [],
    );
  });
});
